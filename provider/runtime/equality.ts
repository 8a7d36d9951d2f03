import { isRecord } from "./is-record.ts";
import { own } from "./own-property.ts";
import { isUnknown } from "./unknown.ts";

/** Tells whether two values of one property mean the same. */
export type Same = (declared: unknown, actual: unknown) => boolean;

/**
 * Whether two values mean the same to a person: key order does not count, nor does an
 * absent key beside one that is `undefined`, `null` or an empty object. An unknown value
 * is the same as nothing.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  if (isUnknown(a) || isUnknown(b)) return false;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (isRecord(a) && isRecord(b)) {
    const [left, right] = [a, b];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
      isEqual(own(left, key), own(right, key)),
    );
  }
  return a === b;
}

/**
 * Whether two URLs lead to the same place: case of scheme and host, a default port and
 * slashes at the end do not count.
 */
export function isSameUrl(a: unknown, b: unknown): boolean {
  if (typeof a !== "string" || typeof b !== "string" || isUnknown(a) || isUnknown(b))
    return isEqual(a, b);
  return normalUrl(a) === normalUrl(b);
}

/** The one spelling of a URL, as `isSameUrl` compares it; what is no URL stays as it is. */
export function normalUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}${url.search}`;
}

/**
 * The managed properties whose declared value differs from what the state holds. Only
 * `properties` are looked at, so outputs that the provider alone fills never count as a
 * change.
 */
export function changedProperties(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  properties: readonly string[],
  same: Record<string, Same> = {},
): string[] {
  return properties.filter(
    (property) => !(same[property] ?? isEqual)(news[property], olds[property]),
  );
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (isRecord(value) && Object.values(value).every(isEmpty))
  );
}
