import { redact, visible, visibleLines } from "../redact.ts";
import type { CustomerCount, DriftReport } from "./report.ts";

/** A customer in a vendor's list. */
export interface ListedCustomer {
  readonly id: string;
  readonly name?: string;
}

/** What one account of one stack reaches, and what the stack declares there. */
export interface Listing {
  readonly stack: string;
  readonly vendor: string;
  /** Base URL; undefined where the account's config does not say it. */
  readonly server: string | undefined;
  /** Ids of the customers in the stack's state. */
  readonly declared: readonly string[];
  /** What the vendor lists, or why it cannot be known. */
  readonly listed: readonly ListedCustomer[] | string;
}

/** The report names at most so many customers that no stack declares. */
const mostNamed = 100;

/**
 * Counts by server, since accounts and stacks share customers: what one stack does not
 * declare, another may. `unreadable` are stacks whose declarations are not known.
 */
export function countCustomers(
  listings: readonly Listing[],
  unreadable: readonly string[],
): CustomerCount[] {
  const servers = Map.groupBy(
    listings,
    ({ vendor, server, stack }) => `${vendor} ${server ?? `of ${stack}`}`,
  );
  return [...servers.values()].map((group) => countAt(group, unreadable));
}

/**
 * The counts of reports that were written apart, such as by one job for each stack.
 * `missing` are stacks that have no report.
 */
export function mergeCounts(
  reports: readonly Pick<DriftReport, "customers" | "unreadStacks">[],
  missing: readonly string[],
): CustomerCount[] {
  // One report has counted over its stacks already, and an earlier version named no ids.
  if (reports.length === 1 && missing.length === 0) return [...reports[0]!.customers];
  const unreadable = new Set([...missing, ...reports.flatMap((report) => report.unreadStacks)]);
  const listings = reports.flatMap(({ customers }) => customers.flatMap(listingsOf));
  return countCustomers(listings, [...unreadable].sort());
}

/** What a count was made of, by stack. */
function listingsOf(count: CustomerCount): Listing[] {
  const { vendor, server, stacks } = count;
  const listed = listedIn(count);
  const declared = count.status === "counted" ? (count.declaredIds ?? []) : [];
  return stacks.map((stack) => ({ stack, vendor, server, declared, listed }));
}

function listedIn(count: CustomerCount): Listing["listed"] {
  if (count.status === "unknown") return count.reason;
  const { existingIds, declaredIds, named, stacks } = count;
  if (existingIds === undefined || declaredIds === undefined)
    return `an earlier version wrote the report of ${stacks.join(", ")}`;
  const names = new Map(named.map(({ id, name }) => [id, name]));
  return existingIds.map((id) => {
    const name = names.get(id);
    return { id, ...(name !== undefined && { name }) };
  });
}

function countAt(group: readonly Listing[], unreadable: readonly string[]): CustomerCount {
  const { vendor, server } = group[0]!;
  const stacks = [...new Set(group.map(({ stack }) => stack))].sort();
  const place = { vendor, ...(server !== undefined && { server }), stacks };
  const existing = new Map<string, ListedCustomer>();
  const reasons = new Set<string>();
  for (const { listed } of group) {
    if (typeof listed === "string") reasons.add(listed);
    else for (const customer of listed) existing.set(customer.id, customer);
  }
  if (unreadable.length > 0 && server !== undefined)
    reasons.add(`what ${unreadable.join(", ")} declares is not known: it was not read`);
  if (reasons.size > 0) return { ...place, status: "unknown", reason: [...reasons].join("; ") };
  const declared = new Set(group.flatMap((listing) => listing.declared));
  const undeclared = [...existing.values()].filter(({ id }) => !declared.has(id));
  return {
    ...place,
    status: "counted",
    existing: existing.size,
    declared: existing.size - undeclared.length,
    undeclared: undeclared.length,
    existingIds: [...existing.keys()],
    declaredIds: [...declared],
    named: undeclared.slice(0, mostNamed),
  };
}

/** One line a server: `EnableX (api.example): 7 customers exist, 6 are declared in prod, …`. */
export function customerLines(counts: readonly CustomerCount[]): string[] {
  return counts.map((count) => {
    const place = count.server === undefined ? "" : ` (${visible(hostOf(count.server))})`;
    const start = `EnableX${place}:`;
    if (count.status === "unknown")
      return `${start} could not tell which customers no stack declares: ${visibleLines(count.reason)}.`;
    const { existing, declared, undeclared, stacks, named } = count;
    const where = stacks.length === 1 ? `in ${visible(stacks[0]!)}` : `in ${stacks.length} stacks`;
    const exist = existing === 1 ? "customer exists" : "customers exist";
    const are = declared === 1 ? "is" : "are";
    const counted = `${start} ${existing} ${exist}, ${declared} ${are} declared ${where}`;
    if (undeclared === 0) return `${counted}.`;
    const names = named.slice(0, mostShown).map(({ id, name }) => {
      return name === undefined ? shown(id) : `${shown(name)} (${shown(id)})`;
    });
    const more = undeclared > names.length ? ` and ${undeclared - names.length} more` : "";
    return `${counted}, ${undeclared} ${undeclared === 1 ? "is" : "are"} not: ${names.join(", ")}${more}.`;
  });
}

const mostShown = 5;

/** Whether something has to be said: some are undeclared, or that is not known. */
export function needsAttention(count: CustomerCount): boolean {
  return count.status === "unknown" || count.undeclared > 0;
}

/** For a title: `2 customers are not declared`; undefined where there is nothing to say. */
export function customerSummary(counts: readonly CustomerCount[]): string | undefined {
  const undeclared = counts.reduce(
    (sum, count) => sum + (count.status === "counted" ? count.undeclared : 0),
    0,
  );
  const parts = [
    undeclared > 0 &&
      `${undeclared} ${undeclared === 1 ? "customer is" : "customers are"} not declared`,
    counts.some(({ status }) => status === "unknown") && "customers could not be counted",
  ];
  return parts.filter(Boolean).join(", ") || undefined;
}

/** Text of a vendor, in one line and not too long for one. */
function shown(text: string): string {
  const clean = redact(text);
  return visible(clean.length > longest ? `${clean.slice(0, longest)}…` : clean);
}

const longest = 60;

/** What to do about customers that are not declared: one line, or none. */
export function customerRemedy(counts: readonly CustomerCount[]): string[] {
  return counts.some((count) => count.status === "counted" && count.undeclared > 0)
    ? ["What to do: if no other stack declares them, ucaas adopt enablex takes them over."]
    : [];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
