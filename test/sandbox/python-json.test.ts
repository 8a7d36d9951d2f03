import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { dumps, loads, PyJsonError } from "../../sandbox/xima/python-json.ts";

const program = `
import json, sys
for line in sys.stdin.buffer:
    text = json.loads(line)
    try:
        print(json.dumps([json.dumps(json.loads(text), sort_keys=False, separators=(",", ":"))]))
    except (ValueError, RecursionError):
        print("null")
`;

/**
 * What a real Python makes of each JSON text: its serialization, or null where it refuses
 * the text.
 */
function python(texts: string[]): (string | null)[] {
  const input = texts.map((text) => JSON.stringify(text)).join("\n");
  const { stdout, stderr, status } = spawnSync("python3", ["-c", program], {
    input,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`python3 ended with ${status}: ${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as [string] | null)?.[0] ?? null);
}

function ours(text: string): string | null {
  try {
    return dumps(loads(text));
  } catch (error) {
    if (error instanceof PyJsonError) return null;
    throw error;
  }
}

it("serializes a parsed body as Python does, for all strings, keys, numbers and blanks", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  });
  const written = fc.oneof(
    fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)),
    text.map((value) => JSON.stringify(value)),
    fc.double().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => `${value.toFixed(3)}E+2`),
    fc.bigInt().map(String),
    fc.constantFrom(
      "5.0",
      "5",
      "1e2",
      "-0",
      "-0.0",
      "0.0001",
      "0.00001",
      "1e16",
      "1e15",
      "123456789012345678",
      "1e999",
      "true",
      "null",
      "\t[ ]\n",
    ),
  );
  const key = fc
    .oneof(fc.nat(20).map(String), fc.constantFrom("__proto__", "constructor", ""), text)
    .map((value) => JSON.stringify(value));
  const document = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      written,
      fc.array(tie("any"), { maxLength: 4 }).map((items) => `[${items.join(" ,\r\n")}]`),
      fc
        .array(fc.tuple(key, tie("any")), { maxLength: 5 })
        .map((entries) => `{${entries.map(([k, v]) => `${k} :\t${v}`).join(",")}}`),
    ),
  })).any;
  // One Python for all texts: starting a process for each would take minutes.
  const texts = fc.sample(document, 3000);
  const expected = python(texts);
  for (const [index, text] of texts.entries())
    expect([text, ours(text)]).toEqual([text, expected[index]]);
});

it("refuses what Python refuses, and takes what Python takes", () => {
  const texts = [
    '"\u0001"',
    '"\\x"',
    '"\\u12g4"',
    '"a',
    "01",
    "1.",
    ".5",
    "+1",
    "{a:1}",
    '{"a" 1}',
    '{"a":1,}',
    "[1,]",
    "[1 2]",
    "",
    " ",
    "1 2",
    "nul",
  ];
  texts.push(
    "NaN",
    "-Infinity",
    '{"a":1,"b":2,"a":3}',
    '"\u007f/\u2028"',
    '"\\ud83d\\ude00\\ud83d"',
    `${"[".repeat(5000)}`,
    "1".repeat(4301),
    "\u00a01",
  );
  expect(texts.map(ours)).toEqual(python(texts));
});

it("writes a lone surrogate, an astral character and U+007F as Python does", () => {
  expect(dumps(loads('{"name":"Café \\ud800 🦄 \u007f"}'))).toBe(
    '{"name":"Caf\\u00e9 \\ud800 \\ud83e\\udd84 \\u007f"}',
  );
});
