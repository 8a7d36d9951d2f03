import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { projectFile } from "pulumi-ucaas-stacks/internal/project-file";
import { LineCounter, parseDocument } from "yaml";

/** The Pulumi project that a command is run in, as far as commands of ours look at it. */
export interface Project {
  readonly name: string;
  /** Where the project's file is. */
  readonly folder: string;
  /** Where the stack files are. */
  readonly stackFolder: string;
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
  const { name, stackConfigDir } = readProject(path);
  const stackFolder = resolve(folder, stackConfigDir);
  return { name, folder, stackFolder, stacks: stackNames(stackFolder, extension) };
}

/** Left out of pipelines and manifests by name, also where the project has no such stack. */
const stackForTrials = "sandbox";

/**
 * A misspelt name spares no stack, and chooses fewer than were meant.
 *
 * @throws {UcaasError} `NO_STACK` for a name or pattern that fits no stack of the project
 */
export function checkStackNames(
  { stacks }: Pick<Project, "stacks">,
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
  const named = [
    ...only.map((name) => [onlyOption, name] as const),
    ...except.flatMap((name) => (name === stackForTrials ? [] : [["--except", name] as const])),
  ];
  for (const [option, name] of named) {
    if (stacks.some((stack) => fits(stack, name))) continue;
    throw new UcaasError(`${option} ${name} fits no stack`, {
      code: "NO_STACK",
      operation,
      hint: `correct the name, or leave it out: the stacks are ${stacks.join(", ") || "none"}`,
    });
  }
}

function readProject(file: string): { name: string; stackConfigDir: string } {
  const lines = new LineCounter();
  const document = parseDocument(contentOf(file), { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw invalid(`${file}:${line}:${col}`, `is not valid YAML: ${error.message}`);
  }
  const project: unknown = document.toJS();
  if (!isRecord(project)) throw invalid(file, "is not a map with the keys of a project");
  const { name = "", stackConfigDir = "." } = project;
  if (typeof stackConfigDir !== "string")
    throw invalid(file, "has a stackConfigDir that is no text");
  return { name: String(name), stackConfigDir };
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

/** The engine reads no stack file with another extension than that of the project's file. */
function stackNames(folder: string, extension: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith("Pulumi.") && name.endsWith(extension))
    .map((name) => name.slice("Pulumi.".length, -extension.length))
    .filter((stack) => allowedName.test(stack))
    .sort();
}

/** As Pulumi allows it. A file with any other name could write what a pipeline reads. */
const allowedName = /^\w[\w.-]*$/;
