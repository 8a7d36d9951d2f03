import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import type { BilledQuantity, BillingTerms } from "../cost/billing.ts";
import { type Amount, sum, zero } from "../cost/money.ts";
import {
  groupOf,
  type Inputs,
  isCountProperty,
  isDeclaredCount,
  isSeat,
} from "../cost/quantities.ts";
import { isAtVendor, locator } from "../pulumi/locator.ts";
import type { Preview, Step } from "../pulumi/preview.ts";
import type { State } from "../pulumi/stack.ts";
import { type Bill, billsOf } from "./bills.ts";

/** What happens to a resource. */
export type Action = "create" | "update" | "replace" | "delete" | "forget" | "import";

/** A count that a change declares otherwise. */
export interface QuantityChange {
  readonly sku: string;
  /** Undefined while it is not known; 0 where nothing was there. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** It was not declared before: the vendor has any number, from 0 up. */
  readonly undeclaredBefore: boolean;
  /**
   * Difference a month; undefined without a price, or while a count is not known. The most
   * that it can be, where the count was not declared before.
   */
  readonly cost: Amount | undefined;
  readonly notes: readonly string[];
}

/** Another property that a change declares otherwise; values are without secrets. */
export interface PropertyChange {
  readonly property: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A resource that a plan changes. */
export interface ResourceChange {
  readonly urn: string;
  readonly action: Action;
  /** The slug of its customer; the resource's own name where it belongs to none. */
  readonly customer: string;
  /** Class and name: `XimaLicense`, `acme`. */
  readonly resource: string;
  readonly name: string;
  readonly quantities: readonly QuantityChange[];
  readonly properties: readonly PropertyChange[];
  readonly notes: readonly string[];
}

/** What a plan changes, for a reviewer. */
export interface ChangeSummary {
  readonly changes: readonly ResourceChange[];
  /** Resources at vendors, by action; `same` are those that stay. */
  readonly counts: Readonly<Record<Action | "same", number>>;
  /** All customers of the plan, changed or not, those that go included. */
  readonly customers: readonly string[];
  /** Undefined without a price list. */
  readonly cost:
    | {
        readonly currency: string;
        readonly before: Amount;
        readonly after: Amount;
        /** SKUs that are declared and have no price; their units are not in the sums. */
        readonly unpriced: readonly string[];
        /** Whether a count is not known yet, so that the sums lack something. */
        readonly incomplete: boolean;
      }
    | undefined;
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/** A step of the engine as it concerns a vendor; undefined for those that concern none. */
const actions: Readonly<Record<string, Action>> = {
  create: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  delete: "delete",
  discard: "forget",
  remove: "forget",
  import: "import",
  "import-replacement": "replace",
};

/**
 * What a plan changes. The facts are the inputs before and after, as the engine prints
 * them, so it works for stack files and for programs of one's own.
 */
export function summarize({ steps, diagnostics }: Preview, terms: BillingTerms): ChangeSummary {
  const vendorSteps = mergeSteps(withLeftovers(steps).filter(concernsVendor));
  const locate = locator(
    steps.flatMap(({ oldState, newState }) => [oldState, newState].flatMap((state) => state ?? [])),
  );
  const bills = billsOf(vendorSteps, terms, ({ op }) => actions[op] === "replace");
  const changes = vendorSteps.flatMap((step, index) => {
    const action = actions[step.op];
    if (action === undefined) return [];
    const { customer, resource, name } = locate(step.urn);
    return [
      {
        urn: step.urn,
        action,
        customer: customer ?? name,
        resource,
        name,
        quantities: quantityChanges(bills[index]!, mayHaveMore(step, action)),
        properties: action === "update" || action === "replace" ? propertyChanges(step) : [],
        notes: notesOf(step, action),
      },
    ];
  });
  const counts = { create: 0, update: 0, replace: 0, delete: 0, forget: 0, import: 0, same: 0 };
  for (const { op } of vendorSteps) counts[actions[op] ?? "same"]++;
  const said = (severity: string) =>
    diagnostics
      .filter((each) => each.severity === severity)
      .map(({ urn, message }) =>
        [urn && labelOf(locate(urn)), withoutPrefix(message)].filter(Boolean).join(": "),
      );
  return {
    changes,
    counts,
    customers: [
      ...new Set(
        vendorSteps.map(({ urn }) => locate(urn)).map(({ customer, name }) => customer ?? name),
      ),
    ],
    cost: terms.prices && totals(bills, terms.prices.currency),
    warnings: [...new Set(said("warning"))],
    errors: [...new Set(said("error"))],
  };
}

function concernsVendor({ oldState, newState }: Step): boolean {
  const state = newState ?? oldState;
  return state !== undefined && isAtVendor(state);
}

/**
 * The steps in which a deletion of its own is a `delete`. The engine calls it
 * `delete-replaced`, as the last step of a replacement, where an earlier replacement left
 * the object, or where the object that it depends on is replaced. Steps that only correct
 * the state are left out.
 */
function withLeftovers(steps: readonly Step[]): Step[] {
  // Of a resource that is renamed too, the replacement has the new URN.
  const objectOf = ({ urn, oldState }: Step) =>
    JSON.stringify([oldState?.urn ?? urn, oldState?.id]);
  const replaced = steps.filter(({ op }) => op === "replace").map(objectOf);
  return steps.flatMap((step): Step[] => {
    if (onlyOfState.has(step.op)) return [];
    if (step.op !== "delete-replaced") return [step];
    const index = replaced.indexOf(objectOf(step));
    if (index < 0) return [{ ...step, op: "delete" }];
    replaced.splice(index, 1);
    return [];
  });
}

const onlyOfState: ReadonlySet<string> = new Set(["discard-replaced", "remove-pending-replace"]);

/** The engine prints up to two steps of one URN for a replacement, and for an import. */
function mergeSteps(steps: readonly Step[]): Step[] {
  const merged = new Map<Step | string, Step>();
  for (const step of steps) {
    // One that is left of an earlier replacement has the URN of what is there.
    const key = step.op === "delete" ? step : step.urn;
    const other = merged.get(key);
    merged.set(key, other ? mergeTwo(other, step) : step);
  }
  return [...merged.values()];
}

function mergeTwo(first: Step, second: Step): Step {
  if (first.op === "import") return { ...first, newState: second.newState ?? first.newState };
  return {
    ...first,
    op: "replace",
    oldState: first.oldState ?? second.oldState,
    newState: first.newState ?? second.newState,
    replaceReasons: first.replaceReasons ?? second.replaceReasons,
  };
}

/**
 * Whether the vendor may have something that the state does not know. A licence that was
 * created may have got it elsewhere; the state does not tell it from an imported one.
 */
function mayHaveMore({ newState }: Step, action: Action): boolean {
  const adopt = newState?.inputs?.adopt;
  return action === "update" || (action === "create" && (adopt === true || adopt === "always"));
}

function quantityChanges({ before, after, kept }: Bill, mayHave: boolean): QuantityChange[] {
  const skus = [...new Set([...before, ...after].map(({ sku }) => sku))];
  const declaredBefore = new Set(before.map(({ sku }) => groupOf(sku)));
  return skus.flatMap((sku) => {
    const [old, now] = [before, after].map((side) => side.find((each) => each.sku === sku));
    const undeclaredBefore = mayHave && isDeclaredCount(sku) && !declaredBefore.has(groupOf(sku));
    const was = undeclaredBefore ? undefined : old ? old.quantity : 0;
    const is = now ? now.quantity : 0;
    const stays = kept.get(sku);
    if (was === is && was !== undefined && stays === undefined) return [];
    const [cost, notes] = [minus(now, old), [...notesAbout(old, now), stays ?? []].flat()];
    return [{ sku, before: was, after: is, undeclaredBefore, cost, notes }];
  });
}

/**
 * Leaves out notes that hold before and after: they do not explain the difference in
 * cost.
 */
function notesAbout(old: BilledQuantity | undefined, now: BilledQuantity | undefined): string[] {
  const isMinimum = (side: BilledQuantity | undefined) => side && side.billed !== side.quantity;
  const own = (now?.notes ?? []).filter((note) => isMinimum(now) || !old?.notes.includes(note));
  return isMinimum(old) && !isMinimum(now) ? [...own, `before: ${old?.notes[0]}`] : own;
}

function minus(
  now: BilledQuantity | undefined,
  old: BilledQuantity | undefined,
): Amount | undefined {
  if ([now, old].some((side) => side && side.amount === undefined)) return undefined;
  return (now?.amount ?? zero).minus(old?.amount ?? zero);
}

const ownedByEngine = /^__/;

/** The leaves of the inputs that differ. Counts are reported as quantities. */
function propertyChanges({ oldState, newState }: Step): PropertyChange[] {
  const [before, after] = [oldState?.inputs ?? {}, newState?.inputs ?? {}];
  const type = (newState ?? oldState)?.type ?? "";
  return Object.keys({ ...before, ...after })
    .filter((key) => !ownedByEngine.test(key))
    .flatMap((key) => differences(key, before[key], after[key]))
    .filter(({ property }) => !isCountProperty(type, property));
}

function differences(property: string, before: unknown, after: unknown): PropertyChange[] {
  if (isRecord(before) || isRecord(after)) {
    const [old, now] = [before, after].map((value) => (isRecord(value) ? value : undefined));
    if ((old || before === undefined) && (now || after === undefined))
      return Object.keys({ ...old, ...now }).flatMap((key) =>
        differences(`${property}.${key}`, valueAt(old, [key]), valueAt(now, [key])),
      );
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [
    {
      property,
      ...(before !== undefined && { before: readable(before) }),
      ...(after !== undefined && { after: readable(after) }),
    },
  ];
}

function readable(value: unknown): unknown {
  return value === unknownValue ? "(known after the update)" : value;
}

/** What a reviewer should know of a change beyond its properties. */
function notesOf({ oldState, newState, replaceReasons }: Step, action: Action): string[] {
  const inputs: Inputs = newState?.inputs ?? {};
  const notes: string[] = [];
  if (action === "replace")
    notes.push(
      `deleted and created again: ${(replaceReasons ?? []).join(", ") || "required by the provider"}`,
    );
  if (
    action === "create" &&
    (inputs.adopt === true || /^(if-same|always)$/.test(String(inputs.adopt)))
  )
    notes.push("takes over what exists at the vendor: the counts before are not known");
  if (
    action === "update" &&
    JSON.stringify(visibleInputs(oldState)) === JSON.stringify(visibleInputs(newState))
  )
    notes.push("applied again: a secret or a value at the vendor differs or may differ");
  return notes;
}

function visibleInputs(state: State | undefined): Inputs {
  return Object.fromEntries(
    Object.entries(state?.inputs ?? {}).filter(([key]) => !ownedByEngine.test(key)),
  );
}

function labelOf({
  customer,
  resource,
  name,
}: {
  customer?: string;
  resource: string;
  name: string;
}): string {
  if (resource === "Stack") return "";
  return [customer === name ? undefined : customer, resource, name].filter(Boolean).join(" ");
}

/** The CLI writes the severity before the message. */
function withoutPrefix(message: string): string {
  return message.trim().replace(/^(warning|error): /, "");
}

function totals(bills: readonly Bill[], currency: string): ChangeSummary["cost"] {
  const [before, after] = [
    bills.flatMap((each) => each.before),
    bills.flatMap((each) => each.after),
  ];
  const all = [...before, ...after];
  const total = (side: readonly BilledQuantity[]) => sum(side.flatMap((each) => each.amount ?? []));
  return {
    currency,
    before: total(before),
    after: total(after),
    unpriced: [
      ...new Set(
        all.filter(({ price, quantity }) => !price && quantity !== 0).map(({ sku }) => sku),
      ),
    ],
    incomplete: all.some(({ quantity }) => quantity === undefined),
  };
}

/** Whether a change takes seats of some kind, whatever it gives of other kinds. */
export function takesSeats({ quantities }: ResourceChange): boolean {
  return quantities.some(
    ({ sku, before, after }) =>
      isSeat(sku) && before !== undefined && after !== undefined && after < before,
  );
}

/** Whether a change sets a number of seats that was not declared: there may have been more. */
export function mayTakeSeats({ quantities }: ResourceChange): boolean {
  return quantities.some(({ sku, undeclaredBefore }) => isSeat(sku) && undeclaredBefore);
}

/**
 * Seats that each customer gets more; negative where it gets fewer. The most that it can
 * be, where a count was not declared before. Undefined while not known.
 */
export function seatsByCustomer({ changes }: ChangeSummary): Map<string, number | undefined> {
  const seats = new Map<string, number | undefined>();
  for (const { customer, quantities } of changes) {
    for (const { sku, before, after, undeclaredBefore } of quantities) {
      if (!isSeat(sku)) continue;
      const known = seats.has(customer) ? seats.get(customer) : 0;
      const least = undeclaredBefore ? 0 : before;
      const isKnown = known !== undefined && least !== undefined && after !== undefined;
      seats.set(customer, isKnown ? known + after - least : undefined);
    }
  }
  return seats;
}
