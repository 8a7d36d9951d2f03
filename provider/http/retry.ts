/**
 * Not imported: an import evaluates every export of node:http, and one of them loads
 * Node's own WebSocket client, which takes each process 40 ms.
 */
const { STATUS_CODES } = process.getBuiltinModule("node:http");

/**
 * When to try again. Pure data; {@link retryDelay} is the pure function that reads it.
 * Times are in milliseconds.
 */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** The first pause is a random time up to this; it doubles with each try (full jitter). */
  readonly base: number;
  /** No computed pause is longer. */
  readonly cap: number;
  /** A longer `Retry-After` is not obeyed: what came back then is the answer. */
  readonly retryAfterCap: number;
  /** Nothing is repeated after this time since the first try left the queue. */
  readonly deadline: number;
}

/**
 * Six tries within two minutes; pauses up to 0.25 s, 0.5 s, 1 s, … 8 s; a Retry-After of
 * up to a minute.
 */
export const defaultRetry: RetryPolicy = {
  attempts: 6,
  base: 250,
  cap: 8_000,
  retryAfterCap: 60_000,
  deadline: 120_000,
};

/**
 * What a call may be repeated after:
 * - `safe`: saying it twice does no more than saying it once (reads, and writes that
 *   state the whole);
 * - `if-unsent`: only when the failure proves that the server did nothing: no connection
 *   was made, or it answered 429;
 * - `never`: not by this client, whatever happened.
 */
export type Repeatable = "safe" | "if-unsent" | "never";

/** How a try ended, as far as the decision needs it. */
export type Outcome =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** `sent` is false only when it is certain that no byte of the request reached the server. */
  | { readonly kind: "failure"; readonly sent: boolean; readonly transient: boolean };

export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** Milliseconds since the first try left the queue. */
  readonly elapsed: number;
  /** The wall clock, for a Retry-After given as a date. */
  readonly now: number;
  /** A number from 0 up to 1, the jitter. */
  readonly random: number;
}

/** Statuses that may be different the next time. */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The pause before the next try in milliseconds, or undefined when the call must not be
 * repeated.
 */
export function retryDelay(
  policy: RetryPolicy,
  repeatable: Repeatable,
  outcome: Outcome,
  attempt: Attempt,
): number | undefined {
  if (repeatable === "never" || attempt.number >= policy.attempts) return undefined;
  if (outcome.kind === "status" ? !transientStatuses.has(outcome.status) : !outcome.transient)
    return undefined;
  const nothingDone = outcome.kind === "status" ? outcome.status === 429 : !outcome.sent;
  if (repeatable === "if-unsent" && !nothingDone) return undefined;
  const asked = outcome.kind === "status" ? retryAfter(outcome.retryAfter, attempt.now) : undefined;
  if (asked !== undefined && asked > policy.retryAfterCap) return undefined;
  const jitter = attempt.random * Math.min(policy.cap, policy.base * 2 ** (attempt.number - 1));
  // A server that asks for no pause at all would otherwise see all tries within a moment.
  const delay = Math.max(asked ?? 0, jitter);
  return attempt.elapsed + delay > policy.deadline ? undefined : delay;
}

/**
 * Whether the server may have acted on a try that did not succeed: it failed over it, it
 * answered something else, or its answer never came.
 */
export function mayHaveActed(outcome: Outcome): boolean {
  if (outcome.kind === "failure") return outcome.sent;
  return !isRefusal(outcome.status);
}

/**
 * A client error that HTTP defines says that the server did not do what was asked. 408, and
 * numbers that HTTP does not define such as 499, come from proxies: the server behind them
 * may have acted. 301, 307 and 308 ask for the same request at another address; 302 and 303
 * may also follow a request that was done.
 */
function isRefusal(status: number): boolean {
  if (status < 400) return [301, 307, 308].includes(status);
  return status < 500 && status !== 408 && STATUS_CODES[status] !== undefined;
}

/**
 * `Retry-After` in milliseconds, from seconds or an HTTP date; undefined when it says
 * nothing that can be read.
 */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // An HTTP date begins with the day's name; Date.parse alone would take "1.5" for the
  // fifth of January.
  const date = /^\s*[A-Za-z]{3}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
