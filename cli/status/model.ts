import type { BillingTerms } from "../cost/billing.ts";
import { type CostSum, costReport, unreadCounts } from "../cost/estate.ts";
import { isSeat, quantitiesOf } from "../cost/quantities.ts";
import { isAtVendor, type Locator, locator } from "../pulumi/locator.ts";
import { describeOperation, openOperations } from "../pulumi/open-operations.ts";
import type { StackState, State } from "../pulumi/stack.ts";
import type { CertificateEnd } from "./certificates.ts";
import {
  checksOf,
  type DriftCheck,
  futureFirst,
  type LastCheck,
  lastChecks,
  newestCounts,
  type TakenCount,
} from "./drift-history.ts";

/** The vendors, in the order of a table. */
export const systems = ["xima", "enablex", "netsapiens", "xelion"] as const;
export type System = (typeof systems)[number];

export type Amounts = CostSum["amounts"];

/** A customer as the state knows it. */
export interface CustomerStatus {
  readonly stack: string;
  /** Empty for resources that belong to no customer. */
  readonly customer: string;
  /** Resources by system. */
  readonly resources: Readonly<Partial<Record<System, number>>>;
  /** Null when a count cannot be read, such as a secret. */
  readonly seats: number | null;
  /** A month, by currency; empty without `ucaas:prices`. Exact, as text. */
  readonly cost: Amounts;
  /** ISO time at which a resource of the customer was last seen to be as declared. */
  readonly verifiedAt?: string;
  /**
   * Resources that differed at the stack's last drift check; null when it could not tell,
   * absent when no report has the stack.
   */
  readonly differences?: number | null;
  /** Orders at Xelion that have not ended well. */
  readonly openOrders: readonly OpenOrder[];
}

export interface OpenOrder {
  readonly tenant: string;
  readonly orderId?: number;
  readonly status: string;
  /** The statuses that it has had, the oldest first. */
  readonly history: readonly { readonly time: string; readonly status: string }[];
}

/** `ucaas status --json`. */
export interface StatusReport {
  readonly version: 1;
  /** ISO time. */
  readonly takenAt: string;
  readonly project: string;
  readonly stacks: readonly string[];
  /** Stacks whose state could not be read; all else lacks what they have. */
  readonly unreadStacks: readonly UnreadStack[];
  readonly customers: readonly CustomerStatus[];
  /** Units and cost a month of each SKU. */
  readonly bySku: readonly CostSum[];
  /** Cost a month of all customers, by currency. */
  readonly cost: Amounts;
  /** Operations that a run has begun, and whose end is not on record. */
  readonly pending: readonly { readonly stack: string; readonly operation: string }[];
  /** The ends of the certificates that requests to Xima are signed with. */
  readonly certificates: readonly CertificateEnd[];
  /** The last reports of `ucaas drift --report-dir`, the oldest first. */
  readonly driftChecks: readonly DriftCheck[];
  /** Customers at vendors that can list them, as the last drift check of each stack has it. */
  readonly atVendors: readonly TakenCount[];
  /** The last drift check of each stack that a report has. */
  readonly lastChecks: readonly LastCheck[];
  /** What could not be read, in words. */
  readonly notes: readonly string[];
}

interface UnreadStack {
  readonly stack: string;
  readonly reason: string;
}

/** A stack, as the backend has it. */
export interface StackFacts extends StackState {
  readonly stack: string;
  /** Absent when the stack's config cannot be read. */
  readonly terms?: BillingTerms;
}

/** What does not come from the states. */
export interface OtherFacts {
  readonly takenAt: Date;
  readonly project: string;
  readonly certificates: readonly CertificateEnd[];
  /** Absent where no folder of reports is named. */
  readonly driftChecks?: readonly DriftCheck[];
  readonly unreadStacks?: readonly UnreadStack[];
  readonly notes: readonly string[];
}

/** What the states of some stacks say. No vendor is asked. */
export function statusReport(stacks: readonly StackFacts[], others: OtherFacts): StatusReport {
  const { lines, bySku, total, unpriced, incomplete } = costReport(
    stacks.map(({ stack, resources, terms = noTerms }) => ({ stack, resources, terms })),
  );
  const withoutPrice =
    total.amounts.length > 0 && unpriced.length > 0
      ? [`without a price, so not in the costs: ${unpriced.join(", ")}`]
      : [];
  const unread =
    incomplete && lines.some(({ price }) => price !== undefined)
      ? [`counts that cannot be read, so not in the costs: ${unreadCounts(lines)}`]
      : [];
  const names = stacks.map(({ stack }) => stack);
  const takenAt = others.takenAt.toISOString();
  const { driftChecks = [] } = others;
  const checks = futureFirst(driftChecks, takenAt);
  const last = lastChecks(checks, names);
  const unchecked =
    others.driftChecks && last.length === 0 ? ["no drift report has one of these stacks"] : [];
  return {
    version: 1,
    takenAt,
    project: others.project,
    stacks: names,
    unreadStacks: others.unreadStacks ?? [],
    customers: stacks.flatMap((facts) =>
      customersIn(
        facts,
        last.find(({ stack }) => stack === facts.stack),
      ),
    ),
    bySku,
    cost: total.amounts,
    pending: stacks.flatMap(({ stack, ...state }) =>
      openOperations(state).map((operation) => ({
        stack,
        operation: describeOperation(operation),
      })),
    ),
    certificates: others.certificates,
    driftChecks: checksOf(driftChecks, names),
    lastChecks: last,
    atVendors: newestCounts(checks, names),
    notes: [...others.notes, ...unchecked, ...withoutPrice, ...unread],
  };
}

const noTerms: BillingTerms = { prices: undefined };

function customersIn(facts: StackFacts, check: LastCheck | undefined): CustomerStatus[] {
  const locate: Locator = locator(facts.resources);
  const byCustomer = Map.groupBy(
    facts.resources.filter(isAtVendor),
    ({ urn }) => locate(urn).customer ?? "",
  );
  return [...byCustomer]
    .map(([customer, own]) => ({
      ...customerStatus(facts, customer, own),
      ...(check && { differences: differencesOf(check, customer) }),
    }))
    .sort((a, b) => (a.customer < b.customer ? -1 : 1));
}

/** A check that could not tell says nothing of a customer without differences. */
function differencesOf({ status, differences }: LastCheck, customer: string): number | null {
  if (Object.hasOwn(differences, customer)) return differences[customer]!;
  return status === "unknown" ? null : 0;
}

function customerStatus(
  { stack, terms = noTerms }: StackFacts,
  customer: string,
  own: readonly State[],
): CustomerStatus {
  const counts: Partial<Record<System, number>> = {};
  for (const { type } of own) {
    const system = systems.find((name) => type.split(":").at(-1)?.toLowerCase().startsWith(name));
    if (system) counts[system] = (counts[system] ?? 0) + 1;
  }
  const seats = own
    .flatMap(({ type, inputs = {} }) => quantitiesOf(type, inputs))
    .filter(({ sku }) => isSeat(sku))
    .map(({ quantity }) => quantity);
  const known = seats.filter((quantity) => quantity !== undefined);
  const verifiedAt = own
    .flatMap(({ outputs = {} }) => [outputs.verifiedAt, outputs.lastAssertedAt])
    .filter((time) => typeof time === "string")
    .sort()
    .at(-1);
  return {
    stack,
    customer,
    resources: counts,
    seats: known.length < seats.length ? null : known.reduce((sum, each) => sum + each, 0),
    cost: costReport([{ stack, resources: own, terms }]).total.amounts,
    ...(verifiedAt !== undefined && { verifiedAt }),
    openOrders: own.flatMap(openOrder),
  };
}

function openOrder({ type, outputs = {} }: State): OpenOrder[] {
  const { status, tenantName, orderId, statusHistory } = outputs;
  if (!type.endsWith(":XelionTenantProvision") || status === "COMPLETED") return [];
  const history = Array.isArray(statusHistory) ? statusHistory : [];
  return [
    {
      tenant: String(tenantName),
      ...(typeof orderId === "number" && { orderId }),
      status: String(status ?? "unknown"),
      history: history.map(({ time, status }) => ({ time: String(time), status: String(status) })),
    },
  ];
}
