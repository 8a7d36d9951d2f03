import { open, unlink } from "node:fs/promises";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";

/**
 * Writes a file that is not there yet. One that is there is never opened, not even one
 * that came a moment ago. One that cannot be written in full is removed.
 *
 * @throws {UcaasError} `FILE_EXISTS`, `FILE_NOT_WRITTEN`
 */
export async function writeExclusive(
  file: string,
  text: string,
  { mode, operation }: { mode: number; operation: string },
): Promise<void> {
  try {
    const handle = await open(file, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } catch (error) {
      await unlink(file);
      throw error;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw fileExists(file, operation);
    throw new UcaasError(`${file} cannot be written (${code})`, {
      code: "FILE_NOT_WRITTEN",
      operation,
      hint: "name a file in a folder that exists and is yours",
    });
  }
}

export function fileExists(file: string, operation: string): UcaasError {
  return new UcaasError(`${file} exists already and is left as it is`, {
    code: "FILE_EXISTS",
    operation,
    hint: "name another file, or move this one away",
  });
}
