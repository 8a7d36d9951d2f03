// `npm test`: runs every test, or those whose file names contain an argument, and ends
// with one line of counts from the runner's own report.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./engine/paths.mjs";
import { runOnProjectNode } from "./run-on-project-node.mjs";
import { count } from "./test-count.mjs";

const folder = mkdtempSync(join(tmpdir(), "ucaas-test-report-"));
const file = join(folder, "report.json");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const { code } = await runOnProjectNode([
  vitest,
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]);

let report;
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch {
  console.error("The test runner left no report.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const { line, success } = count(report, code);
if (code === 0 && !success) console.error("No test ran.");
console.log(line);
process.exitCode = success ? 0 : 1;
