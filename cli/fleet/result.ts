import { z } from "zod";

/** What `ucaas fleet` does with each stack. */
export const actions = ["preview", "up", "drift", "status", "destroy"] as const;
export type Action = (typeof actions)[number];

/**
 * `done`: as it should be. `found`: done, and there are changes or drift. `locked`:
 * another run holds the stack. `failed`: it is not known, or not done. `skipped`: an
 * earlier run, which this one goes on with, has done it.
 */
const statuses = ["done", "found", "locked", "failed", "skipped"] as const;
const resultSchema = z.object({
  stack: z.string(),
  status: z.enum(statuses),
  /** In words: `3 to create`, or the reason of a failure. */
  found: z.string(),
  /** What to do about it. */
  remedy: z.string().optional(),
  seconds: z.number(),
  finishedAt: z.string(),
});
/** How one stack ended. */
export type StackResult = Readonly<z.output<typeof resultSchema>>;

/** The report of a run, and the record from which an interrupted one goes on. */
export const reportSchema = z.object({
  version: z.literal(1),
  action: z.enum(actions),
  startedAt: z.string(),
  /** Of all stacks that were chosen, those that have ended. */
  stacks: z.array(resultSchema),
});
export type FleetReport = Readonly<z.output<typeof reportSchema>>;

/** Stacks that need no second run. */
export function doneStacks({ stacks }: FleetReport): Set<string> {
  return new Set(
    stacks
      .filter(({ status }) => status !== "failed" && status !== "locked")
      .map(({ stack }) => stack),
  );
}

/** As `ucaas drift`: 1 when a stack is not known or not done, 2 when something was found. */
export function exitStatus(results: readonly StackResult[]): 0 | 1 | 2 {
  const has = (...wanted: StackResult["status"][]) =>
    results.some(({ status }) => wanted.includes(status));
  return has("failed", "locked") ? 1 : has("found") ? 2 : 0;
}
