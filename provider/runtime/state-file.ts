import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import { stackIdentity, stackParts } from "./stack-identity.ts";

/** How many of a stack's last runs are looked at. */
export const lastRuns = 20;

/** How a backend of files writes a state, by the file's ending. */
const decoders: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  "": (content) => content,
  ".gz": zlib.gunzipSync,
  ".zst": zlib.zstdDecompressSync,
};

/**
 * Whether the state of a stack has no pending operation, by the file in which a backend of
 * files keeps it. Costs no process, unlike a question to the CLI. False also where that
 * file does not tell: with another backend, another layout, or a broken state.
 *
 * @param stack the stack's identity
 * @param folder where the program runs, in or below the project's folder
 */
export function hasNoPendingOperations(
  stack: string,
  folder = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return tellsYes(stack, folder, environment, ({ files, project, name }) => {
    // Of two, the engine takes the later one.
    const [state, ...others] = readStates({ files, project, name });
    if (others.length > 0 || !state?.includes('"latest"')) return false;
    // Inside a string the quotes would be escaped.
    return !state.includes('"pending_operations"');
  });
}

/**
 * Whether the last update of a stack has succeeded, or there was none, by the files in
 * which a backend of files keeps its history. False also where they do not tell.
 *
 * @param stack the stack's identity
 * @param folder where the program runs, in or below the project's folder
 */
export function lastUpdateSucceeded(
  stack: string,
  folder = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return tellsYes(stack, folder, environment, ({ files, project, name }) => {
    const history = join(files, "history", project, name);
    // Their names end with the time in nanoseconds.
    const runs = tryList(history)
      .filter((file) => /\.history\.json(\.gz|\.zst)?$/.test(file))
      .sort()
      .reverse()
      .slice(0, lastRuns);
    for (const file of runs) {
      const [ending = ""] = /\.(gz|zst)$/.exec(file) ?? [];
      const decode = decoders[ending] as (content: Buffer) => Buffer;
      const run = JSON.parse(decode(readFileSync(join(history, file))).toString("utf8"));
      if (run.kind === "update") return run.result === "succeeded";
    }
    // Without a state here, the history is elsewhere too.
    return readStates({ files, project, name }).length > 0;
  });
}

interface StackFiles {
  /** The backend's own folder. */
  readonly files: string;
  readonly project: string;
  readonly name: string;
}

/** False where the stack is not in a backend of files, or its files cannot be understood. */
function tellsYes(
  stack: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
  look: (files: StackFiles) => boolean,
): boolean {
  const { project, name, backend } = stackParts(stack);
  if (project === undefined || name === undefined || !backend?.startsWith("file:///")) return false;
  // A query may name another place below it.
  if (backend.includes("#")) return false;
  // A state that was moved to another backend has the resources' earlier identity.
  if (stackIdentity(project, name, undefined, folder, environment) !== stack) return false;
  try {
    return look({ files: join(fileURLToPath(backend), ".pulumi"), project, name });
  } catch {
    return false;
  }
}

function readStates({ files, project, name }: StackFiles): string[] {
  return Object.entries(decoders).flatMap(([ending, decode]) => {
    const content = tryRead(join(files, "stacks", project, `${name}.json${ending}`));
    return content === undefined ? [] : [decode(content).toString("utf8")];
  });
}

function tryList(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function tryRead(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
