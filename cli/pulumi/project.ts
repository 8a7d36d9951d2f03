import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import {
  below,
  namedStackFolder,
  projectFile,
  sandboxStack,
} from "pulumi-ucaas-stacks/internal/project-file";
import { LineCounter, parseDocument } from "yaml";

/** The Pulumi project that a command is run in, as far as commands of ours look at it. */
export interface Project {
  readonly name: string;
  /** Where the project's file is. */
  readonly folder: string;
  /** Where the stack files are. */
  readonly stackFolder: string;
  /** Where the engine starts the program and the provider: relative paths are from here. */
  readonly programFolder: string;
  /** The stacks that have a file which the engine reads, in alphabetical order. */
  readonly stacks: readonly string[];
}

/**
 * The project of a folder, or of the nearest folder above it, as the CLI finds it.
 *
 * @throws {UcaasError} `NO_PROJECT`, `PROJECT_INVALID`
 */
export function findProject(from = process.cwd()): Project {
  const { folder, path, extension } = projectFile(resolve(from));
  if (path === undefined) {
    throw new UcaasError(`there is no Pulumi.yaml in ${resolve(from)}, nor above it`, {
      code: "NO_PROJECT",
      hint: "run the command in the folder of the Pulumi project",
    });
  }
  const { name, stackConfigDir, main } = readProject(path);
  const stackFolder = below(folder, stackConfigDir);
  const files = stackFiles(stackFolder);
  const unread = files.find(({ file, stack }) => file !== `Pulumi.${stack}${extension}`);
  if (unread) {
    throw new UcaasError(`${unread.file} is not read: ${basename(path)} has another ending`, {
      code: "PROJECT_INVALID",
      hint: `rename it to Pulumi.${unread.stack}${extension}, or move its content there`,
    });
  }
  const stacks = files.map(({ stack }) => stack).sort();
  return { name, folder, stackFolder, programFolder: programFolder(resolve(folder, main)), stacks };
}

/** The folder that `main` is, or that it is in. */
function programFolder(main: string): string {
  return statSync(main, { throwIfNoEntry: false })?.isDirectory() ? main : dirname(main);
}

/** A path as the provider takes it. A URL stays as it is: it may be refused as a path. */
export function fromProgram(path: string): string {
  if (isAbsolute(path) || path.includes("://")) return path;
  return resolve(findProject().programFolder, path);
}

/**
 * The environment in which the provider looks for its journal. Outside of a project there
 * is no provider, and this command's own folder counts.
 */
export function providerEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const folders = { ...environment };
  for (const name of ["UCAAS_JOURNAL_DIR", "PULUMI_HOME"]) {
    const path = environment[name];
    if (path && projectFile(process.cwd()).path !== undefined) folders[name] = fromProgram(path);
  }
  return folders;
}

/**
 * Reads what names files in the config or its environment variables, in the folder of the
 * provider: a relative path is from there. Nothing may be awaited in it.
 */
export function inProgramFolder<T>(read: () => T): T {
  const own = process.cwd();
  enterProgramFolder();
  try {
    return read();
  } finally {
    process.chdir(own);
  }
}

/** The same for what calls the provider, while nothing else runs in this process. */
export async function workInProgramFolder<T>(work: () => Promise<T>): Promise<T> {
  const own = process.cwd();
  enterProgramFolder();
  try {
    return await work();
  } finally {
    process.chdir(own);
  }
}

function enterProgramFolder(): void {
  if (projectFile(process.cwd()).path === undefined) return;
  const { programFolder } = findProject();
  if (existsSync(programFolder)) process.chdir(programFolder);
}

/**
 * A misspelt name spares no stack, and chooses fewer than were meant. A misspelt folder
 * has none, and what works on all of them would end well.
 *
 * @throws {UcaasError} `NO_STACK` for a name or pattern that fits no stack of the project,
 *   and for a project without any
 */
export function checkStackNames(
  { stacks, stackFolder }: Pick<Project, "stacks" | "stackFolder">,
  { only = [], except = [] }: { only?: readonly string[]; except?: readonly string[] },
  {
    operation,
    onlyOption,
    fits = (stack, name) => stack === name,
  }: {
    operation: string;
    /** What the user calls `only`. */
    onlyOption?: string;
    fits?: (stack: string, pattern: string) => boolean;
  },
): void {
  if (stacks.length === 0)
    throw new UcaasError(`there is no stack file in ${stackFolder}`, {
      code: "NO_STACK",
      operation,
      hint: "create a stack with pulumi stack init, or correct stackConfigDir in Pulumi.yaml",
    });
  const named = [
    ...only.map((name) => [onlyOption, name] as const),
    // Pipelines and manifests leave it out by name, also where the project has no such stack.
    ...except.flatMap((name) => (name === sandboxStack ? [] : [["--except", name] as const])),
  ];
  for (const [option, name] of named) {
    if (stacks.some((stack) => fits(stack, name))) continue;
    throw new UcaasError(`${option} ${name} fits no stack`, {
      code: "NO_STACK",
      operation,
      hint: `correct the name, or leave it out: the stacks are ${stacks.join(", ")}`,
    });
  }
}

function readProject(file: string): { name: string; stackConfigDir: string; main: string } {
  const lines = new LineCounter();
  const document = parseDocument(contentOf(file), { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw invalid(`${file}:${line}:${col}`, `is not valid YAML: ${error.message}`);
  }
  const project: unknown = document.toJS();
  if (!isRecord(project)) throw invalid(file, "is not a map with the keys of a project");
  const { name = "", main = "." } = project;
  if (typeof project.config === "string" && Object.hasOwn(project, "stackConfigDir"))
    throw invalid(file, "has both config and stackConfigDir for the folder of the stack files");
  const stackConfigDir = namedStackFolder(project);
  if (typeof stackConfigDir !== "string")
    throw invalid(file, "has a stackConfigDir that is no text");
  if (typeof main !== "string") throw invalid(file, "has a main that is no text");
  return { name: String(name), stackConfigDir, main };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw invalid(file, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function invalid(place: string, reason: string): UcaasError {
  return new UcaasError(`${place} ${reason}`, {
    code: "PROJECT_INVALID",
    hint: "correct the project file",
  });
}

/**
 * The stack files of a folder, whatever their ending: the engine reads those alone that
 * end as the project's file, and takes a stack without one to have no config.
 */
function stackFiles(folder: string): { file: string; stack: string }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    const stack = /^Pulumi\.(.+)\.(?:json|ya?ml)$/i.exec(file)?.[1];
    return stack !== undefined && allowedName.test(stack) ? [{ file, stack }] : [];
  });
}

/** As Pulumi allows it. A file with any other name could write what a pipeline reads. */
const allowedName = /^\w[\w.-]*$/;
