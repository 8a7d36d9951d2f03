import { isRecord } from "./is-record.ts";
import { loaderLine } from "./loader-line.ts";
import { newClaim } from "./ownership.ts";
import { secretSignature, signatureKey } from "./secret-mark.ts";
import { type Json, toJson } from "./to-json.ts";

/** How the engine marks a secret in a file; the value is beside it as JSON within a string. */
const secretMark = { [signatureKey]: secretSignature };

/** One resource of a file for `pulumi import --file`. */
export interface ImportEntry {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Record<string, Json>;
  readonly outputs: Record<string, Json>;
}

/**
 * An entry of a file for `pulumi import --file F --generate-code=false`. A dynamic
 * resource can be imported in no other way. The entry has inputs and outputs, and the
 * loader line in both: the engine then takes them as they are and reads nothing.
 *
 * `secretPaths` name what the engine has to encrypt, with dots into objects
 * (`sipCredentials`, `fields.password`); a secret that is not named stays readable in the
 * state for good. Paths that lead to nothing are passed over.
 *
 * @example
 * ```ts
 * const resources = [importEntry("EnableXCustomer", "acme", "1001", inputs, { ...inputs, customerId: "1001", schemaVersion: 1 }, [])];
 * await writeFile("import.json", JSON.stringify({ resources }), { mode: 0o600 });
 * ```
 */
export function importEntry(
  type: string,
  name: string,
  id: string,
  inputs: Record<string, unknown>,
  outputs: Record<string, unknown>,
  secretPaths: readonly string[],
): ImportEntry {
  const bag = (values: Record<string, unknown>) =>
    secretPaths.reduce((result, path) => withSecret(result, path.split(".")), {
      ...(toJson(values) as Record<string, Json>),
      __provider: loaderLine(type),
    } as Record<string, Json>);
  return {
    type: `pulumi-nodejs:dynamic/ucaas:${type}`,
    name,
    id,
    inputs: bag(inputs),
    // What is imported is as it is now, whatever earlier writes the journal still has.
    outputs: bag({
      __claim: newClaim(),
      __intent: `${new Date().toISOString()}/import`,
      ...outputs,
    }),
  };
}

function withSecret(
  bag: Record<string, Json>,
  [key = "", ...rest]: readonly string[],
): Record<string, Json> {
  const value = bag[key];
  if (value === undefined) return bag;
  if (rest.length === 0)
    return { ...bag, [key]: { ...secretMark, plaintext: JSON.stringify(value) } };
  if (!isRecord(value)) return bag;
  return { ...bag, [key]: withSecret(value, rest) };
}
