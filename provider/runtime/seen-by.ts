import { createHash } from "node:crypto";
import { steps, UcaasError, type UcaasErrorDetails, urnOf } from "./errors.ts";
import type { ManagedInputs } from "./lifecycle.ts";

/**
 * Tells in the state, in `__seenBy`, who has seen an object. To another account, or at
 * another server, a 404 does not say that the object is gone.
 *
 * @param seer the server and the account; no key and no password
 */
export function seenBy(...seer: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(seer)).digest("hex").slice(0, 8);
}

/**
 * What another one than has seen the object last says of it: a 404, or another object.
 *
 * @param check what to look at first
 * @param moved when the object may be gone nevertheless
 * @param same what to do if it is the same object after all
 */
export function seenByAnother(
  reason: string,
  about: Pick<UcaasErrorDetails, "vendor" | "operation" | "status">,
  { __resource: resource }: ManagedInputs,
  check: string,
  moved: string,
  same?: string,
): UcaasError {
  return new UcaasError(reason, {
    code: "ACCOUNT_CHANGED",
    ...about,
    hint: steps(
      check,
      ...(same === undefined ? [] : [same]),
      "Run pulumi up --refresh=false: a refresh has the config of the last update.",
      `If ${moved}: pulumi state delete ${urnOf(resource)}`,
    ),
  });
}
