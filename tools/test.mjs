// `npm test`: runs every test, or those whose file names contain an argument, and ends with one line of counts from the runner's own report.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count } from "./count.mjs";
import { root } from "./engine/place.mjs";

const folder = mkdtempSync(join(tmpdir(), "ucaas-test-report-"));
const file = join(folder, "report.json");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const args = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...process.argv.slice(2)];
const runner = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => void runner.kill(signal));
const exitCode = await new Promise((resolve) => runner.on("exit", resolve));

let report;
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch {
  console.error("The test runner left no report.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const { line, success } = count(report, exitCode);
if (exitCode === 0 && !success) console.error("No test ran.");
console.log(line);
process.exitCode = success ? 0 : 1;
