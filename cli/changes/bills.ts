import {
  customerType,
  type ResourceType,
  subscriptionType,
  userType,
} from "pulumi-ucaas/internal/enablex/resource-types";
import { normalUrl } from "pulumi-ucaas/internal/runtime/equality";
import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import { type BilledQuantity, type BillingTerms, billedQuantities } from "../cost/billing.ts";
import { classOf, type Inputs, quantitiesOf, withKeptCounts } from "../cost/quantities.ts";
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
  // One object may have two entries of one URN, where a replacement was cut off.
  const formerUrn = ({ urn, oldState }: Step) => oldState?.urn ?? urn;
  const holders = new Map(steps.toReversed().map((step) => [formerUrn(step), step]));
  for (const step of steps) if (step.op !== "delete") holders.set(formerUrn(step), step);
  return steps.map((step) => {
    const { op, oldState: old, newState, replaceReasons } = step;
    const [now, isReplaced] = [op === "delete" ? undefined : newState, isReplacement(step)];
    const holder = holders.get(formerUrn(step));
    if (holder !== step && old && holder?.oldState && isOne(old, holder.oldState)) return nothing;
    const before = old ? billedQuantities(old.type, old.inputs ?? {}, terms) : [];
    const why = old && whyItStays(old, terms);
    const isMoved = replaceReasons?.includes("apiUrl");
    // What the vendor deletes leaves no counts to its replacement.
    const takesOver = isReplaced && why && now && isOne(old, now, isMoved) ? old : undefined;
    const earlier = isReplaced ? takesOver : (old ?? (now && sameIn(deleted, now)));
    const isCreated = isReplaced || !old;
    const next = now ? nextBill(now, earlier, isCreated, terms) : nothing;
    const goes = old && (isReplaced ? !takesOver : !now && !sameIn(added, old));
    if (!goes || why === undefined) return { before, after: next.after, kept: next.kept };
    const kept = new Map([...next.kept, ...before.map(({ sku }) => [sku, why] as const)]);
    return { before, after: joined([...next.after, ...before]), kept };
  });
}

const nothing: Bill = { before: [], after: [], kept: new Map<string, string>() };

/**
 * @param earlier the state of the same object at the vendor
 * @param isCreated by a create, which may take over what there is
 */
function nextBill(
  { type, inputs = {} }: State,
  earlier: State | undefined,
  isCreated: boolean,
  terms: BillingTerms,
): Omit<Bill, "before"> {
  const whole = withKeptCounts(type, inputs, earlier?.inputs ?? {}, isCreated);
  const after = billedQuantities(type, whole, terms);
  const declared = quantitiesOf(type, inputs).map(({ sku }) => sku);
  const counts = after.filter(({ sku }) => !declared.includes(sku));
  const why = classOf(type) === "XimaLicense" ? staysAtXima : staysAtEnableX;
  return { after, kept: new Map(counts.map(({ sku }) => [sku, why])) };
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

const staysAtXima = "stays at Xima and is billed until it is declared as 0";

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

/** By which properties a vendor knows an object, and which ones say where it is. */
interface Way {
  readonly properties: readonly string[];
  readonly place: readonly string[];
  readonly formats?: Readonly<Record<string, string>>;
}

const client = ["domain", "clientId"];

const waysOf: Readonly<Record<string, (inputs: Inputs) => readonly Way[]>> = {
  XimaLicense: () => [{ properties: ["ccId.resellerId", "ccId.tenantId"], place: ["account"] }],
  XelionTenantProvision: () => [
    { properties: ["serverUrl", "tenantName"], place: [], formats: { serverUrl: "url" } },
  ],
  // The driver existing makes nothing, so another address is one of the same system.
  NetsapiensOAuthClient: ({ driver }) => [
    { properties: client, place: ["account", "apiUrl"] },
    ...(driver === "existing" ? [{ properties: client, place: [] }] : []),
  ],
  ...Object.fromEntries(
    enablexTypes.map(({ type, searches, formats }) => [
      type,
      () => searches.map(({ properties }) => ({ properties, place: ["account"], formats })),
    ]),
  ),
};

/**
 * By what the vendor knows an object. A create with the identity of what is deleted takes
 * it over. What is not known identifies nothing.
 *
 * @param isMoved its address has changed, so only what holds at any address counts
 */
function identitiesOf({ type, inputs = {} }: State, isMoved = false): string[] {
  const name = classOf(type) ?? "";
  const ways = waysOf[name]?.(inputs) ?? [];
  return ways.flatMap(({ properties, place, formats }) => {
    const values = properties.map((each) =>
      textOf(valueAt(inputs, each.split(".")), formats?.[each]),
    );
    if (values.includes(undefined) || (isMoved && place.length > 0)) return [];
    return [JSON.stringify([name, place.map((each) => [each, inputs[each]]), properties, values])];
  });
}

function isOne(a: State, b: State, isMoved = false): boolean {
  const others = identitiesOf(b, isMoved);
  return identitiesOf(a, isMoved).some((each) => others.includes(each));
}

function textOf(value: unknown, format: string | undefined): string | undefined {
  if (value === undefined || value === null || isRecord(value)) return undefined;
  if (value === unknownValue || value === secretMark) return undefined;
  const text = String(value).trim();
  if (format === "url") return normalUrl(text);
  return format === "email" ? text.toLowerCase() : text;
}
