import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Figures, measure, type Variant, variants } from "./engine.ts";

/**
 * `npm run bench`: whole-process figures on the real engine, side by side in one run.
 *
 *   npm run bench -- --resources 300 --runs 3
 *
 * Runs are interleaved (A B C, A B C, …), so that a machine that gets slower slows all of them; the median is shown.
 */
const { values } = parseArgs({ options: { resources: { type: "string", default: "300" }, runs: { type: "string", default: "3" } } });
const resources = Number(values.resources);
const runs = Number(values.runs);

const figures = new Map<Variant, Figures[]>(variants.map((variant) => [variant, []]));
for (let run = 1; run <= runs; run++) {
  for (const variant of variants) {
    process.stderr.write(`run ${run} of ${runs}: ${variant.name}\n`);
    figures.get(variant)?.push(await measure(variant, resources));
  }
}

const columns = ["up", "preview", "refresh", "destroy"] as const;
const floor = figures.get(variants[0] as Variant) ?? [];
const table = new Table({
  head: [`${resources} resources`, ...columns.map((name) => `${name} s`), "state KB each", "__provider bytes"],
  style: { head: [], border: [] },
});
for (const [variant, measured] of figures) {
  table.push([
    variant.name,
    ...columns.map((name) => withRatio(median(measured.map((figure) => figure[name])), median(floor.map((figure) => figure[name])))),
    (median(measured.map((figure) => figure.stateBytes)) / resources / 1000).toFixed(2),
    median(measured.map((figure) => figure.providerBytes)).toString(),
  ]);
}
console.log(`Median of ${runs} runs; in brackets the ratio to the floor, the first row.\n${table}`);

function withRatio(value: number, reference: number): string {
  return `${value.toFixed(2)} (${(value / reference).toFixed(2)})`;
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
