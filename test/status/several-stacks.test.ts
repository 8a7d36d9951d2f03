import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Journal } from "../../provider/runtime/journal.ts";
import { type Outcome, ucaas } from "../cli/ucaas.ts";
import { resources } from "./estate.ts";

const run = (...args: string[]) => runWith({}, ...args);

/** Runs it in a project of three stacks; the backend has no stack `sandbox`. */
async function runWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-several-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: voice\nruntime: nodejs\n");
  const config = { north: {}, south: { "ucaas:prices": { value: '{"currency":"EUR"}' } } };
  for (const [stack, values] of Object.entries({ ...config, sandbox: undefined })) {
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
    if (!values) continue;
    writeFileSync(join(folder, `config-${stack}`), JSON.stringify(values));
    writeFileSync(join(folder, `stack-${stack}`), JSON.stringify({ deployment: { resources } }));
  }
  const script = `#!/bin/sh
if [ "$1" = config ] && [ "$NO_PASSPHRASE" ]; then
  echo "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE" >&2
  exit 255
fi
for word; do [ "$previous" != --stack ] || stack=$word; previous=$word; done
cat "$1-$stack" 2>/dev/null && exit
echo "error: no stack named '$stack' found" >&2
exit 255
`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
  const PATH = `${folder}:/usr/bin:/bin`;
  return await ucaas(args, { cwd: folder, env: { ...process.env, PATH, ...env } });
}

test("a stack that cannot be read hides no other, and the status says so", async () => {
  const { exitCode, stdout } = await run("status", "--all", "--json");
  expect(exitCode).toBe(1);
  const report = JSON.parse(stdout);
  expect(report.stacks).toEqual(["north", "south"]);
  expect(report.unreadStacks).toEqual([
    { stack: "sandbox", reason: "no stack named 'sandbox' found" },
  ]);
  expect(report.notes).toEqual([expect.stringMatching(/^south: ucaas:prices: .*PRICES_INVALID/)]);
  const text = (await run("status", "--all")).stdout;
  expect(text).toMatch(/Needs attention:\n {2}sandbox: its state could not be read/);
});

test("status names what interrupted runs may have left, with its stack", async () => {
  const UCAAS_JOURNAL_DIR = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
  onTestFinished(() => rmSync(UCAAS_JOURNAL_DIR, { recursive: true }));
  const journal = new Journal({ get: () => undefined as never }, { UCAAS_JOURNAL_DIR });
  const project = resources[0]?.urn.split("::")[1];
  const key = { vendor: "xima", stack: `${project}/north@s3://state`, thing: "acme/left" };
  const write = { operation: "create", type: "XimaLicense", resource: "left" } as const;
  await journal.intend(key, {}, null, null, { write });
  const env = { UCAAS_JOURNAL_DIR, PULUMI_BACKEND_URL: "s3://state" };
  const { stdout } = await runWith(env, "status", "--all", "--except", "sandbox", "--json");
  expect(JSON.parse(stdout).notes).toContainEqual(
    expect.stringMatching(/^north: [\s\S]*acme\/left/),
  );
});

test("without the passphrase, status says that interrupted runs are not looked at", async () => {
  const env = { NO_PASSPHRASE: "1" };
  const { stdout } = await runWith(env, "status", "--stack", "north", "--json");
  expect(JSON.parse(stdout).notes).toEqual([
    expect.stringMatching(/^north: .*interrupted runs are not looked at.*config cannot be read/),
  ]);
});

test("--except leaves a stack out of status and cost", async () => {
  const status = await run("status", "--all", "--except", "sandbox");
  expect(status).toMatchObject({ exitCode: 0, stderr: "" });
  const cost = await run("cost", "--all", "--except", "sandbox", "south", "--json");
  expect(cost).toMatchObject({ exitCode: 0, stderr: "" });
  expect(
    new Set(JSON.parse(cost.stdout).lines.map((line: { stack: string }) => line.stack)),
  ).toEqual(new Set(["north"]));
});

test("a cost without one of the stacks is none: the error names the stack", async () => {
  const { exitCode, stdout, stderr } = await run("cost", "--stack", "north", "sandbox");
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^read the (state|config) of sandbox: no stack named .*\[NO_STACK\]/);
});

test.each(["status", "cost", "drift"])("%s --except without --all is refused", async (command) => {
  const { exitCode, stderr } = await run(command, "--except", "south");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("--except leaves out nothing without --all [INVALID_ARGUMENT]");
});

test.each(["status", "cost", "drift"])("%s --all without a stack is an error", async (command) => {
  const { exitCode, stderr } = await run(
    ...[command, "--all", "--except", "north", "south", "sandbox"],
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain("there is no stack file of another stack");
});
