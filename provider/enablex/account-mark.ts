import { seenBy } from "../runtime/seen-by.ts";
import type { Credentials } from "./session.ts";

/** Tells in the state which account has seen an object: another reseller does not see it. */
export function accountMark(
  baseUrl: string,
  { accessId, accessKey, email }: Pick<Credentials, "accessId" | "accessKey" | "email">,
): string {
  // The email counts only where it logs in.
  return accessKey ? seenBy(baseUrl, accessId) : seenBy(baseUrl, accessId, email);
}
