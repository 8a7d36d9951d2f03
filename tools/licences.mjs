// `npm run licences`: the licence of each package that is installed with this one, from
// the lock file. A test holds them against `allowed`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./engine/paths.mjs";

/** Licences that let the package be used and passed on beside software under any licence. */
export const allowed = [
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Python-2.0",
];

/**
 * @returns {{ name: string, version: string, licence: string }[]} what is installed
 * without the packages of development
 */
export function licences(file = join(root, "package-lock.json")) {
  /**
   * @type {Record<string, { version: string, license?: string, dev?: boolean,
   * devOptional?: boolean, link?: boolean }>}
   */
  const packages = JSON.parse(readFileSync(file, "utf8")).packages;
  return Object.entries(packages)
    .filter(
      ([path, entry]) =>
        path.startsWith("node_modules/") && !entry.dev && !entry.devOptional && !entry.link,
    )
    .map(([path, { version, license }]) => ({
      name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version,
      licence: license ?? "none stated",
    }));
}

if (import.meta.main) {
  const groups = Object.groupBy(licences(), ({ licence }) => licence);
  for (const [licence, packages = []] of Object.entries(groups).sort(([a], [b]) =>
    a.localeCompare(b),
  )) {
    console.log(`${licence} (${packages.length})`);
    for (const { name, version } of packages) console.log(`  ${name} ${version}`);
  }
}
