/**
 * vitest's JSON report, as far as it is looked at.
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests  skipped
 * @property {number} numTodoTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults  one a file
 */

/**
 * What a run of the tests came to: the line to print, and whether it was a success.
 *
 * A file that could not even be loaded counts as one failure, and so does a run that
 * ended badly though no test failed (an error outside of all tests).
 * @param {Report | undefined} report  undefined when the runner left none
 * @param {number | null} exitCode  the runner's own
 */
export function count(report, exitCode) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const brokenFiles = report?.testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  let failed = (report?.numFailedTests ?? 0) + (brokenFiles?.length ?? 0);
  if (failed === 0 && exitCode !== 0) failed = 1;
  return {
    line: `${passed} passed, ${failed} failed, ${skipped} skipped`,
    success: failed === 0 && passed > 0,
  };
}
