import { describe, expect, test } from "vitest";
import { judgeRecords, type Record_ } from "../../trials/chaos/oracle.ts";
import type { Run } from "../../trials/chaos/project.ts";

const order: Record_ = {
  type: "XelionTenantProvision",
  key: "k1x1",
  id: "7",
  isAs: () => true,
  found: "order 7 COMPLETED",
  orderedAt: 2000,
};
const unknownRun = "xelion order k1x2: another machine may have ordered [JOURNAL_UNKNOWN_RUN]";

/** A run that declares nothing, of a machine that the story came to at that time. */
const runThat = (output: string, machineSince: number): Run => ({
  command: "pulumi up",
  exitCode: 0,
  output,
  declaration: [],
  machineSince,
  stuck: false,
});

describe("an order that nothing declares", () => {
  const verdicts = (...runs: Run[]) =>
    judgeRecords([], [order], runs).map(({ verdict }) => verdict);

  test("has to be named by a machine that the story was on when it was sent", () => {
    expect(verdicts(runThat(unknownRun, 1000))).toEqual(["left unreported"]);
    expect(verdicts(runThat(`${unknownRun}; the order of k1x1 is open`, 1000))).toEqual([]);
  });

  test("of an earlier machine is reported by the error that asks to look for it", () => {
    expect(verdicts(runThat("nothing to do", 3000))).toEqual(["left unreported"]);
    expect(verdicts(runThat(unknownRun, 3000))).toEqual([]);
  });
});
