import { performance } from "node:perf_hooks";
import type { Workspace } from "../test/engine/workspace.ts";
import { watchProcessTree } from "./process-tree.ts";

/** Measures each variant in turn, so many times over, and says on stderr what it is at. */
export async function interleave<Variant extends { readonly name: string }, Figures>(
  variants: readonly Variant[],
  runs: number,
  measure: (variant: Variant) => Promise<Figures>,
): Promise<{ variant: Variant; figures: Figures[] }[]> {
  const measured = variants.map((variant) => ({ variant, figures: [] as Figures[] }));
  for (let run = 1; run <= runs; run++) {
    for (const { variant, figures } of measured) {
      process.stderr.write(`run ${run} of ${runs}: ${variant.name}\n`);
      figures.push(await measure(variant));
    }
  }
  return measured;
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) +
      (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) /
    2
  );
}

/** What a whole `pulumi` process took. */
export interface Taken {
  readonly seconds: number;
  /** Of the process and its descendants; NaN where the system has no `/proc`. */
  readonly cpuSeconds: number;
}

/** Runs a command, which must succeed. */
export async function take(stack: Workspace, ...command: string[]): Promise<Taken> {
  const begun = performance.now();
  const running = stack.start(command, { timeoutMs: 600_000 });
  const watch = watchProcessTree(running.pid ?? 0);
  try {
    (await running.done).ok();
  } finally {
    watch.stop();
  }
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, cpuSeconds: watch.stop()?.cpuSeconds ?? Number.NaN };
}
