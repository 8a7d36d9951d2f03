import { expect, test } from "vitest";
import { pauseBefore, waitFor } from "../../provider/enablex/wait-for.ts";

test("looks are spaced wider and wider, up to three seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 20].map(pauseBefore)).toEqual([
    100, 200, 400, 800, 1600, 3000, 3000, 3000,
  ]);
});

test("an existing object is seen at once, without a second read", async () => {
  let looks = 0;
  expect(await waitFor(60, async () => `look ${++looks}`)).toBe("look 1");
  expect(looks).toBe(1);
});

test("a missing object is looked for more than once, until the time is up", async () => {
  let looks = 0;
  expect(await waitFor(0.25, async () => void looks++)).toBeUndefined();
  expect(looks).toBeGreaterThan(1);
});

test("with no time there is one look", async () => {
  let looks = 0;
  await waitFor(0, async () => void looks++);
  expect(looks).toBe(1);
});

test("a run that is to end waits no longer", async () => {
  const run = new AbortController();
  let looks = 0;
  const waiting = waitFor(
    3_600,
    async () => {
      if (++looks === 2) run.abort();
      return undefined;
    },
    run.signal,
  );
  expect(await waiting).toBeUndefined();
  expect(looks).toBe(2);
});
