import { setTimeout as pause } from "node:timers/promises";
import type { UcaasError } from "../runtime/errors.ts";
import type { ApiRecord } from "./fields.ts";

/** Where a batch reads. */
export interface BatchSource {
  /** The list, page by page, to its end. */
  readonly pages: () => AsyncIterable<readonly ApiRecord[]>;
  readonly idOf: (row: ApiRecord) => string | undefined;
  /** All that tells a row from all others, as far as the row has it. */
  readonly identitiesOf: (row: ApiRecord) => readonly Identity[];
}

/** What tells one object from all others. */
export interface Identity {
  /** The properties that it consists of: two rows agree in them or do not. */
  readonly by: string;
  /** The values, in one spelling. */
  readonly key: string;
}

/** An object that this run created. */
export interface CreatedObject {
  readonly identity: Identity;
  /** Looks for all objects with this identity. */
  readonly search: () => Promise<readonly ApiRecord[]>;
  /** What is wrong with it, if anything, given the rows that the server has of it. */
  readonly findProblem: (rows: readonly ApiRecord[]) => Promise<UcaasError | undefined>;
}

/** What the list shows after the creates. */
export interface LastLook {
  readonly rows: (identity: Identity) => readonly ApiRecord[];
  /** What is wrong with creates that have returned before. Only the first caller gets it. */
  readonly takeProblems: () => readonly UcaasError[];
}

/** An object that no look has verified yet. */
interface Entry {
  readonly created: CreatedObject;
  /** Its create has returned, so another one reports its problem. */
  hasReturned: boolean;
  /** The look that includes it. */
  look?: Promise<LastLook>;
}

/** Creates that wait for the look. They get nothing where more are to come after all. */
interface Waiting extends PromiseWithResolvers<LastLook | undefined> {
  readonly entries: Entry[];
}

/** The engine starts creates a few milliseconds apart; so long they are gathered. */
const gathering = 25;
/**
 * With nothing under way, a create that is expected begins within this time, also on a busy
 * machine, or the engine does not start it now.
 */
const patience = 1_000;

/**
 * What all creates of one kind in a run share: one list before them, which says what
 * exists, and one after them, which finds an object that another stack created at the
 * same time.
 *
 * The engine checks all new resources before most of their creates begin, so the checks
 * tell how many creates are to come. A create returns at once while more are to come,
 * since the engine starts the next one only then. The last ones look for all. Below
 * components the checks come one after the other, so the last ones wait for another check
 * first, for as long as a look takes.
 */
export class CreateBatch {
  readonly #source: BatchSource;
  #announced = 0;
  #begun = 0;
  #sending = 0;
  /** The list before the creates: `too long` when a search for each costs less. */
  #list: Promise<ListedIdentities | undefined> | "too long" | undefined;
  readonly #own = new Set<string>();
  #unverified: Entry[] = [];
  #waiting: Waiting | undefined;
  #isDeciding = false;
  /** How long the list took to read, in milliseconds; 0 once that wait was in vain. */
  #readTook = 0;
  /** Resolves when the next create is announced. */
  #announcement = Promise.withResolvers<void>();
  /** Resolves when the next create begins. */
  #next = Promise.withResolvers<void>();
  /** A look that was taken for the last was not: the engine starts one create after the other. */
  #lookedEarly = false;
  #oneByOne = false;

  constructor(source: BatchSource) {
    this.#source = source;
  }

  /** A new resource was checked, so its create is to come. */
  announce(): void {
    this.#announced++;
    this.#announcement.resolve();
    this.#announcement = Promise.withResolvers();
  }

  /** A create begins. Each is ended by {@link finish}. */
  begin(): void {
    this.#begun++;
    this.#sending++;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
    if (this.#lookedEarly) this.#oneByOne = true;
  }

  /**
   * Whether an object may exist: false only when the list shows that it does not, and
   * this run has not created it.
   */
  async mayExist({ by, key }: Identity): Promise<boolean> {
    if (this.#own.has(key)) return true;
    this.#list ??= this.#readList();
    const list = await this.#list;
    return typeof list !== "object" || !list.covers(by) || list.keys.has(key);
  }

  /**
   * The create has sent what it sends.
   *
   * @param created what it created, if anything
   * @returns undefined while more creates are to come: the last ones verify this one
   */
  async finish(created?: CreatedObject): Promise<LastLook | undefined> {
    this.#sending--;
    const entry: Entry | undefined = created && { created, hasReturned: false };
    if (entry) {
      this.#own.add(entry.created.identity.key);
      this.#unverified.push(entry);
    }
    if (this.#unverified.length === 0) return undefined;
    const isLast = this.#waiting !== undefined || (await this.#isLast());
    // Another create may have looked meanwhile.
    if (entry?.look) return entry.look;
    if (!isLast) return leave(entry);
    if (this.#unverified.length === 0) return undefined;
    // It has waited for the next one already.
    if (!this.#waiting && this.#sending === 0 && this.#begun < this.#announced)
      return this.#lookForAll();
    this.#waiting ??= { ...Promise.withResolvers(), entries: [] };
    if (this.#sending === 0 && !this.#isDeciding) return this.#decide(this.#waiting, entry);
    if (entry) this.#waiting.entries.push(entry);
    return this.#waiting.promise;
  }

  /** Nothing is under way: a look verifies all, unless another create is to come. */
  async #decide(waiting: Waiting, own?: Entry): Promise<LastLook | undefined> {
    this.#isDeciding = true;
    if (this.#begun >= this.#announced && !this.#oneByOne) await this.#nextAnnouncement();
    this.#isDeciding = false;
    this.#waiting = undefined;
    const isMoreToCome = this.#sending > 0 || this.#begun < this.#announced;
    if (!isMoreToCome || this.#oneByOne) {
      waiting.resolve(this.#lookForAll());
      return waiting.promise;
    }
    // The engine may start the next create only when some of these have returned.
    for (const entry of waiting.entries) leave(entry);
    waiting.resolve(undefined);
    const isLast = this.#sending === 0 && (await this.#isLast());
    if (own?.look) return own.look;
    const canLook = isLast && this.#sending === 0 && this.#unverified.length > 0;
    return canLook ? this.#lookForAll() : leave(own);
  }

  /** Waits as long as a look would take, until it does so in vain. */
  async #nextAnnouncement(): Promise<void> {
    const announced = this.#announced;
    await firstOf(this.#announcement.promise, Math.min(this.#readTook, patience));
    if (this.#announced === announced) this.#readTook = 0;
  }

  #lookForAll(): Promise<LastLook> {
    const entries = this.#unverified.splice(0);
    const look = this.#look(entries);
    for (const each of entries) each.look = look;
    return look;
  }

  async #isLast(): Promise<boolean> {
    if (this.#begun >= this.#announced) return true;
    if (this.#sending > 0 || this.#oneByOne) return false;
    const begun = this.#begun;
    await firstOf(this.#next.promise, patience);
    this.#lookedEarly = this.#begun === begun;
    return this.#lookedEarly;
  }

  async #readList(): Promise<ListedIdentities | undefined> {
    await pause(gathering);
    const expected = () => Math.max(this.#announced, this.#begun);
    if (expected() < 2) {
      this.#list = undefined;
      return undefined;
    }
    const list = new ListedIdentities();
    const begun = performance.now();
    let pages = 0;
    try {
      for await (const rows of this.#source.pages()) {
        for (const row of rows) list.add(this.#source.identitiesOf(row));
        if (++pages > expected() + 1) {
          this.#list = "too long";
          return undefined;
        }
      }
    } catch (error) {
      this.#list = undefined;
      throw error;
    }
    this.#readTook = performance.now() - begun;
    return list;
  }

  async #look(entries: readonly Entry[]): Promise<LastLook> {
    const found = new Map<string, Map<string, ApiRecord>>(
      entries.map(({ created }) => [created.identity.key, new Map()]),
    );
    const note = (key: string, row: ApiRecord) =>
      found.get(key)?.set(this.#source.idOf(row) ?? "", row);
    if (entries.length === 1 || this.#list === "too long") {
      await Promise.all(
        entries.map(async ({ created: { identity, search } }) => {
          for (const row of await search()) note(identity.key, row);
        }),
      );
    } else {
      for await (const page of this.#source.pages())
        for (const row of page)
          for (const { key } of this.#source.identitiesOf(row)) note(key, row);
    }
    const rows = ({ key }: Identity) => [...(found.get(key)?.values() ?? [])];
    const returned = entries.filter(({ hasReturned }) => hasReturned);
    const verified = await Promise.all(
      returned.map(({ created }) => created.findProblem(rows(created.identity))),
    );
    const problems = verified.filter((problem) => problem !== undefined);
    return { rows, takeProblems: () => problems.splice(0) };
  }
}

/** Its create returns before it is verified. */
function leave(entry: Entry | undefined): undefined {
  if (entry) entry.hasReturned = true;
}

async function firstOf(event: Promise<void>, milliseconds: number): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const tooLong = pause(milliseconds, undefined, { signal }).catch(() => {});
  await Promise.race([event, tooLong]);
  waiting.abort();
}

/** What a list has, by identity. */
class ListedIdentities {
  readonly keys = new Set<string>();
  readonly #by = new Set<string>();
  #rows = 0;

  add(identities: readonly Identity[]): void {
    this.#rows++;
    for (const { by, key } of identities) {
      this.#by.add(by);
      this.keys.add(key);
    }
  }

  /** Whether rows show these properties. Where no row does, the list may leave them out. */
  covers(by: string): boolean {
    return this.#rows === 0 || this.#by.has(by);
  }
}
