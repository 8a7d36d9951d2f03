import { subscribe } from "node:diagnostics_channel";
import { fstatSync } from "node:fs";
import type { PendingOperations } from "./pending-operations.ts";
import { sdkCommand } from "./sdk-command.ts";
import type { UpdatesOfOthers } from "./updates-of-others.ts";

/** What the dispatcher hands to a handler as its last argument. */
export interface CallContext {
  /**
   * Aborted when the run is to end: waits end, nothing is sent again, and what is known
   * so far is the answer.
   */
  readonly signal: AbortSignal;
  /** What killed runs left in the engine's record; absent outside a provider process. */
  readonly pending?: PendingOperations;
  /** The failed updates of other machines; absent outside a provider process. */
  readonly updatesOfOthers?: UpdatesOfOthers;
}

/** The context of a call outside a provider process: it is never cancelled. */
export const uncancelled: CallContext = { signal: new AbortController().signal };

const controller = new AbortController();
let underWay = 0;
/** The exit status to end with, once nothing is under way. */
let exitStatus: number | undefined;
let watching = false;

/**
 * Runs long work with a signal that is aborted when the run has to end. So the work can
 * end by a `PartialFailure`, which the engine still saves, instead of being cut off. Seen
 * on engine 3.259.0:
 *
 * - Ctrl-C and SIGTERM reach the CLI only, since the engine gives each plugin a process
 *   group of its own. The engine then sends the provider the call `Cancel` and waits for
 *   what is under way. Pulumi's dynamic host answers that call itself and tells no
 *   provider; but it passes through this process as an HTTP/2 request, and Node tells of
 *   those.
 * - A second Ctrl-C: SIGINT to this process's group, and SIGKILL a second later. Nothing
 *   more is written down.
 * - The engine killed: nothing is sent, but its end of this process's stdin closes. No
 *   engine reads the result any more. So the work runs to its next safe point and the
 *   process ends. Else it would go on beside the next run.
 *
 * @returns what the work returns
 */
export async function withCancellation<T>(
  work: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  watch();
  underWay++;
  try {
    return await work(controller.signal);
  } finally {
    underWay--;
    if (underWay === 0) endIfAsked();
  }
}

/**
 * Begins to watch the engine: from the moment on at which the provider process loads this
 * package, or a process whose engine dies early would live on.
 *
 * @returns the signal that is aborted when the engine cancels the run or has gone
 */
export function watchEngine(): AbortSignal {
  watch();
  return controller.signal;
}

function watch(): void {
  if (watching) return;
  watching = true;
  subscribe("http2.server.stream.start", (message) => {
    const { headers } = message as { headers?: Record<string, unknown> };
    if (headers?.[":path"] === "/pulumirpc.ResourceProvider/Cancel") controller.abort();
  });
  // Only in the process that Pulumi starts: elsewhere (in a test's worker) signals and
  // stdin belong to other code.
  if (sdkCommand()?.name !== "dynamic-provider") return;
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const) {
    process.on(signal, () => endBy(128 + number));
  }
  if (!isPipe(0)) return;
  process.stdin
    .on("end", () => {
      // Whatever is printed now has no reader.
      for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
      endBy(1);
    })
    .on("error", () => endBy(1))
    .resume();
}

function endBy(status: number): void {
  if (underWay === 0) process.exit(status);
  exitStatus ??= status;
  controller.abort();
}

/** The answer to the engine is still on its way out when the work has ended. */
function endIfAsked(): void {
  if (exitStatus !== undefined) setTimeout(() => process.exit(exitStatus), 250);
}

/**
 * Whether it has another end: Go makes a pipe, Node a socket.
 */
function isPipe(descriptor: number): boolean {
  try {
    const kind = fstatSync(descriptor);
    return kind.isFIFO() || kind.isSocket();
  } catch {
    return false;
  }
}
