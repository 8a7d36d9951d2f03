/**
 * `npm run bench`: whole-process figures on the real engine, side by side in one run.
 *
 *   npm run bench -- --resources 300 --runs 3 [licences] [enablex-refresh]
 *
 * Runs are interleaved (A B C, A B C, …), so that a machine that gets slower slows all of
 * them; the median is shown.
 */
import { parseArgs } from "node:util";
import { enablexRefresh } from "./enablex-refresh.ts";
import { licences } from "./licences.ts";

const benchmarks = { licences, "enablex-refresh": enablexRefresh };

const { values, positionals } = parseArgs({
  options: {
    resources: { type: "string", default: "300" },
    runs: { type: "string", default: "3" },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0)
  throw new Error(
    `No benchmark is called ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}.`,
  );

for (const [name, run] of Object.entries(benchmarks)) {
  if (positionals.length === 0 || positionals.includes(name))
    console.log(await run(Number(values.resources), Number(values.runs)));
}
