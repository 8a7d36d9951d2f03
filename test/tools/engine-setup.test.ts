import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { node, root, version } from "../../tools/engine/paths.mjs";
import { downloadEnvironment, setUpEngine } from "../../tools/engine/setup.mjs";
import { eventually } from "../eventually.ts";

let home: string;
let folder: string;
let messages: string[];
const say = { line: (text: string) => void messages.push(text), progress: () => {} };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ucaas-engine-"));
  folder = join(home, "versions", version);
  messages = [];
});
afterEach(() => rm(home, { recursive: true }));

/** A command that answers `version` as the engine does. */
const engine = `#!/bin/sh\necho v${version}\n`;

async function put(file: string, text: string) {
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

const closed = async () => "get.pulumi.com cannot be reached";
const builds = (text = engine) =>
  vi.fn(({ bin }: { bin: string }) => put(join(bin, "pulumi"), text));
const never = vi.fn(async () => {
  throw new Error("must not be called");
});
const env = (more: NodeJS.ProcessEnv = {}) => ({ ...process.env, PULUMI_HOME: home, ...more });

/** Runs a set-up in a process of its own, with a build that does not end. */
function setUpInAnotherProcess() {
  const program = `
    import { setUpEngine } from ${JSON.stringify(pathToFileURL(join(root, "tools/engine/setup.mjs")))};
    import { watched } from ${JSON.stringify(pathToFileURL(join(root, "tools/progress.mjs")))};
    import { writeFileSync } from "node:fs";
    const build = async ({ bin }) => {
      writeFileSync(bin + "/pulumi", "the first half");
      await watched("Building", "sh", ["-c", "echo $$ > ${join(home, "builder")}; exec sleep 60"]);
    };
    await setUpEngine({ build, download: async () => "closed" });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: env(),
    stdio: "ignore",
  });
  return { child, ended: new Promise<void>((resolve) => child.on("exit", () => resolve())) };
}

async function builderStarted(during: Promise<void>): Promise<number> {
  const started = async () => {
    const text = await readFile(join(home, "builder"), "utf8");
    expect(text).toMatch(/\n$/);
    return Number(text);
  };
  return await eventually(started, during);
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("an existing engine is used, without a download or a build", async () => {
  for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"])
    await put(join(folder, "bin", name), "Pulumi's own");
  expect(await setUpEngine({ env: env(), say, download: never, build: never })).toBe(folder);
  for (const name of await readdir(join(folder, "bin")))
    expect(await readFile(join(folder, "bin", name), "utf8")).toBe("Pulumi's own");
  expect(await readdir(folder)).toEqual(["bin"]);
});

test("Pulumi's download is taken whole, with its own language host", async () => {
  const download = async ({ folder: into }: { folder: string }) => {
    await put(join(into, "bin", "pulumi"), engine);
    await put(join(into, "bin", "pulumi-language-nodejs"), "Pulumi's own");
    await put(join(into, "bin", "pulumi-resource-pulumi-nodejs"), "Pulumi's own");
    return undefined;
  };
  await setUpEngine({ env: env(), say, download, build: never });
  expect(await readFile(join(folder, "bin", "pulumi-language-nodejs"), "utf8")).toBe(
    "Pulumi's own",
  );
  expect(await readFile(join(folder, "bin", "pulumi-resource-pulumi-nodejs"), "utf8")).toBe(
    "Pulumi's own",
  );
});

test("without the download, the engine is built with replacements, and nothing else is left", async () => {
  await setUpEngine({ env: env(), say, download: closed, build: builds() });
  expect((await readdir(join(folder, "bin"))).sort()).toEqual([
    "pulumi",
    "pulumi-language-nodejs",
    "pulumi-resource-pulumi-nodejs",
  ]);
  expect(await readFile(join(folder, "bin", "pulumi-language-nodejs"), "utf8")).toBe(
    await readFile(join(root, "tools/engine/language-host.cjs"), "utf8"),
  );
  expect((await stat(join(folder, "bin", "pulumi-language-nodejs"))).mode & 0o111).toBe(0o111);
  expect(await readdir(folder)).toEqual(["bin"]);
  expect(await readdir(home)).toEqual(["versions"]);
  expect(messages.join()).toContain("get.pulumi.com cannot be reached");
});

test("Pulumi's download gives up at once on a closed network", async () => {
  const build = builds();
  // A proxy on a port without a listener: no packet leaves the machine.
  await setUpEngine({
    env: env({
      HTTPS_PROXY: "http://127.0.0.1:1",
      https_proxy: "http://127.0.0.1:1",
      NO_PROXY: "",
      no_proxy: "",
    }),
    say,
    build,
  });
  expect(build).toHaveBeenCalledOnce();
  expect(messages.join()).toContain("get.pulumi.com cannot be reached");
});

test("the download's script gets no secret that the environment holds", () => {
  const kept = {
    PATH: "/bin",
    HOME: "/root",
    https_proxy: "http://proxy:1",
    NODE_EXTRA_CA_CERTS: "ca.pem",
    PULUMI_HOME: home,
  };
  const secrets = {
    PULUMI_ACCESS_TOKEN: "pul-1",
    PULUMI_CONFIG_PASSPHRASE: "p",
    XIMA_PRIVATE_KEY: "k",
    GITLAB_TOKEN: "t",
    AWS_SECRET_ACCESS_KEY: "s",
  };
  expect(downloadEnvironment({ ...kept, ...secrets })).toEqual({
    ...kept,
    NODE_USE_ENV_PROXY: "1",
  });
});

test("a folder that holds a part of an engine is replaced by a whole one", async () => {
  await put(join(folder, "bin", "pulumi"), "cut off");
  await setUpEngine({ env: env(), say, download: closed, build: builds() });
  expect(await readFile(join(folder, "bin", "pulumi"), "utf8")).toBe(engine);
});

test("two set-ups at once build once, and both have the engine", async () => {
  const build = vi.fn(async ({ bin }: { bin: string }) => {
    await wait(200); // long enough that the other one finds the lock taken
    await put(join(bin, "pulumi"), engine);
  });
  const folders = await Promise.all(
    [1, 2].map(() => setUpEngine({ env: env(), say, download: closed, build })),
  );
  expect(folders).toEqual([folder, folder]);
  expect(build).toHaveBeenCalledOnce();
});

test("a set-up that has to stop ends what it started and leaves nothing behind", async () => {
  const { child, ended } = setUpInAnotherProcess();
  const builder = await builderStarted(ended);
  child.kill("SIGTERM");
  await ended;
  expect(alive(builder)).toBe(false);
  expect(await readdir(folder)).toEqual([]);
});

test("a killed set-up leaves nothing like an engine, and the next one cleans up after it", async () => {
  const { child, ended } = setUpInAnotherProcess();
  const builder = await builderStarted(ended);
  child.kill("SIGKILL");
  await ended;
  process.kill(builder, "SIGKILL");
  expect(existsSync(join(folder, "bin"))).toBe(false);
  expect(await readdir(folder)).toEqual([`partial-${child.pid}`, "setup.lock"]);

  const longAgo = new Date(Date.now() - 60_000); // the lock of a dead process is not renewed any more
  await utimes(join(folder, "setup.lock"), longAgo, longAgo);
  await setUpEngine({ env: env(), say, download: closed, build: builds() });
  expect(await readdir(folder)).toEqual(["bin"]);
});

test("an engine that does not run on this machine is not installed", async () => {
  const failing = setUpEngine({
    env: env(),
    say,
    download: closed,
    build: builds("#!/bin/sh\necho wrong format >&2\nexit 126\n"),
  });
  await expect(failing).rejects.toThrow(
    `The new engine does not run as ${version} on this machine: wrong format`,
  );
  expect(await readdir(folder)).toEqual([]);
});

test("an older replacement is renewed, and no file of Pulumi's is", async () => {
  await put(join(folder, "bin", "pulumi"), engine);
  await put(
    join(folder, "bin", "pulumi-language-nodejs"),
    "#!/usr/bin/env node\n// pulumi-ucaas stand-in, revision 0\n",
  );
  await put(join(folder, "bin", "pulumi-resource-pulumi-nodejs"), "#!/bin/sh\n# Pulumi's own\n");
  await setUpEngine({ env: env(), say, download: never, build: never });
  expect(await readFile(join(folder, "bin", "pulumi-language-nodejs"), "utf8")).toBe(
    await readFile(join(root, "tools/engine/language-host.cjs"), "utf8"),
  );
  expect(await readFile(join(folder, "bin", "pulumi-resource-pulumi-nodejs"), "utf8")).toBe(
    "#!/bin/sh\n# Pulumi's own\n",
  );
});

test("a home that cannot be written to is named, with what to do", async () => {
  await writeFile(join(home, "versions"), "a file where a folder should be");
  await expect(setUpEngine({ env: env(), say, download: never, build: never })).rejects.toThrow(
    /The engine's folder cannot be made: .*Name a folder that you may write to in PULUMI_HOME/,
  );
});

/** A fake `go` with given output for `go env` and for every other command. */
async function fakeGo({
  goVersion = "go1.99.0",
  modules = home,
  proxy = "https://proxy.example",
  otherwise = "exit 0",
}) {
  const answer = JSON.stringify({
    GOVERSION: goVersion,
    GOCACHE: home,
    GOMODCACHE: modules,
    GOPROXY: proxy,
  });
  await put(
    join(home, "path", "go"),
    `#!/bin/sh\nif [ "$1" = env ]; then echo '${answer}'; exit; fi\n${otherwise}\n`,
  );
  return { PATH: `${join(home, "path")}:/usr/bin:/bin` };
}

const cases: [string, () => Promise<NodeJS.ProcessEnv>, RegExp][] = [
  [
    "Go is missing",
    async () => ({ PATH: join(home, "empty") }),
    /needs Go, and there is none on this machine\. Install Go 1\.\d+\.\d+ or newer \(https:\/\/go\.dev\/dl\)\./,
  ],
  [
    "Go is too old",
    () => fakeGo({ goVersion: "go1.19.4" }),
    /needs Go 1\.\d+\.\d+ or newer, and this machine has go1\.19\.4\. Install/,
  ],
  [
    "the sources cannot be reached",
    () =>
      fakeGo({
        proxy: "https://me:hunter2@mirror.example,direct",
        otherwise: "echo 'dial tcp: lookup mirror.example: no such host' >&2; exit 1",
      }),
    /could not be fetched \(GOPROXY is https:\/\/\*\*\*@mirror\.example,direct\)\. Connect this machine, or set GOPROXY/,
  ],
  [
    "the disk is full",
    () => fakeGo({ otherwise: "echo 'write x: no space left on device' >&2; exit 1" }),
    /There is too little space .* Free some, or name a folder on another disk/,
  ],
  [
    "a compiler fails",
    () => fakeGo({ otherwise: "echo 'undefined: something' >&2; exit 1" }),
    /Compiling the engine failed\. Go says:\nundefined: something/,
  ],
];
if (existsSync("/proc/self")) {
  // A file system on which no byte is ever free.
  cases.push([
    "the disk has too little space to begin",
    () => fakeGo({ modules: "/proc/modules-of-go" }),
    /too little space in \/proc\/modules-of-go, where 1\.\d GB may be needed and 0\.0 GB are free/,
  ]);
}

test.each(cases)(
  "when %s, one sentence says so and what to do, and nothing is left",
  async (_name, machine, sentence) => {
    const failing = setUpEngine({
      env: { PULUMI_HOME: home, HOME: home, ...(await machine()) },
      say,
      download: closed,
    });
    await expect(failing).rejects.toThrow(sentence);
    await expect(failing).rejects.toThrow(/Or open the network to get\.pulumi\.com/);
    await expect(failing).rejects.not.toThrow("hunter2");
    expect(await readdir(folder)).toEqual([]);
  },
);

describe("the engine's download", () => {
  const system = process.platform === "win32" ? "windows" : process.platform;

  /** Runs the download of a release against a site that serves these files. */
  async function download(release: string, files: Record<string, string | Buffer>) {
    const server = createServer(({ url = "" }, reply) => {
      const content = files[url.slice(1)];
      reply.writeHead(content === undefined ? 404 : 200).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const script = join(root, "tools", "engine", "download.mjs");
      const child = spawn(node, [script, release, home, `http://127.0.0.1:${port}`]);
      let messages = "";
      child.stderr.on("data", (text) => (messages += text));
      const code = await new Promise((resolve) => child.on("close", resolve));
      return { code, said: messages };
    } finally {
      server.close();
    }
  }

  /** The files of a release, as Pulumi's site has them. */
  async function filesOf(release: string): Promise<Record<string, string | Buffer>> {
    await put(join(home, "packed", "pulumi", "pulumi"), engine);
    const file = join(home, "archive");
    execFileSync("tar", ["-czf", file, "-C", join(home, "packed"), "pulumi"]);
    const archive = await readFile(file);
    const name = `pulumi-v${release}-${system}-${process.arch}.tar.gz`;
    const sum = createHash("sha256").update(archive).digest("hex");
    return { [name]: archive, [`pulumi-${release}-checksums.txt`]: `${sum}  ${name}\n` };
  }

  test("takes an archive that has its checksum", async () => {
    const unrecorded = "3.0.1";
    expect(await download(unrecorded, await filesOf(unrecorded))).toEqual({ code: 0, said: "" });
    expect(await readFile(join(home, "bin", "pulumi"), "utf8")).toBe(engine);
    expect((await stat(join(home, "bin", "pulumi"))).mode & 0o111).toBe(0o111);
  });

  test("refuses another archive than the recorded one in one line, and keeps nothing", async () => {
    const { code, said } = await download(version, await filesOf(version));
    expect(code).toBe(1);
    expect(said).toMatch(/^pulumi-v\S+ has the SHA-256 [0-9a-f]{64}, and not [0-9a-f]{64}\n$/);
    expect(existsSync(join(home, "bin"))).toBe(false);
  });
});
