import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { checksums } from "../../cli/pulumi/checksums.ts";
import { engineFolder, node, version } from "../../tools/engine/paths.mjs";

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
  const [, packages = ""] = of("RUN");
  const [install = ""] = /npm ci [^&]*/.exec(packages) ?? [];
  await run(`cd ${workingFolder} && ${install}`);
  const [engine = ""] = /PULUMI_HOME=.*/.exec(packages) ?? [];
  await installEngine(engine.replaceAll(" /", ` ${tree}/`).replaceAll("=/", `=${tree}/`), {
    workingFolder,
    commands: join(tree, "commands"),
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
 * Runs the Containerfile's step with the commands of the base image alone. Pulumi's site is
 * replaced by one whose archive has links to the engine that the tests use, so its checksum
 * is written over the recorded one.
 */
async function installEngine(
  step: string,
  options: { readonly workingFolder: string; readonly commands: string; readonly run: Run },
): Promise<void> {
  const { workingFolder, commands, run } = options;
  const packed = join(commands, "packed");
  await mkdir(join(packed, "pulumi"), { recursive: true });
  const binaries = join(engineFolder(), "bin");
  for (const name of await readdir(binaries))
    await symlink(join(binaries, name), join(packed, "pulumi", name));
  for (const name of ofBaseImage)
    await run(`ln -s "$(command -v ${name})" ${join(commands, name)}`);
  const file = join(commands, "archive");
  await run(`tar -czf ${file} -C ${packed} pulumi`);
  const archive = await readFile(file);

  const platform = `${process.platform}-${process.arch}`;
  const recorded = join(workingFolder, "node_modules", "ucaas", "pulumi", "checksums.js");
  const sum = createHash("sha256").update(archive).digest("hex");
  const text = await readFile(recorded, "utf8");
  await writeFile(recorded, text.replace(checksums[version]?.[platform] ?? "", sum));

  const site = createServer(({ url }, reply) => {
    const found = url === `/pulumi-v${version}-${platform}.tar.gz`;
    reply.writeHead(found ? 200 : 404).end(found ? archive : undefined);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const { port } = site.address() as AddressInfo;
  try {
    await run(
      `cd ${workingFolder}; export PATH=${commands} UCAAS_PULUMI_SITE=http://127.0.0.1:${port}; ${step}`,
    );
  } finally {
    site.close();
  }
}
