import { steps } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { andMore, counted } from "../counted.ts";
import type { PulumiRun } from "../pulumi/run.ts";
import { pulumiError } from "../pulumi/stack.ts";
import type { Ending } from "./result.ts";

/** Of the engine's events, those that say how an operation ended. The CLI writes one a line. */
const eventSchema = z.object({
  diagnosticEvent: z.object({ message: z.string(), severity: z.string() }).optional(),
  summaryEvent: z
    .object({ resourceChanges: z.record(z.string(), z.number()).nullish() })
    .optional(),
});

/** Reads what the CLI prints with `--json`, line by line. Debug messages may hold secrets. */
export class EngineRun {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  changes: Readonly<Record<string, number>> | undefined;

  take(line: string): void {
    const event = eventSchema.safeParse(tryParseJson(line)).data;
    if (event?.summaryEvent) this.changes = event.summaryEvent.resourceChanges ?? {};
    const { message = "", severity } = event?.diagnosticEvent ?? {};
    if (severity === "error") this.errors.push(message.trim());
    if (severity === "warning") this.warnings.push(message.trim());
  }
}

/** How an operation ended, by its exit status and its events. */
export function judgeRun(
  run: Pick<PulumiRun, "exitCode" | "stderr">,
  { changes, errors }: Pick<EngineRun, "changes" | "errors">,
  { stack, planned }: { readonly stack: string; readonly planned: boolean },
): Ending {
  const lock = lockIn([run.stderr, ...errors].join("\n"), stack);
  if (lock) return lock;
  if (run.exitCode !== 0) {
    const [first, ...others] = errors;
    if (first === undefined) {
      const { reason, hint } = pulumiError("fleet", run);
      return { status: "failed", found: reason, remedy: hint };
    }
    return { status: "failed", found: `${first}${andMore(others)}` };
  }
  if (changes === undefined)
    return {
      status: "failed",
      found: "pulumi printed no summary",
      remedy: "use the version of the Pulumi CLI that docs/support.md names",
    };
  const counts = Object.entries(changes).filter(([kind, count]) => kind !== "same" && count > 0);
  const words = counts.map(([kind, count]) => `${count} ${planned ? `to ${kind}` : past(kind)}`);
  return {
    status: planned && counts.length > 0 ? "found" : "done",
    found: words.join(", ") || "no changes",
  };
}

/** The engine's names of operations are verbs. */
function past(verb: string): string {
  return verb.endsWith("e") ? `${verb}d` : `${verb}ed`;
}

/**
 * Another run holds the stack, by the words of the backend. A file backend and PostgreSQL
 * name its owner and its time; the lock of a killed run stays until it is cancelled.
 */
function lockIn(text: string, stack: string): Ending | undefined {
  const service = /another update is currently in progress/i.test(text);
  if (!service && !/the stack is currently locked by \d+ lock/i.test(text)) return undefined;
  const owners = [...text.matchAll(/created by (\S+) \(pid (\d+)\) at (\S+)/g)].map(
    ([, owner, pid, at]) => `${owner} (process ${pid}), for ${ageOf(at ?? "")}`,
  );
  return {
    status: "locked",
    found: `another run holds the stack${owners.length > 0 ? `: ${owners.join("; ")}` : ""}`,
    remedy: steps(
      "Wait for that run.",
      `If its process is gone: pulumi cancel --stack ${stack}`,
      "Run this command again.",
    ),
  };
}

function ageOf(time: string, now = Date.now()): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(time)) / 60_000));
  if (Number.isNaN(minutes)) return "an unknown time";
  if (minutes < 120) return counted(minutes, "minute");
  return minutes < 48 * 60
    ? `${Math.floor(minutes / 60)} hours`
    : `${Math.floor(minutes / 1440)} days`;
}
