import { isSeat, quantitiesOf } from "../cost/quantities.ts";
import { isAtVendor, type Locator, locator } from "../pulumi/locator.ts";
import type { StackState, State } from "../pulumi/stack.ts";

/** The vendors, in the order of a table. */
export const systems = ["xima", "enablex", "netsapiens", "xelion"] as const;
export type System = (typeof systems)[number];

/** A customer as the state knows it. */
export interface CustomerStatus {
  readonly stack: string;
  /** Empty for resources that belong to no customer. */
  readonly customer: string;
  /** Resources by system. */
  readonly resources: Readonly<Partial<Record<System, number>>>;
  /** Null when a count cannot be read, such as a secret. */
  readonly seats: number | null;
  /** ISO time at which a resource of the customer was last seen to be as declared. */
  readonly verifiedAt?: string;
  /** Orders at Xelion that have not ended well. */
  readonly openOrders: readonly { readonly tenant: string; readonly status: string }[];
}

/** `ucaas status --json`. */
export interface StatusReport {
  readonly version: 1;
  readonly customers: readonly CustomerStatus[];
  /** Operations that a run has begun, and whose end is not on record. */
  readonly pending: readonly { readonly stack: string; readonly operation: string }[];
}

/** What the states of some stacks say, without a word of a vendor. */
export function statusReport(
  stacks: readonly (StackState & { readonly stack: string })[],
): StatusReport {
  return {
    version: 1,
    customers: stacks.flatMap(({ stack, resources }) => customersIn(stack, resources)),
    pending: stacks.flatMap(({ stack, pending }) =>
      pending.map(({ type, resource }) => ({
        stack,
        operation: `${type} ${resource.urn.split("::").at(-1)}`,
      })),
    ),
  };
}

function customersIn(stack: string, resources: readonly State[]): CustomerStatus[] {
  const locate: Locator = locator(resources);
  const byCustomer = Map.groupBy(
    resources.filter(isAtVendor),
    ({ urn }) => locate(urn).customer ?? "",
  );
  return [...byCustomer]
    .map(([customer, own]) => customerStatus(stack, customer, own))
    .sort((a, b) => (a.customer < b.customer ? -1 : 1));
}

function customerStatus(stack: string, customer: string, own: readonly State[]): CustomerStatus {
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
    ...(verifiedAt !== undefined && { verifiedAt }),
    openOrders: own.flatMap(openOrder),
  };
}

function openOrder({ type, outputs = {} }: State): CustomerStatus["openOrders"] {
  const { status, tenantName } = outputs;
  if (!type.endsWith(":XelionTenantProvision") || status === "COMPLETED") return [];
  return [{ tenant: String(tenantName), status: String(status ?? "unknown") }];
}
