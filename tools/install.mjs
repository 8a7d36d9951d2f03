// Makes node_modules fit package-lock.json. Runs before any package is there, so it uses
// Node alone.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { node, root } from "./engine/paths.mjs";
import { SetupError, terminal, watched } from "./progress.mjs";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?:
 * boolean, link?: boolean }} LockedPackage
 */

/** Installs what is missing or out of date; does nothing, within milliseconds, when all fits. */
export async function installPackages({ say = terminal() } = {}) {
  if (isInstalled()) return;
  const release = await onlyInstallation(say);
  try {
    if (isInstalled()) return;
    await npm(["ci", "--no-audit", "--no-fund", "--loglevel=http"], "Installing the packages", say);
    if (!existsSync(node)) {
      throw new SetupError(
        "npm did not run the install script of the package `node`, which brings the Node 24 that this project runs on. " +
          'npm\'s setting "ignore-scripts" may be on: run "npm rebuild node --ignore-scripts=false", then try again.',
      );
    }
  } finally {
    release();
  }
}

/**
 * npm writes what it has installed into node_modules/.package-lock.json, as the last
 * thing it does.
 */
function isInstalled() {
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  return (
    installed !== undefined &&
    existsSync(node) &&
    fits(readPackages(join(root, "package-lock.json")) ?? {}, installed)
  );
}

/**
 * Whether each package that was locked is installed as it was locked. A package for
 * another platform need not be there, and one more does no harm.
 * @param {Record<string, LockedPackage>} locked
 * @param {Record<string, LockedPackage>} installed
 */
export function fits(locked, installed) {
  return Object.entries(locked).every(([path, wanted]) => {
    if (!path.includes("node_modules/")) return true; // the project itself and its workspaces
    const found = installed[path];
    if (!found) return Boolean(wanted.optional || wanted.devOptional);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined; // missing, or cut off in the middle
  }
}

/**
 * @param {string[]} args
 * @param {string} what
 * @param {import("./progress.mjs").Say} say
 */
async function npm(args, what, say) {
  // The Node of node_modules would be removed under npm's feet, so npm runs on the machine's own.
  const inModules = `${join(root, "node_modules")}${sep}`;
  const PATH = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !`${folder}${sep}`.startsWith(inModules))
    .join(delimiter);
  const cli = process.env.npm_execpath; // the npm that started us, if one did
  const [command, ...first] = cli?.endsWith("npm-cli.js")
    ? ["node", cli]
    : [process.platform === "win32" ? "npm.cmd" : "npm"];
  let fetched = 0;
  const ending = await watched(what, command ?? "npm", [...first, ...args], {
    cwd: root,
    env: { ...process.env, PATH },
    onLine: (line) =>
      /http (fetch|cache)/.test(line) ? `${++fetched} replies of the registry` : undefined,
    say,
  });
  if (ending.code === 0) return;
  // npm's own sentences, without the stack and the fields of its error objects.
  const errors = ending.output
    .split("\n")
    .filter(
      (line) =>
        /^npm (error|ERR!) [A-Za-z`]/.test(line) &&
        !/complete log|_logs|(error|ERR!) (syscall|errno) /.test(line),
    );
  const offline =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(
      ending.output,
    );
  const remedy = /ENOSPC/.test(ending.output)
    ? "There is too little space on the disk: node_modules needs about 1 GB."
    : offline
      ? 'npm cannot reach its registry: connect this machine, or name a mirror that it can reach ("npm config set registry …").'
      : `"npm ${args[0]}" failed.`;
  throw new SetupError(`${remedy}\n${errors.slice(0, 12).join("\n")}`);
}

/**
 * One installation at a time: a second `npm ci` would take away what the first has just put there. The package for locks is not here yet.
 * @param {import("./progress.mjs").Say} say
 * @returns {Promise<() => void>}
 */
async function onlyInstallation(say) {
  const lock = join(root, ".install.lock");
  const started = Date.now();
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
      if (!isFresh(lock))
        rmSync(lock, { recursive: true, force: true }); // its owner was killed
      else {
        say.progress("Waiting for another installation of the packages", Date.now() - started, "");
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
  const alive = setInterval(() => utimesSync(lock, new Date(), new Date()), 3000);
  return () => {
    clearInterval(alive);
    rmSync(lock, { recursive: true, force: true });
  };
}

/** @param {string} lock */
function isFresh(lock) {
  try {
    return Date.now() - statSync(lock).mtimeMs < 15_000;
  } catch {
    return false;
  }
}
