import { closestMatches } from "pulumi-ucaas/internal/runtime/suggest";
import type { Limits } from "pulumi-ucaas-stacks/internal/limits";
import { type Amount, amount, formatAmount, sum, zero } from "../cost/money.ts";
import { isSeat } from "../cost/quantities.ts";
import { counted } from "../counted.ts";
import {
  type ChangeSummary,
  mayTakeSeats,
  type QuantityChange,
  seatsByCustomer,
  takesSeats,
} from "./summarize.ts";

/** A limit of the stack that a change goes beyond, or of which that cannot be known. */
export interface Violation {
  /** The key below `ucaas:limits`. */
  readonly limit: keyof Limits;
  /** `exceeded`, or `unknown` when the plan does not say enough. */
  readonly kind: "exceeded" | "unknown";
  /** What the limit allows and what the change does, in words. */
  readonly reason: string;
  readonly customers: readonly string[];
  readonly remedy: string;
}

/**
 * The limits that a change goes beyond. What one customer loses does not make up for what
 * another gets: a slip in one file must not hide behind a change in another.
 */
export function checkLimits(summary: ChangeSummary, limits: Limits): Violation[] {
  return [
    ...removals(summary, limits),
    ...addedSeats(summary, limits),
    ...addedCost(summary, limits),
    ...protectedCustomers(summary, limits),
  ];
}

function removals({ changes }: ChangeSummary, { maxRemovals }: Limits): Violation[] {
  if (maxRemovals === undefined) return [];
  const removed = changes.filter(({ action }) => removesFromVendor.has(action));
  if (removed.length <= maxRemovals) return [];
  return [
    {
      limit: "maxRemovals",
      kind: "exceeded",
      reason: `${counted(removed.length, "resource is", "resources are")} deleted or replaced, and ${maxRemovals} may be`,
      customers: unique(removed.map(({ customer }) => customer)),
      remedy: raise("maxRemovals", removed.length),
    },
  ];
}

const removesFromVendor: ReadonlySet<string> = new Set(["delete", "replace"]);

function addedSeats(summary: ChangeSummary, { maxAddedSeats }: Limits): Violation[] {
  if (maxAddedSeats === undefined) return [];
  const seats = [...seatsByCustomer(summary)];
  const unknown = seats.filter(([, added]) => added === undefined).map(([customer]) => customer);
  const more = seats.filter(([, added = 0]) => added > 0);
  const customers = more.map(([customer]) => customer);
  const total = more.reduce((count, [, added = 0]) => count + added, 0);
  const most = upTo(summary, customers, ({ sku }) => isSeat(sku));
  return [
    ...(total > maxAddedSeats
      ? [
          {
            limit: "maxAddedSeats" as const,
            kind: "exceeded" as const,
            reason: `${most}${counted(total, "seat is", "seats are")} added, and ${maxAddedSeats} may be`,
            customers,
            remedy: raise("maxAddedSeats", total),
          },
        ]
      : []),
    ...notKnown("maxAddedSeats", "a number of seats is not known before the update", unknown),
  ];
}

function addedCost(summary: ChangeSummary, { maxAddedCost }: Limits): Violation[] {
  if (maxAddedCost === undefined) return [];
  const { cost, changes } = summary;
  if (cost === undefined) {
    const reason = "the stack has no ucaas:prices";
    return [{ limit: "maxAddedCost", kind: "unknown", reason, customers: [], remedy: addPrices }];
  }
  const costs = new Map<string, Amount>();
  const unknown = new Set<string>();
  for (const { customer, quantities } of changes) {
    for (const { cost: difference, sku } of quantities) {
      if (difference) costs.set(customer, (costs.get(customer) ?? zero).plus(difference));
      else if (!cost.unpriced.includes(sku)) unknown.add(customer);
    }
  }
  const more = [...costs].filter(([, difference]) => difference.gt(zero));
  const customers = more.map(([customer]) => customer);
  const total = sum(more.map(([, difference]) => difference));
  const format = (value: Amount) => formatAmount(value, cost.currency);
  const found: Violation[] = [];
  if (total.gt(amount(maxAddedCost))) {
    const most = upTo(summary, customers, ({ cost: its }) => its?.gt(zero) === true);
    found.push({
      limit: "maxAddedCost",
      kind: "exceeded",
      reason: `${most}${format(total)} a month are added, and ${format(amount(maxAddedCost))} may be`,
      customers,
      remedy: raise("maxAddedCost", total.toFixed()),
    });
  }
  const unpriced = unique(
    changes.flatMap(({ quantities }) => quantities.map(({ sku }) => sku)),
  ).filter((sku) => cost.unpriced.includes(sku));
  if (unpriced.length > 0) {
    found.push({
      limit: "maxAddedCost",
      kind: "unknown",
      reason: `ucaas:prices has no price for ${unpriced.join(", ")}`,
      customers: [],
      remedy: "add the price to ucaas:prices; 0 for what costs nothing",
    });
  }
  found.push(...notKnown("maxAddedCost", "a cost is not known before the update", [...unknown]));
  return found;
}

/** Words before a sum of these customers that is the most it can be. */
function upTo(
  { changes }: ChangeSummary,
  customers: readonly string[],
  counts: (change: QuantityChange) => boolean,
): string {
  const isBound = changes.some(
    ({ customer, quantities }) =>
      customers.includes(customer) &&
      quantities.some((each) => each.undeclaredBefore && counts(each)),
  );
  return isBound ? "up to " : "";
}

const addPrices = "add a price list as ucaas:prices, or take maxAddedCost out";

function protectedCustomers(
  summary: ChangeSummary,
  { protectedCustomers: names = [] }: Limits,
): Violation[] {
  const seats = seatsByCustomer(summary);
  const loses = (name: string) =>
    summary.changes.some(
      (change) =>
        change.customer === name &&
        (removesFromVendor.has(change.action) || change.action === "forget" || takesSeats(change)),
    );
  const losing = names.filter(loses);
  const found: Violation[] = [];
  if (losing.length > 0) {
    found.push({
      limit: "protectedCustomers",
      kind: "exceeded",
      reason: "a protected customer loses a resource or seats",
      customers: losing,
      remedy: "restore the declaration, or take the customer out of protectedCustomers",
    });
  }
  const mayLose = names.filter(
    (name) =>
      !losing.includes(name) &&
      summary.changes.some((change) => change.customer === name && mayTakeSeats(change)),
  );
  if (mayLose.length > 0) {
    found.push({
      limit: "protectedCustomers",
      kind: "unknown",
      reason: "a number of seats was not declared before, so some may go",
      customers: mayLose,
      remedy:
        "compare with the vendor's portal; if no seat is lost, take the customer out of protectedCustomers for this change",
    });
  }
  for (const name of names.filter((each) => !summary.customers.includes(each))) {
    const near = closestMatches(name, summary.customers)[0];
    found.push({
      limit: "protectedCustomers",
      kind: "unknown",
      reason: `there is no customer ${name} in the plan${near ? `; did you mean ${near}?` : ""}`,
      customers: [name],
      remedy: "correct the name, or take it out of protectedCustomers",
    });
  }
  found.push(
    ...notKnown(
      "protectedCustomers",
      "a number of seats is not known before the update",
      names.filter((name) => seats.has(name) && seats.get(name) === undefined),
    ),
  );
  return found;
}

function notKnown(limit: keyof Limits, reason: string, customers: readonly string[]): Violation[] {
  if (customers.length === 0) return [];
  const remedy = "declare the number itself, and not a value that another resource computes";
  return [{ limit, kind: "unknown", reason, customers, remedy }];
}

function raise(limit: keyof Limits, value: number | string): string {
  return `check the change; if it is meant, set ucaas:limits.${limit} to ${value} in the stack file`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
