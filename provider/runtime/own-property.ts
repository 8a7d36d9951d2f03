/**
 * What a value itself has under a key: `{}` has neither `constructor` nor `toString`. For
 * keys that come from outside.
 */
export function own(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

/** The value at a path of own keys, such as `ccId.tenantId`, or undefined. */
export function valueAt(value: unknown, path: string | readonly PropertyKey[]): unknown {
  return (typeof path === "string" ? path.split(".") : path).reduce<unknown>(own, value);
}
