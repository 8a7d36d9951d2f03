/** A number of a configuration that JavaScript keeps as another one. */
export interface InexactNumber {
  readonly path: readonly (string | number)[];
  /** As it was written. */
  readonly source: string;
}

interface Place {
  readonly holder: unknown;
  readonly key: string;
}

/**
 * The first number in a JSON text whose value changes when it is read. Two texts that
 * differ only there would have the same hash, and a change from one to the other would
 * not be seen.
 */
export function inexactNumberIn(text: string): InexactNumber | undefined {
  const places = new Map<unknown, Place>();
  let first: (Place & { readonly source: string }) | undefined;
  const visit = function (
    this: unknown,
    key: string,
    value: unknown,
    context?: { source?: string },
  ) {
    if (typeof value === "object" && value !== null) places.set(value, { holder: this, key });
    const source = context?.source ?? String(value);
    if (typeof value === "number" && !isExact(source, value))
      first ??= { holder: this, key, source };
    return value;
  };
  JSON.parse(text, visit);
  return first && { path: pathTo(first, places), source: first.source };
}

function pathTo(place: Place, places: ReadonlyMap<unknown, Place>): (string | number)[] {
  const path: (string | number)[] = [];
  // The holder of the whole is none of the value's own objects.
  for (let at: Place | undefined = place; at && places.has(at.holder); at = places.get(at.holder)) {
    path.unshift(Array.isArray(at.holder) ? Number(at.key) : at.key);
  }
  return path;
}

/** The first whole number that a program may have rounded before it came here. */
export function roundedNumberIn(
  value: unknown,
  path: (string | number)[] = [],
): InexactNumber | undefined {
  if (typeof value === "number") {
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? { path, source: String(value) }
      : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = roundedNumberIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found) return found;
  }
  return undefined;
}

/**
 * Whether a number as it was written is the value that JavaScript keeps: `1.50` and
 * `15e-1` are the same.
 */
function isExact(source: string, value: number): boolean {
  return Number.isFinite(value) && decimalOf(source) === decimalOf(String(value));
}

/** Significant digits and exponent, so that two spellings of one number are the same text. */
function decimalOf(source: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
