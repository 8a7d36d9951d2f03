import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { closestMatches } from "../../provider/runtime/suggest.ts";
import { hasUnknown } from "../../provider/runtime/unknown.ts";
import { propertyPath, validate, validationFailures } from "../../provider/runtime/validation.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const schema = z.strictObject({
  name: z.string().min(1, "must not be empty"),
  seats: z.int("must be a whole number").min(0, "must not be negative").optional(),
  transport: z.enum(["udp", "tcp"]).optional(),
  departments: z
    .array(z.strictObject({ title: z.string(), users: z.array(z.string().email()).optional() }))
    .optional(),
  limits: z.record(z.string(), z.number()).optional(),
  target: z
    .union([z.string().min(1), z.strictObject({ host: z.string(), port: z.int() })])
    .optional(),
});
const whole = {
  name: "Acme",
  seats: 5,
  transport: "udp",
  departments: [{ title: "Sales", users: ["a@acme.example"] }],
  limits: { calls: 3 },
  target: { host: "a", port: 1 },
};

describe("a check", () => {
  test("has no failure for what the schema takes, and leaves out what belongs to Pulumi", () => {
    expect(validate(schema, { ...whole, __provider: "let c;", __stack: "a/b" })).toEqual([]);
  });

  test("names all failures at once, each with its path", () => {
    const inputs = {
      seats: 1.5,
      transport: "sctp",
      departments: [{ title: "Sales", users: ["ok@acme.example", "no"] }, { users: [] }],
      limits: { "calls a day": "many" },
    };
    expect(
      Object.fromEntries(
        validate(schema, inputs).map(({ property, reason }) => [property, reason]),
      ),
    ).toEqual({
      name: "is missing: expected string",
      seats: "must be a whole number",
      transport: 'expected one of "udp"|"tcp"',
      "departments[0].users[1]": "Invalid email address",
      "departments[1].title": "is missing: expected string",
      'limits["calls a day"]': "expected number, received string",
    });
  });

  test("says of a key that may not be so what the schema says of it", () => {
    const record = z.record(z.string().regex(/^\w+$/, "must be a field name"), z.number());
    expect(validate(z.strictObject({ fields: record }), { fields: { "a-b": 1 } })).toEqual([
      { property: 'fields["a-b"]', reason: "must be a field name" },
    ]);
  });

  test("gives the path in parts to who asks", () => {
    expect(validationFailures(schema, { name: "a", departments: [{}] })).toMatchObject([
      { path: ["departments", 0, "title"] },
    ]);
  });

  test.each([
    [{ seatz: 1 }, "seatz", "is not a property here. Did you mean seats?"],
    [{ Name: "x" }, "Name", "is not a property here. Did you mean name?"],
    [
      { departments: [{ title: "Sales", user: [] }] },
      "departments[0].user",
      "is not a property here. Did you mean users?",
    ],
    [
      { zzzzzzzzz: 1 },
      "zzzzzzzzz",
      "is not a property here. Known: name, seats, transport, departments, limits, target.",
    ],
    [
      { target: { host: "a", port: 1, prot: 1 } },
      "target.prot",
      "is not a property here. Did you mean port?",
    ],
  ])(
    "refuses what the schema does not know, with the nearest name: %j",
    (more, property, reason) => {
      expect(validate(schema, { ...whole, ...more })).toContainEqual({ property, reason });
    },
  );

  test("never shows an invalid value", () => {
    const canary = "canary-value";
    const failures = validate(schema, {
      name: 5,
      seats: canary,
      transport: canary,
      departments: canary,
      limits: { a: canary },
      target: 7,
    });
    expect(failures.length).toBeGreaterThan(4);
    expect(JSON.stringify(failures)).not.toContain(canary);
  });

  test("accepts an unknown value at any place of valid inputs without an error", () => {
    const paths = pathsIn(whole);
    expect(paths).toContainEqual(["departments", 0, "users", 0]);
    expect(paths).toContainEqual(["target", "port"]);
    fc.assert(
      fc.property(fc.subarray(paths, { minLength: 1 }), (places) => {
        const inputs = structuredClone(whole);
        for (const place of places) put(inputs, place, unknown);
        expect(hasUnknown(inputs)).toBe(true);
        expect(validate(schema, inputs)).toEqual([]);
      }),
    );
  });

  test("still finds errors next to a value that is not known yet", () => {
    expect(
      validate(schema, { name: unknown, seats: -1, departments: [unknown, { title: 1 }] }),
    ).toEqual([
      { property: "seats", reason: "must not be negative" },
      { property: "departments[1].title", reason: "expected string, received number" },
    ]);
  });
});

test("a property path is written as Pulumi writes it", () => {
  expect(propertyPath(["a", 0, "b", "c d", "1e"])).toBe('a[0].b["c d"]["1e"]');
});

test("the nearest names come first, and what looks like nothing has none", () => {
  expect(closestMatches("eliteSeat", ["essentialSeats", "eliteSeats", "dialerSeats"], 2)[0]).toBe(
    "eliteSeats",
  );
  expect(closestMatches("ELITESEATS", ["eliteSeats"])).toEqual(["eliteSeats"]);
  expect(closestMatches("password", ["eliteSeats", "ccId"])).toEqual([]);
});

/** Every place in a value, the inner ones too. */
function pathsIn(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (typeof value !== "object" || value === null) return path.length ? [path] : [];
  const entries: [PropertyKey, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  return [
    ...(path.length ? [path] : []),
    ...entries.flatMap(([key, item]) => pathsIn(item, [...path, key])),
  ];
}

function put(target: unknown, [key, ...rest]: PropertyKey[], value: unknown): void {
  // Something further out may have been taken away already.
  if (typeof target !== "object" || target === null) return;
  const record = target as Record<PropertyKey, unknown>;
  if (rest.length === 0) record[key!] = value;
  else put(record[key!], rest, value);
}
