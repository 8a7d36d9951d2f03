import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";

const mebibyte = 1024 * 1024;

export interface ReadTextOptions {
  /** A larger file is refused after so many bytes; default 5 MiB. */
  readonly maxBytes?: number;
  /**
   * The folder that the file must be in, as a regular file. A link that leads out of it,
   * a device and a named pipe are refused before anything is read.
   */
  readonly within?: string;
  /**
   * Only a regular file. By default without `within`, everything that can be read as a file
   * may be: a secret's volume consists of links, and a shell hands over a pipe.
   */
  readonly regular?: boolean;
  /** For how many milliseconds a pipe is waited for that has nothing; default 30 seconds. */
  readonly patience?: number;
}

/**
 * Why a file has no text for us. The message reads on after the file's name: `is not
 * UTF-8: line 3`.
 */
export class UnreadableTextError extends Error {
  override readonly name = "UnreadableTextError";
  /**
   * The system's code (`ENOENT`), or `NOT_UTF8`, `TOO_LARGE`, `NOT_REGULAR`, `OUTSIDE`,
   * `NOTHING_WRITTEN`.
   */
  readonly code: string;

  constructor(reason: string, code: string) {
    super(reason);
    this.code = code;
  }
}

/**
 * The text of a file that a user wrote: strict UTF-8, without its byte order mark. Bytes
 * that are not UTF-8 are refused, since to replace them would send another text than the
 * file has. No error shows what the file holds.
 *
 * @throws {UnreadableTextError}
 */
export function readText(path: string, options: ReadTextOptions = {}): string {
  return decodeText(readBytes(path, options));
}

/**
 * Bytes as text: strict UTF-8, without the byte order mark.
 *
 * @throws {UnreadableTextError}
 */
export function decodeText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UnreadableTextError("is UTF-16, not UTF-8: save it as UTF-8", "NOT_UTF8");
  }
  throw new UnreadableTextError(
    `is not UTF-8 (line ${firstBadLine(bytes)}): save it as UTF-8`,
    "NOT_UTF8",
  );
}

function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

function readBytes(path: string, options: ReadTextOptions): Uint8Array {
  const { within, regular = within !== undefined } = options;
  let file: number | undefined;
  try {
    const target = within === undefined ? path : insideOf(within, path);
    // Without O_NONBLOCK, opening a named pipe waits for its other end.
    file = openSync(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const about = fstatSync(file);
    // Of a folder, the read says why.
    if (regular && !about.isFile() && !about.isDirectory()) {
      throw new UnreadableTextError("is not a regular file", "NOT_REGULAR");
    }
    return upTo(file, options);
  } catch (error) {
    if (error instanceof UnreadableTextError) throw error;
    throw systemError(error as NodeJS.ErrnoException);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The path with all links followed, which must stay in the folder. */
function insideOf(folder: string, path: string): string {
  const target = realpathSync(path);
  const way = relative(realpathSync(folder), target);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new UnreadableTextError("is a link to a file outside of the project", "OUTSIDE");
  }
  return target;
}

/** What a file says of its own size does not count: a device says 0. */
function upTo(
  file: number,
  { maxBytes = 5 * mebibyte, patience = 30_000 }: ReadTextOptions,
): Uint8Array {
  const isPipe = fstatSync(file).isFIFO();
  const chunks: Buffer[] = [];
  let length = 0;
  let deadline = performance.now() + patience;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const count = readNow(file, chunk);
    if (count === undefined || (count === 0 && isPipe && length === 0)) {
      pauseBefore(deadline);
      continue;
    }
    if (count === 0) return Buffer.concat(chunks);
    deadline = performance.now() + patience;
    length += count;
    if (length > maxBytes) {
      throw new UnreadableTextError(`is larger than ${size(maxBytes)}`, "TOO_LARGE");
    }
    chunks.push(chunk.subarray(0, count));
  }
}

/** Undefined while nothing has been written. A pipe that no one has opened yet is at its end. */
function readNow(file: number, chunk: Buffer): number | undefined {
  try {
    return readSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

/** A moment before the next look, which the event loop does not see. */
function pauseBefore(deadline: number): void {
  if (performance.now() >= deadline)
    throw new UnreadableTextError("is a pipe to which no process writes", "NOTHING_WRITTEN");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

function size(bytes: number): string {
  return bytes < mebibyte ? `${bytes / 1024} KB` : `${bytes / mebibyte} MB`;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "permission denied"],
  ["ELOOP", "it is a link that leads to itself"],
]);

function systemError({ code = "UNKNOWN" }: NodeJS.ErrnoException): UnreadableTextError {
  const why = reasons.get(code);
  return new UnreadableTextError(`cannot be read (${code})${why ? `: ${why}` : ""}`, code);
}
