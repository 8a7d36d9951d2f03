// Pulumi's release archive, checked by the release's own list of checksums: `node
// download.mjs <version> <folder>` unpacks it into <folder>/bin. A process of its own, so
// that it can be stopped after a time whatever it waits for.
//
// The list comes from the same site. So the check finds an archive that was damaged or
// changed on the way, and none that the site itself was made to serve. No script of the
// site is run.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [, , version = "", folder = "", site = "https://get.pulumi.com/releases/sdk"] = process.argv;

/** @param {string} name */
async function fetched(name) {
  const url = new URL(`${site}/${name}`);
  // A network that silently drops packets would let the first request hang for minutes.
  const connecting = new AbortController();
  const timer = setTimeout(() => connecting.abort(), 10_000);
  const reply = await fetch(url, { signal: connecting.signal })
    .catch((error) => {
      throw new Error(`${url.host} cannot be reached (${error.cause?.code ?? error.name})`);
    })
    .finally(() => clearTimeout(timer));
  if (!reply.ok) throw new Error(`${url.host} answered ${reply.status}`);
  return Buffer.from(await reply.arrayBuffer());
}

/**
 * @param {string} list lines of a SHA-256 in hexadecimal digits and a file's name
 * @param {string} name
 */
function checksumIn(list, name) {
  const line = list.split(/\r?\n/).find((each) => each.trim().split(/\s+\*?/)[1] === name);
  const [sum = ""] = line?.trim().split(/\s+/) ?? [];
  if (!/^[0-9a-f]{64}$/i.test(sum)) throw new Error(`the release has no checksum of ${name}`);
  return sum.toLowerCase();
}

try {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const ending = system === "windows" ? "zip" : "tar.gz";
  const name = `pulumi-v${version}-${system}-${process.arch}.${ending}`;
  const expected = checksumIn(String(await fetched(`pulumi-${version}-checksums.txt`)), name);
  const archive = await fetched(name);
  if (createHash("sha256").update(archive).digest("hex") !== expected)
    throw new Error(`${name} does not have the checksum of its release`);

  const file = join(folder, name);
  const unpacked = join(folder, "unpacked");
  const bin = join(folder, "bin");
  mkdirSync(unpacked, { recursive: true });
  mkdirSync(bin, { recursive: true });
  writeFileSync(file, archive);
  const { status, stderr, error } = spawnSync("tar", ["-xf", file, "-C", unpacked]);
  if (status !== 0) throw error ?? new Error(`tar: ${String(stderr).trim()}`);
  // The archive for Windows has one folder more.
  const content = [join(unpacked, "pulumi", "bin"), join(unpacked, "pulumi")].find(existsSync);
  if (!content) throw new Error(`${name} has no folder pulumi`);
  for (const each of readdirSync(content)) renameSync(join(content, each), join(bin, each));
  rmSync(unpacked, { recursive: true });
  rmSync(file);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
