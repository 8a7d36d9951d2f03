import { own } from "./own-property.ts";
import { longestText, printable, printableLine } from "./printable.ts";
import { speaksOfSecrets } from "./secret-names.ts";
import { mask } from "./secrets.ts";
import type { Json } from "./to-json.ts";

const deepest = 64;

/**
 * Outputs as the state may keep them: plain JSON, whatever a vendor sent, so that nothing
 * that was made is lost for its reply.
 *
 * What the program gave (or the state had) at the same place is kept as it is. Any other
 * text is a vendor's. In it, known secrets are masked, and so is every text below a key
 * that names a password, secret or token. Characters that a terminal or the engine would
 * act on are escaped.
 *
 * @param given  the inputs, or what the state had
 * @param secretOutputs  top-level outputs that hold secrets of their own, and that the
 *   resource class marks so
 */
export function toOutputs(
  values: object,
  given: unknown,
  secretOutputs: readonly string[] = [],
): { [key: string]: Json } {
  return record(Object.entries(values), given, 0, (key) =>
    secretOutputs.includes(key) ? "as it is" : secretIf(key),
  );
}

/** A value of a vendor's in a sentence: JSON, harmless in the same way. */
export function inWords(value: unknown): string {
  return JSON.stringify(output(value, undefined, 0, undefined) ?? null);
}

type Treatment = "as it is" | "as a secret" | undefined;

const secretIf = (key: string): Treatment => (speaksOfSecrets(key) ? "as a secret" : undefined);

function record(
  entries: readonly [string, unknown][],
  given: unknown,
  depth: number,
  treatmentOf: (key: string) => Treatment,
): { [key: string]: Json } {
  const result: { [key: string]: Json } = {};
  for (const [key, value] of entries) {
    // It would be the prototype to all that read it later.
    if (key === "__proto__") continue;
    const before = own(given, key);
    const item = output(value, before, depth + 1, treatmentOf(key));
    if (item !== undefined) result[before === undefined ? printableLine(key) : key] = item;
  }
  return result;
}

function output(
  value: unknown,
  given: unknown,
  depth: number,
  treatment: Treatment,
): Json | undefined {
  if (typeof value === "string") return text(value, given, treatment);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value !== "object") return undefined;
  if (depth > deepest) return "[nested too deeply]";
  if (Array.isArray(value))
    return value.map(
      (item, index) => output(item, own(given, index), depth + 1, treatment) ?? null,
    );
  return record(Object.entries(value), given, depth, (key) => treatment ?? secretIf(key));
}

function text(value: string, given: unknown, treatment: Treatment): string {
  if (value === given || treatment === "as it is") return value;
  return treatment === "as a secret" && value !== "" ? mask : printable(value, longestText);
}
