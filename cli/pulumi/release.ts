import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { EnvHttpProxyAgent, fetch } from "undici";
import { checksums } from "./checksums.ts";

/** Where Pulumi's releases are. */
const pulumiSite = "https://get.pulumi.com/releases/sdk";

export interface Release {
  /** Such as `3.259.0`. */
  readonly version: string;
  /** A mirror of Pulumi's own site. */
  readonly site?: string | undefined;
  /** SHA-256 of the archive, in hexadecimal digits, instead of the recorded one. */
  readonly checksum?: string;
}

/** Who vouches for an archive: the user, this package, or the site that it comes from. */
export type Voucher = "given" | "recorded" | "listed";

/**
 * Fetches the archive of a release for this machine, and unpacks it into `folder`/bin. No
 * script of the site is run.
 *
 * A recorded or given checksum also finds a site that serves another archive. The list of
 * the site itself finds only what was damaged on the way.
 *
 * @throws {UcaasError} `DOWNLOAD_FAILED`, `CHECKSUM_DIFFERS`
 */
export async function unpackRelease(
  { version, site = pulumiSite, checksum }: Release,
  folder: string,
): Promise<Voucher> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const platform = `${system}-${process.arch}`;
  const name = `pulumi-v${version}-${platform}.${system === "windows" ? "zip" : "tar.gz"}`;
  const recorded = checksums[version]?.[platform];
  const expected =
    checksum ??
    recorded ??
    listedChecksum(String(await fetched(site, `pulumi-${version}-checksums.txt`)), name);
  const archive = await fetched(site, name);
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== expected.toLowerCase())
    throw new UcaasError(`${name} has the SHA-256 ${actual}, and not ${expected}`, {
      code: "CHECKSUM_DIFFERS",
      operation: "install Pulumi",
      hint: steps(
        "Do not use the archive: nothing of it was run or kept.",
        `Compare with the checksums of the release at https://github.com/pulumi/pulumi/releases/tag/v${version}.`,
        "If they name the first of the two, run the command with --checksum and that value, and report it.",
      ),
    });
  await unpack(name, archive, folder);
  return checksum !== undefined ? "given" : recorded !== undefined ? "recorded" : "listed";
}

async function fetched(site: string, name: string): Promise<Buffer> {
  const url = new URL(`${site.replace(/\/+$/, "")}/${name}`);
  // A network that silently drops packets would let a connection hang for minutes.
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 10_000 } });
  try {
    const reply = await fetch(url, { dispatcher, signal: AbortSignal.timeout(5 * 60_000) });
    if (!reply.ok) throw downloadFailed(`${url.host} answered ${reply.status} for ${name}`);
    return Buffer.from(await reply.arrayBuffer());
  } catch (error) {
    if (error instanceof UcaasError) throw error;
    const { cause, name: kind } = error as Error & { cause?: { code?: string } };
    throw downloadFailed(`${url.host} cannot be reached (${cause?.code ?? kind})`, error);
  } finally {
    await dispatcher.destroy();
  }
}

/** The list has lines of a SHA-256 and a file's name. */
function listedChecksum(list: string, name: string): string {
  const words = list.split(/\r?\n/).map((line) => line.trim().split(/\s+\*?/));
  const [sum = ""] = words.find(([, file]) => file === name) ?? [];
  if (!/^[0-9a-f]{64}$/i.test(sum)) throw downloadFailed(`the release has no checksum of ${name}`);
  return sum;
}

async function unpack(name: string, archive: Buffer, folder: string): Promise<void> {
  const file = join(folder, name);
  const unpacked = join(folder, "unpacked");
  const bin = join(folder, "bin");
  await mkdir(unpacked, { recursive: true });
  await mkdir(bin, { recursive: true });
  await writeFile(file, archive);
  await promisify(execFile)("tar", ["-xf", file, "-C", unpacked]).catch((error) => {
    throw downloadFailed(`tar cannot unpack ${name}: ${String(error.stderr ?? error).trim()}`);
  });
  // The archive for Windows has one folder more.
  const content = [join(unpacked, "pulumi", "bin"), join(unpacked, "pulumi")].find(existsSync);
  if (!content) throw downloadFailed(`${name} has no folder pulumi`);
  for (const each of await readdir(content)) await rename(join(content, each), join(bin, each));
  await rm(unpacked, { recursive: true });
  await rm(file);
}

function downloadFailed(reason: string, cause?: unknown): UcaasError {
  return new UcaasError(reason, {
    code: "DOWNLOAD_FAILED",
    operation: "install Pulumi",
    hint: "open the network to the site (HTTPS_PROXY names a proxy), or name a mirror of Pulumi's releases with --site",
    cause,
  });
}
