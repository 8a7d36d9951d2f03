// Gets the pinned engine onto a machine: what is there already, else Pulumi's own
// download, else a build from Go modules.
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SetupError, silent, terminal, watched } from "../progress.mjs";
import { buildEngine } from "./build.mjs";
import { engineFolder, node, root, version } from "./paths.mjs";

/** Files of this folder that take the place of what only Pulumi's download has. */
const standIns = {
  "pulumi-language-nodejs": "language-host.cjs",
  "pulumi-resource-pulumi-nodejs": "dynamic-provider.sh",
};
const commands = ["pulumi", ...Object.keys(standIns)];

/**
 * Makes sure that the engine is there; returns its folder. A second call takes a few file look-ups.
 *
 * One set-up at a time on a machine; it works in a folder beside the final one and
 * renames that at the end, so other processes find all of it or nothing.
 * @param {{ env?: NodeJS.ProcessEnv, say?: import("../progress.mjs").Say, download?:
 *   typeof downloadEngine, build?: typeof buildEngine }} options
 */
export async function setUpEngine({
  env = process.env,
  say = terminal(),
  download = downloadEngine,
  build = buildEngine,
} = {}) {
  const folder = engineFolder(env);
  const bin = join(folder, "bin");
  if (isComplete(bin)) {
    renewStandIns(bin);
    return folder;
  }

  await makeFolder(folder);
  const release = await onlySetUp(folder, say);
  try {
    if (isComplete(bin)) return folder; // made by the one that we waited for
    for (const name of await readdir(folder)) {
      if (name.startsWith("partial-"))
        await rm(join(folder, name), { recursive: true, force: true }); // of a set-up that was interrupted
    }
    const partial = join(folder, `partial-${process.pid}`);
    const newBin = join(partial, "bin");
    await mkdir(newBin, { recursive: true });
    try {
      const refusal = await download({ folder: partial, env, say });
      if (refusal) {
        say.line(
          `Pulumi's download did not work (${refusal}); the engine is built from source instead, which takes some minutes once.`,
        );
        await build({ bin: newBin, env, say }).catch((error) => {
          if (!(error instanceof SetupError)) throw error;
          throw new SetupError(
            `${error.message}\nOr open the network to get.pulumi.com, where the ready engine comes from (${refusal}).`,
          );
        });
      }
      addStandIns(newBin);
      await proveThatItRuns(newBin, partial, env);
      await rename(bin, join(partial, "incomplete")).catch(ignore("ENOENT"));
      await rename(newBin, bin);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return folder;
  } finally {
    await release();
  }
}

/**
 * Pulumi's own download into `folder`/bin. Returns why it did not work, if it did not.
 * @param {{ folder: string, env: NodeJS.ProcessEnv, say: import("../progress.mjs").Say }} options
 * @returns {Promise<string | undefined>}
 */
async function downloadEngine({ folder, env, say }) {
  const ending = await watched(
    "Downloading the engine",
    node,
    [join(root, "tools", "engine", "download.mjs"), version, folder],
    {
      env: downloadEnvironment(env),
      timeoutMs: 5 * 60_000,
      say,
    },
  );
  if (ending.timedOut) return "it did not end within 5 minutes";
  return ending.code === 0 ? undefined : ending.output.trim().split("\n").at(-1);
}

/**
 * What a script from elsewhere needs, and no secret: a pipeline's job may hold those of the
 * stack.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function downloadEnvironment(env) {
  const needed =
    /^(PATH|HOME|USERPROFILE|SYSTEMROOT|COMSPEC|PATHEXT|TEMP|TMP|TMPDIR|LANG|LC_\w+|PULUMI_HOME|(HTTPS?|ALL|NO)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE)$/i;
  const kept = Object.entries(env).filter(([name]) => needed.test(name));
  // Node's own fetch looks at HTTPS_PROXY only when told to.
  return { ...Object.fromEntries(kept), NODE_USE_ENV_PROXY: "1" };
}

/** @param {string} bin */
export function isComplete(bin) {
  return commands.every((name) => {
    try {
      accessSync(join(bin, name), constants.X_OK);
      return statSync(join(bin, name)).size > 0;
    } catch {
      return false;
    }
  });
}

/** @param {string} bin */
function addStandIns(bin) {
  for (const [name, file] of Object.entries(standIns)) {
    if (revision(join(bin, name)) === undefined) install(file, join(bin, name));
  }
}

/**
 * A later revision of this project may have a better stand-in. Pulumi's own files are left alone.
 * @param {string} bin
 */
function renewStandIns(bin) {
  for (const [name, file] of Object.entries(standIns)) {
    const installed = revision(join(bin, name)) ?? Number.POSITIVE_INFINITY;
    if (installed < (revision(join(root, "tools", "engine", file)) ?? 0))
      install(file, join(bin, name));
  }
}

/**
 * The revision of a stand-in; infinite for a file of Pulumi's; undefined where there is none.
 * @param {string} file
 */
function revision(file) {
  const head = Buffer.alloc(120);
  let opened;
  try {
    opened = openSync(file, "r");
    readSync(opened, head);
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
  return Number(
    /pulumi-ucaas stand-in, revision (\d+)/.exec(head.toString("latin1"))?.[1] ??
      Number.POSITIVE_INFINITY,
  );
}

/**
 * @param {string} file
 * @param {string} destination  replaced in one step: the engine may be starting it at this moment
 */
function install(file, destination) {
  const copy = `${destination}.${process.pid}`;
  copyFileSync(join(root, "tools", "engine", file), copy);
  chmodSync(copy, 0o755);
  renameSync(copy, destination);
}

/**
 * @param {string} bin
 * @param {string} partial
 * @param {NodeJS.ProcessEnv} env
 */
async function proveThatItRuns(bin, partial, env) {
  const ending = await watched("pulumi version", join(bin, "pulumi"), ["version"], {
    env: { ...env, PULUMI_HOME: join(partial, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: 60_000,
    say: silent,
  });
  if (ending.code !== 0 || ending.stdout.trim().replace(/^v/, "") !== version) {
    throw new SetupError(
      `The new engine does not run as ${version} on this machine: ${ending.output.trim() || `exit status ${ending.code}`}`,
    );
  }
}

/** @param {string} folder */
async function makeFolder(folder) {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw new SetupError(
      `The engine's folder cannot be made: ${error.message}. Name a folder that you may write to in PULUMI_HOME.`,
    );
  });
}

/**
 * Waits until no other process on the machine sets up the engine in this folder.
 * @param {string} folder
 * @param {import("../progress.mjs").Say} say
 * @returns {Promise<() => Promise<void>>}
 */
async function onlySetUp(folder, say) {
  const { default: lockfile } = await import("proper-lockfile"); // here, since the fast way needs no module at all
  const options = {
    realpath: false,
    lockfilePath: join(folder, "setup.lock"),
    stale: 15_000,
    update: 5_000,
    onCompromised: () => {},
  };
  const started = Date.now();
  for (let waited = false; ; waited = true) {
    try {
      const release = await lockfile.lock(folder, options);
      if (waited)
        say.progress(
          "Waiting for another set-up of the engine",
          Date.now() - started,
          "it has ended",
          true,
        );
      return () => release().catch(() => {}); // gone already when the machine slept for longer than the lock lasts
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ELOCKED") throw error;
      say.progress("Waiting for another set-up of the engine", Date.now() - started, "");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** @param {string} code */
function ignore(code) {
  return (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== code) throw error;
  };
}
