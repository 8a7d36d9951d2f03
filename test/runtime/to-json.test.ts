import fc from "fast-check";
import { expect, test } from "vitest";
import { toJson } from "../../provider/runtime/to-json.ts";

test("what goes to the engine has no undefined at any depth, and dates as text", () => {
  const date = new Date("2026-06-01T12:00:00Z");
  expect(toJson({ a: undefined, b: [undefined, { c: undefined, d: date }], e: null })).toEqual({
    b: [null, { d: "2026-06-01T12:00:00.000Z" }],
    e: null,
  });
});

test("JSON values stay unchanged", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => void expect(toJson(value)).toEqual(value)));
});

test.each([
  [{ a: [{ b: 10n }] }, "a[0].b cannot be kept in the state: bigint 10"],
  [{ a: Number.NaN }, "a cannot be kept in the state: number NaN"],
  [{ a: () => 1 }, "a cannot be kept in the state: function"],
])("what JSON cannot say is refused with its path: %#", (value, message) => {
  expect(() => toJson(value)).toThrow(message);
});
