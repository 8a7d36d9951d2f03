import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { isAtVendor, locator } from "../pulumi/locator.ts";
import type { State } from "../pulumi/stack.ts";
import { visible } from "../redact.ts";
import { type BilledQuantity, type BillingTerms, billedQuantities } from "./billing.ts";
import { type Amount, amount, plainAmount, zero } from "./money.ts";

/** A stack as the engine keeps it, with its terms. */
export interface PricedStack {
  readonly stack: string;
  readonly resources: readonly State[];
  readonly terms: BillingTerms;
}

/** What a customer has of one SKU. Amounts are exact, as text. */
export interface CostLine {
  readonly stack: string;
  /** The reseller's id at Xima; empty for a customer without a licence. */
  readonly reseller: string;
  readonly customer: string;
  readonly sku: string;
  /** Null when a count is not readable, such as a secret. */
  readonly quantity: number | null;
  readonly billed: number | null;
  /** Price of one unit for a month; absent without a price. */
  readonly price?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly notes: readonly string[];
}

/** The units and the amount of all lines that have something in common. */
export interface CostSum {
  readonly name: string;
  readonly billed: number;
  /** By currency: amounts of two currencies have no sum. */
  readonly amounts: readonly { readonly currency: string; readonly amount: string }[];
}

/** Stacks may share a slug. Each then has a customer of its own. */
export interface CustomerCost extends CostSum {
  readonly stack: string;
}

/** `ucaas cost --json`. */
export interface CostReport {
  readonly version: 1;
  readonly period: "month";
  readonly lines: readonly CostLine[];
  readonly byCustomer: readonly CustomerCost[];
  readonly bySku: readonly CostSum[];
  readonly byReseller: readonly CostSum[];
  readonly total: CostSum;
  /** SKUs with units and without a price; they are not in the amounts. */
  readonly unpriced: readonly string[];
  /** Some counts cannot be read; they are not in the sums. `billed` of their lines is null. */
  readonly incomplete: boolean;
  /**
   * Licences that declare `adopt: true`, or that were imported and not sent since: what they
   * have beyond the declaration is not counted. A later write leaves no trace of an import.
   */
  readonly adopted: readonly string[];
}

/** What the resources of the stacks cost a month, as they were last applied. */
export function costReport(stacks: readonly PricedStack[]): CostReport {
  const lines = stacks.flatMap(stackLines).sort(byNames);
  const priced = (line: CostLine) => line.price !== undefined || line.billed === 0;
  return {
    version: 1,
    period: "month",
    lines,
    byCustomer: costByCustomer(lines),
    bySku: sums(lines, ({ sku }) => sku),
    byReseller: sums(lines, ({ reseller }) => reseller),
    total: sums(lines, () => "all")[0] ?? { name: "all", billed: 0, amounts: [] },
    unpriced: [...new Set(lines.filter((line) => !priced(line)).map(({ sku }) => sku))],
    incomplete: lines.some(({ billed }) => billed === null),
    adopted: stacks
      .flatMap(({ resources }) =>
        resources.filter((state) => isLicence(state.type) && isAdopted(state)),
      )
      .map(({ id, urn }) => id ?? urn),
  };
}

/** What has a count that cannot be read, with its customer: `acme xima.eliteSeats`. */
export function unreadCounts(lines: readonly CostLine[]): string {
  const severalStacks = areOfSeveralStacks(lines);
  const names = lines
    .filter(({ billed }) => billed === null)
    .map(({ stack, customer, sku }) =>
      visible(`${severalStacks ? `${stack} ` : ""}${customer} ${sku}`),
    );
  const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : "";
  return `${names.slice(0, maxNamed).join(", ")}${more}`;
}

const maxNamed = 10;

export function areOfSeveralStacks(lines: readonly CostLine[]): boolean {
  return new Set(lines.map(({ stack }) => stack)).size > 1;
}

function isLicence(type: string): boolean {
  return type === "pulumi-nodejs:dynamic/ucaas:XimaLicense";
}

function isAdopted({ inputs, outputs }: State): boolean {
  const { __intent: lastWrite } = outputs ?? {};
  return inputs?.adopt === true || (typeof lastWrite === "string" && lastWrite.endsWith("/import"));
}

function stackLines({ stack, resources, terms }: PricedStack): CostLine[] {
  const locate = locator(resources);
  const atVendors = resources.filter(isAtVendor).map((state) => {
    const { customer, name } = locate(state.urn);
    return { state, customer: customer ?? name };
  });
  const resellers = new Map<string, string>();
  for (const { state, customer } of atVendors) {
    const reseller = isRecord(state.inputs?.ccId) ? state.inputs.ccId.resellerId : undefined;
    if (isLicence(state.type) && typeof reseller === "string") resellers.set(customer, reseller);
  }
  const lines = new Map<string, CostLine>();
  for (const { state, customer } of atVendors) {
    for (const each of billedQuantities(state.type, state.inputs ?? {}, terms)) {
      if (each.quantity === 0) continue;
      const line = toLine(each, terms);
      const key = JSON.stringify([customer, each.sku]);
      const reseller = resellers.get(customer) ?? "";
      lines.set(key, added(lines.get(key), { stack, reseller, customer, ...line }));
    }
  }
  return [...lines.values()];
}

function toLine(
  { sku, quantity, billed, price, amount: total, notes }: BilledQuantity,
  { prices }: BillingTerms,
): Omit<CostLine, "stack" | "reseller" | "customer"> {
  const currency = prices?.currency;
  return {
    sku,
    quantity: quantity ?? null,
    billed: billed ?? null,
    ...(price && currency && { price: plainAmount(price, currency), currency }),
    ...(total && currency && { amount: plainAmount(total, currency) }),
    notes,
  };
}

/** The line of both: a customer may have several resources of one kind. */
function added(first: CostLine | undefined, second: CostLine): CostLine {
  if (!first) return second;
  const plus = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
  const { currency } = second;
  const amounts = [first.amount, second.amount].filter((each) => each !== undefined);
  const { amount: _, ...line } = first;
  return {
    ...line,
    quantity: plus(first.quantity, second.quantity),
    billed: plus(first.billed, second.billed),
    ...(currency &&
      amounts.length === 2 && {
        amount: plainAmount(amount(amounts[0]!).plus(amounts[1]!), currency),
      }),
    notes: [...new Set([...first.notes, ...second.notes])],
  };
}

function byNames(a: CostLine, b: CostLine): number {
  const [first, second] = [a, b].map((line) =>
    JSON.stringify([line.reseller, line.customer, line.stack, line.sku]),
  ) as [string, string];
  return first < second ? -1 : first > second ? 1 : 0;
}

function costByCustomer(lines: readonly CostLine[]): CustomerCost[] {
  const groups = Map.groupBy(lines, ({ stack, customer }) => JSON.stringify([stack, customer]));
  return [...groups.values()].map((group) => {
    const { stack, customer } = group[0]!;
    return { stack, ...sumOf(customer, group) };
  });
}

function sums(lines: readonly CostLine[], nameOf: (line: CostLine) => string): CostSum[] {
  return [...Map.groupBy(lines, nameOf)].map(([name, group]) => sumOf(name, group));
}

function sumOf(name: string, lines: readonly CostLine[]): CostSum {
  const amounts = new Map<string, Amount>();
  for (const { currency, amount: each } of lines) {
    if (currency === undefined || each === undefined) continue;
    amounts.set(currency, (amounts.get(currency) ?? zero).plus(each));
  }
  return {
    name,
    billed: lines.reduce((count, { billed }) => count + (billed ?? 0), 0),
    amounts: [...amounts].map(([currency, total]) => ({
      currency,
      amount: plainAmount(total, currency),
    })),
  };
}
