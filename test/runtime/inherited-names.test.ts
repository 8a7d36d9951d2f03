import { describe, expect, test } from "vitest";
import { parseReply, toError } from "../../provider/enablex/envelope.ts";
import { lookupResultCode } from "../../provider/enablex/result-codes.ts";
import { readConfig } from "../../provider/runtime/config.ts";
import { createDispatcher } from "../../provider/runtime/dispatch.ts";
import { isEqual } from "../../provider/runtime/equality.ts";
import { UcaasError, vendorCodeOf } from "../../provider/runtime/errors.ts";
import { validate } from "../../provider/runtime/validation.ts";
import { licenseSchema, ximaConfig } from "../../provider/schemas.ts";
import { detectDrift, flatChanges } from "../../provider/xima/changes.ts";
import { withDefaults } from "../../stacks/config.ts";
import { merge, valueAt } from "../../stacks/object-path.ts";

/**
 * Every object has these by inheritance, so a look-up by a text from outside can find
 * what no code wrote.
 */
const names = ["constructor", "__proto__", "toString", "hasOwnProperty"];
const bag = (name: string, value: unknown) =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as Record<string, unknown>;

describe.each(names)("the name %s from outside finds nothing that is inherited", (name) => {
  test("as a vendor's code", () => {
    expect(lookupResultCode(name)).toBe(lookupResultCode("no such code"));
    const answer = parseReply({ status: 400, text: "x", json: { result: name, msg: "no" } });
    if (answer.ok) throw new Error("It is no refusal.");
    expect(toError(answer.failure, "try").message).not.toMatch(/native code|\[object|undefined/);
  });

  test("as a key of what a vendor reports", () => {
    expect(isEqual({}, bag(name, "x"))).toBe(false);
    const changes = { aiMessaging: { oldValue: {}, newValue: bag(name, "x") } };
    expect(flatChanges(changes)).toEqual([
      { property: `aiMessaging.${name}`, oldValue: undefined, newValue: "x" },
    ]);
    expect(detectDrift(bag(name, { oldValue: 1, newValue: 2 }), {})).toEqual([]);
  });

  test("as an argument, an account or a type", async () => {
    const [failure] = validate(licenseSchema, {
      ...bag(name, 1),
      ccId: { resellerId: "r", tenantId: "t" },
    });
    // What zod itself cannot see is no argument either.
    if (name !== "__proto__")
      expect(failure).toMatchObject({
        property: name,
        reason: expect.stringContaining("is not a property here"),
      });
    const source = { get: (key: string) => (key === "xima:accounts" ? "{}" : undefined) };
    expect(() => readConfig(ximaConfig, source, name)).toThrow(`there is no account "${name}"`);
    await expect(createDispatcher({})(name, "create", [{}])).rejects.toThrow("UNKNOWN_RESOURCE");
  });

  test("as a key of a stack file", () => {
    expect(valueAt({}, [name])).toBeUndefined();
    expect(merge({}, bag(name, { a: 1 }))).toEqual(bag(name, { a: 1 }));
    expect(withDefaults("acme", bag(name, {}))).toEqual(bag(name, {}));
  });
});

test("endlessly nested changes do not lose a created resource", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
  expect(flatChanges(deep)).toEqual([]);
});

test("a vendor's text of a megabyte leaves room for what to do", () => {
  const { message } = new UcaasError("x".repeat(1_000_000), {
    code: vendorCodeOf("REFUSED"),
    vendorCode: "y".repeat(1_000_000),
    hint: "do this",
  });
  expect(message.length).toBeLessThan(7_000);
  expect(message).toContain("What to do: do this");
});
