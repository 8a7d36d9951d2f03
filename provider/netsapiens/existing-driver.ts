import type { ClientDriver } from "./driver.ts";
import { portalPath, portalUrl } from "./portal-labels.ts";

/**
 * A client that was not created here, often by the operator of the system. It is used as
 * it is given, and kept when it is no longer declared.
 */
export function existingClient(apiUrl: string, clientSecret: string | undefined): ClientDriver {
  return {
    acquire: async () => ({ clientSecret }),
    find: async () => ({ kind: "unknown" }),
    release: async (_known, _deleting, perhapsAt) => {
      const condition = perhapsAt === undefined ? "" : `, if ${perhapsAt} is another system`;
      return `is kept at NetSapiens, since it was not made here. To revoke it${condition}: ${portalUrl(apiUrl)}, ${portalPath}`;
    },
  };
}
