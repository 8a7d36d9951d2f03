// Where the engine lives on a machine. The `pulumi` command from npm and Pulumi's
// Automation API look at the same place.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/**
 * The Node 24 that npm installs with the packages: the program, the provider and all
 * tools of the project run on it.
 */
export const node = join(
  root,
  "node_modules",
  "node",
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);

/** The pinned engine: exactly the version of the npm package `pulumi` that package.json names. */
export const version = /** @type {string} */ (
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.pulumi
);

/**
 * The folder of the pinned engine; its commands are in `bin`. Nothing else outside the
 * repository is written to.
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export function engineFolder(env = process.env) {
  return join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "versions", version);
}
