import { signatureKey } from "pulumi-ucaas/internal/runtime/secret-mark";
import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord, merge, type Path, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import { skuGroups, ximaSkus } from "pulumi-ucaas-stacks/internal/prices";
import { secretMark } from "../pulumi/preview.ts";

/** How many units of something a resource declares. */
export interface Quantity {
  /** As in `ucaas:prices`: `xima.professionalSeats`. */
  readonly sku: string;
  /** Undefined while it is not known: it is computed during the update, or it is a secret. */
  readonly quantity: number | undefined;
}

/** Inputs of a resource, as the program registers them. */
export type Inputs = Readonly<Record<string, unknown>>;

const dynamicType = "pulumi-nodejs:dynamic/ucaas:";

/** What a resource of this package is counted by; of any other, nothing. */
export function quantitiesOf(type: string, inputs: Inputs): Quantity[] {
  return counted[classOf(type) ?? ""]?.(inputs) ?? [];
}

/** `XimaLicense`; undefined for a resource of another package. */
export function classOf(type: string): string | undefined {
  return type.startsWith(dynamicType) ? type.slice(dynamicType.length) : undefined;
}

const counted: Readonly<Record<string, (inputs: Inputs) => Quantity[]>> = {
  XimaLicense: (inputs) =>
    ximaSkus.flatMap((sku) => declaredCount(sku, inputs, sku.split(".").slice(1))),
  EnableXCustomer: () => [{ sku: "enablex.customers", quantity: 1 }],
  EnableXSubscription: (inputs) => {
    const plan = kind(inputs.planId);
    return [
      { sku: `enablex.subscriptions${plan}`, quantity: 1 },
      ...declaredCount(`enablex.userLicenses${plan}`, inputs, userLicenses),
    ];
  },
  EnableXUser: ({ userType }) => [{ sku: `enablex.users${kind(userType)}`, quantity: 1 }],
  XelionTenantProvision: () => [{ sku: "xelion.tenants", quantity: 1 }],
  NetsapiensOAuthClient: () => [{ sku: "netsapiens.oauthClients", quantity: 1 }],
};

/** EnableX's own name of the number of licences that a subscription has. */
export const licencesAtEnableX = "user_license.qty";

/** Where a subscription declares it. */
const userLicenses = ["fields", ...licencesAtEnableX.split(".")];

function declaredCount(sku: string, inputs: Inputs, path: Path): Quantity[] {
  const value = valueOrWhole(inputs, path);
  return value === undefined || value === null ? [] : [{ sku, quantity: count(value) }];
}

/**
 * The inputs with the counts that the vendor keeps, where they declare none: EnableX keeps the
 * licences of a subscription. A create at Xima leaves what it does not state; an update states 0.
 */
export function withKeptCounts(
  type: string,
  inputs: Inputs,
  before: Inputs,
  isCreated: boolean,
): Inputs {
  const name = classOf(type);
  const paths = name === "EnableXSubscription" ? [userLicenses] : [];
  if (name === "XimaLicense" && isCreated)
    paths.push(...ximaSkus.map((sku) => sku.split(".").slice(1)));
  const kept = paths.flatMap((path) => {
    const [now, old] = [inputs, before].map((each) => valueOrWhole(each, path) ?? undefined);
    return now !== undefined || old === undefined
      ? []
      : path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), old);
  });
  return kept.reduce<Inputs>((whole, each) => merge(whole, each) as Inputs, inputs);
}

/** The value at a path; where a whole object on the way is not known or is a secret, that one. */
function valueOrWhole(inputs: Inputs, [name = "", ...rest]: Path): unknown {
  const value = valueAt(inputs, [name]);
  const isOpen = isRecord(value) && !(signatureKey in value);
  return isOpen && rest.length > 0 ? valueOrWhole(value, rest) : value;
}

/** Further fields of EnableX may have their numbers as text. */
export function count(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined;
}

/** `.7` for plan 7; nothing while it is not known which. */
function kind(value: unknown): string {
  const isKnown = typeof value === "string" || typeof value === "number";
  return isKnown && value !== unknownValue && value !== secretMark ? `.${value}` : "";
}

/** Whether a unit is a seat: a Xima seat, or a user or a user's licence of EnableX. */
export function isSeat(sku: string): boolean {
  return /^xima\.\w+Seats$|^enablex\.(users|userLicenses)(\.|$)/.test(sku);
}

/** The SKU without its plan or type: `enablex.userLicenses` for `enablex.userLicenses.7`. */
export function groupOf(sku: string): string {
  return skuGroups.find((each) => sku.startsWith(`${each}.`)) ?? sku;
}

/** Whether a resource declares the number of these units; else it is itself one. */
export function isDeclaredCount(sku: string): boolean {
  return /^(xima|enablex\.userLicenses)\./.test(`${sku}.`);
}

/** Whether a property of a resource is such a number: `eliteSeats`. */
export function isCountProperty(type: string, property: string): boolean {
  if (type.endsWith(":EnableXSubscription")) return property === userLicenses.join(".");
  return ximaSkus.includes(`xima.${property}`);
}
