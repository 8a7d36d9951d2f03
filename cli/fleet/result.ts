import { z } from "zod";

/** What `ucaas fleet` does with each stack. */
export const actions = ["preview", "up", "drift", "status", "destroy"] as const;
export type Action = (typeof actions)[number];

/**
 * `done`: as it should be. `found`: done, and there are changes, drift or leftover objects.
 * `refused`: nothing is applied, since the change goes beyond a limit of the stack.
 * `locked`: another run holds the stack. `failed`: it is not known, or not done.
 */
const statuses = ["done", "found", "refused", "locked", "failed"] as const;
const resultSchema = z.object({
  stack: z.string(),
  status: z.enum(statuses),
  /** In words: `3 to create`, or the reason of a failure. */
  found: z.string(),
  /** What to do about it. */
  remedy: z.string().optional(),
  /** What the engine warned of, and what interrupted runs may have left. */
  warnings: z.array(z.string()).optional(),
  seconds: z.number(),
  finishedAt: z.string(),
});
/** How one stack ended. */
export type StackResult = Readonly<z.output<typeof resultSchema>>;

/** How the work with a stack ended, before its time is added. */
export type Ending = Omit<StackResult, "stack" | "seconds" | "finishedAt">;

/** The report of a run, and the record from which an interrupted one goes on. */
export const reportSchema = z.object({
  version: z.literal(1),
  action: z.enum(actions),
  startedAt: z.string(),
  /** When all stacks that were chosen had ended; absent while it runs, or when it was cut off. */
  endedAt: z.string().optional(),
  /** The stacks that were chosen. */
  chosen: z.array(z.string()).readonly(),
  /** Of all stacks that were chosen, those that have ended. */
  stacks: z.array(resultSchema).readonly(),
});
export type FleetReport = Readonly<z.output<typeof reportSchema>>;

/** The results of stacks that need no second run, by stack. */
export function doneStacks({ stacks }: FleetReport): Map<string, StackResult> {
  return new Map(
    stacks
      .filter(({ status }) => status === "done" || status === "found")
      .map((result) => [result.stack, result]),
  );
}

/** 1 when a stack is not known or not done, 2 when something was found or a limit refused it. */
export function exitStatus(results: readonly StackResult[]): 0 | 1 | 2 {
  const has = (...wanted: StackResult["status"][]) =>
    results.some(({ status }) => wanted.includes(status));
  return has("failed", "locked") ? 1 : has("found", "refused") ? 2 : 0;
}
