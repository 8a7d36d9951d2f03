import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { baseUrlOf } from "pulumi-ucaas/internal/http/pool";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printJson } from "../output.ts";
import type { Release, Voucher } from "./release.ts";

export interface InstallOptions extends Omit<Release, "version"> {
  readonly json?: true;
}

/**
 * Puts the Pulumi CLI where `npx pulumi` and Pulumi's Automation API look for it:
 * `~/.pulumi/versions/<version>`. The version is that of the project's npm package
 * `pulumi`, which would otherwise run an install script of Pulumi's site.
 *
 * @throws {UcaasError} `INVALID_ARGUMENT`, `PULUMI_MISSING`, `DOWNLOAD_FAILED`,
 *   `CHECKSUM_DIFFERS`
 */
export async function installPulumi({ json, site, ...source }: InstallOptions): Promise<void> {
  if (site !== undefined) requireSite(site);
  const version = process.env.PULUMI_VERSION || versionOfPackage();
  const folder = join(
    process.env.PULUMI_HOME || join(homedir(), ".pulumi"),
    "versions",
    version,
    "bin",
  );
  const voucher = isThere(folder) ? undefined : await install({ ...source, site, version }, folder);
  if (json) return printJson({ pulumi: version, folder, checksum: voucher ?? "not checked" });
  print(
    voucher === undefined
      ? `Pulumi ${version} is in ${folder} already.`
      : `Pulumi ${version} is in ${folder}. ${vouchers[voucher]}`,
  );
}

const vouchers: Readonly<Record<Voucher, string>> = {
  given: "Its archive has the checksum of --checksum.",
  recorded: "Its archive has the checksum that this version of ucaas records.",
  listed:
    "Its archive has the checksum that its own site lists; this version of ucaas records none.",
};

/** The error does not repeat it: it may have credentials. */
function requireSite(site: string): void {
  try {
    baseUrlOf("", site);
  } catch (error) {
    throw new UcaasError(`--site: ${(error as UcaasError).reason}`, {
      code: "INVALID_ARGUMENT",
      operation: "install Pulumi",
      hint: "write an https URL without a user name and password",
    });
  }
}

/** As the command `pulumi` of the npm package chooses it. */
function versionOfPackage(): string {
  const require = createRequire(join(process.cwd(), "package.json"));
  try {
    return JSON.parse(readFileSync(require.resolve("pulumi/package.json"), "utf8")).version;
  } catch (error) {
    throw new UcaasError(`the npm package pulumi is not installed in ${process.cwd()}`, {
      code: "PULUMI_MISSING",
      operation: "install Pulumi",
      hint: steps(
        "Run the command in the project's folder, after `npm ci`.",
        "If the package is not in its package.json, run `npm install --save-dev --save-exact pulumi`.",
      ),
      cause: error,
    });
  }
}

function isThere(bin: string): boolean {
  const file = join(bin, process.platform === "win32" ? "pulumi.exe" : "pulumi");
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).size > 0;
  } catch {
    return false;
  }
}

/** Other processes find all of it or nothing. Undefined: another process was faster. */
async function install(release: Release, bin: string): Promise<Voucher | undefined> {
  const { unpackRelease } = await import("./release.ts");
  const folder = join(bin, "..");
  await mkdir(folder, { recursive: true });
  const partial = await mkdtemp(join(folder, "partial-"));
  try {
    const voucher = await unpackRelease(release, partial);
    if (isThere(bin)) return undefined;
    await rm(bin, { recursive: true, force: true }); // what an interrupted install left
    await rename(join(partial, "bin"), bin);
    return voucher;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
