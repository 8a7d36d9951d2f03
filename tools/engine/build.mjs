// Builds the engine from Go modules, for networks that have a mirror of packages and
// cannot reach Pulumi's own site. go.mod and go.sum beside this file pin every source.
// What Go downloads and compiles on the way stays in Go's own caches, as with any build
// of Go.
import { readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupError, silent, watched } from "../progress.mjs";
import { root, version } from "./paths.mjs";

const source = join(root, "tools", "engine");
const engine = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** What a first build writes, in bytes, with a little to spare. */
const needed = { modules: 1.6e9, compiled: 1.8e9, engine: 0.2e9 };

/**
 * Puts the command `pulumi` into the folder `bin`.
 * @param {{ bin: string, env: NodeJS.ProcessEnv, say: import("../progress.mjs").Say }} options
 */
export async function buildEngine({ bin, env, say }) {
  if (process.platform === "win32")
    throw new SetupError(
      "Building the engine from source works on Linux and macOS only; on Windows use WSL.",
    );
  const settings = { ...env, CGO_ENABLED: "0", GOWORK: "off", GO111MODULE: "on", GOFLAGS: "" };
  const go = await goOnThisMachine(settings);
  needSpace(go.GOMODCACHE, needed.modules);
  needSpace(go.GOCACHE, needed.compiled);
  needSpace(bin, needed.engine);
  say.line(
    `Go keeps what it downloads and compiles in its own caches, ${go.GOMODCACHE} and ${go.GOCACHE}; "go clean -cache -modcache" empties them.`,
  );

  const run = async (
    /** @type {string} */ what,
    /** @type {string[]} */ args,
    /** @type {(line: string) => string | undefined} */ onLine,
  ) => {
    const ending = await watched(what, "go", args, { cwd: source, env: settings, onLine, say });
    if (ending.code !== 0) throw explain(ending.output, go.GOPROXY);
    return ending.stdout;
  };
  let downloads = 0;
  const packages = await run(
    "Getting the engine's sources",
    ["list", "-mod=readonly", "-deps", engine],
    (line) => (line.startsWith("go: downloading") ? `${++downloads} modules` : undefined),
  );
  const total = packages.trimEnd().split("\n").length;
  let compiled = 0;
  await run(
    "Compiling the engine",
    [
      "build",
      "-v",
      "-mod=readonly",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      `-s -w -X ${versionVariable}=${version}`,
      "-o",
      join(bin, "pulumi"),
      engine,
    ],
    () => (++compiled < total ? `${compiled} of ${total} packages` : "linking"),
  );
}

/** @param {NodeJS.ProcessEnv} env */
async function goOnThisMachine(env) {
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(source, "go.mod"), "utf8"))?.[1] ?? "";
  const install = `Install Go ${wanted} or newer (https://go.dev/dl)`;
  // Go 1.21 and later fetch a newer Go by themselves when go.mod asks for one, so this
  // may take a while and may fail.
  const asked = await watched(
    "go env",
    "go",
    ["env", "-json", "GOVERSION", "GOCACHE", "GOMODCACHE", "GOPROXY"],
    {
      cwd: source,
      env,
      say: silent,
    },
  ).catch((error) => {
    if (error.code === "ENOENT")
      throw new SetupError(
        `Building the engine from source needs Go, and there is none on this machine. ${install}.`,
      );
    throw error;
  });
  if (asked.code !== 0)
    throw new SetupError(
      `Building the engine from source failed at the start. ${install}. Go says: ${lastLine(asked.output)}`,
    );
  const go =
    /** @type {{ GOVERSION: string, GOCACHE: string, GOMODCACHE: string, GOPROXY: string }} */ (
      JSON.parse(asked.stdout)
    );
  if (isOlder(go.GOVERSION.replace(/^go/, ""), wanted)) {
    throw new SetupError(
      `Building the engine from source needs Go ${wanted} or newer, and this machine has ${go.GOVERSION}. ${install}.`,
    );
  }
  return go;
}

/**
 * @param {string} version
 * @param {string} wanted
 */
function isOlder(version, wanted) {
  const [have, want] = [version, wanted].map((text) =>
    text.split(".").map((part) => Number.parseInt(part, 10) || 0),
  );
  for (const at of [0, 1, 2])
    if (have?.[at] !== want?.[at]) return (have?.[at] ?? 0) < (want?.[at] ?? 0);
  return false;
}

/**
 * @param {string} folder  need not exist yet
 * @param {number} bytes
 */
function needSpace(folder, bytes) {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      if (bavail * bsize >= bytes) return;
      throw noSpace(
        `in ${folder}, where ${gigabytes(bytes)} may be needed and ${gigabytes(bavail * bsize)} are free`,
      );
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT" || at === dirname(at))
        throw error;
    }
  }
}

/** @param {string} where */
function noSpace(where) {
  return new SetupError(
    `There is too little space ${where}. Free some, or name a folder on another disk in PULUMI_HOME (engine), GOCACHE and GOMODCACHE (Go's caches) or TMPDIR.`,
  );
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/**
 * @param {string} output
 * @param {string} proxy
 */
function explain(output, proxy) {
  if (/no space left on device/i.test(output)) return noSpace("on a disk that the build writes to");
  if (
    /dial tcp|no such host|i\/o timeout|connection re|proxyconnect|TLS handshake|x509:|network is unreachable|module lookup disabled|\b(4\d\d|5\d\d) [A-Z]/.test(
      output,
    )
  ) {
    const shown = proxy.replace(/\/\/[^/@]*@/g, "//***@");
    return new SetupError(
      `The engine's sources could not be fetched (GOPROXY is ${shown}). Connect this machine, or set GOPROXY to a mirror of Go modules that it can reach. Go says: ${lastLine(output)}`,
    );
  }
  return new SetupError(
    `Compiling the engine failed. Go says:\n${output.trimEnd().split("\n").slice(-15).join("\n")}`,
  );
}

/** @param {string} output */
function lastLine(output) {
  return output.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
