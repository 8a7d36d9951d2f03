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
 * @typedef {{ version: string, license?: string, resolved?: string, link?: boolean,
 * dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }}
 * LockedPackage
 */

/**
 * @returns {{ name: string, version: string, licence: string }[]} what the packages of this
 * repository depend on, without their peers and without the packages of development
 */
export function licences(file = join(root, "package-lock.json")) {
  /** @type {Record<string, LockedPackage>} */
  const packages = JSON.parse(readFileSync(file, "utf8")).packages;
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} path */
  const visit = (path) => {
    const entry = packages[path];
    if (!entry || found.has(path)) return;
    found.add(path);
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }))
      visit(placeOf(name, path, packages));
  };
  for (const path of Object.keys(packages)) if (!path.includes("node_modules/")) visit(path);
  return [...found].flatMap((path) => {
    const { version, license, link } = /** @type {LockedPackage} */ (packages[path]);
    if (!path.includes("node_modules/") || link) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return [{ name, version, licence: license ?? "none stated" }];
  });
}

/**
 * Where a package finds another one: in the nearest node_modules, as Node looks for it.
 * @param {string} name
 * @param {string} from
 * @param {Record<string, LockedPackage>} packages
 */
function placeOf(name, from, packages) {
  for (let folder = from; folder; folder = folder.replace(/(^|\/)[^/]*$/, "")) {
    const place = `${folder}/node_modules/${name}`;
    if (packages[place]) return place;
  }
  return `node_modules/${name}`;
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
