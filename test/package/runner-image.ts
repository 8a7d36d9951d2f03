import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { engineFolder, node } from "../../tools/engine/paths.mjs";

export interface AssembledImage {
  readonly workingFolder: string;
  readonly environment: Record<string, string>;
  readonly entrypoint: string;
}

type Run = (command: string) => Promise<unknown>;

/**
 * The file tree of the image that a project's Containerfile describes, for machines without
 * a container builder: what it copies, what its `npm ci` installs, the engine that its own
 * step puts there, and its settings, with `tree` as the root. The base image is this machine.
 */
export async function assembleImage(
  project: string,
  tree: string,
  run: Run,
): Promise<AssembledImage> {
  const text = await readFile(join(project, "Containerfile"), "utf8");
  const lines = text.replaceAll("\\\n", "").split("\n");
  const of = (instruction: string) =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));
  const [workingFolder = ""] = of("WORKDIR").map((path) => join(tree, path));
  await mkdir(workingFolder, { recursive: true });
  for (const words of of("COPY").map((line) => line.split(" ")))
    for (const source of words.slice(0, -1))
      await cp(join(project, source), join(workingFolder, source), { recursive: true });
  const [system = "", packages = ""] = of("RUN");
  const [install = ""] = /npm ci [^&]*/.exec(packages) ?? [];
  await run(`cd ${workingFolder} && ${install}`);
  const [engine = ""] = /PULUMI_HOME=.*/.exec(packages) ?? [];
  await installEngine(engine.replaceAll(" /", ` ${tree}/`).replaceAll("=/", `=${tree}/`), {
    workingFolder,
    commands: join(tree, "commands"),
    packages: /--no-install-recommends ([^&$]*)/.exec(system)?.[1]?.trim().split(" ") ?? [],
    run,
  });
  const settings = of("ENV")
    .flatMap((line) => line.split(" "))
    .map((setting) => setting.split("=") as [string, string]);
  const { PATH = "", ...others } = Object.fromEntries(settings);
  const ofImage = PATH.split(":").filter((folder) => folder.startsWith("/"));
  return {
    workingFolder,
    environment: {
      ...others,
      PATH: [
        ...ofImage.map((folder) => join(tree, folder)),
        dirname(node),
        "/usr/bin",
        "/bin",
      ].join(":"),
    },
    entrypoint: (JSON.parse(of("ENTRYPOINT")[0] ?? "[]") as string[]).join(" "),
  };
}

/** Of node:24-slim, as far as the engine's step needs them. It has no curl and no wget. */
const ofBaseImage = ["node", "npm", "npx", "sh", "ln", "mkdir", "mktemp", "rm", "tar", "gzip"];

/**
 * Runs the Containerfile's step with the commands of the base image and of the installed
 * packages alone. Pulumi's site is replaced: its script fetches an archive with curl and
 * unpacks it, and the archive has links to the engine that the tests use.
 */
async function installEngine(
  step: string,
  options: {
    readonly workingFolder: string;
    readonly commands: string;
    readonly packages: readonly string[];
    readonly run: Run;
  },
): Promise<void> {
  const { workingFolder, commands, packages, run } = options;
  const links = join(commands, "engine");
  await mkdir(links, { recursive: true });
  const binaries = join(engineFolder(), "bin");
  for (const name of await readdir(binaries))
    await symlink(join(binaries, name), join(links, name));
  for (const name of ofBaseImage)
    await run(`ln -s "$(command -v ${name})" ${join(commands, name)}`);
  if (packages.includes("curl")) {
    await writeFile(join(commands, "curl"), `#!/bin/sh\ntar czf "$2" -C ${links} .\n`);
    await chmod(join(commands, "curl"), 0o755);
  }
  const script = `set -e
    archive=$(mktemp)
    curl -o "$archive" https://get.pulumi.com/releases/sdk/pulumi.tar.gz
    mkdir -p "$3/bin"
    tar zxf "$archive" -C "$3/bin"
    rm "$archive"`;
  const site = `globalThis.fetch = async () => new Response(${JSON.stringify(script)});`;
  const preload = join(commands, "site.mjs");
  await writeFile(preload, site);
  await run(
    `cd ${workingFolder}; export PATH=${commands} NODE_OPTIONS=--import=${preload}; ${step}`,
  );
}
