import type { ClientDriver } from "./driver.ts";
import { portalPath, portalUrl } from "./portal-labels.ts";

/**
 * A client that somebody else made, often the provider of the system: it is taken as it
 * is given, and stays when it is no longer declared.
 */
export function existingClient(apiUrl: string, clientSecret: string | undefined): ClientDriver {
  return {
    acquire: async () => ({ clientSecret }),
    find: async () => ({ kind: "unknown" }),
    release: async () =>
      `is kept at NetSapiens, since it was not made here. To revoke it: ${portalUrl(apiUrl)}, ${portalPath}`,
  };
}
