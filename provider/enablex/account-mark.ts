import { seenBy } from "../runtime/seen-by.ts";
import type { Credentials } from "./session.ts";

/** Characters of the server and of the account: few bytes in each state. */
const length = 4;

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
  return [seenBy(baseUrl), account]
    .map((mark) => Buffer.from(mark, "hex").toString("base64url").slice(0, length))
    .join("");
}

/** Whether two marks are of one server, whatever the account: an id is unique there. */
export function isSameServer(one: string, other: string): boolean {
  return one.slice(0, length) === other.slice(0, length);
}
