import { describe, expect, test } from "vitest";
import { Claims } from "../../provider/dynamic/claims.ts";

describe("a thing that is deleted", () => {
  test("stays when the resource was renamed, and the new one took it over before", () => {
    const claims = new Claims();
    expect(claims.create("1001", "new")).toBe(true);
    expect(claims.release("1001", "old")).toBe(true);
  });

  test("stays when the run that renamed it was cut off, and only the next one deletes the old resource", () => {
    const claims = new Claims();
    claims.hold("1001", "new");
    expect(claims.release("1001", "old")).toBe(true);
  });

  test("goes when its own resource is deleted or replaced, also after a refresh saw it", () => {
    const claims = new Claims();
    claims.hold("1001", "own");
    expect(claims.release("1001", "own")).toBe(false);
    expect(claims.release("1002", undefined)).toBe(false);
  });

  test("goes with the last of two resources that hold it", () => {
    const claims = new Claims();
    claims.hold("1001", "a");
    claims.hold("1001", undefined);
    expect([claims.release("1001", "a"), claims.release("1001", undefined)]).toEqual([true, false]);
  });

  test("is declared twice when two resources are created with it in one run", () => {
    const claims = new Claims();
    expect([claims.create("1001", "a"), claims.create("1001", "b"), claims.create("1002", "c")]).toEqual([true, false, true]);
  });

  test("is not declared twice when the first create came to nothing, or was deleted again", () => {
    const claims = new Claims();
    claims.create("1001", "a");
    expect(claims.release("1001", "a")).toBe(false);
    expect(claims.create("1001", "b")).toBe(true);
    claims.release("1001", "old");
    expect(claims.create("1001", "c")).toBe(false);
  });

  test("is known to be wanted when the create of a renamed resource failed, is held by nobody, and another create may try", () => {
    const claims = new Claims();
    claims.create("1001", "new");
    claims.giveUp("1001", "new");
    expect([claims.release("1001", "old"), claims.isWanted("1001"), claims.isWanted("1002")]).toEqual([false, true, false]);
    expect(claims.create("1001", "again")).toBe(true);
    expect(claims.release("1001", "old")).toBe(true);
  });
});
