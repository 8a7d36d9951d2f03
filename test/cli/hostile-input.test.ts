import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ucaas } from "./ucaas.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-hostile-"));
  for (const name of ["project", "broken", "list", "empty", "bin"]) mkdirSync(join(folder, name));
  mkdirSync(join(folder, "odd", "Pulumi.yaml"), { recursive: true });
  writeFileSync(join(folder, "project", "Pulumi.yaml"), "name: p\nruntime: nodejs\n");
  writeFileSync(join(folder, "project", "Pulumi.x.yaml"), "config: {}\n");
  writeFileSync(join(folder, "broken", "Pulumi.yaml"), "name: p\nruntime: [nodejs\n");
  writeFileSync(join(folder, "list", "Pulumi.yaml"), "- name\n");
  writeFileSync(join(folder, "project", "utf-16"), Buffer.from([0xff, 0xfe, 0, 0x1b]));
  writeFileSync(join(folder, "project", "latin-1"), Buffer.from([0x4d, 0xfc, 0x6c]));
  // A config without a key.
  writeFileSync(join(folder, "bin", "pulumi"), "#!/bin/sh\necho '{}'\n", { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const github = { GITHUB_ACTIONS: "true", GITHUB_REPOSITORY: "o/r", GITHUB_TOKEN: "x" };

test.each<[string, string[], string, NodeJS.ProcessEnv?]>([
  ["broken", ["ci", "stacks"], "Pulumi.yaml:3:1 is not valid YAML"],
  ["list", ["ci", "stacks"], "[PROJECT_INVALID]"],
  ["odd", ["ci", "stacks"], "cannot be read (EISDIR) [PROJECT_INVALID]"],
  ["project", ["ci", "stacks", "--changed-since", "HEAD"], "[GIT_FAILED]"],
  ["project", ["drift", "--stack", "x", "--out", "/proc/x/y"], "[FILE_NOT_WRITTEN]"],
  ["project", ["drift"], "[PULUMI_MISSING]", { PATH: "/nowhere" }],
  ["project", ["adopt", "xima", "--stack", "x", "--tenants", "utf-16"], "is UTF-16, not UTF-8"],
  ["project", ["adopt", "xima", "--stack", "x", "--tenants", "latin-1"], "is not UTF-8"],
  ["project", ["ci", "comment", "--stacks", "x"], "JSON array of names"],
  [
    "project",
    ["ci", "comment", "--stacks", '["a"]'],
    "GITHUB_EVENT_PATH",
    { ...github, GITHUB_EVENT_PATH: "/nowhere" },
  ],
  [
    "project",
    ["ci", "comment", "--stacks", '["a"]', "--pull-request", "7"],
    '"garbage" is not an https URL [INVALID_URL]',
    { ...github, GITHUB_API_URL: "garbage" },
  ],
  [
    "project",
    ["ci", "issue", "--stacks", '["a"]'],
    "[NO_FORGE]",
    { GITHUB_ACTIONS: "", GITLAB_CI: "" },
  ],
  ["empty", ["preview", "--stack", "x"], "[NO_PROJECT]"],
])("in %s, %j is answered with one error in words", async (cwd, args, reason, env = {}) => {
  const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
  const run = await ucaas(args, {
    cwd: join(folder, cwd),
    env: { ...process.env, PATH, GIT_CEILING_DIRECTORIES: tmpdir(), ...env },
  });
  expect(run.exitCode, run.stderr).toBe(1);
  expect(run.stderr).toContain(reason);
  expect(run.stderr).not.toMatch(/^\s+at |node:internal|UNEXPECTED|\[object/m);
});
