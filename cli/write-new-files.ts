import { existsSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { makeFolder } from "./make-folder.ts";
import { writeExclusive } from "./write-exclusive.ts";

/**
 * Writes files into a folder, by their paths with slashes. When one of them exists, none
 * is written. When one cannot be written, none is left, and the command can run again.
 *
 * @throws {UcaasError} `FILES_EXIST`, `FILE_EXISTS`, `FILE_NOT_WRITTEN`
 */
export async function writeNewFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
  { operation, hint }: { operation: string; hint: string },
): Promise<void> {
  const existing = [...files.keys()].filter((file) => existsSync(join(folder, file)));
  if (existing.length > 0) throw filesExist(folder, existing, { operation, hint });
  const newFolders = missingFolders(
    [...files.keys()].map((file) => dirname(resolve(folder, file))),
  );
  const written: string[] = [];
  try {
    for (const [file, text] of files) {
      const path = resolve(folder, file);
      makeFolderFor(path, operation);
      await writeExclusive(path, text, { mode: 0o644, operation });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    for (const path of newFolders) removeEmpty(path);
    throw error;
  }
}

/** Of the folders and those above them, the ones that are not there; the inner ones first. */
function missingFolders(folders: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const folder of folders)
    for (let each = folder; !existsSync(each); each = dirname(each)) missing.add(each);
  return [...missing].sort((a, b) => b.length - a.length);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It was not made, or another program wrote into it.
  }
}

function makeFolderFor(path: string, operation: string): void {
  const folder = dirname(path);
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UcaasError(`${folder} cannot be made (${(error as NodeJS.ErrnoException).code})`, {
      code: "FILE_NOT_WRITTEN",
      operation,
      hint: "name a folder that you can write in",
    });
  }
}

function filesExist(
  folder: string,
  existing: readonly string[],
  { operation, hint }: { operation: string; hint: string },
): UcaasError {
  const shown = existing.slice(0, 10);
  const more =
    existing.length > shown.length ? [`… and ${existing.length - shown.length} more`] : [];
  return new UcaasError(
    `${folder} has these files already; nothing was written:\n  ${[...shown, ...more].join("\n  ")}`,
    { code: "FILES_EXIST", operation, hint },
  );
}
