import { inWords } from "../runtime/outputs.ts";
import { type ApiRecord, type Difference, type Properties, withActual } from "./fields.ts";
import type { ResourceType } from "./resource-types.ts";
import { type EnableXOutputs, schemaVersion } from "./schema.ts";

/**
 * What the state keeps: the declaration with the server's values where they differ, and
 * what the server assigned, and the mark of the account that has seen it.
 */
export function toOutputs(
  kind: ResourceType,
  id: string,
  inputs: Properties,
  row: ApiRecord,
  found: readonly Difference[],
  mark: string,
): EnableXOutputs {
  return {
    ...withActual(inputs, found),
    [`${kind.name}Id`]: id,
    statusText: label(row.status_ex),
    ...(kind.name === "customer" && { customerTypeText: label(row.customer_type_ex) }),
    schemaVersion,
    __seenBy: mark,
  };
}

/** Labels are the server's (other pages): `status_ex`, `customer_type_ex`. */
function label(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : inWords(value);
}
