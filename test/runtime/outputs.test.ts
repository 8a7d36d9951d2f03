import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toOutputs } from "../../provider/runtime/outputs.ts";
import { printable, printableLine } from "../../provider/runtime/printable.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";

describe("a text that is shown", () => {
  test.each([
    ["a colour", "\u001b[31mred", "\\u001b[31mred"],
    [
      "a link",
      "\u001b]8;;https://evil.example\u0007click",
      "\\u001b]8;;https://evil.example\\u0007click",
    ],
    ["a C1 control", "\u009b31m", "\\u009b31m"],
    ["a carriage return", "paid\rfree", "paid\\u000dfree"],
    ["a backspace", "a\bb", "a\\u0008b"],
    ["a bidirectional override", "user\u202etxt.exe", "user\\u202etxt.exe"],
    ["what has no width", "ac\u200bme\ufeff", "ac\\u200bme\\ufeff"],
    ["a lone surrogate", "a\ud800b", "a\\ud800b"],
    ["Pulumi's markup", "<{%fg 1%}>x<{%reset%}>", "<{ %fg 1%}>x<{ %reset%}>"],
    ["line breaks, tabs and other scripts", "a\n\tMüller 山田 📞", "a\n\tMüller 山田 📞"],
  ])("has no power over a terminal or the engine: %s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test("is in one line where a table wants it", () => {
    expect(printableLine("a\nb\tc")).toBe("a\\u000ab\\u0009c");
  });

  test("is cut, and says how long it was", () => {
    expect(printable("x".repeat(1_000_000))).toBe(`${"x".repeat(8_000)}… (1000000 characters)`);
  });

  test("never shows the first part of a secret that its end cuts off", () => {
    rememberSecret("a-canary-that-is-cut");
    expect(printable(`${"x".repeat(7_990)}a-canary-that-is-cut`)).toBe(
      `${"x".repeat(7_990)}[secret]`,
    );
  });
});

describe("the outputs in the state", () => {
  test("is what the program gave, letter by letter", () => {
    const given = {
      name: "<{%x%}>\u001b",
      fields: { password: "pw-of-the-program", list: ["\u202e"] },
    };
    expect(toOutputs({ ...given, extra: undefined }, given)).toEqual(given);
  });

  test("has no secret that a vendor echoes, under any name", () => {
    rememberSecret("the-sip-password-1");
    const echoed = {
      list: [
        {
          note: "password the-sip-password-1 was set",
          sip: { password: "another-one" },
        },
      ],
      statusText: '{"error":"no \\"the-sip-password-1\\""}',
      sessionToken: "abc",
      bundle: { api_client_secret: "the-sip-password-1" },
    };
    expect(toOutputs(echoed, {}, ["bundle"])).toEqual({
      list: [{ note: "password [secret] was set", sip: { password: "[secret]" } }],
      statusText: '{"error":"no \\"[secret]\\""}',
      sessionToken: "[secret]",
      bundle: { api_client_secret: "the-sip-password-1" },
    });
  });

  test("has what the provider made itself as it is, whatever short secrets there are", () => {
    for (const secret of ["0967", "2026"]) rememberSecret(secret);
    const own = { __intent: "2026-11-29T00:00:00.000Z-0967", hash: "a0967b" };
    expect(toOutputs({ ...own, statusText: "a0967b" }, {}, ["hash"])).toEqual({
      ...own,
      statusText: "a[secret]b",
    });
  });

  test("has an id as it is, though a short secret such as a SIP user name is part of it", () => {
    rememberSecret("4711");
    expect(toOutputs({ customerId: "104711", statusText: "104711" }, {})).toEqual({
      customerId: "104711",
      statusText: "10[secret]",
    });
    expect(toOutputs({ customerId: "4711\u001b", nested: { otherId: "4711" } }, {})).toEqual({
      customerId: "[secret]\\u001b",
      nested: { otherId: "[secret]" },
    });
  });

  test("has no markup, at which each later command of the engine would panic", () => {
    expect(toOutputs({ status: "<{%x%}>", changes: { "<{%y%}>": "\u001b[2J" } }, {})).toEqual({
      status: "<{ %x%}>",
      changes: { "<{ %y%}>": "\\u001b[2J" },
    });
  });

  describe("of a vendor that sends very much", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, { newValue: at }]));
    const list = Array.from({ length: 30_000 }, (_, at) => ({ at }));

    test("has some of it, and says how much more there was", () => {
      const { changes, texts, records } = toOutputs(
        { changes: many(30_000), texts: list.map(String), records: list },
        {},
      ) as { changes: Record<string, unknown>; texts: unknown[]; records: unknown[] };
      expect(Object.keys(changes)).toHaveLength(200);
      expect(Object.entries(changes).at(-1)).toEqual(["…", "29801 more"]);
      expect([texts.length, texts.at(-1)]).toEqual([200, "… 29801 more"]);
      expect([records.length, records.at(-1)]).toEqual([200, { "…": "29801 more" }]);
    });

    test.each([
      ["long texts", Array(100).fill("long ".repeat(10_000))],
      ["lists in lists", Array(150).fill(Array(150).fill(Array(150).fill(1)))],
      ["long keys", Object.fromEntries(list.map(({ at }) => ["k".repeat(7_000) + at, 1]))],
    ])("is of a bounded length: %s", (_, value) => {
      const length = JSON.stringify(toOutputs({ value }, {})).length;
      expect(length).toBeGreaterThan(1_000);
      expect(length).toBeLessThan(51_000);
    });

    test("has all that the program gave or the state had, whatever its length", () => {
      const given = { fields: { ...many(30_000), note: "n".repeat(90_000) }, list };
      expect(toOutputs(given, given)).toEqual(given);
      const other = toOutputs(
        { fields: { ...many(30_000), note: "another", more: 1 }, list },
        given,
      );
      expect(other).toMatchObject({ fields: { k0: { newValue: 0 }, note: "another" }, list });
    });

    test.each<[string, unknown, unknown?]>([
      ["keys", many(30_000)],
      ["items", list],
      ["texts", Array(100).fill("long ".repeat(10_000))],
      ["keys beside those of the program", { ...many(30_000), z: 1 }, { z: 2 }],
    ])("is the same at each later refresh: %s", (_, value, before = {}) => {
      const first = toOutputs({ value }, { value: before });
      expect(toOutputs({ value }, first)).toEqual(first);
    });
  });

  test("can be built from any JSON, so that no reply loses a created resource", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value = JSON.parse(text) as unknown;
        const outputs = toOutputs({ value }, {});
        expect(JSON.parse(JSON.stringify(outputs))).toEqual(outputs);
      }),
    );
    const hostile = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"name":1},"toString":2,"hasOwnProperty":3}',
    );
    expect(Object.entries(toOutputs(hostile, {}))).toEqual([
      ["constructor", { name: 1 }],
      ["toString", 2],
      ["hasOwnProperty", 3],
    ]);
    const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    expect(JSON.stringify(toOutputs({ deep }, {}))).toContain("[nested too deeply]");
    expect(
      toOutputs({ big: 12n, none: Number.NaN, never: new Date(Number.NaN), run: () => 1 }, {}),
    ).toEqual({
      big: "12",
      none: null,
      never: null,
    });
  });
});
