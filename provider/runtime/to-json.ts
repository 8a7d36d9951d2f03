/** JSON as the engine takes it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * The value as plain JSON: absent keys left out, a Date as ISO text. The engine refuses
 * `undefined` at any depth and a BigInt, and turns a Date into `{}`.
 *
 * @throws {TypeError} for what JSON cannot say: a BigInt, a function, NaN or an infinite
 *   number; it names the path.
 */
export function toJson(value: unknown, path = ""): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value))
    return value.map((item, index) => toJson(item ?? null, `${path}[${index}]`));
  if (typeof value === "object") {
    const present = Object.entries(value).filter(([, item]) => item !== undefined);
    // Assigned one by one, a key `__proto__` would be the prototype.
    return Object.fromEntries(
      present.map(([key, item]) => [key, toJson(item, path ? `${path}.${key}` : key)]),
    );
  }
  throw new TypeError(
    `${path || "the value"} cannot be kept in the state: ${typeof value} ${String(value)}`,
  );
}
