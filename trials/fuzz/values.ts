/** What a field of a reply, or an argument, is replaced by. */
import { isRecord } from "../../provider/runtime/is-record.ts";

/** Texts that a terminal, Markdown, HTML, YAML, a shell or a file name could act on. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  "constructor",
  "__proto__",
  "toString",
  "<{%fg 1%}>red<{%reset%}>",
  "<{%x%}>",
  "\u001b[2J\u001b[31mred",
  "\u001b]0;title\u0007",
  "\u009b31m\u0085\u0090",
  "a\u0000b",
  "line\r\nX-Injected: 1",
  "\u202eevil\u2066",
  "\u200bzero\u200d\ufeff",
  "\ud800",
  "<script>alert(1)</script><!-- -->",
  "[link](https://elsewhere.example) @everyone #1 ```",
  "| cell | cell |\n|---|---|",
  "$(touch /tmp/x) `id` ; rm -rf",
  "../../../../etc/passwd",
  "::set-output name=x::y",
  "$" + "{{ github.token }}",
  "%s%n%d%x",
  "null",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "http://127.0.0.1:9/elsewhere",
];

/** As text: `JSON.stringify` does not come so deep. */
const nested = (levels: number) => `${'{"a":['.repeat(levels / 2)}1${"]}".repeat(levels / 2)}`;

/** A value as JSON, which may be more than an object of this process could hold. */
export interface HostileValue {
  readonly name: string;
  readonly json: string;
}

/**
 * `secrets` are what a server could echo; `deepest` is how many levels an object may have.
 */
export function hostileValues(
  secrets: readonly string[],
  deepest = 100_000,
): readonly HostileValue[] {
  return [
    { name: "a deep object", json: nested(deepest) },
    ...shallowValues(secrets).map(({ name, value }) => ({ name, json: JSON.stringify(value) })),
  ];
}

function shallowValues(secrets: readonly string[]): { name: string; value: unknown }[] {
  return [
    { name: "null", value: null },
    { name: "true", value: true },
    { name: "0", value: 0 },
    { name: "-1", value: -1 },
    { name: "a fraction", value: 1.5 },
    { name: "a number beyond 2^53", value: 1e21 },
    { name: "an empty list", value: [] },
    { name: "a list of a text", value: ["text"] },
    { name: "an empty object", value: {} },
    {
      name: "an object with toString",
      value: { toString: 1, valueOf: null, constructor: { name: "x" } },
    },
    { name: "a text of 300,000 characters", value: "long ".repeat(60_000) },
    {
      name: "20,000 keys",
      value: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, at])),
    },
    {
      name: "30,000 changes",
      value: Object.fromEntries(
        Array.from({ length: 30_000 }, (_, at) => [`k${at}`, { newValue: 1 }]),
      ),
    },
    { name: "30,000 items", value: Array.from({ length: 30_000 }, (_, at) => `item ${at}`) },
    {
      name: "an object with own __proto__",
      value: JSON.parse('{"__proto__": {"polluted": true}, "hasOwnProperty": 1}'),
    },
    ...hostileTexts.map((value) => ({ name: JSON.stringify(value), value })),
    ...secrets.map((value, at) => ({ name: `secret ${at + 1}, echoed`, value: `it was ${value}` })),
    ...secrets.map((value, at) => ({
      name: `secret ${at + 1}, echoed below password`,
      value: { nested: { password: value } },
    })),
  ];
}

/** Each place in a JSON value, the root included. */
export function pathsIn(
  value: unknown,
  path: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inner.flatMap(([key, item]) => pathsIn(item, [...path, key]))];
}

/** The JSON of the value with other JSON at a place. */
export function jsonWithAt(
  value: unknown,
  path: readonly (string | number)[],
  json: string,
): string {
  const hole = "the place of the other value";
  return JSON.stringify(withValueAt(value, path, hole)).replace(JSON.stringify(hole), () => json);
}

/** The value with another one at a place, which may not be there yet. */
export function withValueAt(
  value: unknown,
  [key, ...rest]: readonly (string | number)[],
  other: unknown,
): unknown {
  if (key === undefined) return other;
  if (Array.isArray(value))
    return value.map((item, at) => (at === key ? withValueAt(item, rest, other) : item));
  const object = isRecord(value) ? value : {};
  const present = Object.hasOwn(object, key) ? object : { ...object, [key]: undefined };
  const entries = Object.entries(present).map(([name, item]) => [
    name,
    name === key ? withValueAt(item, rest, other) : item,
  ]);
  // Not by assignment, at which __proto__ would be no key.
  return Object.fromEntries(entries);
}
