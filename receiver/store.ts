import { randomBytes } from "node:crypto";
import type { Selectable } from "kysely";
import type { Database, Tables } from "./tables.ts";

/**
 * An order that is about to be sent, was sent, or may have been sent;
 * docs/xelion-relay.md has the words.
 */
export interface Intent {
  readonly id: string;
  readonly key: string;
  readonly registeredAt: string;
  /** The unguessable part of its callback address. */
  readonly token: string;
  readonly acknowledged: number;
  readonly note: Note;
}

export type Note = Record<string, unknown>;

export interface Message {
  readonly sequence: number;
  readonly receivedAt: string;
  /** JSON text, as it came. */
  readonly body: string;
}

/** A callback's body as it came, and what tells it from others. */
export interface Callback {
  /** JSON text. */
  readonly body: string;
  /** Decimal digits; null when the body has none that can be compared exactly. */
  readonly mid: string | null;
}

export type Registration =
  | { readonly outcome: "registered" | "repeated"; readonly intent: Intent }
  | { readonly outcome: "notCurrent"; readonly intent: Intent | null }
  | { readonly outcome: "otherKey" };

export type SaveResult =
  | { readonly outcome: "kept"; readonly sequence: number }
  | { readonly outcome: "repeat" | "unknownIntent" };

/**
 * Polls are noted this often at most, so that waiting does not write all the time.
 * Milliseconds.
 */
const pollsAreNotedEvery = 60_000;
const longestList = 100;
/** The row that has the time of expiry. Receivers of 0.1 write another one. */
const expiryTime = 2;
/**
 * Of intents that no client has registered. Their tokens have another length than those
 * of callback addresses.
 */
const probePrefix = "probe-";

/** Intents and their messages. What a method has changed is durable when it returns. */
export class Store {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  close(): Promise<void> {
    return this.#database.destroy();
  }

  /** A compare-and-set: of two that replace the same intent, or none, one is registered. */
  async register(wanted: {
    id: string;
    key: string;
    replaces: string | null;
    note: Note;
  }): Promise<Registration> {
    const { id, key } = wanted;
    const known = await this.#find(id);
    if (known && known.key !== key) return { outcome: "otherKey" };
    if (known) return { outcome: "repeated", intent: known };
    const registered = await this.#insertAsCurrent(wanted);
    if (registered) return { outcome: "registered", intent: registered };
    // Another was faster: this very request, sent twice, or one of another process.
    const twin = await this.#find(id);
    return twin
      ? { outcome: "repeated", intent: twin }
      : { outcome: "notCurrent", intent: await this.current(key) };
  }

  #insertAsCurrent({
    id,
    key,
    replaces,
    note,
  }: {
    id: string;
    key: string;
    replaces: string | null;
    note: Note;
  }) {
    return this.#database.transaction().execute(async (transaction) => {
      if (replaces !== null) {
        const replaced = await transaction
          .updateTable("receiverIntents")
          .set({ current: null })
          .where("id", "=", replaces)
          .where("key", "=", key)
          .where("current", "=", 1)
          .executeTakeFirst();
        if (replaced.numUpdatedRows === 0n) return undefined;
      }
      const at = now();
      const token = randomBytes(32).toString("base64url");
      const row = await transaction
        .insertInto("receiverIntents")
        .values({
          id,
          key,
          current: 1,
          token,
          registeredAt: at,
          touchedAt: at,
          note: JSON.stringify(note),
          acknowledged: 0,
          lastSequence: 0,
        })
        // The index on the current intent of a key decides between two that come at once.
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (!row && replaces !== null)
        throw new Error("the id was registered for another key a moment ago");
      return row && intentOf(row);
    });
  }

  async current(key: string): Promise<Intent | null> {
    const row = await this.#database
      .selectFrom("receiverIntents")
      .selectAll()
      .where("key", "=", key)
      .where("current", "=", 1)
      .executeTakeFirst();
    return row ? intentOf(row) : null;
  }

  /**
   * Replaces the note, and raises `acknowledged`: never lowers it, nor raises it above
   * what has come. Undefined: no such intent.
   */
  update(id: string, changes: { note?: Note; acknowledged?: number }): Promise<Intent | undefined> {
    return this.#database.transaction().execute(async (transaction) => {
      const row = await transaction
        .updateTable("receiverIntents")
        .set({ touchedAt: now() })
        .where("id", "=", id)
        .returning(["acknowledged", "lastSequence"])
        .executeTakeFirst();
      if (!row) return undefined;
      const acknowledged = Math.max(
        row.acknowledged,
        Math.min(changes.acknowledged ?? 0, row.lastSequence),
      );
      const changed = await transaction
        .updateTable("receiverIntents")
        .set({ acknowledged, ...(changes.note && { note: JSON.stringify(changes.note) }) })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return intentOf(changed);
    });
  }

  /** The intent ends, and its messages and callback address with it. */
  async forget(id: string): Promise<void> {
    await this.#database.deleteFrom("receiverIntents").where("id", "=", id).execute();
  }

  /** Messages above a sequence, oldest first. Undefined: no such intent. */
  async messages(id: string, after: number): Promise<Message[] | undefined> {
    const intent = await this.#database
      .selectFrom("receiverIntents")
      .select("touchedAt")
      .where("id", "=", id)
      .executeTakeFirst();
    if (!intent) return undefined;
    if (intent.touchedAt < ago(pollsAreNotedEvery))
      await this.#database
        .updateTable("receiverIntents")
        .set({ touchedAt: now() })
        .where("id", "=", id)
        .execute();
    return this.#database
      .selectFrom("receiverMessages")
      .select(["sequence", "receivedAt", "body"])
      .where("intentId", "=", id)
      .where("sequence", ">", after)
      .orderBy("sequence")
      .limit(longestList)
      .execute();
  }

  /** Whose callback address this is. */
  async intentOfToken(token: string): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom("receiverIntents")
      .select("id")
      .where("token", "=", token)
      .executeTakeFirst();
    return row?.id;
  }

  keep(intentId: string, { body, mid }: Callback): Promise<SaveResult> {
    return this.#database.transaction().execute(async (transaction): Promise<SaveResult> => {
      const receivedAt = now();
      // Locks the intent, so that a sequence is never seen before the ones below it.
      const intent = await transaction
        .updateTable("receiverIntents")
        .set({ touchedAt: receivedAt })
        .where("id", "=", intentId)
        .returning("lastSequence")
        .executeTakeFirst();
      if (!intent) return { outcome: "unknownIntent" };
      const sequence = intent.lastSequence + 1;
      const inserted = await transaction
        .insertInto("receiverMessages")
        .values({ intentId, sequence, mid, receivedAt, body })
        .onConflict((conflict) => conflict.columns(["intentId", "mid"]).doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 0n) return { outcome: "repeat" };
      await transaction
        .updateTable("receiverIntents")
        .set({ lastSequence: sequence })
        .where("id", "=", intentId)
        .execute();
      return { outcome: "kept", sequence };
    });
  }

  /**
   * Forgets the intents that have become too old since the last look; how many there were.
   * A clock may be wrong, so the time that counts moves by `atMost` at a look. Both in
   * milliseconds.
   */
  expire(expireAfter: number, atMost: number): Promise<number> {
    const tooOld = (time: number) => iso(time - expireAfter - pollsAreNotedEvery);
    return this.#database.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom("receiverHeartbeat")
        .select("beatenAt")
        .where("id", "=", expiryTime)
        .executeTakeFirst();
      const last = row ? Date.parse(row.beatenAt) : Date.now();
      const time = Math.min(Math.max(Date.now(), last - atMost), last + atMost);
      const beatenAt = iso(time);
      await transaction
        .insertInto("receiverHeartbeat")
        .values({ id: expiryTime, beatenAt })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ beatenAt }))
        .execute();
      // The last look left nothing that was too old: this came while a clock was behind.
      await transaction
        .updateTable("receiverIntents")
        .set({ touchedAt: beatenAt })
        .where("touchedAt", "<", tooOld(last))
        .execute();
      const { numDeletedRows } = await transaction
        .deleteFrom("receiverIntents")
        .where("touchedAt", "<", tooOld(time))
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }

  /** How far each of these intents is. An intent that is missing here is gone. */
  async lastSequences(ids: string[]): Promise<Map<string, number>> {
    const rows = await this.#database
      .selectFrom("receiverIntents")
      .select(["id", "lastSequence"])
      .where("id", "in", ids)
      .execute();
    return new Map(rows.map((row) => [row.id, row.lastSequence]));
  }

  async counts(): Promise<{ intents: number; unacknowledged: number }> {
    const row = await this.#database
      .selectFrom("receiverIntents")
      .where("id", "not like", `${probePrefix}%`)
      .select(({ fn, eb }) => [
        fn.countAll().as("intents"),
        fn.sum(eb("lastSequence", "-", eb.ref("acknowledged"))).as("unacknowledged"),
      ])
      .executeTakeFirstOrThrow();
    return { intents: Number(row.intents), unacknowledged: Number(row.unacknowledged) };
  }

  /**
   * Fails when a callback of so many bytes could not be kept: it keeps one, for an intent
   * of its own, and forgets it. To write less would succeed on a disk that is nearly
   * full.
   */
  async probe(bytes: number): Promise<void> {
    const id = `${probePrefix}${randomBytes(16).toString("hex")}`;
    const at = now();
    await this.#database
      .insertInto("receiverIntents")
      .values({
        id,
        key: id,
        current: null,
        token: id,
        registeredAt: at,
        touchedAt: at,
        note: "{}",
        acknowledged: 0,
        lastSequence: 0,
      })
      .execute();
    try {
      await this.keep(id, { body: JSON.stringify("x".repeat(bytes)), mid: null });
    } finally {
      await this.forget(id);
    }
  }

  async #find(id: string): Promise<Intent | undefined> {
    const row = await this.#database
      .selectFrom("receiverIntents")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row && intentOf(row);
  }
}

function intentOf({
  id,
  key,
  registeredAt,
  token,
  acknowledged,
  note,
}: Selectable<Tables["receiverIntents"]>): Intent {
  return { id, key, registeredAt, token, acknowledged, note: JSON.parse(note) as Note };
}

function now(): string {
  return iso(Date.now());
}

function ago(milliseconds: number): string {
  return iso(Date.now() - milliseconds);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
