import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { OutputFile } from "../../cli/output-file.ts";
import { ucaas } from "./ucaas.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-output-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

describe("a file that cannot be written", () => {
  test.each([
    "drift --stack prod --out",
    "drift --stack prod --metrics",
    "drift --stack prod --report-dir",
    "status --stack prod --html",
    "ci preview --stack prod --plan",
    "fleet up --record",
  ])("is an error that names the option: %s", async (command) => {
    const args = command.split(" ");
    writeFileSync(join(folder, "Pulumi.yaml"), "name: ucaas\nruntime: nodejs\n");
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "");
    writeFileSync(join(folder, "blocked"), "");
    const run = await ucaas([...args, "blocked/x.json"], { cwd: folder });
    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr).toContain("[FILE_NOT_WRITTEN]");
    expect(run.stderr).toContain(`with ${args.at(-1)}`);
  });

  test("leaves no draft beside it", () => {
    const path = join(folder, "metrics.prom");
    const file = OutputFile.prepare(path, "--metrics");
    mkdirSync(path);
    expect(() => file.replace("text")).toThrow("[FILE_NOT_WRITTEN]");
    expect(readdirSync(folder)).toEqual(["metrics.prom"]);
  });
});

test("doctor writes its report where the command was started, below the project too", async () => {
  writeFileSync(join(folder, "Pulumi.yaml"), "name: ucaas\nruntime: nodejs\n");
  mkdirSync(join(folder, "stacks"));
  const env = { ...process.env, UCAAS_JOURNAL_DIR: join(folder, "journal") };
  await ucaas(["doctor", "--out", "reports/doctor.json"], { cwd: join(folder, "stacks"), env });
  const report = readFileSync(join(folder, "stacks", "reports", "doctor.json"), "utf8");
  expect(JSON.parse(report)).toMatchObject({ version: 1, kind: "doctor" });
});
