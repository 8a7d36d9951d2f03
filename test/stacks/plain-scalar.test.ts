import { describe, expect, test } from "vitest";
import { plainKey, plainScalar } from "../../stacks/plain-scalar.ts";

describe("an unquoted value", () => {
  test.each([
    ["", null],
    ["null", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["12", 12],
    ["-5", -5],
    ["3.14", 3.14],
    ["-0.5", -0.5],
    ["9007199254740991", 9007199254740991],
  ])("%j keeps its literal value", (text, value) => expect(plainScalar(text)).toEqual({ value }));

  test.each([
    "acme",
    "Acme Ltd",
    "1,000",
    "12 seats",
    "v1:abc==",
    "3.1.4",
    "https://a.example",
    "y",
    "N",
    "-",
    "1:2:x",
    "a\tb",
    "0x",
    "1e",
    "=",
  ])("%j is text", (text) => expect(plainScalar(text)).toEqual({ value: text }));

  test.each(
    [
      ["leading zeros", "012 007 00 08 0101 001565123456 -012 0o12"],
      ["other bases", "0x1F 0b11 -0x1f 0X1f 1:30 12:30:45 10:15:35:12:34:56 190:20:30.15"],
      [
        "other spellings of a number",
        "1_000 1__0 +5 +13125550100 -0 .5 5. 1e3 1E3 1.0 1.50 0.10 1e21 .inf -.Inf .nan .NaN",
      ],
      [
        "more digits than a number holds",
        "9007199254740993 12345678901234567 89310410106543789301 100000000000000000000 0.12345678901234567890",
      ],
      ["dates", "2026-01-01 2026-1-1 2026-01-01T10:00:00Z"],
      ["YAML 1.1's booleans", "yes no on off Yes NO On OFF"],
      ["other spellings of true, false and null", "True TRUE False FALSE ~ Null NULL"],
    ].flatMap(([kind, texts = ""]) => texts.split(" ").map((text) => [kind, text] as const)),
  )("refuses %s: %s, and gives the quoted form", (_, text) => {
    expect(plainScalar(text)).toEqual({ ambiguous: expect.stringContaining(JSON.stringify(text)) });
  });
});

describe("an unquoted key", () => {
  test.each(["acme", "101", "12", "true", "a-b"])("%j is text", (text) =>
    expect(plainKey(text)).toEqual({ value: text }),
  );

  test.each(["007", "1_0", "0x1", "~", "null", "yes", "2026-01-01", "1.0"])(
    "refuses %j, and gives the quoted form",
    (text) => {
      expect(plainKey(text)).toEqual({
        ambiguous: `is ambiguous: write the key in quotes (${JSON.stringify(text)})`,
      });
    },
  );
});
