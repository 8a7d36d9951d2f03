import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ucaas } from "./ucaas.ts";

/** Folders of the project, from which any command may be run. */
export const projectFolders = ["", "program", "program/inner"];

/**
 * A project whose program is in a folder of its own, where the engine starts the provider.
 * Its Pulumi CLI is a stand-in that prints the variable CONFIG and an empty state.
 */
export function makeProgramProject(folder: string): void {
  mkdirSync(join(folder, "program", "inner"), { recursive: true });
  writeFileSync(join(folder, "program", "index.ts"), "");
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: shop\nruntime: nodejs\nmain: program/index.ts\n",
  );
  const script = `#!/bin/sh
case "$1" in
  config) printf '%s' "$CONFIG" ;;
  stack) printf '{"deployment":{}}' ;;
  *) echo 3.259.0 ;;
esac
`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
}

/** Runs our command in a folder of the project, with its stand-in. */
export function runInProject(
  folder: string,
  inner: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
) {
  return ucaas(args, {
    cwd: join(folder, inner),
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, CONFIG: "{}", ...env },
  });
}
