import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readStack } from "../../policy/read-stack.ts";
import { showStack } from "./served-pack.ts";

const own = process.cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-policy-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: ucaas\nruntime: nodejs\n");
  const script = `#!/bin/sh
echo "$*" >> calls
[ "$1" = config ] && echo '{}' || echo '{"deployment":{}}'
`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
  vi.stubEnv("PATH", [folder, process.env.PATH].join(delimiter));
  vi.stubEnv("PWD", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.chdir(own);
  rmSync(folder, { recursive: true });
});

/** What the CLI was asked for. */
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n").sort();
const readsOf = (stack: string) => [
  expect.stringMatching(`^config .* --stack ${stack} `),
  expect.stringMatching(`^stack export --stack ${stack} `),
];

test.each([
  ["of Pulumi Cloud", "acme", "acme/ucaas/prod"],
  ["of a file backend", "organization", "prod"],
  ["of an engine without organizations", undefined, "prod"],
])("the policy pack reads the stack %s that is deployed", async (_, organization, expected) => {
  vi.stubEnv("PULUMI_ORGANIZATION", organization);
  await readStack("urn:pulumi:prod::ucaas::pulumi:pulumi:Stack::ucaas-prod");
  expect(calls()).toEqual(readsOf(expected));
});

test.each([
  ["acme", "acme/ucaas/prod"],
  ["organization", "prod"],
])("the policy pack takes an organization from the engine's call: %s", async (told, expected) => {
  const { PULUMI_ORGANIZATION: _, ...env } = process.env;
  await showStack({ project: "ucaas", stack: "prod", organization: told }, env);
  expect(calls()).toEqual(readsOf(expected));
});
