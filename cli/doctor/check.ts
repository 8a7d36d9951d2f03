import { performance } from "node:perf_hooks";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { printable } from "pulumi-ucaas/internal/runtime/printable";
import { Interrupted } from "../interruption.ts";

/**
 * `ok`: in order. `skipped`: there is nothing to check, or no way to. `unknown`: the check
 * came to no answer. `action`: something must be done.
 */
export type Status = "ok" | "skipped" | "unknown" | "action";

/** What one check found. */
export interface Outcome {
  readonly status: Status;
  readonly found: string;
  /** What to do. */
  readonly remedy?: string;
  /** For programs: the code of the error. */
  readonly code?: string;
  /** Where a check finds several things: what this one is about. */
  readonly check?: string;
}

/** One check: what it looks at, and how. */
export interface Check {
  /** `node`, `journal`, `xima`, `xima (north)`, … */
  readonly system: string;
  /** `version`, `clock`, `login`, … */
  readonly check: string;
  /** The signal is aborted when the time for this check is over. */
  run(signal: AbortSignal): Promise<Outcome | readonly Outcome[]>;
}

/** An outcome with its check and its time, as the report has it. */
export interface Finding extends Outcome {
  readonly system: string;
  readonly check: string;
  readonly milliseconds: number;
}

/** Runs all checks side by side, each for so many seconds at most. Findings keep the order. */
export async function runChecks(checks: readonly Check[], seconds: number): Promise<Finding[]> {
  return (await Promise.all(checks.map((check) => runCheck(check, seconds)))).flat();
}

async function runCheck({ system, check, run }: Check, seconds: number): Promise<Finding[]> {
  const begun = performance.now();
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      resolve(outOfTime(seconds));
      deadline.abort();
    }, seconds * 1000);
  });
  const outcome = await Promise.race([
    Promise.resolve()
      .then(() => run(deadline.signal))
      .catch(failureOf),
    over,
  ]);
  clearTimeout(timer);
  const milliseconds = Math.round(performance.now() - begun);
  return [outcome].flat().map((each) => ({ system, check, ...each, milliseconds }));
}

function outOfTime(seconds: number): Outcome {
  return {
    status: "unknown",
    code: "CHECK_TIMEOUT",
    found: `no answer within ${seconds} s`,
    remedy: "run ucaas doctor again; --timeout <seconds> allows more time",
  };
}

function failureOf(error: unknown): Outcome {
  if (error instanceof Interrupted) throw error;
  if (error instanceof UcaasError) return outcomeOf(error);
  const { code, message } = error as NodeJS.ErrnoException;
  return {
    status: "unknown",
    code: code ?? "UNEXPECTED",
    found: `the check failed: ${printable(String(message ?? error)).split("\n")[0]}`,
    remedy: "report this as an error of pulumi-ucaas",
  };
}

/** Codes of failures that say nothing about the configuration. */
const passing: ReadonlySet<string> = new Set([
  "ABORTED",
  "BACKEND_FAILED",
  "CONNECTION_LOST",
  "KEY_LIST_UNUSABLE",
  "NO_REPLY_IN_TIME",
  "NOT_REACHED",
]);

/** What an error means: `unknown` when it may have passed in a moment, else `action`. */
export function outcomeOf({ code, reason, hint, status = 0 }: UcaasError): Outcome {
  const mayPass = passing.has(code) || status === 408 || status === 429 || status >= 500;
  return {
    status: mayPass ? "unknown" : "action",
    code,
    found: reason,
    remedy: hint,
  };
}
