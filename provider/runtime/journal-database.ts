import type { PoolClient } from "pg";
import { UcaasError } from "./errors.ts";
import { isForgotten, type JournalEntry, type JournalKey, parseEntry } from "./journal-entry.ts";
import type { JournalListing, JournalStore } from "./journal-store.ts";
import type { PostgresDatabase } from "./postgresql.ts";

interface Row {
  readonly entry: string;
}

const upsert = `
  insert into ucaas_journal (vendor, stack, thing, entry) values ($1, $2, $3, $4)
  on conflict (vendor, stack, thing) do update set entry = excluded.entry`;

/** Whether the entry that is there is of the write that three parameters name, from this one on. */
const isWrite = (first: number) => `
    (ucaas_journal.entry::jsonb ->> 'id') is not distinct from $${first}::text
    and (ucaas_journal.entry::jsonb ->> 'intendedAt') is not distinct from $${first + 1}::text
    and (ucaas_journal.entry::jsonb ->> 'argumentsHash') is not distinct from $${first + 2}::text`;
const namesOfWrite = ({ id, intendedAt, argumentsHash }: JournalEntry) => [
  id ?? null,
  intendedAt,
  argumentsHash,
];

/**
 * One statement, since every write of a resource ends with it. It may be sent twice, so it
 * also takes what it has written itself.
 */
const upsertOfSameWrite = `${upsert}
  where ucaas_journal.entry = excluded.entry or ${isWrite(5)}
  returning 1`;

const removal = "delete from ucaas_journal where vendor = $1 and stack = $2 and thing = $3";
const removalOfSameWrite = `${removal} and ${isWrite(4)}`;

/**
 * The journal in a PostgreSQL database, for runs on more than one machine. An entry is
 * durable when its transaction has been committed. A lock ends with its connection, so a
 * process that is killed holds none.
 */
export class JournalDatabase implements JournalStore {
  readonly #database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.#database = database;
  }

  get location(): string {
    return this.#database.location;
  }

  async read(key: JournalKey): Promise<JournalEntry | undefined> {
    const [row] = await this.#database.query<Row>(
      "select entry from ucaas_journal where vendor = $1 and stack = $2 and thing = $3",
      [key.vendor, key.stack, key.thing],
    );
    return row && parseEntry(row.entry, this.#place(key), key);
  }

  async readThing(vendor: string, thing: string): Promise<JournalEntry[]> {
    const rows = await this.#database.query<Row & JournalKey>(
      "select vendor, stack, thing, entry from ucaas_journal where vendor = $1 and thing = $2",
      [vendor, thing],
    );
    return rows.map((row) => parseEntry(row.entry, this.#place(row), row));
  }

  async list(vendor?: string): Promise<JournalListing> {
    const rows = await this.#database.query<Row & JournalKey>(
      "select vendor, stack, thing, entry from ucaas_journal where $1::text is null or vendor = $1 order by vendor, thing, stack",
      [vendor ?? null],
    );
    const entries: JournalEntry[] = [];
    const unreadable: string[] = [];
    for (const row of rows) {
      try {
        const entry = parseEntry(row.entry, this.#place(row), row);
        if (isForgotten(entry)) await this.remove(entry, entry);
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
    const text = JSON.stringify(entry);
    const values = [entry.vendor, entry.stack, entry.thing, text];
    if (!guard) {
      await this.#database.query(upsert, values);
      return;
    }
    await this.#database.transaction(async (client) => {
      // One lock for a thing, so that two stacks that declare it see each other's intent.
      await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
        `${entry.vendor}\n${entry.thing}`,
      ]);
      const present = await this.#present(client, entry);
      // The commit's reply was lost, and the transaction was begun again.
      if (present.some((row) => row.entry === text)) return;
      guard(present.map((row) => parseEntry(row.entry, this.#place(row), row)));
      await client.query(upsert, values);
    });
  }

  async replace(entry: JournalEntry, present: JournalEntry): Promise<boolean> {
    const rows = await this.#database.query(upsertOfSameWrite, [
      ...[entry.vendor, entry.stack, entry.thing, JSON.stringify(entry)],
      ...namesOfWrite(present),
    ]);
    return rows.length > 0;
  }

  async remove({ vendor, stack, thing }: JournalKey, own?: JournalEntry): Promise<void> {
    const key = [vendor, stack, thing];
    if (own) await this.#database.query(removalOfSameWrite, [...key, ...namesOfWrite(own)]);
    else await this.#database.query(removal, key);
  }

  async #present(client: PoolClient, { vendor, thing }: JournalKey) {
    const { rows } = await client.query<Row & JournalKey>(
      // A statement of another process, such as `replace`, waits for the commit.
      "select vendor, stack, thing, entry from ucaas_journal where vendor = $1 and thing = $2 for update",
      [vendor, thing],
    );
    return rows;
  }

  #place({ vendor, stack, thing }: JournalKey): string {
    return `${this.location}, table ucaas_journal, ${vendor} ${thing} of ${stack}`;
  }
}
