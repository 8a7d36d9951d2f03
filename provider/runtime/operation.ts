import { otherHolder } from "./intents.ts";
import type { IntentOptions, Journal, JournalEntry, JournalKey, JournalWrite } from "./journal.ts";
import type { Json } from "./to-json.ts";

/** Where the journal has, or would have, the entry of an operation. */
export interface OperationTarget {
  readonly key: JournalKey;
  /** The entry that the journal has now. */
  readonly present: JournalEntry | undefined;
  /** An earlier write that the state does not have. */
  readonly previous: JournalEntry | undefined;
}

export interface OperationDeps {
  readonly journal: Journal;
  readonly write: JournalWrite;
  /** The stack of the program, where there is one. */
  readonly stack: string | undefined;
  /** The name of the last write that the state knows. */
  readonly known: string | undefined;
  /** Another machine's run began an update of the resource, and its outcome is not known. */
  readonly isRepeated: boolean;
  readonly signal: AbortSignal;
  locate(): Promise<OperationTarget>;
  /** Throws what keeps a write from being sent, by the entries of other stacks. */
  guard(key: JournalKey, others: readonly JournalEntry[]): void;
  own(remoteId: string): void;
  log(text: string): void;
  warn(text: string): void;
}

/**
 * One create, update or delete, as a vendor's handler sees it: its intent in the journal,
 * and what an earlier run left there.
 */
export class Operation<Note extends Json = Json> {
  readonly #means: OperationDeps;
  #place: Promise<OperationTarget> | undefined;
  #entry: JournalEntry<Note> | undefined;

  constructor(means: OperationDeps) {
    this.#means = means;
  }

  /**
   * An earlier write of this stack that the state does not have. It may have arrived.
   *
   * @throws {UcaasError} `JOURNAL_OTHER_STACK` where another stack is at work on the same
   */
  async recall(): Promise<JournalEntry<Note> | undefined> {
    const { journal, write, guard } = this.#means;
    const { key, previous } = await this.#locate();
    if (write.operation === "create") guard(key, await journal.findThing(key.vendor, key.thing));
    return previous as JournalEntry<Note> | undefined;
  }

  /**
   * Another machine's run began an update of the resource: what the state says may be
   * outdated. `recall` has the fields of that update.
   */
  get isRepeated(): boolean {
    return this.#means.isRepeated;
  }

  /** Aborted when the run is to end. */
  get signal(): AbortSignal {
    return this.#means.signal;
  }

  /** The name of this write, once it was noted. */
  get id(): string | undefined {
    return this.#entry?.id;
  }

  /**
   * For handlers that keep their entries themselves: what each intent carries, and what
   * keeps it from being written.
   *
   * @param service the base URL that the write goes to, where `key` does not say it
   */
  intentOptions(key: JournalKey, service?: string): IntentOptions {
    const { known, guard, stack } = this.#means;
    const heldBy = stack === undefined ? undefined : otherHolder(key, stack);
    const write = {
      ...this.#means.write,
      ...(heldBy !== undefined && { heldBy }),
      ...(service !== undefined && { service }),
    };
    return { write, known, guard: (others) => guard(key, others) };
  }

  log(text: string): void {
    this.#means.log(text);
  }

  warn(text: string): void {
    this.#means.warn(text);
  }

  /**
   * The vendor's id of what is created, once it is known. Throws `DECLARED_TWICE` when
   * another resource was created with it.
   */
  own(remoteId: string): void {
    this.#means.own(remoteId);
  }

  /**
   * Notes that requests are about to leave that change something at the vendor. Call it
   * before the first one.
   *
   * @param args what is sent, for a hash of it
   * @param note what the next run wants to know; no secrets
   */
  async intend(args: unknown, note: Note): Promise<void> {
    const { key, present } = await this.#locate();
    const seen = this.#entry ?? present ?? null;
    const options = this.intentOptions(key);
    this.#entry = await this.#means.journal.intend<Note>(key, args, note, seen, options);
  }

  /**
   * Adds what was learnt. What was made is in the state in a moment, so a journal that
   * fails now stops nothing.
   */
  async note(note: Note, remoteId?: string): Promise<void> {
    if (!this.#entry) return;
    const entry = { ...this.#entry, note, ...(remoteId !== undefined && { remoteId }) };
    this.#entry = entry;
    await this.#try(async () =>
      this.#means.journal.annotate((await this.#locate()).key, entry, note),
    );
  }

  /** It is certain that nothing was changed. What an earlier run left open is open still. */
  async withdraw(): Promise<void> {
    const own = this.#entry;
    if (!own) return;
    const { journal } = this.#means;
    this.#entry = undefined;
    // The vendor's refusal is what the user has to know. An entry that stays is looked at again.
    await this.#try(async () => {
      const { key, present, previous } = await this.#locate();
      if (present && previous) await journal.annotate(key, present, present.note, own);
      else await journal.drop(key, own);
    });
  }

  /** It is certain that neither this write nor an earlier one is at the vendor. */
  async discard(): Promise<void> {
    const { key, present } = await this.#locate();
    const judged = this.#entry ?? present;
    this.#entry = undefined;
    if (judged) await this.#means.journal.drop(key, judged);
  }

  /** The write ended well, and its result goes into the state. */
  async complete(remoteId?: string): Promise<void> {
    const { journal } = this.#means;
    const entry = this.#entry;
    await this.#try(async () => {
      const { key, present, previous } = await this.#locate();
      if (entry)
        await journal.complete(
          key,
          { ...entry, ...(remoteId !== undefined && { remoteId }) },
          entry.note,
        );
      else if (present && previous) await journal.drop(key, present);
    });
  }

  #locate(): Promise<OperationTarget> {
    this.#place ??= this.#means.locate();
    return this.#place;
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#means.warn((error as Error).message);
    }
  }
}
