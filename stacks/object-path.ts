/** Plain data, as YAML and JSON have it, with paths into it. */

/** `["xima", "ccId", "tenantId"]` */
export type Path = readonly PropertyKey[];

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, part)
        ? (at as Record<PropertyKey, unknown>)[part]
        : undefined,
    value,
  );
}

/** The values that hold no others, lists' items too, with their paths. */
export function leaves(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  const entries = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  return entries.flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** The same tree with each leaf put through a function. */
export function mapLeaves(
  value: unknown,
  change: (leaf: unknown, path: Path) => unknown,
  path: Path = [],
): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => mapLeaves(item, change, [...path, index]));
  if (!isRecord(value)) return change(value, path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, mapLeaves(inner, change, [...path, key])]),
  );
}

/** The same tree with another value at a path, where the path leads anywhere. */
export function replaced(tree: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(tree))
    return tree.map((item, index) => (index === Number(key) ? replaced(item, rest, value) : item));
  if (!isRecord(tree)) return tree;
  return { ...tree, [key]: replaced(tree[String(key)], rest, value) };
}

/** Maps are merged key by key; of anything else the second counts. */
export function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isRecord(under) || !isRecord(over)) return over;
  return {
    ...under,
    ...Object.fromEntries(
      Object.entries(over).map(([key, value]) => [key, merge(valueAt(under, [key]), value)]),
    ),
  };
}

/**
 * The same tree with the keys of each map in the order of the model; keys that it has not
 * come last.
 */
export function inOrderOf(model: unknown, value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => inOrderOf(valueAt(model, [index]), item));
  if (!isRecord(value)) return value;
  const keys = new Set([
    ...Object.keys(isRecord(model) ? model : {}).filter((key) => Object.hasOwn(value, key)),
    ...Object.keys(value),
  ]);
  return Object.fromEntries(
    [...keys].map((key) => [key, inOrderOf(valueAt(model, [key]), value[key])]),
  );
}
