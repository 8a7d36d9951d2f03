import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { UcaasError } from "../provider/dynamic/errors.ts";

/** The Pulumi project that a command is run in, as far as commands of ours look at it. */
export interface Project {
  /** Where Pulumi.yaml is. */
  readonly folder: string;
  /** Where the stack files are. */
  readonly stackFolder: string;
  /** The stacks that have a file, in alphabetical order. */
  readonly stacks: readonly string[];
}

/** The project of a folder, or of the nearest folder above it, as the CLI finds it. */
export function findProject(from = process.cwd()): Project {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(folder, name)).find(existsSync);
    if (file) {
      const { stackConfigDir } = (parse(readFileSync(file, "utf8")) ?? {}) as { stackConfigDir?: string };
      const stackFolder = resolve(folder, stackConfigDir ?? ".");
      return { folder, stackFolder, stacks: stackNames(stackFolder) };
    }
    if (folder === dirname(folder)) {
      throw new UcaasError(`there is no Pulumi.yaml in ${resolve(from)}, nor above it`, {
        code: "NO_PROJECT",
        hint: "run the command in the folder of the Pulumi project",
      });
    }
  }
}

function stackNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return (
    readdirSync(folder)
      // The names that Pulumi allows. Whoever may name a file could else write what a pipeline reads.
      .flatMap((name) => /^Pulumi\.(\w[\w.-]*)\.ya?ml$/.exec(name)?.[1] ?? [])
      .sort()
  );
}
