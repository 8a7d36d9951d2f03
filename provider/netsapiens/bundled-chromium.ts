import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { UcaasError } from "../runtime/errors.ts";
import { maskSecrets } from "../runtime/secrets.ts";

/**
 * The Chromium of the npm package @sparticuz/chromium, which it brings compressed. The
 * package itself unpacks into the folder for temporary files, where anybody could put
 * another, and takes whatever is there of it for whole: two that begin at once, or one
 * that was interrupted, would start half a browser. Here it is unpacked into `parent`,
 * and moved there when it is whole.
 *
 * @returns the path of its executable, or undefined when the package is not installed
 * @throws {UcaasError} `BROWSER_FAILED` when it cannot be unpacked
 */
export async function bundledChromium(parent: string): Promise<string | undefined> {
  const manifest = packageOf("@sparticuz/chromium");
  if (!manifest) return undefined;
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  const folder = join(parent, `chromium-${version}`);
  const executable = join(folder, "chromium");
  if (existsSync(executable)) return executable;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(`${folder}-`);
  try {
    // In a process of its own: to change this one's folder for temporary files would
    // change it for all that runs here meanwhile.
    const unpack = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", unpack], {
      cwd: dirname(manifest),
      env: { ...process.env, TMPDIR: draft },
    });
    renameSync(draft, folder);
  } catch (error) {
    // Another process was quicker: its copy is as good.
    if (!existsSync(executable)) {
      throw new UcaasError(
        `the Chromium of @sparticuz/chromium cannot be unpacked into ${folder}: ${lastErrorLine(error)}`,
        {
          code: "BROWSER_FAILED",
          vendor: "netsapiens",
          operation: "start the browser",
          hint: "make room for some 250 MB there, or name an installed browser: pulumi config set netsapiens:browserPath <path>",
        },
      );
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return executable;
}

function packageOf(name: string): string | undefined {
  try {
    createRequire(import.meta.url).resolve(name);
    return findPackageJSON(name, import.meta.url);
  } catch {
    return undefined;
  }
}

/**
 * What the browser, or the program that unpacks it, itself said; the rest of such an
 * error is the command line.
 */
export function lastErrorLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = maskSecrets(text).split("\n");
  const printed = lines
    .filter((line) => line.includes("[err]"))
    .map((line) => line.replace(/.*\[err\]\s*/, ""));
  const words = printed.at(-1) ?? lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? "";
  return words.trim();
}
