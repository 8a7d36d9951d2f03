/**
 * JSON as Python's `json` module reads and writes it. The licence server is said to parse
 * a body and to serialize it again with `json.dumps(body, sort_keys=False,
 * separators=(",", ":"))` before it compares hashes. JavaScript's own JSON cannot play
 * that part: it moves keys such as "10" to the front, and forgets whether a number was
 * written 5 or 5.0.
 */

/**
 * An object is a Map, in the order of its keys; an int is a bigint, and a number is a
 * Python float.
 */
export type PyValue = null | boolean | bigint | number | string | PyValue[] | Map<string, PyValue>;

/** What Python's `json.loads` would have refused. */
export class PyJsonError extends Error {}

const numberForm = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const blanks = /[ \t\n\r]*/y;
// Up to the next quote, backslash or control character; Python takes every other code
// unit as it is, lone surrogates included.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const plainText = /[^"\\\u0000-\u001f]*/y;
const hex4 = /[0-9a-fA-F]{4}/y;
const shortEscapes: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const words: [string, PyValue][] = [
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];
/** Python gives up with a RecursionError somewhat below 1000. */
const deepest = 900;
/** Python refuses longer ints (sys.get_int_max_str_digits). */
const longestInt = 4300;

/** `json.loads(text)` */
export function loads(text: string): PyValue {
  let at = 0;

  const fail = (expected: string): never => {
    throw new PyJsonError(`${expected} at character ${at}`);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const take = (literal: string): boolean => {
    if (!text.startsWith(literal, at)) return false;
    at += literal.length;
    return true;
  };

  function string(): string {
    let value = "";
    for (;;) {
      value += match(plainText)?.[0] ?? "";
      if (take('"')) return value;
      if (!take("\\"))
        return fail("expected the end of the string, or an escape instead of a control character,");
      if (take("u")) {
        value += String.fromCharCode(
          Number.parseInt(match(hex4)?.[0] ?? fail("expected four hexadecimal digits"), 16),
        );
      } else {
        value += shortEscapes[text[at] ?? ""] ?? fail("expected a known escape");
        at += 1;
      }
    }
  }

  function value(depth: number): PyValue {
    if (depth > deepest) return fail("expected less nesting");
    if (take('"')) return string();
    if (take("{")) {
      const map = new Map<string, PyValue>();
      match(blanks);
      if (take("}")) return map;
      for (;;) {
        if (!take('"')) return fail("expected a property name in double quotes");
        const key = string();
        match(blanks);
        if (!take(":")) return fail("expected a colon");
        match(blanks);
        // A repeated key keeps its first place and takes the last value, as in a dict.
        map.set(key, value(depth + 1));
        match(blanks);
        if (take("}")) return map;
        if (!take(",")) return fail("expected a comma or a closing brace");
        match(blanks);
      }
    }
    if (take("[")) {
      const list: PyValue[] = [];
      match(blanks);
      if (take("]")) return list;
      for (;;) {
        list.push(value(depth + 1));
        match(blanks);
        if (take("]")) return list;
        if (!take(",")) return fail("expected a comma or a closing bracket");
        match(blanks);
      }
    }
    for (const [word, meaning] of words) if (take(word)) return meaning;
    const number = match(numberForm);
    if (number === null) return fail("expected a value");
    if (number[1] !== undefined || number[2] !== undefined) return Number(number[0]);
    if (number[0].length > longestInt) return fail("expected a shorter integer");
    return BigInt(number[0]);
  }

  match(blanks);
  const whole = value(0);
  match(blanks);
  if (at < text.length) fail("expected nothing more");
  return whole;
}

/** `json.dumps(value, separators=(",", ":"))`: keys in their order, ASCII only. */
export function dumps(value: PyValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return floatRepr(value);
  if (Array.isArray(value)) return `[${value.map(dumps).join(",")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${quoted(key)}:${dumps(item)}`).join(",")}}`;
  return String(value);
}

const shortest: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quoted(text: string): string {
  let out = '"';
  // By code unit, not by character: an astral character is written as the two escapes of
  // its surrogates.
  for (let index = 0; index < text.length; index += 1) {
    const unit = text[index]!;
    const code = text.charCodeAt(index);
    out +=
      shortest[unit] ??
      (code >= 0x20 && code <= 0x7e ? unit : `\\u${code.toString(16).padStart(4, "0")}`);
  }
  return `${out}"`;
}

/**
 * `repr(float)`: the shortest digits that read back as the same number, which are
 * JavaScript's too, in Python's layout.
 */
function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  const point = Number(exponent) + 1;
  if (point > 16 || point <= -4) {
    const power = Math.abs(point - 1)
      .toString()
      .padStart(2, "0");
    return `${sign}${mantissa}e${point - 1 < 0 ? "-" : "+"}${power}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, "0")}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
