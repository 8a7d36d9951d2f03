import { isEqual } from "../runtime/equality.ts";
import { isRecord } from "../runtime/is-record.ts";
import { inWords } from "../runtime/outputs.ts";
import { own, valueAt } from "../runtime/own-property.ts";
import { speaksOfSecrets } from "../runtime/secret-names.ts";
import { mask } from "../runtime/secrets.ts";
import type { LicenseChange } from "./license-change.ts";
import type { LicenseInputs } from "./schema.ts";

/**
 * The nested `changes` of a reply as a flat list, with secrets masked. The server echoes
 * old and new SIP passwords in clear text (OpenAPI 1.4). A path is a value in this list, so
 * only here can it tell that the values beside it are secret.
 */
export function flatChanges(changes: Record<string, unknown>): LicenseChange[] {
  const flat = flatten(changes);
  const left = flat.length - mostChanges;
  return left <= 0
    ? flat.map(masked)
    : [...flat.slice(0, mostChanges - 1).map(masked), { property: `… ${left + 1} more` }];
}

/** A licence has some 25 properties. */
const mostChanges = 100;

function masked(change: LicenseChange): LicenseChange {
  const { property, oldValue, newValue } = change;
  if (!speaksOfSecrets(property)) return change;
  return {
    property,
    ...(!isNothing(oldValue) && { oldValue: mask }),
    ...(!isNothing(newValue) && { newValue: mask }),
  };
}

/**
 * What the server had otherwise than the state said: the only evidence there is of a
 * change made elsewhere, since nothing can be read back. `oldValue` is what was declared,
 * `newValue` what the server had. Properties that were not declared before prove nothing.
 */
export function detectDrift(
  changes: Record<string, unknown>,
  declared: Partial<LicenseInputs>,
): LicenseChange[] {
  return flatten(changes).flatMap(({ property, oldValue }) => {
    const expected = valueAt(declared, property);
    if (expected === undefined || property.startsWith("ccId.") || isEqual(expected, oldValue))
      return [];
    if (isNothing(expected) && isNothing(oldValue)) return [];
    return [
      speaksOfSecrets(property)
        ? { property, oldValue: mask, newValue: mask }
        : { property, oldValue: expected, newValue: oldValue ?? null },
    ];
  });
}

/**
 * What a write replaced of what was not declared before it, in words: values that the
 * server had. None are expected of a new customer.
 */
export function replacedValues(
  changes: Record<string, unknown>,
  declared: Partial<LicenseInputs> = {},
): string[] {
  return flatten(changes)
    .filter(
      ({ property, oldValue, newValue }) =>
        valueAt(declared, property) === undefined &&
        !property.startsWith("ccId.") &&
        !isNothing(oldValue) &&
        !isEqual(oldValue, newValue),
    )
    .map(({ property, oldValue, newValue }) =>
      speaksOfSecrets(property)
        ? property
        : `${property} (${inWords(oldValue)}, now ${inWords(newValue)})`,
    );
}

/**
 * The counts that the server has now otherwise than the body said, in words. What was not
 * sent may follow from what was.
 */
export function unlikeSent(
  changes: Record<string, unknown>,
  body: Record<string, unknown>,
): string[] {
  return flatten(changes).flatMap(({ property, newValue }) => {
    const sent = valueAt(body, property);
    if (typeof sent !== "number" || speaksOfSecrets(property) || newValue === undefined) return [];
    if (isEqual(sent, newValue) || (isNothing(sent) && isNothing(newValue))) return [];
    return [`${property} (${sent} was sent, the server has ${inWords(newValue)})`];
  });
}

/**
 * The server reports a value that was never set as none: 0, or for a text an empty one;
 * null is not published and taken too.
 */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === "";
}

/** Published changes are two levels deep; what is nested without end would exhaust the stack. */
const deepest = 16;

function flatten(changes: Record<string, unknown>, path = "", depth = 0): LicenseChange[] {
  if (depth > deepest) return [];
  return Object.entries(changes).flatMap(([key, value]) => {
    const property = path ? `${path}.${key}` : key;
    if (typeof value !== "object" || value === null) return [];
    if ("oldValue" in value || "newValue" in value) {
      const { oldValue, newValue } = value as { oldValue?: unknown; newValue?: unknown };
      const found =
        isRecord(oldValue) || isRecord(newValue)
          ? wholeChange(property, oldValue, newValue)
          : [{ property, oldValue, newValue }];
      return found.map(withNumbers);
    }
    return flatten(value as Record<string, unknown>, property, depth + 1);
  });
}

/** The document allows a text for each value. A number is one here, however it is written. */
function withNumbers(change: LicenseChange): LicenseChange {
  const { property, oldValue, newValue } = change;
  const isText = property.startsWith("ccId.") || speaksOfSecrets(property);
  if (isText && property !== "sipCredentials.sipPort") return change;
  return { property, oldValue: toNumber(oldValue), newValue: toNumber(newValue) };
}

function toNumber(value: unknown): unknown {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** A server that reports a whole object at once says the same as one that reports its fields. */
function wholeChange(property: string, oldValue: unknown, newValue: unknown): LicenseChange[] {
  const [before, after] = [isRecord(oldValue) ? oldValue : {}, isRecord(newValue) ? newValue : {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((key) => ({
      property: `${property}.${key}`,
      oldValue: own(before, key),
      newValue: own(after, key),
    }))
    .filter(({ oldValue, newValue }) => !isEqual(oldValue, newValue));
}
