import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checksums } from "../../cli/pulumi/checksums.ts";
import { node, root, version } from "../../tools/engine/paths.mjs";

const platform = `${process.platform}-${process.arch}`;
const unrecorded = "3.0.1";

let base: string;
let site: Server;
let asked: string[];
const files = new Map<string, string | Buffer>();

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "ucaas-install-"));
  asked = [];
  files.clear();
  site = createServer(({ url = "" }, reply) => {
    asked.push(url);
    const content = files.get(url.slice(1));
    reply.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  site.close();
  await rm(base, { recursive: true });
});

/** An archive as Pulumi packs it, at its place on the site. */
async function offer(release: string): Promise<{ name: string; sum: string }> {
  const packed = join(base, "packed", "pulumi");
  await mkdir(packed, { recursive: true });
  await writeFile(join(packed, "pulumi"), `#!/bin/sh\necho v${release}\n`);
  await chmod(join(packed, "pulumi"), 0o755);
  await promisify(execFile)("tar", ["-czf", join(base, "archive"), "-C", join(packed, ".."), "."]);
  const archive = await readFile(join(base, "archive"));
  const name = `pulumi-v${release}-${platform}.tar.gz`;
  files.set(name, archive);
  return { name, sum: createHash("sha256").update(archive).digest("hex") };
}

/** Runs the command in a project whose package `pulumi` has this version. */
async function install(release: string, ...args: string[]) {
  const project = join(base, "project");
  const folder = join(project, "node_modules", "pulumi");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ version: release }));
  const { port } = site.address() as AddressInfo;
  const command = [join(root, "cli", "ucaas.ts"), "install-pulumi", ...args];
  return await promisify(execFile)(node, command, {
    cwd: project,
    env: {
      ...process.env,
      PULUMI_HOME: join(base, "home"),
      PULUMI_VERSION: "",
      UCAAS_PULUMI_SITE: `http://127.0.0.1:${port}`,
    },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => {
      return { code, stdout, stderr };
    },
  );
}

const versions = join("home", "versions");
const binary = (release: string) => join(base, versions, release, "bin", "pulumi");

test("an archive that differs from the recorded checksum is refused, whatever its site lists", async () => {
  const { name, sum } = await offer(version);
  files.set(`pulumi-${version}-checksums.txt`, `${sum}  ${name}\n`);
  const { code, stderr } = await install(version);
  expect(code).toBe(1);
  expect(stderr).toContain("[CHECKSUM_DIFFERS]");
  expect(stderr).toContain(`${name} has the SHA-256 ${sum}`);
  expect(stderr).toContain(checksums[version]?.[platform] ?? "no checksum is recorded");
  expect(asked).toEqual([`/${name}`]);
  expect(await readdir(join(base, versions, version))).toEqual([]);
});

test("an archive with the given checksum is unpacked to where npx pulumi looks for it", async () => {
  const { sum } = await offer(version);
  const { stdout } = await install(version, "--checksum", sum.toUpperCase(), "--json");
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    pulumi: version,
    folder: join(base, versions, version, "bin"),
    checksum: "given",
  });
  const { stdout: said } = await promisify(execFile)(binary(version));
  expect(said).toBe(`v${version}\n`);
  expect(await readdir(join(base, versions, version))).toEqual(["bin"]);
});

test("what is there already is neither fetched nor touched", async () => {
  const { sum } = await offer(version);
  await install(version, "--checksum", sum);
  asked = [];
  const { code, stdout } = await install(version);
  expect(code).toBe(0);
  expect(stdout).toContain(`Pulumi ${version} is in`);
  expect(stdout).toContain("already");
  expect(asked).toEqual([]);
});

test("a release without a recorded checksum is held against the list of its site", async () => {
  const { name, sum } = await offer(unrecorded);
  files.set(`pulumi-${unrecorded}-checksums.txt`, `${sum}  ${name}\n`);
  const { code, stdout } = await install(unrecorded);
  expect(code).toBe(0);
  expect(stdout).toContain("records none");
  expect(existsSync(binary(unrecorded))).toBe(true);
});

test.for([
  ["lists another checksum", `${"0".repeat(64)}  `, "CHECKSUM_DIFFERS"],
  ["lists none", undefined, "DOWNLOAD_FAILED"],
] as const)(
  "a release whose site %s is refused, and nothing is kept",
  async ([, line, refusal]) => {
    const { name } = await offer(unrecorded);
    files.set(`pulumi-${unrecorded}-checksums.txt`, line === undefined ? "" : `${line}${name}\n`);
    const { code, stderr } = await install(unrecorded);
    expect(code).toBe(1);
    expect(stderr).toContain(`[${refusal}]`);
    expect(await readdir(join(base, versions, unrecorded))).toEqual([]);
  },
);

test("a site that does not have the release is named, with what it answered", async () => {
  const { code, stderr } = await install(version);
  expect(code).toBe(1);
  expect(stderr).toMatch(/127\.0\.0\.1:\d+ answered 404 for pulumi-v.*\[DOWNLOAD_FAILED\]/);
  expect(stderr).toContain("--site");
});

test("credentials in the address of a mirror are refused, and not printed", async () => {
  const { code, stderr } = await install(version, "--site", "https://me:hunter2@mirror.example");
  expect(code).toBe(1);
  expect(stderr).toContain("[INVALID_ARGUMENT]");
  expect(stderr).not.toContain("hunter2");
});

test("the version that package.json pins has a checksum for Linux and macOS", () => {
  expect(Object.keys(checksums[version] ?? {}).sort()).toEqual([
    "darwin-arm64",
    "darwin-x64",
    "linux-arm64",
    "linux-x64",
  ]);
});
