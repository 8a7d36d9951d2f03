import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stackFolder } from "../../stacks/project-file.ts";

test.each([
  ["stackConfigDir: stacks", "stacks"],
  ["config: stacks", "stacks"],
  ["config: {acme:size: 1}", ""],
  ["config: {acme:size: 1}\nstackConfigDir: stacks", "stacks"],
  ["config: ''", ""],
  ["stackConfigDir:", ""],
  ["stackConfigDir: /stacks", "stacks"],
  ["stackConfigDir: ../stacks/", "../stacks"],
  ["", ""],
])("the program reads the stack files where the engine does: %j", (lines, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yaml"), `name: voice\nruntime: nodejs\n${lines}\n`);
  expect(stackFolder(folder)).toBe(join(folder, expected));
});
