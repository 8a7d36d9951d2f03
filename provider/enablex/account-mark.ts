import { createHash } from "node:crypto";
import type { Credentials } from "./session.ts";

/**
 * Tells in the state which account has seen an object. To another reseller, or at another
 * server, a 404 does not say that the object is gone. No key and no password is in it.
 */
export function accountMark(
  baseUrl: string,
  { accessId, accessKey, email }: Pick<Credentials, "accessId" | "accessKey" | "email">,
): string {
  // The email counts only where it logs in.
  const account = accessKey ? [baseUrl, accessId] : [baseUrl, accessId, email];
  return createHash("sha256").update(JSON.stringify(account)).digest("hex").slice(0, 8);
}
