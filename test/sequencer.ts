import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first. A fresh checkout knows no durations, and
 * a long file that starts last keeps the whole run waiting. The order changes no result, so
 * the list need not be exact.
 */
export const longest = [
  "test/tools/house.test.ts",
  "test/receiver/durability.test.ts",
  "test/netsapiens/portal-driver.test.ts",
  "test/xima/license.test.ts",

  "test/engine/chaos.test.ts",
  "test/engine/adopt.test.ts",
  "test/engine/drift.test.ts",
  "test/engine/xelion-interruptions.test.ts",
  "test/package/tutorial.test.ts",
  "test/engine/xima-license.test.ts",
];

const rank = ({ moduleId }: TestSpecification) => {
  const at = longest.findIndex((file) => moduleId.endsWith(`/${file}`));
  return at < 0 ? longest.length : at;
};
const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;

/** Starts the longest files of each group first, and the others in Vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
