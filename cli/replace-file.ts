import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file, or replaces its text. After a crash, and to a reader, it has the old text
 * or the new one, and never a part.
 */
export function replaceFile(path: string, text: string): void {
  // What a crash leaves is hidden: a folder of customers' files may hold nothing else.
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    writeFileSync(draft, text, { mode, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
