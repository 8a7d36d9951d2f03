import { setTimeout as pause } from "node:timers/promises";
import { UcaasError } from "../runtime/errors.ts";
import { isRecord } from "../runtime/is-record.ts";
import { valueAt } from "../runtime/own-property.ts";
import type { ApiRecord } from "./fields.ts";

/** Where the reads come from. */
export interface ReadSource {
  /** A page of the list, from 1; `last` when none follows. */
  readonly page: (number: number) => Promise<{ rows: readonly ApiRecord[]; last: boolean }>;
  /** One thing, or undefined when it is gone. */
  readonly single: (id: string) => Promise<ApiRecord | undefined>;
  readonly idOf: (row: ApiRecord) => string | undefined;
}

/** What is known when some reads wait and the rows so far do not answer them. */
export interface ReadState {
  readonly waiting: number;
  /** Reads asked for in this run, the waiting ones included. */
  readonly asked: number;
  /** Reads that a row answered. */
  readonly served: number;
  /** Reads whose row lacked a managed field. */
  readonly lacking: number;
  readonly pages: number;
  readonly exhausted: boolean;
}

/**
 * Whether the next page of the list is worth more than one call for each waiting read:
 * when several wait, rows carry what is managed, and no more pages were read than reads
 * were asked for. So a few customers of a long list never cost more than twice their
 * single calls, and many cost one call a page.
 */
export function nextRead({
  waiting,
  asked,
  served,
  lacking,
  pages,
  exhausted,
}: ReadState): "page" | "single" {
  return !exhausted && waiting > 1 && lacking <= served && pages < asked ? "page" : "single";
}

interface Waiter {
  readonly id: string;
  readonly wires: readonly string[];
  readonly resolve: (row: ApiRecord | undefined) => void;
  readonly reject: (error: unknown) => void;
  /** Its row is there but lacks a managed field. */
  lacks?: boolean;
}

/** The engine sends the reads of a refresh a few milliseconds apart; so long they are gathered. */
const gathering = 25;

/**
 * Reads for a refresh, many at a time. The list is read at most once in a run, page by
 * page as long as that saves requests. A row that is missing there, or lacks a managed
 * field, is read singly. Only a single read says "gone".
 */
export class BatchReader {
  readonly #source: ReadSource;
  readonly #rows = new Map<string, ApiRecord>();
  /** Field names that some row had: where one row lacks them, they are empty there. */
  readonly #carried = new Set<string>();
  readonly #written = new Set<string>();
  #waiting: Waiter[] = [];
  #running = false;
  #asked = 0;
  #served = 0;
  #lacking = 0;
  #pages = 0;
  #exhausted = false;

  constructor(source: ReadSource) {
    this.#source = source;
  }

  /** The object with at least the given fields, or undefined when it is gone. */
  read(id: string, wires: readonly string[]): Promise<ApiRecord | undefined> {
    this.#asked++;
    // What this run has written may be older in the list.
    if (this.#written.has(id)) return this.#source.single(id);
    const row = this.#answer(id, wires);
    if (row) return Promise.resolve(row);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, wires, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Notes that this run writes a thing, so that what the list said of it counts no longer. */
  forget(id: string): void {
    this.#written.add(id);
  }

  async #run(): Promise<void> {
    this.#running = true;
    await pause(gathering);
    while (this.#waiting.length > 0) {
      this.#serve();
      if (this.#waiting.length === 0) break;
      const state = {
        waiting: this.#waiting.length,
        asked: this.#asked,
        served: this.#served,
        lacking: this.#lacking,
      };
      if (nextRead({ ...state, pages: this.#pages, exhausted: this.#exhausted }) === "page")
        await this.#page();
      else this.#readSingly();
    }
    this.#running = false;
  }

  /** The row, when it is known and has all that is wanted. */
  #answer(id: string, wires: readonly string[]): ApiRecord | undefined {
    const row = this.#rows.get(id);
    if (!row || !wires.every((wire) => this.#carried.has(wire))) return undefined;
    this.#served++;
    return row;
  }

  #serve(): void {
    this.#waiting = this.#waiting.filter((waiter) => {
      const row = this.#answer(waiter.id, waiter.wires);
      if (row) waiter.resolve(row);
      else if (this.#rows.has(waiter.id) && !waiter.lacks) {
        this.#lacking++;
        waiter.lacks = true;
      }
      return !row;
    });
  }

  async #page(): Promise<void> {
    try {
      const { rows, last } = await this.#source.page(++this.#pages);
      this.#exhausted = last;
      for (const row of rows) {
        const id = this.#source.idOf(row);
        if (id === undefined) continue;
        this.#rows.set(id, row);
        for (const wire of fieldNames(row)) this.#carried.add(wire);
      }
    } catch (error) {
      this.#exhausted = true;
      // A list that is refused leaves the single reads; a server that does not answer
      // would not answer those either.
      if (error instanceof UcaasError && error.status !== undefined) return;
      for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    }
  }

  #readSingly(): void {
    for (const { id, resolve, reject } of this.#waiting.splice(0))
      this.#source.single(id).then(resolve, reject);
  }
}

/** The names of all values in a row, with a dot into an object. */
function fieldNames(row: ApiRecord): string[] {
  return Object.keys(row).flatMap((key) => {
    const inner = valueAt(row, key);
    return isRecord(inner) ? Object.keys(inner).map((name) => `${key}.${name}`) : [key];
  });
}
