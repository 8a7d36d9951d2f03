import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TestSpecification, Vitest } from "vitest/node";
import { root } from "../../tools/engine/paths.mjs";
import { LongestFirst, longest } from "../sequencer.ts";

test("each file that is to start first exists", () => {
  expect(longest.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("of each group, the longest files start first, whatever their size", async () => {
  const [quick, engine] = [0, 1].map((groupOrder) => ({
    name: `group ${groupOrder}`,
    config: { isolate: true, sequence: { groupOrder } },
  }));
  const files = [
    { project: engine, file: "test/engine/netsapiens.test.ts" },
    { project: engine, file: "test/engine/chaos.test.ts" },
    { project: quick, file: "test/sandbox/xima.test.ts" },
    { project: quick, file: "test/tools/house.test.ts" },
  ].map(({ project, file }) => ({ project, moduleId: join(root, file) }));
  const nothingKnown = { cache: { getTestSpecificationResult: () => undefined } };
  const sequencer = new LongestFirst(nothingKnown as unknown as Vitest);
  const sorted = await sequencer.sort(files as unknown as TestSpecification[]);
  expect(sorted.map(({ moduleId }) => moduleId)).toEqual(
    [...files].reverse().map(({ moduleId }) => moduleId),
  );
});
