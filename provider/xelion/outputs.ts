import { steps, UcaasError } from "../runtime/errors.ts";
import { storedOrder } from "./migrations.ts";
import { type Order, orderSchema, type ProvisionOutputs, schemaVersion } from "./schema.ts";

type Tenant = Pick<
  ProvisionOutputs,
  "__stack" | "__claim" | "serverUrl" | "tenantName" | "account"
>;

/**
 * What the provider makes itself. The vendor's words in it are made harmless where they
 * come in: a status that is masked later could not be followed any more.
 */
export const ownOutputs = [
  "configurationHash",
  "submittedAt",
  "finishedAt",
  "status",
  "statusHistory",
  "intent",
] as const satisfies readonly (keyof ProvisionOutputs)[];

/**
 * What the state keeps of an order; `service` is the base URL of the provisioning service,
 * for an order that names none.
 */
export function toOutputs(inputs: Tenant, order: Order, service: string): ProvisionOutputs {
  const { __stack, __claim, serverUrl, tenantName, account } = inputs;
  const { orderId, status, statusHistory, configurationHash, submittedAt, finishedAt } = order;
  return {
    schemaVersion,
    __stack,
    __claim,
    serverUrl,
    tenantName,
    account,
    orderId: orderId ?? undefined,
    status,
    statusHistory,
    configurationHash,
    submittedAt,
    finishedAt: finishedAt ?? undefined,
    adminHint: hint(order, tenantName, order.service ?? service),
    intent: order,
  };
}

function hint(
  { orderId, status, submittedAt }: Order,
  tenantName: string,
  service: string,
): string {
  if (orderId !== null) return `order ${orderId} in the Admin UI of ${service}`;
  if (status === "UNKNOWN")
    return `look in the Admin UI of ${service} for an order of ${tenantName}, submitted about ${submittedAt}`;
  return `the tenant was taken over without an order; the Admin UI of ${service} may have one`;
}

/**
 * The order that the state of this or an older release has.
 *
 * @throws {UcaasError} `STATE_INCOMPLETE`: without the hash every configuration would
 *   look changed, and be ordered.
 */
export function orderFromState(outs: ProvisionOutputs): Order {
  const result = orderSchema.safeParse(storedOrder(outs));
  if (result.success && outs.configurationHash) return result.data;
  throw new UcaasError("the state does not say which configuration was ordered", {
    code: "STATE_INCOMPLETE",
    vendor: "xelion",
    operation: `provision ${outs.tenantName}`,
    hint: [
      "nothing was sent",
      steps(
        "Take the resource out of the state: `pulumi state delete <urn>`",
        "Declare it with orderId: then `pulumi up` sends no order.",
      ),
    ].join("\n    "),
  });
}
