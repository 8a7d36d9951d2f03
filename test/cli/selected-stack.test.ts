import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ucaas } from "./ucaas.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-selected-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: ucaas\nruntime: nodejs\n");
});

/**
 * Runs our command without `--stack`. Its Pulumi CLI is a stand-in with a selected stack.
 *
 * @param selected its name with all parts, which the CLI prints only if it is asked to
 * @returns the stacks that the command names to the CLI
 */
async function stacksNamedBy(command: string, selected: string): Promise<string[]> {
  const script = `#!/bin/sh
echo "$*" >> calls
case "$*" in
  *--show-name*--fully-qualify-stack-names*) echo '${selected}' ;;
  *--show-name*) echo prod ;;
  config*) echo '{}' ;;
  "stack export"*) echo '{"deployment":{}}' ;;
  preview*) echo '{"steps":[]}' ;;
  *) echo 3.259.0 ;;
esac
`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
  await ucaas(command.split(" "), {
    cwd: folder,
    env: {
      ...process.env,
      PATH: `${folder}:${process.env.PATH}`,
      UCAAS_JOURNAL_DIR: join(folder, "journal"),
    },
  });
  const calls = readFileSync(join(folder, "calls"), "utf8");
  return [...new Set([...calls.matchAll(/ --stack (\S+)/g)].map(([, name = ""]) => name))];
}

test.each(["drift", "status", "cost", "preview", "doctor", "adopt enablex"])(
  "%s keeps to the organization of the stack that is selected",
  async (command) => {
    expect(await stacksNamedBy(command, "acme/ucaas/prod")).toEqual(["acme/prod"]);
  },
);

test.each([
  ["of a file backend", "organization/ucaas/prod", "prod"],
  ["of a file backend's earlier layout", "prod", "prod"],
  ["of another project", "acme/other/prod", "acme/other/prod"],
  ["of another project in a file backend", "organization/other/prod", "organization/other/prod"],
])("a selected stack %s is named as the CLI takes it here", async (_, selected, expected) => {
  expect(await stacksNamedBy("status", selected)).toEqual([expected]);
});
