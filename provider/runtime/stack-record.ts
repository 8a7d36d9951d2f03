import { execFile } from "node:child_process";
import { z } from "zod";
import { steps, UcaasError } from "./errors.ts";
import { tryParseJson } from "./parse-json.ts";
import { pulumiEnvironment } from "./pulumi-environment.ts";
import { withoutBackend } from "./stack-identity.ts";
import { lastRuns } from "./state-file.ts";

/** What the engine's backend has of a stack. */
export interface StackState {
  readonly resources: readonly RecordedResource[];
  /** Operations that were begun and whose end is not on record. */
  readonly pending: readonly { readonly type: string; readonly resource: RecordedResource }[];
}

/** What it knows of the stack's earlier runs too. */
export interface StackRecord extends StackState {
  readonly updates: readonly StackUpdate[];
}

/** A `pulumi up` in the engine's history of a stack. */
export interface StackUpdate {
  /** ISO time, cut to the second. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** False also for one that is too old to be judged. */
  readonly failed: boolean;
  /** No later update of the stack has succeeded. */
  readonly isLast: boolean;
  /** A later destroy has removed the stack's provider from the state. */
  readonly isBeforeDestroy: boolean;
  /** Of the stack's config then, by key. A value that holds a secret is left out. */
  readonly config?: Readonly<Record<string, { readonly value?: string | undefined }>>;
}

const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  created: z.string().optional(),
  /** When an operation last changed it: a run that leaves it as it is keeps this time. */
  modified: z.string().optional(),
  /** It was replaced, and is not deleted yet. */
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
export type RecordedResource = Readonly<z.output<typeof resourceSchema>>;

const exportSchema = z.object({
  deployment: z.object({
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z.array(z.object({ type: z.string(), resource: resourceSchema })).nullish(),
  }),
});

const historySchema = z
  .array(
    z.object({
      kind: z.string(),
      startTime: z.string(),
      endTime: z.string().optional(),
      result: z.string().optional(),
      config: z.record(z.string(), z.object({ value: z.string().optional() })).nullish(),
    }),
  )
  .nullable();

const pausesBetween: readonly number[] = [2_000, 4_000, 8_000, 16_000];

/** The name by which the CLI finds a stack of this identity. */
export function stackName(identity: string, organization: string | undefined): string {
  const [project = "", stack = ""] = withoutBackend(identity).split("/");
  return organization ? `${organization}/${project}/${stack}` : stack;
}

/**
 * Asks the CLI, which the engine's process has on its PATH. Secrets stay encrypted, and
 * the state is not locked.
 *
 * @param stack the stack's name, with its organization where the backend has some
 * @throws {UcaasError} `RECORD_UNREADABLE`
 */
export async function readStackState(
  stack: string,
  pauses: readonly number[] = pausesBetween,
): Promise<StackState> {
  const exported = await runAgain(["stack", "export", "--stack", stack], pauses);
  const { deployment } = parsed(exportSchema, exported);
  return {
    resources: deployment.resources ?? [],
    pending: deployment.pending_operations ?? [],
  };
}

/** The same, with the updates among the last runs. */
export async function readStackRecord(
  stack: string,
  pauses: readonly number[] = pausesBetween,
): Promise<StackRecord> {
  const [state, updates] = await Promise.all([
    readStackState(stack, pauses),
    readUpdates(stack, pauses),
  ]);
  return { ...state, updates };
}

/**
 * The updates among the last runs, the latest first.
 *
 * @throws {UcaasError} `RECORD_UNREADABLE`
 */
export async function readUpdates(
  stack: string,
  pauses: readonly number[],
): Promise<StackUpdate[]> {
  // One more shows whose a note is that may be of the oldest one or of the run before it.
  const size = String(lastRuns + 1);
  const args = ["stack", "history", "--json", "--page-size", size, "--stack", stack];
  const history = parsed(historySchema, await runAgain(args, pauses)) ?? [];
  const isLaterRun = (at: number, kind: string, result?: string) =>
    history.slice(0, at).some((run) => run.kind === kind && (!result || run.result === result));
  return history.flatMap(({ kind, result, startTime, endTime = startTime, config }, at) => {
    // Pulumi Cloud has the run that asks.
    if (kind !== "update" || result === "in-progress") return [];
    const failed = result === "failed" && at < lastRuns;
    const isLast = !isLaterRun(at, "update", "succeeded");
    const isBeforeDestroy = isLaterRun(at, "destroy");
    return [
      {
        ...{ startedAt: startTime, endedAt: endTime, failed, isLast, isBeforeDestroy },
        ...(config && { config }),
      },
    ];
  });
}

/**
 * With PostgreSQL as its backend, the engine opens two connections for each processor. A
 * listing of stacks reads ten at a time, and each holds one connection while it waits for
 * another. On two processors a listing of four stacks would never end.
 */
const withoutDeadlock = { GOMAXPROCS: "2", PULUMI_DIY_BACKEND_PARALLEL: "3" };

/**
 * The stacks of the project in its backend, without an organization.
 *
 * @throws {UcaasError} `RECORD_UNREADABLE`
 */
export async function readStackNames(): Promise<readonly string[]> {
  const listing = await runAgain(["stack", "ls", "--json"], [], withoutDeadlock);
  const stacks = parsed(namesSchema, listing);
  return stacks.map(({ name }) => name.split("/").at(-1) ?? name);
}

const namesSchema = z.array(z.object({ name: z.string() }));

/** What the CLI says of a backend that is gone for a moment: PostgreSQL's and the network's words. */
const mayReturn = new RegExp(
  [
    "connection (refused|reset)|connect: |dial (tcp|error)|broken pipe|unexpected EOF|i/o timeout",
    "57P0[123]|starting up|shutting down|in recovery mode",
  ].join("|"),
  "i",
);

/** A backend that restarts answers again within the pauses. */
async function runAgain(
  args: readonly string[],
  pauses: readonly number[],
  settings?: NodeJS.ProcessEnv,
): Promise<string> {
  for (const pause of pauses) {
    try {
      return await run(args, settings);
    } catch (error) {
      if (!(error instanceof CommandFailed) || !mayReturn.test(error.stderr))
        throw asUnreadable(error);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return await run(args, settings).catch((error: unknown) => {
    throw asUnreadable(error);
  });
}

/** Holds what the CLI printed, which is not shown: it may hold the backend's address. */
class CommandFailed extends Error {
  readonly stderr: string;

  constructor(message: string, stderr: string) {
    super(message);
    this.stderr = stderr;
  }
}

function asUnreadable(error: unknown): unknown {
  return error instanceof CommandFailed ? unreadable(error.message) : error;
}

function run(args: readonly string[], settings?: NodeJS.ProcessEnv): Promise<string> {
  // The engine's telemetry is no business of another command.
  const { PULUMI_LOG_OTLP_ENDPOINT: _, ...env } = pulumiEnvironment(process.env);
  return new Promise((resolve, reject) => {
    execFile(
      "pulumi",
      [...args, "--non-interactive", "--color=never"],
      {
        env: { ...env, ...settings },
        maxBuffer: 1024 ** 3,
        timeout: 60_000,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        const reason = missing ? "pulumi is not on the PATH" : `pulumi ${args[1]} failed`;
        reject(new CommandFailed(reason, stderr));
      },
    );
  });
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  const result = schema.safeParse(tryParseJson(text));
  if (result.success) return result.data;
  throw unreadable("pulumi printed other JSON than expected");
}

function unreadable(why: string): UcaasError {
  return new UcaasError(`the stack's record cannot be read: ${why}`, {
    code: "RECORD_UNREADABLE",
    operation: "journal",
    hint: steps("See that `pulumi stack history` works in this project.", "Run the command again."),
  });
}
