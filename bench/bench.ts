/**
 * `npm run bench`: figures of whole processes on the real engine, side by side in one run.
 *
 * ```
 * npm run bench -- [licences] [enablex-refresh] [customers] [backend-options]
 *   [--resources 300 | 1,30,100] [--latency 0,50] [--runs 3] [--contenders floor,pulumi-ucaas]
 * npm run bench -- fleet [--resources 200] [--stacks 50] [--workers 2]
 * npm run bench -- --build-peers     builds OpenTofu and restapi from Go modules
 * npm run bench -- --plot [file]     draws docs/images/bench-*.svg from a file of
 *                                    bench/results; default the latest with several sizes
 * ```
 *
 * Runs are interleaved (A B C, A B C, …), so that a machine that gets slower slows all of
 * them; the median is shown. `customers`, `backend-options` and `fleet` also write each
 * measurement into bench/results.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packagesOfProject, packed } from "../test/package/packed.ts";
import { root } from "../tools/engine/paths.mjs";
import { backendOptionContenders } from "./backend-options.ts";
import type { Contender } from "./contender.ts";
import { closure, floor, ucaas } from "./customer-programs.ts";
import { customersReport, measureCustomers } from "./customers.ts";
import { enablexRefresh } from "./enablex-refresh.ts";
import { fleetReport, measureFleet } from "./fleet.ts";
import { licences } from "./licences.ts";
import { isOpenTofuBuilt, openTofu } from "./opentofu.ts";
import { buildPeers } from "./peers/build.mjs";
import { customerCharts } from "./plot.ts";
import { pulumiContender } from "./pulumi-contender.ts";
import { beginResults, latestSeries, readResults, writeResults } from "./results.ts";

const { values, positionals } = parseArgs({
  options: {
    resources: { type: "string", default: "300" },
    runs: { type: "string", default: "3" },
    latency: { type: "string", default: "0,50" },
    contenders: { type: "string" },
    stacks: { type: "string", default: "50" },
    workers: { type: "string", default: "2" },
    "build-peers": { type: "boolean", default: false },
    plot: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const toNumbers = (text: string) => text.split(",").map(Number);
const resources = toNumbers(values.resources);
const latenciesMs = toNumbers(values.latency);
const runs = Number(values.runs);

const benchmarks: Record<string, () => Promise<string>> = {
  licences: () => licences(resources[0] ?? 0, runs),
  "enablex-refresh": () => enablexRefresh(resources[0] ?? 0, runs),
  customers: () =>
    measured("customers", (modules) => [
      ...[floor, ucaas, closure].map((program) => pulumiContender(program, modules)),
      ...openTofuIfBuilt(),
    ]),
  "backend-options": () => measured("backend-options", backendOptionContenders),
  fleet: async () => {
    await using installed = await packed(...packagesOfProject);
    const begun = beginResults();
    const measurements = await measureFleet({
      stacks: Number(values.stacks),
      workers: Number(values.workers),
      customers: resources[0] ?? 0,
      modules: join(installed.project, "node_modules"),
    });
    return `${fleetReport(measurements)}\n${writeResults("fleet", begun, measurements)}`;
  },
};

function openTofuIfBuilt(): Contender[] {
  if (isOpenTofuBuilt()) return [openTofu];
  process.stderr.write(
    "OpenTofu is left out: it is not built. npm run bench -- --build-peers builds it.\n",
  );
  return [];
}

/** The package is measured as npm installs it. */
async function measured(name: string, list: (modules: string) => Contender[]): Promise<string> {
  await using installed = await packed("pulumi-ucaas");
  const all = list(join(installed.project, "node_modules"));
  const wanted = values.contenders?.split(",");
  const contenders = all.filter((contender) => wanted?.includes(contender.name) ?? true);
  const begun = beginResults();
  let file = "";
  const measurements = await measureCustomers(
    { contenders, customers: resources, latenciesMs, runs },
    (soFar) => {
      file = writeResults(name, begun, soFar);
    },
  );
  return `${customersReport(measurements)}\n${file}`;
}

function plot(file = latestSeries("customers")): void {
  for (const [path, drawing] of customerCharts(readResults(file))) {
    writeFileSync(join(root, path), drawing);
    console.log(path);
  }
}

if (values["build-peers"]) buildPeers();
else if (values.plot) plot(positionals[0]);
else {
  const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
  if (unknown.length > 0)
    throw new Error(
      `No benchmark is called ${unknown.join(", ")}; there are ${Object.keys(benchmarks).join(", ")}.`,
    );
  for (const [name, run] of Object.entries(benchmarks))
    if (positionals.length === 0 ? name !== "fleet" : positionals.includes(name))
      console.log(await run());
}
