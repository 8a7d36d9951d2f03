import { hash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UcaasError } from "./errors.ts";
import { type FileLock, lockFile } from "./file-lock.ts";
import {
  isForgotten,
  isSameWrite,
  type JournalEntry,
  type JournalKey,
  parseEntry,
} from "./journal-entry.ts";
import type { JournalListing, JournalStore } from "./journal-store.ts";

/** A draft or a moved lock of a process that was killed is removed after this time. */
const abandonedAfter = 60 * 60 * 1000;

/**
 * The journal as a folder of small files, one an entry. Each is written beside its place,
 * synced and renamed.
 */
export class JournalFolder implements JournalStore {
  readonly location: string;
  /** A file's name is made of its key, so what a name stands for never changes. */
  readonly #keys = new Map<string, JournalKey>();

  constructor(folder: string) {
    this.location = folder;
  }

  async read(key: JournalKey): Promise<JournalEntry | undefined> {
    const file = this.#file(key);
    try {
      // To look first is far quicker than to fail. Not by existsSync, which takes a
      // journal that cannot be read for an empty one.
      if (!statSync(file, { throwIfNoEntry: false })) return undefined;
    } catch (error) {
      throw this.#unavailable("read", error);
    }
    const text = await this.#text(file);
    return text === undefined ? undefined : parseEntry(text, file, key);
  }

  async readThing(vendor: string, thing: string): Promise<JournalEntry[]> {
    const keys: JournalKey[] = [];
    for (const name of await this.#names()) {
      const key = await this.#keyOf(name).catch(() => undefined);
      if (key?.vendor === vendor && key.thing === thing) keys.push(key);
    }
    const entries = await Promise.all(keys.map((key) => this.read(key)));
    return entries.filter((entry) => entry !== undefined);
  }

  async list(vendor?: string): Promise<JournalListing> {
    await this.#removeAbandoned();
    const entries: JournalEntry[] = [];
    const unreadable: string[] = [];
    for (const name of await this.#names()) {
      if (vendor !== undefined && !name.startsWith(`${vendor}-`)) continue;
      const file = join(this.location, name);
      try {
        const text = await this.#text(file);
        if (text === undefined) continue;
        const entry = parseEntry(text, file);
        if (isForgotten(entry)) await this.remove(entry, entry).catch(() => {});
        else entries.push(entry);
      } catch (error) {
        if (!(error instanceof UcaasError) || error.code !== "JOURNAL_UNREADABLE") throw error;
        unreadable.push(error.message);
      }
    }
    return { entries, unreadable };
  }

  async write(
    entry: JournalEntry,
    guard?: (present: readonly JournalEntry[]) => void,
  ): Promise<void> {
    const lock = guard && (await this.#lock(entry));
    try {
      if (guard) {
        const others = (await this.readThing(entry.vendor, entry.thing)).filter(
          ({ stack }) => stack !== entry.stack,
        );
        const own = await this.read(entry);
        guard(own ? [own, ...others] : others);
      }
      await this.#put(this.#file(entry), entry, lock);
    } finally {
      await lock?.release();
    }
  }

  async replace(entry: JournalEntry, present: JournalEntry): Promise<boolean> {
    const lock = await this.#lock(entry);
    try {
      const found = await this.read(entry);
      if (found && !isSameWrite(present, found)) return false;
      await this.#put(this.#file(entry), entry, lock);
      return true;
    } finally {
      await lock.release();
    }
  }

  async remove(key: JournalKey, own?: JournalEntry): Promise<void> {
    const file = this.#file(key);
    // As in read: far quicker than to fail.
    if (!existsSync(file)) return;
    const lock = own && (await this.#lock(key));
    try {
      if (own && !isSameWrite(own, await this.read(key))) return;
      await requireHeld(lock);
      rmSync(file, { force: true });
    } catch (error) {
      throw this.#unavailable("written", error, file);
    } finally {
      await lock?.release();
    }
  }

  #file({ vendor, stack, thing }: JournalKey): string {
    return join(this.location, `${vendor}-${shortHash(`${vendor}\n${stack}\n${thing}`)}.json`);
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.location)).filter((name) => name.endsWith(".json")).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw this.#unavailable("read", error);
    }
  }

  async #keyOf(name: string): Promise<JournalKey | undefined> {
    const known = this.#keys.get(name);
    if (known) return known;
    const file = join(this.location, name);
    const text = await this.#text(file);
    if (text === undefined) return undefined;
    const { vendor, stack, thing } = parseEntry(text, file);
    this.#keys.set(name, { vendor, stack, thing });
    return { vendor, stack, thing };
  }

  /** Not by a promise: of a file this small, its four turns of the event loop are most of it. */
  async #text(file: string): Promise<string | undefined> {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw this.#unavailable("read", error);
    }
  }

  /** One lock for a thing, so that two stacks that declare it see each other's intent. */
  async #lock({ vendor, thing }: JournalKey): Promise<FileLock> {
    try {
      this.#makeFolder();
      return await lockFile(
        join(this.location, `${vendor}-${shortHash(`${vendor}\n${thing}`)}.lock`),
      );
    } catch (error) {
      throw this.#unavailable("written", error);
    }
  }

  async #put(file: string, entry: JournalEntry, lock: FileLock | undefined): Promise<void> {
    const draft = `${file}.${randomUUID()}`;
    try {
      this.#makeFolder();
      const handle = await open(draft, "wx", 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(entry, undefined, 2)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await requireHeld(lock);
      const isNew = !existsSync(file);
      await rename(draft, file);
      // A new name is on the disk only when its folder is.
      if (isNew) await this.#syncFolder();
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw this.#unavailable("written", error);
    }
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.location, "r");
    await folder.sync().finally(() => folder.close());
  }

  #makeFolder(): void {
    mkdirSync(this.location, { recursive: true, mode: 0o700 });
  }

  /** What killed processes left behind. Nothing depends on it, so a failure is none. */
  async #removeAbandoned(): Promise<void> {
    const names = await readdir(this.location).catch(() => []);
    for (const name of names.filter((each) => /\.(json|lock)\../.test(each))) {
      const file = join(this.location, name);
      const age = await stat(file).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > abandonedAfter) await rm(file, { force: true }).catch(() => {});
    }
  }

  #unavailable(what: "read" | "written", error: unknown, file = this.location): UcaasError {
    return folderUnavailable(what, error, file);
  }
}

export function folderUnavailable(
  what: "read" | "written",
  error: unknown,
  file: string,
): UcaasError {
  if (error instanceof UcaasError) return error;
  return new UcaasError(
    `the intent journal cannot be ${what}: ${file} (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`,
    {
      code: "JOURNAL_UNAVAILABLE",
      operation: "journal",
      hint: [
        "nothing was sent, since without the journal this may be a second attempt",
        "make the folder writable, or name another: pulumi config set ucaas:journalDir <folder>",
      ].join("; "),
    },
  );
}

async function requireHeld(lock: FileLock | undefined): Promise<void> {
  if (lock && !(await lock.isHeld()))
    throw Object.assign(new Error("the lock was lost"), { code: "ELOCKED" });
}

function shortHash(text: string): string {
  return hash("sha256", text, "hex").slice(0, 32);
}
