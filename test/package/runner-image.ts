import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { engineFolder, node } from "../../tools/engine/paths.mjs";

export interface AssembledImage {
  readonly workingFolder: string;
  readonly environment: Record<string, string>;
  readonly entrypoint: string;
}

/**
 * The file tree of the image that a project's Containerfile describes, for machines without
 * a container builder: what it copies, what its `npm ci` installs, and its settings, with
 * `tree` as the root. The base image is this machine, and the engine is the one that the
 * tests use.
 */
export async function assembleImage(
  project: string,
  tree: string,
  run: (command: string) => Promise<unknown>,
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
  const [install = ""] = /npm ci [^&]*/.exec(text) ?? [];
  await run(`cd ${workingFolder} && ${install}`);
  const [engine = ""] = /PULUMI_HOME=(\S+)/.exec(text)?.slice(1) ?? [];
  await mkdir(join(tree, engine), { recursive: true });
  await symlink(join(engineFolder(), "bin"), join(tree, engine, "bin"));
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
