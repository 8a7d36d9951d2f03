import { toLabel } from "./enablex/resource-id.ts";
import { customerType, subscriptionType, userType } from "./enablex/resource-types.ts";
import { isEqual } from "./runtime/equality.ts";
import { steps } from "./runtime/errors.ts";
import { isSettled, ownerOf, type ResourceName, toStateResource } from "./runtime/intents.ts";
import { isSameStack, type JournalEntry } from "./runtime/journal.ts";
import { printableLine } from "./runtime/printable.ts";
import { hiddenSecret, plainArguments } from "./runtime/secret-mark.ts";
import type { RecordedResource, StackState } from "./runtime/stack-record.ts";
import { resourceId } from "./xelion/resource-id.ts";
import { resourceId as licenseId } from "./xima/resource-id.ts";

type Inputs = NonNullable<RecordedResource["inputs"]>;

/** By type, what tells an object at a vendor from all others of its account. */
const labels: Readonly<Record<string, (inputs: never) => string>> = {
  XimaLicense: licenseId,
  EnableXCustomer: (inputs: Inputs) => toLabel(customerType, inputs),
  EnableXSubscription: (inputs: Inputs) => toLabel(subscriptionType, inputs),
  EnableXUser: (inputs: Inputs) => toLabel(userType, inputs),
  NetsapiensOAuthClient: ({ clientId }: Inputs) => String(clientId),
  XelionTenantProvision: resourceId,
};

/** A create that a killed engine began, of an object that is not in the state. */
export interface PendingCreate extends ResourceName {
  readonly urn: string;
  /** What the object is: `reseller/tenant`, `ACME`. */
  readonly label: string;
  /** The state has the resource, and it is another object by now. */
  readonly isNowAnother: boolean;
}

/**
 * The creates of this package's resources that the engine has as begun and not ended. The
 * engine keeps such a note until `pulumi refresh --clear-pending-creates`, also when a
 * later `up` has finished it. So one whose object is in the state is settled.
 */
export function pendingCreates({ resources, pending }: StackState): PendingCreate[] {
  const judge = createJudge(resources);
  return pending.map(judge).filter((create) => typeof create === "object");
}

/**
 * Judges operations by one state: undefined for what is no create of this package's
 * resources. A later release may have more types.
 */
export function createJudge(
  resources: StackState["resources"],
): (operation: StackState["pending"][number]) => PendingCreate | "settled" | undefined {
  let known: VendorObject[] | undefined;
  return ({ type: operation, resource }) => {
    const object = operation === "creating" ? toObject(resource) : undefined;
    if (!object) return undefined;
    known ??= resources.filter(({ id }) => id).flatMap((each) => toObject(each) ?? []);
    if (known.some((each) => isSameObject(each, object))) return "settled";
    const isNowAnother = known.some((each) => each.urn === object.urn);
    const { urn, type, name, label } = object;
    return { urn, type, name, label, isNowAnother };
  };
}

/**
 * Those that nothing else reports: the journal's own entries are listed with it, and what
 * this program declares and the state does not have is being created.
 *
 * @param stack the stack's identity
 */
export function unreportedCreates(
  creates: readonly PendingCreate[],
  entries: readonly JournalEntry[],
  stack: string,
  declared: readonly ResourceName[] = [],
): PendingCreate[] {
  // The entry of an order stays as long as its tenant.
  const open = entries.filter(
    (entry) =>
      entry.operation === "create" &&
      isSameStack(entry.stack, stack) &&
      !(entry.vendor === "xelion" && isSettled(entry)),
  );
  return creates.filter(({ type, name, isNowAnother }) => {
    const isIn = (all: readonly ResourceName[]) =>
      all.some((each) => each.type === type && each.name === name);
    const hasEntry = open.some((entry) => entry.type === type && ownerOf(entry) === name);
    return !hasEntry && (isNowAnother || !isIn(declared));
  });
}

export function describePendingCreate(create: PendingCreate): string {
  const { type, name, label } = create;
  const whatToDo = steps(
    "If an update of this stack is running: wait for its end.",
    "If the program declares it: run pulumi up.",
    ...settleCreate(create),
  );
  return [
    `the create of ${type} ${JSON.stringify(name)} (${printableLine(label)})`,
    "has begun and not ended, perhaps on another machine, and the state does not have it.",
    `What to do: ${whatToDo}`,
  ].join(" ");
}

/** How a pending create is settled that `pulumi up` does not take up. */
export function settleCreate({ type }: ResourceName): string[] {
  const look =
    type === "XelionTenantProvision"
      ? "If it stays open: look in the Admin UI, and declare the tenant with its orderId."
      : "If it stays open, and nothing declares it: look at the vendor. Declare it and adopt it (ucaas adopt), or remove it there.";
  return [look, "Then: pulumi refresh --clear-pending-creates"];
}

interface VendorObject extends ResourceName {
  readonly urn: string;
  readonly account: unknown;
  readonly label: string;
  /** Without secrets, and without what the provider adds. */
  readonly arguments: Inputs;
}

function toObject({ urn, type: token, inputs = {} }: RecordedResource): VendorObject | undefined {
  const [, type = ""] = /^pulumi-nodejs:dynamic\/ucaas:(\w+)$/.exec(token) ?? [];
  const label = Object.hasOwn(labels, type) ? labels[type] : undefined;
  if (!label) return undefined;
  const { name } = toStateResource(urn);
  const plain = plainArguments(inputs);
  return {
    ...{ urn, type, name, account: plain.account, label: label(plain as never) },
    arguments: plain,
  };
}

/**
 * The same resource may have other arguments since: its create looks for what an earlier
 * one made. Another one was to be taken over, and has what was sent only if it declares it.
 */
function isSameObject(one: VendorObject, other: VendorObject): boolean {
  const isSame =
    one.type === other.type && one.label === other.label && one.account === other.account;
  if (one.urn === other.urn) return isSame;
  // Two secrets cannot be compared.
  const isKnown = !JSON.stringify(one.arguments).includes(hiddenSecret);
  return isSame && isKnown && isEqual(one.arguments, other.arguments);
}
