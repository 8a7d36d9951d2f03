import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ucaas } from "./ucaas.ts";

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

test("a check that the Pulumi CLI refuses is unknown, with a remedy", async () => {
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
  const { exitCode, stdout, stderr } = await ucaas(["drift", "--stack", "prod", "--json"], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  expect(exitCode, stderr).toBe(1);
  expect(JSON.parse(stdout).stacks[0]).toMatchObject({
    status: "unknown",
    unknown: [
      {
        reason: expect.stringMatching(
          /^passphrase must be set .*\. What to do: set PULUMI_CONFIG_PASSPHRASE/,
        ),
      },
    ],
  });
});
