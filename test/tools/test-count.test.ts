import { expect, test } from "vitest";
import { count } from "../../tools/test-count.mjs";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});
const report = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [file("passed", "passed", "passed", "passed")],
};

test("a run in which all tests passed is a success", () => {
  expect(count(report, 0)).toEqual({ line: "3 passed, 0 failed, 0 skipped", success: true });
});

test("one failed test makes the run fail", () => {
  const failed = {
    ...report,
    numFailedTests: 1,
    testResults: [file("failed", "passed", "failed")],
  };
  expect(count(failed, 1)).toEqual({ line: "3 passed, 1 failed, 0 skipped", success: false });
});

test("skipped and planned tests are counted as skipped", () => {
  expect(count({ ...report, numPendingTests: 2, numTodoTests: 1 }, 0).line).toBe(
    "3 passed, 0 failed, 3 skipped",
  );
});

test("a file that could not be loaded is a failure", () => {
  expect(count({ ...report, testResults: [...report.testResults, file("failed")] }, 1).line).toBe(
    "3 passed, 1 failed, 0 skipped",
  );
});

test("a run that ended badly is a failure though every test passed", () => {
  expect(count(report, 1)).toEqual({ line: "3 passed, 1 failed, 0 skipped", success: false });
});

test("a run without a test, and one without a report, are no success", () => {
  expect(count({ ...report, numPassedTests: 0, testResults: [] }, 0)).toEqual({
    line: "0 passed, 0 failed, 0 skipped",
    success: false,
  });
  expect(count(undefined, null)).toEqual({ line: "0 passed, 1 failed, 0 skipped", success: false });
});
