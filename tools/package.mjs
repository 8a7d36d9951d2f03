// Makes the packages of this repository in `dist/`: JavaScript with types, since Node does
// not strip types below node_modules. A workspace becomes a folder there that is ready to
// pack. The repository's root is the package pulumi-ucaas: its package.json leads to
// `dist/provider` for as long as it is packed (clean-package, in prepack and postpack).
//
// `npm run package -- FOLDER` also packs all of them into the folder.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { root } from "./engine/paths.mjs";

/**
 * @typedef {{ name: string, version: string, exports?: Record<string, string>, bin?:
 * Record<string, string>, dependencies?: Record<string, string>, [key: string]: unknown }}
 * Manifest
 */

const dist = join(root, "dist");
/** Files that a package holds beside its program. */
const assets =
  /^(README\.md|.*\.schema\.json|schema\.json|Containerfile|PulumiPolicy\.yaml|.*\.cjs)$/;

/** @param {string} source */
const compiled = (source) => source.replace(/\.ts$/, ".js");
/** @param {string} source */
const typed = (source) => source.replace(/\.ts$/, ".d.ts");

/**
 * The manifest of a workspace as it is published: paths lead to JavaScript, and the
 * packages of this repository are asked for by version. `main` and `types` serve resolvers
 * that do not read `exports`.
 * @param {Manifest} manifest
 */
export function publishedManifest({ exports: sources = {}, bin = {}, dependencies = {}, ...rest }) {
  const exports = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [
      name,
      source.endsWith(".ts") ? { types: typed(source), default: compiled(source) } : source,
    ]),
  );
  const entry = sources["."];
  return {
    ...rest,
    ...(entry && { main: compiled(entry), types: typed(entry) }),
    exports,
    ...(Object.keys(bin).length > 0 && {
      bin: Object.fromEntries(Object.entries(bin).map(([name, file]) => [name, compiled(file)])),
    }),
    dependencies: Object.fromEntries(
      Object.entries(dependencies).map(([name, range]) => [
        name,
        range.startsWith("file:") ? `^${rest.version}` : range,
      ]),
    ),
  };
}

/** @param {string} file */
const manifestIn = (file) => /** @type {Manifest} */ (JSON.parse(readFileSync(file, "utf8")));

/** @param {string} folder a workspace */
function makeWorkspace(folder) {
  const target = join(dist, folder);
  cpSync(join(root, folder), target, {
    recursive: true,
    filter: (path) => path === join(root, folder) || assets.test(basename(path)),
  });
  const templates = join(root, folder, "templates");
  if (existsSync(templates)) copyTemplates(templates, join(target, "templates"));
  for (const name of ["LICENSE", "CHANGELOG.md"])
    copyFileSync(join(root, name), join(target, name));
  const manifest = publishedManifest(manifestIn(join(root, folder, "package.json")));
  writeFileSync(join(target, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * npm packs no file `.gitignore`, and leaves out what such a file names.
 * @param {string} source
 * @param {string} target
 */
function copyTemplates(source, target) {
  cpSync(source, target, { recursive: true });
  for (const path of globSync("*/.gitignore", { cwd: target }))
    renameSync(join(target, path), join(target, path.replace(".gitignore", "gitignore")));
}

/**
 * `npm pack` fails after `prepack` when its folder is missing, and then runs no `postpack`:
 * package.json would stay as it is published.
 */
function makePackDestination() {
  const folder = process.env.npm_config_pack_destination;
  if (folder) mkdirSync(resolve(root, folder), { recursive: true });
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

const workspaces = /** @type {string[]} */ (
  /** @type {any} */ (manifestIn(join(root, "package.json"))).workspaces
);
const destination = process.argv[2];
if (!destination) {
  makePackDestination();
  rmSync(dist, { recursive: true, force: true });
  run(
    process.execPath,
    join(root, "node_modules", "typescript", "bin", "tsc"),
    ...["-p", "tsconfig.build.json"],
  );
  for (const folder of workspaces) makeWorkspace(folder);
} else {
  const packAt = ["pack", "--silent", "--pack-destination", resolve(destination)];
  // Its script prepack runs this file without a folder, and makes the destination.
  run("npm", ...packAt);
  for (const folder of workspaces) run("npm", ...packAt, `./dist/${folder}`);
}
