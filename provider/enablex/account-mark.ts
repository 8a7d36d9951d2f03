import { seenBy } from "../runtime/seen-by.ts";
import type { Credentials } from "./session.ts";

/** Of the server and of the account; together few bytes in each state. */
const digits = 6;

/**
 * Tells in the state which server and which account have seen an object: another reseller
 * does not see it, and another server has another object under its id.
 */
export function accountMark(
  baseUrl: string,
  { accessId, accessKey, email }: Pick<Credentials, "accessId" | "accessKey" | "email">,
): string {
  // The email counts only where it logs in.
  const account = accessKey ? seenBy(baseUrl, accessId) : seenBy(baseUrl, accessId, email);
  return seenBy(baseUrl).slice(0, digits) + account.slice(0, digits);
}

/** Whether two marks are of one server, whatever the account: an id is unique there. */
export function isSameServer(one: string, other: string): boolean {
  return one.slice(0, digits) === other.slice(0, digits);
}
