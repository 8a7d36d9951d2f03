import { baseUrlOf } from "../http/pool.ts";
import type { JournalKey } from "../runtime/journal.ts";
import { withoutBackend } from "../runtime/stack-identity.ts";
import type { ProvisionInputs } from "./schema.ts";

type Tenant = Pick<ProvisionInputs, "serverUrl" | "tenantName">;

/** `host/tenant`, which stays the same over all orders for the tenant. */
export function resourceId({ serverUrl, tenantName }: Tenant): string {
  const url = URL.canParse(serverUrl) ? new URL(serverUrl) : undefined;
  return `${url ? `${url.host}${url.pathname.replace(/\/+$/, "")}` : serverUrl}/${tenantName}`;
}

/** Under which the journal keeps the tenant's last order. */
export function journalKey({
  __stack,
  serverUrl,
  tenantName,
}: Tenant & Pick<ProvisionInputs, "__stack">): JournalKey {
  return {
    vendor: "xelion",
    stack: __stack ?? "",
    thing: `${baseUrlOf("xelion", serverUrl)} ${tenantName}`,
  };
}

/** Under which a relay keeps it, on any machine and whatever the stack is called by then. */
export interface RelayKey {
  /** The tenant with its server. */
  readonly thing: string;
  /** What 0.1.0 kept it under: the stack's name then, and the tenant. */
  readonly earlier: string;
  /** The stack's identity today. The order is noted as this stack's. */
  readonly stack: string;
}

/** @param stack the stack's identity today; the key may have an earlier one */
export function relayKey({ stack: keyed, thing }: JournalKey, stack = keyed): RelayKey {
  return { thing, earlier: `${withoutBackend(keyed)}\n${thing}`, stack };
}
