/** Files of this machine for an image: a container builder would start from a base image. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

export function copyWithLibraries(tree: string, file: string, to: string): void {
  copyInto(tree, file, to);
  const libraries = execFileSync("ldd", [realpathSync(file)], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const library of libraries)
    if (!existsSync(join(tree, library))) copyInto(tree, library, library);
}

export function copyInto(tree: string, file: string, to: string): void {
  const target = join(tree, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(realpathSync(file), target);
}
