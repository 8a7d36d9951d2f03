import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { root, version } from "../tools/engine/paths.mjs";
import type { Operation } from "./contender.ts";

/** One process of one run. */
export interface Measurement {
  readonly contender: string;
  readonly operation: Operation;
  readonly customers: number;
  readonly latencyMs: number;
  readonly run: number;
  /** Of the whole process. */
  readonly seconds: number;
  /** Of the process and its descendants; Linux only. */
  readonly cpuSeconds?: number;
  readonly peakMemoryBytes?: number;
  readonly requests: number;
  /** After `up`: the state as JSON without white space, and as its file is stored. */
  readonly stateBytes?: number;
  readonly storedBytes?: number;
}

/** What `bench/results/*.json` holds. */
export interface Results {
  readonly benchmark: string;
  readonly commit: string;
  readonly takenAt: string;
  readonly machine: {
    readonly cores: number;
    readonly processor: string;
    readonly memoryBytes: number;
    readonly kernel: string;
    readonly node: string;
    readonly engine: string;
    /** One-minute averages of running processes; above `cores` others waited for the CPU. */
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly measurements: readonly Measurement[];
}

const folder = join(root, "bench", "results");

/** What is known at the start of a run; the repository may change while it lasts. */
export function beginResults(): Pick<Results, "commit" | "takenAt" | "machine"> {
  return {
    commit: currentCommit(),
    takenAt: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      processor: cpus()[0]?.model ?? "",
      memoryBytes: totalmem(),
      kernel: `${process.platform} ${release()}`,
      node: process.version,
      engine: version,
      loadBefore: currentLoad(),
      loadAfter: 0,
    },
  };
}

/** @returns the file's path */
export function writeResults(
  benchmark: string,
  { commit, takenAt, machine }: ReturnType<typeof beginResults>,
  measurements: readonly object[],
): string {
  const about: Omit<Results, "measurements"> = {
    benchmark,
    commit,
    takenAt,
    machine: { ...machine, loadAfter: currentLoad() },
  };
  mkdirSync(folder, { recursive: true });
  const file = join(
    folder,
    `${takenAt.slice(0, 16).replace("T", "-").replace(":", "")}-${benchmark}.json`,
  );
  // A line for each measurement, so that a difference between two files can be read.
  const lines = measurements.map((measurement) => `    ${JSON.stringify(measurement)}`);
  const head = JSON.stringify(about, undefined, 2).replace(/\n\}$/, "");
  writeFileSync(file, `${head},\n  "measurements": [\n${lines.join(",\n")}\n  ]\n}\n`);
  return file;
}

export function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The latest file of a benchmark that has several numbers of customers, as a line needs. */
export function latestSeries(benchmark: string): string {
  const latest = readdirSync(folder)
    .filter((name) => name.endsWith(`-${benchmark}.json`))
    .sort()
    .map((name) => join(folder, name))
    .findLast((file) => {
      const { measurements } = readResults(file);
      return measurements.some(({ customers }) => customers !== measurements[0]?.customers);
    });
  if (latest) return latest;
  throw new Error(`No results of ${benchmark} in ${folder} have several numbers of customers.`);
}

const currentLoad = () => Math.round((loadavg()[0] ?? 0) * 10) / 10;

/** With `+` when files differ from it. */
function currentCommit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" });
  const changed = git("status", "--porcelain", "--", ":!bench/results", ":!docs").trim() !== "";
  return `${git("rev-parse", "--short", "HEAD").trim()}${changed ? "+" : ""}`;
}
