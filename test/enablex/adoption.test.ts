import { describe, expect, test } from "vitest";
import { type Adoption, adoption, type Origin } from "../../provider/enablex/adoption.ts";
import { Claims } from "../../provider/enablex/claims.ts";
import type { Adopt } from "../../provider/enablex/schema.ts";

const difference = (property: string) => ({
  field: { property, wire: property, format: "text" as const, mayBeHidden: false },
  declared: "a",
  actual: "b",
});

describe("what exists when it is to be created", () => {
  test.each<[Adopt, Origin, string, Adoption]>([
    ["never", "foreign", "the same", "exists"],
    ["never", "foreign", "another", "exists"],
    ["never", "perhaps ours", "the same", "take"],
    ["never", "perhaps ours", "another", "exists"],
    ["never", "ours", "the same", "take"],
    ["never", "ours", "another", "overwrite"],
    ["if-same", "foreign", "the same", "take"],
    ["if-same", "foreign", "another", "differs"],
    ["if-same", "perhaps ours", "the same", "take"],
    ["if-same", "perhaps ours", "another", "differs"],
    ["if-same", "ours", "another", "overwrite"],
    ["always", "foreign", "the same", "take"],
    ["always", "foreign", "another", "overwrite"],
    ["always", "perhaps ours", "another", "overwrite"],
  ])("with adopt %s, %s and %s as declared: %s", (mode, origin, how, decision) => {
    expect(adoption(mode, origin, how === "the same" ? [] : [difference("contactName")], [])).toBe(decision);
  });

  test("is never overwritten in what the API cannot change", () => {
    expect(adoption("always", "ours", [difference("contactName"), difference("customerId")], ["customerId"])).toBe("differs");
  });
});

describe("a thing that is deleted", () => {
  test("stays when the resource was renamed, and the new one took it over before", () => {
    const claims = new Claims();
    expect(claims.create("1001", "new")).toBe(true);
    expect(claims.isHeldByAnother("1001", "old")).toBe(true);
  });

  test("stays when the run that renamed it was cut off, and only the next one deletes the old resource", () => {
    const claims = new Claims();
    claims.hold("1001", "new");
    expect(claims.isHeldByAnother("1001", "old")).toBe(true);
  });

  test("goes when its own resource is deleted or replaced, also after a refresh saw it", () => {
    const claims = new Claims();
    claims.hold("1001", "own");
    expect(claims.isHeldByAnother("1001", "own")).toBe(false);
    expect(claims.isHeldByAnother("1002", undefined)).toBe(false);
  });

  test("goes with the last of two resources that hold it", () => {
    const claims = new Claims();
    claims.hold("1001", "a");
    claims.hold("1001", undefined);
    expect([claims.isHeldByAnother("1001", "a"), claims.isHeldByAnother("1001", undefined)]).toEqual([true, false]);
  });

  test("is declared twice when two resources are created with it in one run", () => {
    const claims = new Claims();
    expect([claims.create("1001", "a"), claims.create("1001", "b"), claims.create("1002", "c")]).toEqual([true, false, true]);
  });
});
