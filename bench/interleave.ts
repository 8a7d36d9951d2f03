import { performance } from "node:perf_hooks";
import type { Workspace } from "../test/engine/workspace.ts";

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

/** Seconds of a whole `pulumi` process. */
export async function seconds(stack: Workspace, ...command: string[]): Promise<number> {
  const begun = performance.now();
  (await stack.pulumi(command, { timeoutMs: 600_000 })).ok();
  return (performance.now() - begun) / 1000;
}
