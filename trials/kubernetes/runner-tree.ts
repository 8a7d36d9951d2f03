import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineFolder, node } from "../../tools/engine/paths.mjs";
import { copyInto, copyWithLibraries } from "./file-tree.ts";

/** Commands of the machine that the engine's and npm's scripts start. */
const tools = ["/bin/sh", "/usr/bin/env", "/usr/bin/dirname", "/usr/bin/uname"];

export const runnerUser = 10001;
/** Whom Node in the image trusts besides the usual authorities. */
export const authorityFile = "/etc/authority.crt";

/**
 * The file tree of a runner's image: Node, the engine and a project with its modules in
 * `/app`. A container builder would start from an image of Node; this takes the files of
 * this machine.
 */
export function writeRunnerTree(tree: string, project: string, authority: string): void {
  for (const folder of ["app", "tmp", "etc", "usr/local/bin"])
    mkdirSync(join(tree, folder), { recursive: true });
  chmodSync(join(tree, "tmp"), 0o1777);
  writeFileSync(
    join(tree, "etc", "passwd"),
    `root:x:0:0::/:/bin/sh\nrunner:x:${runnerUser}:${runnerUser}::/home/runner:/bin/sh\n`,
  );
  cpSync(authority, join(tree, authorityFile));
  const engine = join(engineFolder(), "bin");
  for (const name of readdirSync(engine))
    copyInto(tree, join(engine, name), `/usr/local/bin/${name}`);
  copyWithLibraries(tree, node, "/usr/local/bin/node");
  for (const tool of tools) copyWithLibraries(tree, tool, tool);
  cpSync(project, join(tree, "app"), { recursive: true, verbatimSymlinks: true });
}
