import {
  customerType,
  type ResourceType,
  subscriptionType,
  userType,
} from "pulumi-ucaas/internal/enablex/resource-types";
import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { type BilledQuantity, type BillingTerms, billedQuantities } from "../cost/billing.ts";
import { classOf, isUserLicence, withKeptLicences } from "../cost/quantities.ts";
import { type Step, secretMark } from "../pulumi/preview.ts";
import type { State } from "../pulumi/stack.ts";

/** What a resource costs before and after a change. */
export interface Bill {
  readonly before: readonly BilledQuantity[];
  readonly after: readonly BilledQuantity[];
  /** By SKU, why units are billed on that are declared no longer; they are part of `after`. */
  readonly kept: ReadonlyMap<string, string>;
}

/** The bill of each step. What a vendor keeps is billed after it as well. */
export function billsOf(
  steps: readonly Step[],
  terms: BillingTerms,
  isReplacement: (step: Step) => boolean,
): Bill[] {
  const byIdentity = (ops: readonly string[], side: "oldState" | "newState") =>
    new Map(
      steps.flatMap(({ op, [side]: state }) =>
        ops.includes(op) && state ? identitiesOf(state).map((each) => [each, state]) : [],
      ),
    );
  const deleted = byIdentity(["delete"], "oldState");
  const added = byIdentity(["create", "import"], "newState");
  const sameIn = (states: ReadonlyMap<string, State>, state: State) =>
    identitiesOf(state).flatMap((each) => states.get(each) ?? [])[0];
  return steps.map((step) => {
    const { op, oldState: old, newState } = step;
    const [now, isReplaced] = [op === "delete" ? undefined : newState, isReplacement(step)];
    const before = old ? billedQuantities(old.type, old.inputs ?? {}, terms) : [];
    const earlier = isReplaced ? undefined : (old ?? (now && sameIn(deleted, now)));
    const next = now ? nextBill(now, earlier, terms) : nothing;
    const goes = old && (isReplaced || (!now && !sameIn(added, old)));
    const why = goes ? whyItStays(old, terms) : undefined;
    if (why === undefined) return { before, ...next };
    const kept = new Map([...next.kept, ...before.map(({ sku }) => [sku, why] as const)]);
    return { before, after: joined([...next.after, ...before]), kept };
  });
}

const nothing = { after: [], kept: new Map<string, string>() };

/** @param earlier the state of the same object at the vendor */
function nextBill(
  { type, inputs = {} }: State,
  earlier: State | undefined,
  terms: BillingTerms,
): Omit<Bill, "before"> {
  const whole = withKeptLicences(type, inputs, earlier?.inputs ?? {});
  const after = billedQuantities(type, whole, terms);
  const licences = whole === inputs ? [] : after.filter(({ sku }) => isUserLicence(sku));
  return { after, kept: new Map(licences.map(({ sku }) => [sku, staysAtEnableX])) };
}

/** One entry a SKU. */
function joined(quantities: readonly BilledQuantity[]): BilledQuantity[] {
  const groups = Map.groupBy(quantities, ({ sku }) => sku);
  return [...groups.values()].map((group) => group.reduce(together));
}

function together(first: BilledQuantity, second: BilledQuantity): BilledQuantity {
  const plus = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a + b;
  return {
    ...first,
    quantity: plus(first.quantity, second.quantity),
    billed: plus(first.billed, second.billed),
    amount: first.amount && second.amount && first.amount.plus(second.amount),
    notes: [...new Set([...first.notes, ...second.notes])],
  };
}

const staysAtEnableX = "stays at EnableX and is billed until it is ended in the portal";

const enablexTypes: readonly ResourceType[] = [customerType, subscriptionType, userType];

/** Without config: the published routes. */
const published: NonNullable<BillingTerms["canDelete"]> = (kind) => kind === "customer";

/**
 * Why a vendor keeps and bills what is deleted or replaced, in words. Undefined for what
 * goes.
 */
function whyItStays(
  { type, inputs = {}, retainOnDelete }: State,
  { canDelete = published }: BillingTerms,
): string | undefined {
  if (retainOnDelete) return "stays at its vendor and is billed: it has retainOnDelete";
  const name = classOf(type);
  const kind = enablexTypes.find((each) => each.type === name);
  const account = typeof inputs.account === "string" ? inputs.account : undefined;
  if (kind) return canDelete(kind.name, account) ? undefined : staysAtEnableX;
  if (name === "XelionTenantProvision") return "stays at Xelion: the service has no delete";
  if (name === "NetsapiensOAuthClient" && inputs.driver === "existing")
    return "stays at NetSapiens: the driver existing deletes nothing";
  return undefined;
}

const otherIdentities: Readonly<Record<string, readonly (readonly string[])[]>> = {
  XelionTenantProvision: [["serverUrl", "tenantName"]],
  NetsapiensOAuthClient: [["domain", "clientId"]],
};

/**
 * By what the vendor knows an object. A create with the identity of what is deleted takes
 * it over. What is not known identifies nothing.
 */
function identitiesOf({ type, inputs = {} }: State): string[] {
  const name = classOf(type) ?? "";
  const kind = enablexTypes.find((each) => each.type === name);
  const ways = kind?.searches.map(({ properties }) => properties) ?? otherIdentities[name] ?? [];
  return ways.flatMap((properties) => {
    const values = properties.map((property) => textOf(inputs[property], kind?.formats[property]));
    if (values.includes(undefined)) return [];
    const { account, apiUrl } = inputs;
    return [JSON.stringify([name, account, apiUrl, properties, values])];
  });
}

function textOf(value: unknown, format: string | undefined): string | undefined {
  if (value === undefined || value === null || isRecord(value)) return undefined;
  if (value === unknownValue || value === secretMark) return undefined;
  const text = String(value).trim();
  return format === "email" ? text.toLowerCase() : text;
}
