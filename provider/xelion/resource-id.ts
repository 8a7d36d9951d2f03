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

/**
 * Under which a relay keeps it: orders of one stack, on any machine, however that machine
 * names the backend.
 */
export function relayKey({ stack, thing }: JournalKey): string {
  return `${withoutBackend(stack)}\n${thing}`;
}
