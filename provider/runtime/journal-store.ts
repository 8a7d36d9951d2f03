import type { JournalEntry, JournalKey } from "./journal-entry.ts";

/** All entries of a journal, and what is there but is none. */
export interface JournalListing {
  readonly entries: readonly JournalEntry[];
  /** The error's message of each that cannot be read. */
  readonly unreadable: readonly string[];
}

/**
 * Where a journal keeps its entries. What is written is durable when the promise resolves.
 * Every method throws `JOURNAL_UNAVAILABLE` where the store cannot be used, and
 * `JOURNAL_UNREADABLE` for an entry that is none.
 */
export interface JournalStore {
  /** For people: the folder, or the database without its credentials. */
  readonly location: string;
  /**
   * Is called once for each resource of each command, and nearly always there is nothing:
   * it must be fast then.
   */
  read(key: JournalKey): Promise<JournalEntry | undefined>;
  /** The entries of one thing, of whichever stack. */
  readThing(vendor: string, thing: string): Promise<JournalEntry[]>;
  /** @param vendor only the entries of that one */
  list(vendor?: string): Promise<JournalListing>;
  /**
   * Writes an entry in place of the one with its key.
   *
   * @param guard throws what keeps the entry from being written. It sees the entries of
   *   this thing, of whichever stack. Until the entry is written, no other process changes
   *   one of these, or writes one for this thing with a guard.
   */
  write(entry: JournalEntry, guard?: (present: readonly JournalEntry[]) => void): Promise<void>;
  /**
   * Writes an entry in place of the given one, or where none is.
   *
   * @returns false where the entry of another write is there, which then stays
   */
  replace(entry: JournalEntry, present: JournalEntry): Promise<boolean>;
  /** @param own the write that may be removed; the entry of another write then stays */
  remove(key: JournalKey, own?: JournalEntry): Promise<void>;
}
