import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { PreviewReport } from "../../cli/gitops/preview-report.ts";
import type { Limits } from "../../stacks/limits.ts";
import { type Outcome, ucaas } from "../cli/ucaas.ts";
import { recorded, reportOf } from "./recorded.ts";

/** `ucaas ci check` of the recorded preview, as `ucaas ci preview --out` wrote it. */
async function check(
  limits: Partial<Limits> | undefined,
  status = "ok",
  ...options: string[]
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const report = {
    version: 1,
    stack: "prod",
    status: status as PreviewReport["status"],
    text: "",
    summary: reportOf(recorded("changes"), { limits }),
  } satisfies PreviewReport;
  writeFileSync(join(folder, "preview.json"), JSON.stringify(report));
  return await ucaas(["ci", "check", "--preview", "preview.json", ...options], { cwd: folder });
}

test("ci check ends with 0 within the limits, and where the stack has none", async () => {
  expect(await check({ maxRemovals: 3 })).toMatchObject({
    exitCode: 0,
    stdout: "prod: the change keeps to ucaas:limits.\n",
  });
  expect(await check(undefined)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("no ucaas:limits"),
  });
});

test("ci check ends with 2 beyond a limit, and names limit, value, customers and remedy", async () => {
  const { exitCode, stdout } = await check({ maxRemovals: 2, protectedCustomers: ["acme"] });
  expect(exitCode).toBe(2);
  expect(stdout).toContain("beyond ucaas:limits.maxRemovals: 3 resources");
  expect(stdout).toContain("(clinic, bakery, acme)");
  expect(stdout).toContain("What to do: check the change; if it is meant, set ucaas:limits");
});

test("ci check knows the preview of a stack with an organization by its plain name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const summary = reportOf(recorded("changes"), { limits: { maxRemovals: 9 } });
  const report = { version: 1, stack: "acme/prod", status: "ok", text: "", summary };
  writeFileSync(join(folder, "preview.json"), JSON.stringify(report));
  const checked = (stack: string) =>
    ucaas(["ci", "check", "--preview", "preview.json", "--stack", stack], { cwd: folder });
  for (const stack of ["prod", "acme/prod"])
    expect(await checked(stack)).toMatchObject({ exitCode: 0 });
  for (const stack of ["bakery/prod", "dev"])
    expect((await checked(stack)).stderr).toContain("[NO_PREVIEW]");
});

test("ci check --json prints the limits that the change goes beyond, with the same status", async () => {
  const { exitCode, stdout } = await check({ maxRemovals: 2 }, "ok", "--json");
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    stack: "prod",
    limited: true,
    violations: [{ limit: "maxRemovals", kind: "exceeded" }],
  });
});

test("ci check of a report by another version asks for a new one, as no preview failed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const summary of [undefined, { changes: "as another version writes them" }]) {
    const report = { version: 1, stack: "prod", status: "ok", text: "", summary };
    writeFileSync(join(folder, "preview.json"), JSON.stringify(report));
    const run = await ucaas(["ci", "check", "--preview", "preview.json"], { cwd: folder });
    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr).toContain("[REPORT_UNREADABLE]");
    expect(run.stderr).toContain("run ucaas ci preview --out with this version");
    expect(run.stderr).not.toContain("failed");
  }
});

test("ci check exits with 1 without a result: no price, a failed preview, or no preview", async () => {
  expect((await check({ maxAddedCost: "1" })).exitCode).toBe(1);
  const failed = await check({ maxRemovals: 9 }, "failed");
  expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("PREVIEW_FAILED") });
  const missing = await ucaas(["ci", "check", "--preview", "none.json"], { cwd: tmpdir() });
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("NO_PREVIEW") });
});
