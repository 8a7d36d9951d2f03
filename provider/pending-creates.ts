import { toLabel } from "./enablex/resource-id.ts";
import { customerType, subscriptionType, userType } from "./enablex/resource-types.ts";
import { steps } from "./runtime/errors.ts";
import { ownerOf, type ResourceName, toStateResource } from "./runtime/intents.ts";
import type { JournalEntry } from "./runtime/journal.ts";
import { signatureKey } from "./runtime/secret-mark.ts";
import type { RecordedResource, StackState } from "./runtime/stack-record.ts";
import { resourceId } from "./xelion/resource-id.ts";
import { licenseId } from "./xima/resource-id.ts";

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
  return pending.flatMap(({ type: operation, resource }) => {
    const object = operation === "creating" ? toObject(resource) : undefined;
    if (!object) return [];
    const known = resources.filter(({ id }) => id).map(toObject);
    if (known.some((each) => each && isSameObject(each, object))) return [];
    const isNowAnother = known.some((each) => each?.urn === object.urn);
    const { urn, type, name, label } = object;
    return [{ urn, type, name, label, isNowAnother }];
  });
}

/**
 * Those that no one else reports: the journal's own entries are listed with it, and what
 * this program declares and the state does not have is being created.
 */
export function unreportedCreates(
  creates: readonly PendingCreate[],
  entries: readonly JournalEntry[],
  declared: readonly ResourceName[] = [],
): PendingCreate[] {
  return creates.filter(({ type, name, isNowAnother }) => {
    const isIn = (all: readonly ResourceName[]) =>
      all.some((each) => each.type === type && each.name === name);
    const hasEntry = entries.some(
      (entry) => entry.operation === "create" && entry.type === type && ownerOf(entry) === name,
    );
    return !hasEntry && (isNowAnother || !isIn(declared));
  });
}

export function describePendingCreate({ type, name, label }: PendingCreate): string {
  return `the create of ${type} ${JSON.stringify(name)} (${label}) has begun and not ended, perhaps on another machine, and the state does not have it. What to do: ${steps("If an update of this stack is running: wait for its end.", ...settleCreate)}`;
}

/** How a pending create is settled that no `pulumi up` takes up. */
export const settleCreate = [
  "Look at the vendor: declare it and adopt it (ucaas adopt), or remove it there.",
  "Then: pulumi refresh --clear-pending-creates",
] as const;

interface VendorObject extends ResourceName {
  readonly urn: string;
  readonly account: unknown;
  readonly label: string;
}

function toObject({ urn, inputs = {} }: RecordedResource): VendorObject | undefined {
  const { type, name } = toStateResource(urn);
  const label = Object.hasOwn(labels, type) ? labels[type] : undefined;
  if (!label || !urn.includes("pulumi-nodejs:dynamic/ucaas:")) return undefined;
  const plain = withoutSecrets(inputs);
  return { urn, type, name, account: plain.account, label: label(plain as never) };
}

function isSameObject(one: VendorObject, other: VendorObject): boolean {
  const isSame =
    one.type === other.type && one.label === other.label && one.account === other.account;
  // Two secrets cannot be compared.
  return isSame && (one.urn === other.urn || !one.label.includes(secretMark));
}

const secretMark = "[secret]";

/** What the program declared as a secret is encrypted, each time to another text. */
function withoutSecrets(inputs: Inputs): Inputs {
  return JSON.parse(JSON.stringify(inputs), (_, value) =>
    value !== null && typeof value === "object" && signatureKey in value ? secretMark : value,
  );
}
