import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { writeExclusive } from "./write-exclusive.ts";

/**
 * Writes files into a folder, by their paths with slashes. When one of them exists, none
 * is written.
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
  for (const [file, text] of files) {
    makeFolder(dirname(join(folder, file)), operation);
    await writeExclusive(join(folder, file), text, { mode: 0o644, operation });
  }
}

function makeFolder(folder: string, operation: string): void {
  try {
    mkdirSync(folder, { recursive: true });
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
