import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import {
  type CustomerCount,
  type DriftReport,
  driftReportSchema,
  overallStatus,
  type Status,
} from "../drift/report.ts";

/** One run of `ucaas drift`, in numbers. */
export interface DriftCheck {
  /** ISO time. */
  readonly checkedAt: string;
  readonly status: Status;
  readonly stacks: readonly StackCheck[];
  /** Customers at each server that lists them. */
  readonly customers: readonly CustomerCount[];
}

export interface StackCheck {
  readonly stack: string;
  readonly status: Status;
  /** Resources that differ, by customer; the empty name is of those without a customer. */
  readonly differences: Readonly<Record<string, number>>;
  /** How many findings say that drift is not known. */
  readonly unknown: number;
}

/** More reports would not fit a chart. */
const longestHistory = 30;

/**
 * The reports of a folder that `ucaas drift --report-dir` fills, the oldest first.
 *
 * @throws {UcaasError} `FILE_UNREADABLE` when the folder cannot be read
 */
export function readDriftHistory(folder: string): { checks: DriftCheck[]; notes: string[] } {
  const checks: DriftCheck[] = [];
  const notes: string[] = [];
  for (const name of reportsIn(folder)) {
    const result = driftReportSchema.safeParse(tryParseJson(tryRead(join(folder, name)) ?? ""));
    if (result.success) checks.push(driftCheck(result.data));
    else notes.push(`${name} is not a report of ucaas drift`);
  }
  checks.sort((a, b) => (a.checkedAt < b.checkedAt ? -1 : 1));
  return { checks, notes };
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function reportsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^drift-.*\.json$/.test(name));
  } catch (error) {
    throw new UcaasError(`${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      code: "FILE_UNREADABLE",
      operation: "read the drift reports",
      hint: "name the folder that ucaas drift --report-dir writes to",
    });
  }
}

export function driftCheck({ checkedAt, status, stacks, customers }: DriftReport): DriftCheck {
  return {
    checkedAt,
    status,
    customers,
    stacks: stacks.map(({ stack, status, differences, unknown }) => {
      const urns = Map.groupBy(differences, ({ customer = "" }) => customer);
      const counts = [...urns].map(
        ([customer, all]) => [customer, new Set(all.map(({ urn }) => urn)).size] as const,
      );
      return { stack, status, differences: Object.fromEntries(counts), unknown: unknown.length };
    }),
  };
}

/** A count of customers at a vendor, with the time of the drift check that took it. */
export type TakenCount = CustomerCount & { readonly checkedAt: string };

/** The newest count of each server and stack: a pipeline may check each stack by itself. */
export function newestCounts(
  checks: readonly DriftCheck[],
  stacks: readonly string[],
): TakenCount[] {
  const seen = new Set<string>();
  return checks.toReversed().flatMap(({ checkedAt, customers }) =>
    customers.flatMap((count) => {
      const places = count.stacks
        .filter((stack) => stacks.includes(stack))
        .map((stack) => `${count.vendor} ${count.server ?? ""} ${stack}`);
      const isOld = places.every((place) => seen.has(place));
      for (const place of places) seen.add(place);
      return isOld ? [] : [{ ...count, checkedAt }];
    }),
  );
}

const hour = 3_600_000;

/**
 * A nightly check that did not run is noticed after two days. Clocks may differ by an
 * hour. A time that is none counts as one of the future.
 */
export function ageOfCheck(
  { checkedAt }: { readonly checkedAt: string },
  now: string,
): "current" | "old" | "future" {
  const age = Date.parse(now) - Date.parse(checkedAt);
  if (age >= -hour) return age <= 48 * hour ? "current" : "old";
  return "future";
}

/** Checks of the future as if they were the oldest: a clock that was ahead hides no other. */
export function futureFirst(checks: readonly DriftCheck[], now: string): DriftCheck[] {
  const isOfFuture = (check: DriftCheck) => ageOfCheck(check, now) === "future";
  return [...checks.filter(isOfFuture), ...checks.filter((check) => !isOfFuture(check))];
}

/** The last check of one stack. */
export type LastCheck = StackCheck & { readonly checkedAt: string };

/** The newest check of each stack, since a report may be of some stacks only. */
export function lastChecks(checks: readonly DriftCheck[], stacks: readonly string[]): LastCheck[] {
  const last = new Map<string, LastCheck>();
  for (const { checkedAt, stacks: checked } of checks)
    for (const check of checked) last.set(check.stack, { ...check, checkedAt });
  return stacks.flatMap((stack) => last.get(stack) ?? []);
}

/** The last checks of the stacks; what they say of other stacks is left out. */
export function checksOf(checks: readonly DriftCheck[], stacks: readonly string[]): DriftCheck[] {
  const own = checks.flatMap((check) => {
    const shown = check.stacks.filter(({ stack }) => stacks.includes(stack));
    if (shown.length === 0) return [];
    return [{ ...check, status: overallStatus(shown.map(({ status }) => status)), stacks: shown }];
  });
  return own.slice(-longestHistory);
}
