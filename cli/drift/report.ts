import { z } from "zod";

const statusSchema = z.enum(["none", "drift", "unknown"]);
export type Status = z.output<typeof statusSchema>;

/**
 * One property that differs from its declaration, or one resource that does. Secret
 * values are masked already.
 */
const differenceSchema = z.object({
  /** The slug of the customer, when the resource belongs to a `Customer`. */
  customer: z.string().optional(),
  /** The resource's class: `XimaLicense`. */
  resource: z.string(),
  name: z.string(),
  urn: z.string(),
  /**
   * `changed`: a property has another value. `gone`: the resource does not exist any
   * more. `hidden`: it differs, but in nothing that may be shown.
   */
  kind: z.enum(["changed", "gone", "hidden"]),
  /** The property's path: `aiMessaging.standardBundles`. */
  property: z.string().optional(),
  /** Absent when nothing is declared. */
  declared: z.unknown().optional(),
  /** Absent when there is nothing. */
  actual: z.unknown().optional(),
});
export type Difference = Readonly<z.output<typeof differenceSchema>>;

/** Why the drift of a stack is not known, with the resource, if it is about one. */
const checkErrorSchema = z.object({
  customer: z.string().optional(),
  resource: z.string().optional(),
  name: z.string().optional(),
  reason: z.string(),
});
export type CheckError = Readonly<z.output<typeof checkErrorSchema>>;

const stackDriftSchema = z.object({
  stack: z.string(),
  status: statusSchema,
  /** Resources that their vendor was asked about; the sum of the next three. */
  checked: z.number(),
  /**
   * Resources whose properties were compared. Reports of release 0.1.0 do not have this,
   * nor the next two.
   */
  compared: z.number().default(0),
  /** Resources that the vendor only says to exist. */
  existenceOnly: z.number().default(0),
  /** Resources of which the vendor says nothing that could drift. */
  notReadable: z.number().default(0),
  differences: z.array(differenceSchema).readonly(),
  unknown: z.array(checkErrorSchema).readonly(),
});
/** What a drift check found out about one stack. */
export type StackDrift = Readonly<z.output<typeof stackDriftSchema>>;

const countedPlace = {
  vendor: z.string(),
  /** Base URL; absent where the account's config cannot be read. */
  server: z.string().optional(),
  /** The stacks of this check with an account at the server. */
  stacks: z.array(z.string()).readonly(),
};

/**
 * Customers at a server that lists them, whatever declares them. `declared` are in the
 * state of one of the stacks, `undeclared` in none of them: another stack may have them.
 */
const customerCountSchema = z.discriminatedUnion("status", [
  z.object({
    ...countedPlace,
    status: z.literal("counted"),
    existing: z.number(),
    declared: z.number(),
    undeclared: z.number(),
    /**
     * Ids of all that exist, and of all that the stacks declare, so that the reports of
     * many stacks can be counted together. Earlier reports do not have these two.
     */
    existingIds: z.array(z.string()).readonly().optional(),
    declaredIds: z.array(z.string()).readonly().optional(),
    /** The first 100 of the undeclared. */
    named: z.array(z.object({ id: z.string(), name: z.string().optional() })).readonly(),
  }),
  z.object({ ...countedPlace, status: z.literal("unknown"), reason: z.string() }),
]);
export type CustomerCount = Readonly<z.output<typeof customerCountSchema>>;

/** What `ucaas drift --json` prints. */
export const driftReportSchema = z.object({
  version: z.literal(1),
  checkedAt: z.string(),
  status: statusSchema,
  stacks: z.array(stackDriftSchema).readonly(),
  /** By server. Reports of release 0.1.0 do not have this. */
  customers: z.array(customerCountSchema).readonly().default([]),
  /** Stacks whose declarations could not be read: they may declare any customer. */
  unreadStacks: z.array(z.string()).readonly().default([]),
});
export type DriftReport = Readonly<z.output<typeof driftReportSchema>>;

export function driftReport(
  stacks: readonly StackDrift[],
  checkedAt = new Date(),
  customers: readonly CustomerCount[] = [],
  unreadStacks: readonly string[] = [],
): DriftReport {
  const status = overallStatus(stacks.map((stack) => stack.status));
  const time = checkedAt.toISOString();
  return { version: 1, checkedAt: time, status, stacks, customers, unreadStacks };
}

/** A stack whose drift is not known. */
export function unknownDrift(stack: string, ...unknown: readonly CheckError[]): StackDrift {
  return { stack, status: "unknown", ...nothingChecked, differences: [], unknown };
}

export const nothingChecked = { checked: 0, compared: 0, existenceOnly: 0, notReadable: 0 };

/** Unknown is worse than drift: there may be any drift. */
export function overallStatus(statuses: readonly Status[]): Status {
  if (statuses.includes("unknown") || statuses.length === 0) return "unknown";
  return statuses.includes("drift") ? "drift" : "none";
}

/** With `--fail-on-unmanaged`, customers that no stack declares count as drift does. */
export function statusWithCustomers({ status, customers }: DriftReport): Status {
  if (status === "unknown" || customers.some((count) => count.status === "unknown"))
    return "unknown";
  return customers.some((count) => count.status === "counted" && count.undeclared > 0)
    ? "drift"
    : status;
}

/** Of the command: 0 no drift, 2 drift, 1 could not tell. */
export const exitStatus: Record<Status, number> = { none: 0, drift: 2, unknown: 1 };
