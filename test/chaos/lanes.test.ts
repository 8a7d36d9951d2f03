import { expect, test } from "vitest";
import { inLanes } from "../../trials/chaos/lanes.ts";

/** Lanes whose stories end when the test ends them. */
function lanes() {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  let closed = 0;
  const open = async () => ({
    run: (story: number) => {
      begun.push(story);
      return new Promise<void>((resolve) => ends.set(story, resolve));
    },
    close: async () => {
      closed++;
    },
  });
  const end = async (...stories: number[]) => {
    for (const story of stories) ends.get(story)!();
    await new Promise(setImmediate);
  };
  return { begun, end, open, closed: () => closed };
}

test("each story of a trial runs once, as many at once as there are lanes", async () => {
  const { begun, end, open, closed } = lanes();
  const done = inLanes([1, 2, 3], { lanes: 2, mayBegin: () => true }, open);
  await end();
  expect(begun).toEqual([1, 2]);
  await end(2);
  expect(begun).toEqual([1, 2, 3]);
  await end(1, 3);
  await done;
  expect([begun, closed()]).toEqual([[1, 2, 3], 2]);
});

test("a trial that is interrupted ends its stories, and begins no other", async () => {
  const { begun, end, open, closed } = lanes();
  let isInterrupted = false;
  const done = inLanes([1, 2, 3], { lanes: 2, mayBegin: () => !isInterrupted }, open);
  await end();
  isInterrupted = true;
  await end(1);
  expect(closed()).toBe(1);
  await end(2);
  await done;
  expect([begun, closed()]).toEqual([[1, 2], 2]);
});
