import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pulumi } from "../../cli/pulumi/run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-run-"));
  writeFileSync(join(folder, "pulumi"), '#!/bin/sh\necho "$NODE_COMPILE_CACHE"\n', { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  vi.stubEnv("PULUMI_HOME", "/pulumi-home");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("the engine's Node processes share compiled code, in the package's own folder", async () => {
  vi.stubEnv("NODE_COMPILE_CACHE", undefined);
  expect((await pulumi(["version"])).stdout).toBe("/pulumi-home/ucaas/compiled");
});

test("variables that change what is printed do not reach a command whose output is read", async () => {
  const script = "#!/bin/sh\nenv | grep -E '^PULUMI_(OPTION|ENABLE)_' | sort\n";
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
  const changing = ["CWD", "FILE", "JSON", "OUTPUT", "SHOW_SECRETS", "SHOW_REPLACEMENT_STEPS"];
  for (const flag of changing) vi.stubEnv(`PULUMI_OPTION_${flag}`, "true");
  vi.stubEnv("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "true");
  vi.stubEnv("PULUMI_OPTION_POLICY_PACK", "policy");
  expect((await pulumi(["preview"])).stdout).toBe("PULUMI_OPTION_POLICY_PACK=policy");
});

test("a folder for compiled code that the user chose stays chosen", async () => {
  vi.stubEnv("NODE_COMPILE_CACHE", "/elsewhere");
  expect((await pulumi(["version"])).stdout).toBe("/elsewhere");
});
