import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Outcome, ucaas } from "./ucaas.ts";

const state = {
  deployment: {
    resources: [
      {
        urn: "urn:pulumi:prod::ucaas::pulumi-nodejs:dynamic/ucaas:XimaLicense::acme",
        type: "pulumi-nodejs:dynamic/ucaas:XimaLicense",
        custom: true,
        id: "voicehouse/acme",
      },
    ],
  },
};

/** Runs `ucaas` with a Pulumi CLI that can read the state, and has no passphrase. */
async function withoutPassphrase(...args: string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-drift-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: ucaas\nruntime: nodejs\n");
  writeFileSync(join(folder, "state.json"), JSON.stringify(state));
  const script = `#!/bin/sh
[ "$1" = stack ] && exec cat state.json
echo "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE" >&2
exit 255
`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
  return await ucaas([...args, "--stack", "prod", "--json"], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
}

const withRemedy = expect.stringMatching(
  /^passphrase must be set .*\. What to do: set PULUMI_CONFIG_PASSPHRASE/,
);

test("a check that the Pulumi CLI refuses is unknown, with a remedy", async () => {
  const { exitCode, stdout, stderr } = await withoutPassphrase("drift");
  expect(exitCode, stderr).toBe(1);
  expect(JSON.parse(stdout).stacks[0]).toMatchObject({
    status: "unknown",
    unknown: [{ reason: withRemedy }],
  });
});

test("a preview that the Pulumi CLI refuses has failed, with a remedy", async () => {
  const { exitCode, stdout, stderr } = await withoutPassphrase("ci", "preview");
  expect(exitCode, stderr).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: "failed", summary: { errors: [withRemedy] } });
});
