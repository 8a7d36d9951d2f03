import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { UcaasError } from "./errors.ts";
import { homeFolder } from "./home.ts";
import type { Json } from "./plain.ts";

/**
 * Whose intent: one stack's, about one thing at one vendor. Two stacks that declare the same thing have an entry each,
 * so neither takes up what the other one made.
 */
export interface JournalKey {
  readonly vendor: string;
  /** `project/stack`, as the resource carries it in `__stack`. */
  readonly stack: string;
  /** The thing, with its server: `https://licensing.example/v1 acme/berlin`. */
  readonly thing: string;
}

/** What is known of a request that was about to leave. Never holds a secret: whoever can read the folder reads it all. */
export interface JournalEntry<Note extends Json = Json> {
  readonly vendor: string;
  readonly stack: string;
  readonly thing: string;
  /** Of the arguments that were sent. */
  readonly argumentsHash: string;
  /** ISO time at which the intent was written, before the request left. */
  readonly intendedAt: string;
  /** ISO time at which the reply was noted; absent while the outcome is not known. */
  readonly completedAt?: string;
  /** What the vendor's code wants to know later, such as an order's id. */
  readonly note: Note;
}

/**
 * The intent journal: a folder of small files, each written and synced before a request leaves that must not be made
 * twice, and completed with what the reply said. Nothing can be put into the state in the middle of a create, so after
 * a kill only this tells a first try from a second. Whoever
 * wrote an entry drops it when it has done its duty, such as when a later call shows that the state has the thing.
 *
 * The folder is `ucaas:journalDir` (a shared disk, when more than one machine runs the same stack), else
 * `UCAAS_JOURNAL_DIR`, else `ucaas/journal` below `$PULUMI_HOME` or `~/.pulumi`.
 */
export class Journal {
  readonly directory: string;

  constructor(config: dynamic.Config, environment: NodeJS.ProcessEnv = process.env) {
    this.directory = config.get("ucaas:journalDir") || environment.UCAAS_JOURNAL_DIR || join(homeFolder(environment), "journal");
  }

  /** The entry of a thing, or undefined when there is none. */
  async find<Note extends Json>(key: JournalKey): Promise<JournalEntry<Note> | undefined> {
    let text: string;
    try {
      // Each command asks for each resource, and nearly always there is nothing: to look first is far quicker than to fail. Not by existsSync,
      // which would take a journal that cannot be read for an empty one.
      if (!statSync(this.#file(key), { throwIfNoEntry: false })) return undefined;
      text = await readFile(this.#file(key), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw this.#broken("read", error);
    }
    try {
      return JSON.parse(text) as JournalEntry<Note>;
    } catch (error) {
      throw this.#broken("read", error, this.#file(key));
    }
  }

  /**
   * Notes that a request is about to leave. Returns after the disk has it.
   *
   * @param seen the entry on which the decision to send was made, null when there was none; when the journal has another
   *   by now, nothing is written. Left out: whatever is there is replaced.
   * @throws {UcaasError} `JOURNAL_OUTDATED` when another process was quicker, `JOURNAL_UNAVAILABLE`
   */
  async intend<Note extends Json>(key: JournalKey, args: unknown, note: Note, seen?: JournalEntry | null): Promise<JournalEntry<Note>> {
    const entry: JournalEntry<Note> = { ...key, argumentsHash: hashOf(args), intendedAt: new Date().toISOString(), note };
    const release = seen === undefined ? undefined : await this.#lock(key);
    try {
      if (seen !== undefined) refuseOutdated(seen, await this.find(key), key);
      await this.#write(key, entry);
    } finally {
      await release?.();
    }
    await this.#syncFolder();
    return entry;
  }

  /** Replaces an entry's note while the outcome is still open. Returns after the disk has it. */
  async annotate<Note extends Json>(key: JournalKey, entry: JournalEntry<Note>, note: Note): Promise<JournalEntry<Note>> {
    const annotated = { ...entry, note };
    await this.#write(key, annotated);
    return annotated;
  }

  /** Notes what the reply said. Returns after the disk has it. */
  async complete<Note extends Json>(key: JournalKey, entry: JournalEntry<Note>, note: Note): Promise<JournalEntry<Note>> {
    const completed = { ...entry, completedAt: new Date().toISOString(), note };
    await this.#write(key, completed);
    return completed;
  }

  /** Forgets a thing: the state has it, or it is known that nothing was made. */
  async drop(key: JournalKey): Promise<void> {
    try {
      // As in find: far quicker than to fail.
      if (existsSync(this.#file(key))) await rm(this.#file(key), { force: true });
    } catch (error) {
      throw this.#broken("written", error, this.#file(key));
    }
  }

  #file(key: JournalKey): string {
    const name = createHash("sha256").update(`${key.vendor}\n${key.stack}\n${key.thing}`).digest("hex").slice(0, 32);
    return join(this.directory, `${key.vendor}-${name}.json`);
  }

  /** Held for the moments between a look and a write. Who was killed in between leaves a lock that is taken to be dead after five seconds. */
  async #lock(key: JournalKey): Promise<() => Promise<void>> {
    try {
      const { lock } = await import("proper-lockfile");
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      const retries = { retries: 100, minTimeout: 50, maxTimeout: 100 };
      return await lock(this.#file(key), { realpath: false, stale: 5_000, retries });
    } catch (error) {
      throw this.#broken("written", error);
    }
  }

  async #write(key: JournalKey, entry: JournalEntry): Promise<void> {
    const file = this.#file(key);
    const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      const handle = await open(draft, "wx", 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(entry, undefined, 2)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw this.#broken("written", error);
    }
  }

  /** A new name is on the disk only when its folder is; a name that was there before stays, with the old text or the new. */
  async #syncFolder(): Promise<void> {
    try {
      const folder = await open(this.directory, "r");
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      throw this.#broken("written", error);
    }
  }

  #broken(what: "read" | "written", error: unknown, file = this.directory): UcaasError {
    return new UcaasError(`the intent journal cannot be ${what}: ${file} (${(error as NodeJS.ErrnoException).code ?? "not JSON"})`, {
      code: "JOURNAL_UNAVAILABLE",
      operation: "journal",
      hint: "without it a second try cannot be told from a first, so nothing more is sent. Make the folder writable, or name another with: pulumi config set ucaas:journalDir <folder>",
    });
  }
}

function refuseOutdated(seen: JournalEntry | null, found: JournalEntry | undefined, key: JournalKey): void {
  if (seen?.intendedAt === found?.intendedAt && seen?.argumentsHash === found?.argumentsHash) return;
  throw new UcaasError(`another process has just noted that it is at work on ${key.thing}`, {
    code: "JOURNAL_OUTDATED",
    vendor: key.vendor,
    operation: "journal",
    hint: "nothing was sent. See that no other `pulumi up` of this stack is running, and that the thing is declared once, then run it again",
  });
}

/** A hash of arguments that does not depend on the order of keys. */
export function hashOf(args: unknown): string {
  return createHash("sha256").update(JSON.stringify(args, sorted)).digest("hex");
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
