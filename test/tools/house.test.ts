import { expect, test } from "vitest";
import { checks, run } from "../../tools/check.mjs";

test.each(checks)("$sentence", async (check) => {
  const { passed, output } = await run(check);
  expect(passed, output).toBe(true);
});
