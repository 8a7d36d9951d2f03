import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

test("a wait fails at once, with what its call ended with, when the call ends before", async () => {
  const refused = Promise.reject(new Error("the port is taken"));
  await expect(eventually(() => expect("").toContain("order 1"), refused)).rejects.toThrow(
    /to contain 'order 1'[\s\S]*The call had ended by then: Error: the port is taken/,
  );
});

test("a wait for what its call brought about at its very end is no failure", async () => {
  let orders = 0;
  const call = Promise.resolve().then(() => (orders = 1));
  await eventually(() => expect(orders).toBe(1), call);
});
