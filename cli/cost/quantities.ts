import { signatureKey } from "pulumi-ucaas/internal/runtime/secret-mark";
import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";
import { isRecord, type Path, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import { ximaSkus } from "pulumi-ucaas-stacks/internal/prices";
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
  if (!type.startsWith(dynamicType)) return [];
  return counted[type.slice(dynamicType.length)]?.(inputs) ?? [];
}

const counted: Readonly<Record<string, (inputs: Inputs) => Quantity[]>> = {
  XimaLicense: (inputs) =>
    ximaSkus.flatMap((sku) => {
      const value = valueAt(inputs, toInput(inputs, sku.split(".").slice(1)));
      return value === undefined || value === null ? [] : [{ sku, quantity: count(value) }];
    }),
  EnableXCustomer: () => [{ sku: "enablex.customers", quantity: 1 }],
  EnableXSubscription: ({ planId }) => [
    { sku: `enablex.subscriptions${kind(planId)}`, quantity: 1 },
  ],
  EnableXUser: ({ userType }) => [{ sku: `enablex.users${kind(userType)}`, quantity: 1 }],
  XelionTenantProvision: () => [{ sku: "xelion.tenants", quantity: 1 }],
  NetsapiensOAuthClient: () => [{ sku: "netsapiens.oauthClients", quantity: 1 }],
};

/** The path of a count; where the whole object is not known or is a secret, the object's. */
function toInput(inputs: Inputs, path: Path): Path {
  const whole = inputs[String(path[0])];
  return isRecord(whole) && !(signatureKey in whole) ? path : path.slice(0, 1);
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** `.7` for plan 7; nothing while it is not known which. */
function kind(value: unknown): string {
  const isKnown = typeof value === "string" || typeof value === "number";
  return isKnown && value !== unknownValue && value !== secretMark ? `.${value}` : "";
}

/** Whether a unit is a seat: a Xima seat, or a user of EnableX. */
export function isSeat(sku: string): boolean {
  return /^xima\.\w+Seats$|^enablex\.users(\.|$)/.test(sku);
}
