import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedProperties, isEqual, isSameUrl } from "../../provider/runtime/equality.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const values = fc.jsonValue({ maxDepth: 3 });

/**
 * The same value as another system might write it: keys in another order, absent ones as
 * null, numbers through their text.
 */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== "object" || value === null)
    return typeof value === "number" ? Number(`${value}`) : value;
  return {
    ...Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, rewritten(item)]),
    ),
    "never declared": null,
  };
}

describe("two values", () => {
  test("mean the same in any order of keys, with absent keys as null, empty or left out", () => {
    fc.assert(
      fc.property(
        values,
        (value) => isEqual(value, rewritten(value)) && isEqual(rewritten(value), value),
      ),
    );
    expect(isEqual({ a: 5, b: { c: undefined } }, { a: 5.0 })).toBe(true);
    expect(isEqual(undefined, {})).toBe(true);
    expect(isEqual({ a: { b: null } }, null)).toBe(true);
  });

  test("are not equal when any part differs", () => {
    fc.assert(
      fc.property(values, fc.integer(), (value, extra) => {
        expect(isEqual({ whole: value }, { whole: value, extra })).toBe(false);
        expect(isEqual([value], [value, extra])).toBe(false);
      }),
    );
    for (const [a, b] of [
      [0, undefined],
      [0, false],
      ["", undefined],
      ["5", 5],
      [
        [1, 2],
        [2, 1],
      ],
      [[], {}],
      [{ a: { b: 1 } }, { a: { b: 2 } }],
    ]) {
      expect([a, b, isEqual(a, b), isEqual(b, a)]).toEqual([a, b, false, false]);
    }
  });

  test("are different while one is not known yet, even from itself", () => {
    expect(isEqual(unknown, unknown)).toBe(false);
    expect(isEqual({ a: [unknown] }, { a: ["x"] })).toBe(false);
  });
});

describe("two URLs", () => {
  test.each([
    ["https://api.example/v1", "https://API.example:443/v1/"],
    ["https://api.example", "https://api.example///"],
    [undefined, undefined],
  ])("%s leads where %s leads", (a, b) => expect(isSameUrl(a, b)).toBe(true));

  test.each([
    ["https://api.example/v1", "https://api.example/V1"],
    ["https://api.example/v1", "http://api.example/v1"],
    ["https://api.example/v1?a=1", "https://api.example/v1"],
    ["https://api.example/v1", unknown],
    ["https://api.example/v1", undefined],
    ["not a url", "not another"],
  ])("%s does not lead where %s leads", (a, b) => expect(isSameUrl(a, b)).toBe(false));
});

test("only managed properties count as changed, each by its own rule", () => {
  const olds = { seats: 5, url: "https://a.example/", lastChanges: [1], dropped: 1 };
  const news = { seats: 5, url: "https://a.example", lastChanges: [], added: 1 };
  expect(
    changedProperties(olds, news, ["seats", "url", "added", "dropped"], { url: isSameUrl }),
  ).toEqual(["added", "dropped"]);
  expect(changedProperties(olds, news, ["url"])).toEqual(["url"]);
});
