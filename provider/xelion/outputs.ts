import { UcaasError } from "../dynamic/errors.ts";
import type { Order, ProvisionInputs, ProvisionOutputs } from "./schema.ts";

type Tenant = Pick<ProvisionOutputs, "__stack" | "__claim" | "serverUrl" | "tenantName" | "account">;

/** `host/tenant`, which stays the same over all orders for the tenant. */
export function idOf({ serverUrl, tenantName }: Pick<ProvisionInputs, "serverUrl" | "tenantName">): string {
  const url = URL.canParse(serverUrl) ? new URL(serverUrl) : undefined;
  return `${url ? `${url.host}${url.pathname.replace(/\/+$/, "")}` : serverUrl}/${tenantName}`;
}

/** What the state keeps of an order; `service` is the base URL of the provisioning service. */
export function outputsOf(inputs: Tenant, order: Order, service: string): ProvisionOutputs {
  const { __stack, __claim, serverUrl, tenantName, account } = inputs;
  const { orderId, status, statusHistory, configurationHash, submittedAt, finishedAt } = order;
  const { intentId, retryFailed, givenOrderId, callback, lastMid, endMid } = order;
  return {
    schemaVersion: 1,
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
    adminHint: hint(order, tenantName, service),
    intent: { intentId, retryFailed, givenOrderId, callback, lastMid, endMid },
  };
}

function hint({ orderId, status, submittedAt }: Order, tenantName: string, service: string): string {
  if (orderId !== null) return `order ${orderId} in the Admin UI of ${service}`;
  if (status === "UNKNOWN") return `look in the Admin UI of ${service} for an order of ${tenantName}, submitted about ${submittedAt}`;
  return `the tenant was taken over without an order; the Admin UI of ${service} may have one`;
}

/**
 * The order that the state knows of: the way back from {@link outputsOf}.
 *
 * @throws {UcaasError} `STATE_INCOMPLETE`: without the hash every configuration would look changed, and be ordered.
 */
export function orderIn(outs: ProvisionOutputs): Order {
  const { intent, configurationHash, submittedAt, finishedAt, orderId, status, statusHistory } = outs;
  if (!intent || !configurationHash) {
    throw new UcaasError("the state does not say which configuration was ordered", {
      code: "STATE_INCOMPLETE",
      vendor: "xelion",
      operation: `provision ${outs.tenantName}`,
      hint: "nothing was sent. Take the resource out with `pulumi state delete`, and declare it with orderId, which sends nothing",
    });
  }
  // What is null may have been left out on its way through the state.
  const { intentId, retryFailed = null, givenOrderId = null, callback = null, lastMid = null, endMid = null } = intent;
  return {
    ...{ intentId, retryFailed, givenOrderId, callback, lastMid, endMid, configurationHash, submittedAt, status },
    finishedAt: finishedAt ?? null,
    orderId: orderId ?? null,
    statusHistory: [...statusHistory],
    heard: [],
  };
}
