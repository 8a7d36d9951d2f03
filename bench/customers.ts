import { performance } from "node:perf_hooks";
import Table from "cli-table3";
import { type Contender, type Operation, operations } from "./contender.ts";
import { enablexAccount } from "./enablex-account.ts";
import { median } from "./interleave.ts";
import type { Measurement } from "./results.ts";

export interface CustomersOptions {
  readonly contenders: readonly Contender[];
  readonly customers: readonly number[];
  readonly latenciesMs: readonly number[];
  readonly runs: number;
}

/**
 * One stack of EnableX customers for each contender: all five operations. Everything is
 * measured once before anything is measured again, so that a machine that gets slower
 * slows all alike, and an interrupted run has all settings.
 *
 * @param onMeasured gets all measurements so far, after each stack
 */
export async function measureCustomers(
  options: CustomersOptions,
  onMeasured: (measurements: readonly Measurement[]) => void,
): Promise<Measurement[]> {
  const settings = options.customers.flatMap((customers) =>
    options.latenciesMs.map((latencyMs) => ({ customers, latencyMs })),
  );
  const measurements: Measurement[] = [];
  for (let run = 1; run <= options.runs; run++)
    for (const { customers, latencyMs } of settings)
      for (const contender of options.contenders) {
        process.stderr.write(
          `run ${run} of ${options.runs}: ${customers} customers, ${latencyMs} ms: ${contender.name}\n`,
        );
        measurements.push(...(await measureLife(contender, customers, latencyMs, run)));
        onMeasured(measurements);
      }
  return measurements;
}

/** From nothing to nothing. */
async function measureLife(
  contender: Contender,
  customers: number,
  latencyMs: number,
  run: number,
): Promise<Measurement[]> {
  const account = await enablexAccount({ latencyMs });
  const { server } = account;
  try {
    await using session = await contender.open(account, customers);
    const measurements: Measurement[] = [];
    for (const operation of operations) {
      server.received = [];
      const begun = performance.now();
      const usage = await session.run(operation);
      const seconds = (performance.now() - begun) / 1000;
      const requests = server.received.length;
      const bytes = operation === "up" ? await session.stateBytes() : undefined;
      measurements.push({
        contender: contender.name,
        operation,
        customers,
        latencyMs,
        run,
        seconds: rounded(seconds),
        cpuSeconds: usage && rounded(usage.cpuSeconds),
        peakMemoryBytes: usage?.peakMemoryBytes,
        requests,
        stateBytes: bytes?.json,
        storedBytes: bytes?.stored,
      });
    }
    return measurements;
  } finally {
    await server.stop();
  }
}

const rounded = (seconds: number) => Math.round(seconds * 100) / 100;

/** The median of the measurements that have the figure. */
export function medianOf(
  measurements: readonly Measurement[],
  figure: (measurement: Measurement) => number | undefined,
): number | undefined {
  const figures = measurements.flatMap((measurement) => figure(measurement) ?? []);
  return figures.length > 0 ? median(figures) : undefined;
}

/** Tables of medians; in brackets the ratio to the first contender. */
export function customersReport(measurements: readonly Measurement[]): string {
  const settings = Map.groupBy(
    measurements,
    ({ customers, latencyMs }) => `${customers} customers, ${latencyMs} ms`,
  );
  return [...settings].map(([title, rows]) => settingTable(title, rows)).join("\n");
}

function settingTable(title: string, measurements: readonly Measurement[]): string {
  const table = new Table({
    head: [
      title,
      ...operations.map((operation) => `${operation} s`),
      "CPU s of up",
      "peak MB of up",
      "requests",
      "state KB each",
      "stored KB each",
    ],
    style: { head: [], border: [] },
  });
  const byContender = Map.groupBy(measurements, ({ contender }) => contender);
  const [floor = []] = byContender.values();
  for (const [name, own] of byContender) {
    const of = (rows: readonly Measurement[], operation: Operation) =>
      rows.filter((row) => row.operation === operation);
    const ratio = (operation: Operation, figure: (row: Measurement) => number | undefined) => {
      const [value, base] = [own, floor].map((rows) => medianOf(of(rows, operation), figure));
      if (value === undefined || base === undefined) return "";
      return `${value.toFixed(2)} (${(value / base).toFixed(2)})`;
    };
    const kilobytes = (figure: (row: Measurement) => number | undefined) =>
      ((medianOf(own, figure) ?? 0) / 1000 / (own[0]?.customers ?? 1)).toFixed(2);
    table.push([
      name,
      ...operations.map((operation) => ratio(operation, ({ seconds }) => seconds)),
      ratio("up", ({ cpuSeconds }) => cpuSeconds),
      ((medianOf(of(own, "up"), ({ peakMemoryBytes }) => peakMemoryBytes) ?? 0) / 1e6).toFixed(0),
      operations
        .map((operation) => medianOf(of(own, operation), ({ requests }) => requests))
        .join(" "),
      kilobytes(({ stateBytes }) => stateBytes),
      kilobytes(({ storedBytes }) => storedBytes),
    ]);
  }
  return table.toString();
}
