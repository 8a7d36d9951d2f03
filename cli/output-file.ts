import { closeSync, existsSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { makeFolder } from "./make-folder.ts";
import { redact } from "./redact.ts";
import { replaceFile } from "./replace-file.ts";

/** A file for the result of a command that runs for long. */
export class OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** The same from the root on: the command may work in another folder. */
  readonly #target: string;
  readonly #option: string;

  private constructor(path: string, option: string) {
    this.path = path;
    this.#target = resolve(path);
    this.#option = option;
  }

  /**
   * Finds out whether the file can be written, before the command does its work. The file
   * stays as it is. Undefined: the user named none.
   *
   * @param option the option that names the file, for errors: `--out`
   * @throws {UcaasError} `FILE_NOT_WRITTEN`
   */
  static prepare(path: string, option: string): OutputFile;
  static prepare(path: string | undefined, option: string): OutputFile | undefined;
  static prepare(path: string | undefined, option: string): OutputFile | undefined {
    if (path === undefined) return undefined;
    const existed = existsSync(path);
    try {
      makeFolder(dirname(resolve(path)));
      closeSync(openSync(path, "a"));
      if (!existed) unlinkSync(path);
    } catch (error) {
      throw notWritten(path, option, error);
    }
    return new OutputFile(path, option);
  }

  /**
   * Writes the text without the colours that it has on a terminal.
   *
   * @throws {UcaasError} `FILE_NOT_WRITTEN`
   */
  write(text: string): void {
    try {
      writeFileSync(this.#target, forFile(text));
    } catch (error) {
      throw notWritten(this.path, this.#option, error);
    }
  }

  /**
   * As `write`; a reader finds the old text or the new one, and never a part.
   *
   * @throws {UcaasError} `FILE_NOT_WRITTEN`
   */
  replace(text: string): void {
    try {
      replaceFile(this.#target, forFile(text));
    } catch (error) {
      throw notWritten(this.path, this.#option, error);
    }
  }
}

function forFile(text: string): string {
  return redact(stripVTControlCharacters(text));
}

function notWritten(path: string, option: string, error: unknown): UcaasError {
  const { code } = error as NodeJS.ErrnoException;
  return new UcaasError(`${path} cannot be written (${code})`, {
    code: "FILE_NOT_WRITTEN",
    hint: `name a path that you may write to, with ${option}`,
  });
}
