import { existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/** As the engine looks for it, in this order. */
const projectFiles = ["Pulumi.json", "Pulumi.yaml", "Pulumi.yml"];

/** The project around a folder of stack files. */
export interface ProjectFile {
  /** Where the project's file is; the folder itself when there is none. */
  readonly folder: string;
  /** The engine reads the stack file with the extension of the project's file, and no other. */
  readonly extension: string;
}

export function projectFile(stackFolder: string): ProjectFile {
  for (let folder = stackFolder; ; folder = dirname(folder)) {
    const name = projectFiles.find((file) => existsSync(join(folder, file)));
    if (name) return { folder, extension: extname(name) };
    if (folder === dirname(folder)) return { folder: stackFolder, extension: ".yaml" };
  }
}
