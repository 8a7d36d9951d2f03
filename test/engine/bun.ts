import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { node, root } from "../../tools/engine/paths.mjs";
import type { Workspace } from "./workspace.ts";

const version = "1.4.5";

/** The executable of Bun, from the npm registry. It has 100 MB, so it is no dependency. */
async function bun(): Promise<string> {
  const folder = join(root, "node_modules", ".cache", `bun-${version}`);
  const executable = join(folder, "node_modules", ".bin", "bun");
  if (!existsSync(executable)) {
    const args = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder];
    await promisify(execFile)("npm", [...args, `bun@${version}`], { cwd: root });
  }
  return executable;
}

/**
 * Lets `runtime: bun` of a project run its program with Bun. Pulumi's language host for Bun
 * comes with Pulumi's download alone, so the repository's host for Node stands for it. The
 * provider process runs on Node, as with Pulumi's own host.
 */
export async function runProgramsWithBun({ folder, env }: Workspace): Promise<void> {
  const modules = join(folder, "node_modules", ".bin");
  rmSync(modules, { force: true });
  mkdirSync(modules);
  script(
    join(modules, "node"),
    `case "$1" in */cmd/run*) exec '${await bun()}' "$@" ;; *) exec '${node}' "$@" ;; esac`,
  );
  const hosts = join(folder, "hosts");
  mkdirSync(hosts);
  const host = join(root, "tools", "engine", "language-host.cjs");
  script(join(hosts, "pulumi-language-bun"), `exec '${node}' '${host}' "$@"`);
  env.PATH = [hosts, env.PATH].join(delimiter);
}

function script(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}
