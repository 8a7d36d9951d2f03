import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { isRecord } from "./object-path.ts";

/** As the engine looks for it, in this order. */
const projectFiles = ["Pulumi.json", "Pulumi.yaml", "Pulumi.yml"];

/** The stack of `ucaas sandbox`: its servers are a developer's own, whatever its file says. */
export const sandboxStack = "sandbox";

/** The project around a folder of stack files. */
export interface ProjectFile {
  /** Where the project's file is; the folder itself when there is none. */
  readonly folder: string;
  /** Its path; undefined when there is none, in the folder and above it. */
  readonly path: string | undefined;
  /** The engine reads the stack file with the extension of the project's file, and no other. */
  readonly extension: string;
}

export function projectFile(stackFolder: string): ProjectFile {
  for (let folder = stackFolder; ; folder = dirname(folder)) {
    const name = projectFiles.find((file) => existsSync(join(folder, file)));
    if (name) return { folder, path: join(folder, name), extension: extname(name) };
    if (folder === dirname(folder))
      return { folder: stackFolder, path: undefined, extension: ".yaml" };
  }
}

/**
 * The folder of the stack files, as the engine finds it from the folder that the program
 * runs in: `stackConfigDir` of the project's file, or the folder of that file.
 */
export function stackFolder(from: string): string {
  const { folder, path } = projectFile(from);
  const named = namedStackFolder(contentOf(path));
  return below(folder, typeof named === "string" ? named : ".");
}

/** The engine takes an absolute path from the folder of the project's file as well. */
export function below(folder: string, path: string): string {
  return resolve(folder, `./${path}`);
}

/**
 * What a project's file says of the folder of the stack files. `config` is the old name of
 * that key where it is text, and else it is config.
 */
export function namedStackFolder(project: Readonly<Record<string, unknown>>): unknown {
  const { config, stackConfigDir } = project;
  return stackConfigDir ?? (typeof config === "string" ? config : ".");
}

/** The project's name; undefined where no file says it. */
export function projectName({ path }: ProjectFile): string | undefined {
  const { name } = contentOf(path);
  return typeof name === "string" ? name : undefined;
}

/** Nothing where the file cannot be read as a map: the engine refuses such a project. */
function contentOf(path: string | undefined): Record<string, unknown> {
  if (path === undefined) return {};
  const { errors, contents } = parseDocument(readFileSync(path, "utf8"));
  const content: unknown = errors.length === 0 ? contents?.toJSON() : undefined;
  return isRecord(content) ? content : {};
}
