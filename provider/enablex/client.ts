import { performance } from "node:perf_hooks";
import { NoResponseError } from "../http/client.ts";
import { retryAfter } from "../http/retry.ts";
import type { ConfigOf } from "../runtime/config.ts";
import { changedNothing, steps, UcaasError } from "../runtime/errors.ts";
import { inOneSpelling, spellingsOf, vendorId } from "../runtime/identifiers.ts";
import { isRecord } from "../runtime/is-record.ts";
import { valueAt } from "../runtime/own-property.ts";
import { accountMark } from "./account-mark.ts";
import { EnableXApi, type Signals } from "./api.ts";
import { BatchReader } from "./batch-reader.ts";
import type { enablexConfig } from "./config.ts";
import { type Countries, countriesOf } from "./countries.ts";
import { CreateBatch, type Identity } from "./create-batch.ts";
import { type ApiFailure, toError } from "./envelope.ts";
import { type ApiRecord, asText, normalize } from "./fields.ts";
import type { ResourceType, Search } from "./resource-types.ts";
import { type Routes, splitRoute } from "./routes.ts";
import { waitFor } from "./wait-for.ts";

/** How a create ended. */
export type CreateReply =
  /** `row` is what the reply shows of it. */
  | {
      readonly outcome: "created";
      readonly id: string | undefined;
      readonly row: ApiRecord | undefined;
    }
  /** Nothing was created. Without `failure`, the create was not even sent. */
  | { readonly outcome: "refused"; readonly failure?: ApiFailure; readonly error: UcaasError }
  /** `accepted`: the server said that it has the request. */
  | {
      readonly outcome: "unknown";
      readonly error: UcaasError;
      readonly accepted: boolean;
      readonly retryAfterSeconds: number;
    };

/**
 * How an update ended. `row` is what the reply shows. The failure of a refusal is kept
 * for 1504.
 */
export type UpdateReply =
  | { readonly ok: true; readonly row: ApiRecord | undefined }
  | { readonly ok: false; readonly failure: ApiFailure };

/** A list may have so many pages; one that goes on has no end. */
const maxPages = 10_000;
/** Rows of a page where the server goes by no length that is asked for (default of the list). */
const defaultPageLength = 10;

/**
 * The calls of the UCaaS API, whose routes and bodies are in `routes.ts`. One an account,
 * shared by all its resources.
 */
export class EnableXClient {
  readonly config: ConfigOf<typeof enablexConfig>;
  /** What the state keeps of the account. */
  readonly mark: string;
  readonly #api: EnableXApi;
  readonly #readers = new Map<string, BatchReader>();
  readonly #creates = new Map<string, CreateBatch>();
  readonly #deleted = new Set<string>();
  /** Kinds whose list has answered, so that the address is known to be right. */
  readonly #listed = new Set<string>();
  readonly #listedIds = new Map<string, Promise<ReadonlySet<string>>>();
  #countries: Promise<Countries> | undefined;

  /** Aborted when the run is to end. */
  readonly signal: AbortSignal | undefined;

  /** @throws {UcaasError} `CONFIG_MISSING` */
  constructor(config: ConfigOf<typeof enablexConfig>, signals: Signals = {}) {
    this.config = config;
    this.signal = signals.signal;
    this.#api = new EnableXApi(config, signals);
    this.mark = accountMark(this.baseUrl, config);
  }

  get baseUrl(): string {
    return this.#api.baseUrl;
  }

  get routes(): Routes {
    return this.config.routes;
  }

  /** Sends a create once; it is repeated here only where it is certain that nothing was done. */
  async create(kind: ResourceType, body: ApiRecord, operation: string): Promise<CreateReply> {
    try {
      const { answer, reply } = await this.#api.send(
        operation,
        this.routes[`${kind.name}Create`],
        "if-unsent",
        { body },
      );
      if (answer.ok) {
        const row = this.#rowIn(kind, answer.payload);
        return {
          outcome: "created",
          id: (row && this.idOf(kind, row)) ?? this.idOf(kind, answer.payload),
          row,
        };
      }
      const error = toError(answer.failure, operation);
      return answer.failure.mayHaveActed
        ? {
            outcome: "unknown",
            error,
            accepted: answer.failure.accepted,
            retryAfterSeconds: (retryAfter(reply.headers["retry-after"], Date.now()) ?? 0) / 1000,
          }
        : { outcome: "refused", failure: answer.failure, error };
    } catch (error) {
      if (error instanceof NoResponseError && error.sent)
        return { outcome: "unknown", error, accepted: false, retryAfterSeconds: 0 };
      if (changedNothing(error)) return { outcome: "refused", error: error as UcaasError };
      throw error;
    }
  }

  /** One thing as it is now, or undefined when it is gone. */
  async read(kind: ResourceType, id: string): Promise<ApiRecord | undefined> {
    const { row, gone } = await this.#read(kind, id);
    // A bare 404 may be a wrong address: then the list has none either.
    if (gone === "bare" && !this.#listed.has(kind.name)) await this.#page(kind, 1, { length: 1 });
    return row;
  }

  /**
   * One thing for a refresh: together with others that are wanted at the same time, and
   * no older than this run; undefined when it is gone.
   */
  readTogether(
    kind: ResourceType,
    id: string,
    wires: readonly string[],
  ): Promise<ApiRecord | undefined> {
    return this.#reader(kind).read(id, wires);
  }

  /**
   * All existing things that agree with the values in every field of the search.
   *
   * @throws {UcaasError} `LIST_ENDLESS`
   */
  async find(
    kind: ResourceType,
    search: Search,
    values: Readonly<Record<string, unknown>>,
  ): Promise<ApiRecord[]> {
    const [first] = search.properties;
    const searchBy = this.routes[search.by] as string;
    const wires: Record<string, string> = this.routes[`${kind.name}Fields`];
    const agrees = (row: ApiRecord) =>
      search.properties.every((property) => {
        const format = kind.formats[property] ?? "text";
        return (
          normalize(format, valueAt(row, wires[property] ?? property), this.routes) ===
          normalize(format, values[property], this.routes)
        );
      });
    // A list may leave fields out of its rows: what tells one from the other is then read.
    const isShort = (row: ApiRecord) =>
      search.properties.some((property) => valueAt(row, wires[property] ?? property) === undefined);
    const end = this.#listEnd();
    const found = new Map<string, ApiRecord>();
    for await (const rows of this.#search(kind, searchBy, String(values[first]).trim())) {
      for (const row of rows) {
        const id = this.idOf(kind, row);
        if (id === undefined || this.#deleted.has(`${kind.name} ${id}`)) continue;
        const short = isShort(row);
        if (short && performance.now() > end) throw this.#endless(kind);
        const whole = short ? await this.#readForGood(kind, id) : row;
        if (whole && agrees(whole)) found.set(id, whole);
      }
    }
    return [...found.values()];
  }

  /** A server may keep another Unicode spelling than it was sent. */
  async *#search(
    kind: ResourceType,
    searchBy: string,
    text: string,
  ): AsyncGenerator<readonly ApiRecord[]> {
    if (searchBy === "none") return yield* this.pages(kind);
    for (const searchString of spellingsOf(text))
      yield* this.pages(kind, { searchBy, searchString });
  }

  /**
   * The list, page by page, to its end: an empty page, a short one, or one without
   * anything new. What is overlooked here would be created twice, and the server's pages
   * may be shorter than was asked for. So a page is short only beside the pages before it
   * and the API's default length. Where the server ignores a search, no page is.
   *
   * @throws {UcaasError} `LIST_ENDLESS` after `deadlineSeconds` or 10,000 pages
   */
  async *pages(
    kind: ResourceType,
    query: { searchBy?: string; searchString?: string } = {},
  ): AsyncGenerator<readonly ApiRecord[]> {
    const end = this.#listEnd();
    const seen = new Set<string | undefined>();
    let longest = Math.min(defaultPageLength, this.config.pageSize);
    for (let number = 1; ; number++) {
      const rows = await this.#page(kind, number, query);
      const before = seen.size;
      for (const row of rows) seen.add(this.idOf(kind, row));
      if (seen.size === before) return;
      yield rows;
      if (rows.length < longest && rows.every((row) => isFound(row, query))) return;
      longest = Math.max(longest, rows.length);
      if (number === maxPages) throw this.#endless(kind, `${number} pages`);
      if (performance.now() > end) throw this.#endless(kind);
    }
  }

  /** When a list, with what is read for its rows, has to be at its end. */
  #listEnd(): number {
    return performance.now() + this.config.deadlineSeconds * 1000;
  }

  /** Changes the fields of the body and no others. */
  async update(kind: ResourceType, id: string, body: ApiRecord): Promise<UpdateReply> {
    this.#reader(kind).forget(id);
    const operation = `update ${kind.name} ${id}`;
    const { answer } = await this.#api.send(operation, this.routes[`${kind.name}Update`], "safe", {
      params: { id },
      body,
    });
    return answer.ok
      ? { ok: true, row: this.#rowIn(kind, answer.payload) }
      : { ok: false, failure: answer.failure };
  }

  /** What the creates of one kind share. */
  creates(kind: ResourceType): CreateBatch {
    let batch = this.#creates.get(kind.name);
    if (!batch) {
      batch = new CreateBatch({
        pages: () => this.pages(kind),
        idOf: (row) => this.idOf(kind, row),
        identitiesOf: (row) => this.identitiesOf(kind, row),
      });
      this.#creates.set(kind.name, batch);
    }
    return batch;
  }

  /** An identity in the one spelling in which it can be compared. */
  identity(
    kind: ResourceType,
    properties: readonly string[],
    values: readonly unknown[],
  ): Identity {
    const by = properties.join();
    return { by, key: JSON.stringify([this.baseUrl, kind.name, by, values]) };
  }

  /** All that tells a row from all others; none for one that this run has deleted. */
  identitiesOf(kind: ResourceType, row: ApiRecord): Identity[] {
    if (this.#deleted.has(`${kind.name} ${this.idOf(kind, row)}`)) return [];
    const wires: Record<string, string> = this.routes[`${kind.name}Fields`];
    return kind.searches.flatMap(({ properties }) => {
      const values = properties.map((property) =>
        normalize(
          kind.formats[property] ?? "text",
          valueAt(row, wires[property] ?? property),
          this.routes,
        ),
      );
      return values.includes(undefined) ? [] : [this.identity(kind, properties, values)];
    });
  }

  canDelete(kind: ResourceType): boolean {
    return this.routes[`${kind.name}Delete`] !== "none";
  }

  /** Deletes; undefined when it is done or was gone already. */
  async delete(kind: ResourceType, id: string): Promise<ApiFailure | undefined> {
    this.#reader(kind).forget(id);
    const thing = `${kind.name} ${id}`;
    const { answer, reply } = await this.#api.send(
      `delete ${thing}`,
      this.routes[`${kind.name}Delete`],
      "safe",
      { params: { id } },
    );
    if (!answer.ok) {
      const { gone } = answer.failure;
      if (gone === undefined) return answer.failure;
      // Reads may be behind what this run has done.
      const mayBeOurs = reply.earlierAttemptMayHaveSucceeded || this.#deleted.has(thing);
      if (!mayBeOurs && (await this.#isStillThere(kind, id, gone)))
        throw this.#wrongRoute(kind, id, "Delete");
    }
    // A list that is behind would show it to the next look-up, and a replacement would
    // take over what is being deleted.
    this.#deleted.add(thing);
    return undefined;
  }

  /** The master list of countries, asked for once. */
  countries(): Promise<Countries> {
    this.#countries ??= this.#readCountries();
    this.#countries.catch(() => (this.#countries = undefined));
    return this.#countries;
  }

  idOf(kind: ResourceType, row: ApiRecord): string | undefined {
    return vendorId(row[this.routes[`${kind.name}IdField`]] ?? row.id);
  }

  async #read(
    kind: ResourceType,
    id: string,
  ): Promise<{ row?: ApiRecord; gone?: ApiFailure["gone"] }> {
    const operation = `read ${kind.name} ${id}`;
    const { answer } = await this.#api.send(operation, this.routes[`${kind.name}Read`], "safe", {
      params: { id },
    });
    if (answer.ok) {
      const row = flattened(kind, this.#api.object(answer.payload, `${kind.name}Key`, operation));
      // It was asked for by its id, which it need not show.
      return { row: { ...row, [this.routes[`${kind.name}IdField`]]: id } };
    }
    if (answer.failure.gone === undefined) throw toError(answer.failure, operation);
    return { gone: answer.failure.gone };
  }

  /**
   * As read, where "gone" costs the state or has a thing made again: a bare 404 is
   * believed only when the list lacks it.
   */
  async #readForGood(kind: ResourceType, id: string): Promise<ApiRecord | undefined> {
    const { row, gone } = await this.#read(kind, id);
    if (gone === "bare" && (await this.#isListed(kind, id)))
      throw this.#wrongRoute(kind, id, "Read");
    return row;
  }

  /**
   * Whether the server still shows an object whose delete was answered 404. An API may
   * answer an unknown route with a 404 of its own, and the delete's route is inferred. If
   * that were believed, the object would leave the state and be billed on.
   */
  async #isStillThere(kind: ResourceType, id: string, gone: "said" | "bare"): Promise<boolean> {
    if (gone === "bare") return this.#isListed(kind, id);
    const { consistencySeconds } = this.config;
    const isGone = async () => (await this.#read(kind, id)).row === undefined || undefined;
    return (await waitFor(consistencySeconds, isGone, this.signal)) === undefined;
  }

  /** Whether the list has a thing; for all that are asked for, it is read to its end once. */
  async #isListed(kind: ResourceType, id: string): Promise<boolean> {
    const ids = this.#listedIds.get(kind.name) ?? this.#readIds(kind);
    this.#listedIds.set(kind.name, ids);
    ids.catch(() => this.#listedIds.delete(kind.name));
    return (await ids).has(id);
  }

  async #readIds(kind: ResourceType): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const rows of this.pages(kind))
      for (const row of rows) ids.add(this.idOf(kind, row) ?? "");
    return ids;
  }

  #wrongRoute(kind: ResourceType, id: string, verb: "Read" | "Delete"): UcaasError {
    const name = `${kind.name}${verb}` as const;
    const route = this.routes[name];
    const { method } = splitRoute(route);
    return new UcaasError(`${route} answers 404, but the server still shows the ${kind.name}`, {
      code: "ROUTE_NOT_FOUND",
      vendor: "enablex",
      operation: `${verb.toLowerCase()} ${kind.name} ${id}`,
      status: 404,
      hint: steps(
        `If the ${kind.name} was deleted elsewhere a moment ago: run the command again.`,
        `If this server has another route: pulumi config set --path enablex:routes.${name} "${method} /…/{id}"`,
      ),
    });
  }

  async #readCountries(): Promise<Countries> {
    const operation = "read the list of countries";
    const { answer } = await this.#api.send(operation, this.routes.countries, "safe");
    if (!answer.ok) throw toError(answer.failure, operation);
    return countriesOf(this.#api.array(answer.payload, "countryListKey", operation));
  }

  /** What the reply to a write shows of the object: what there is in it is not public. */
  #rowIn(kind: ResourceType, payload: ApiRecord): ApiRecord | undefined {
    const row = payload[this.routes[`${kind.name}Key`]] ?? payload.data;
    return isRecord(row) ? flattened(kind, row) : undefined;
  }

  #endless(kind: ResourceType, after = `${this.config.deadlineSeconds} s`): UcaasError {
    return new UcaasError(`the list of ${kind.name}s does not end after ${after}`, {
      code: "LIST_ENDLESS",
      vendor: "enablex",
      operation: `list ${kind.name}s`,
      hint: steps(
        "Set a larger enablex:pageSize or enablex:deadlineSeconds.",
        "If the server names its pages in another way: set enablex:routes.pageQuery.",
      ),
    });
  }

  #reader(kind: ResourceType): BatchReader {
    let reader = this.#readers.get(kind.name);
    if (!reader) {
      let before = "";
      let end: number | undefined;
      reader = new BatchReader({
        single: (id) => this.#readForGood(kind, id),
        idOf: (row) => this.idOf(kind, row),
        page: async (number) => {
          end ??= this.#listEnd();
          const rows = await this.#page(kind, number, {});
          const ids = rows.map((row) => this.idOf(kind, row)).join();
          const repeated = ids === before;
          before = ids;
          // Single reads have a deadline each, and are sent together.
          const isLate = performance.now() > end;
          return { rows, last: repeated || isLate || rows.length < this.config.pageSize };
        },
      });
      this.#readers.set(kind.name, reader);
    }
    return reader;
  }

  async #page(
    kind: ResourceType,
    number: number,
    {
      length,
      searchBy,
      searchString,
    }: { length?: number; searchBy?: string; searchString?: string },
  ): Promise<ApiRecord[]> {
    const operation = searchBy ? `look up ${kind.name} by ${searchBy}` : `list ${kind.name}s`;
    const { pageQuery, pageLengthQuery, searchByQuery, searchStringQuery } = this.routes;
    const query = {
      [pageQuery]: number,
      [pageLengthQuery]: length ?? this.config.pageSize,
      ...(searchBy && { [searchByQuery]: searchBy, [searchStringQuery]: searchString }),
    };
    const { answer } = await this.#api.send(operation, this.routes[`${kind.name}List`], "safe", {
      query,
    });
    if (answer.ok) {
      const rows = this.#api.array(answer.payload, `${kind.name}ListKey`, operation).map((item) => {
        const row = isRecord(item) ? flattened(kind, item) : {};
        // A row without an id would be passed over, and its object created again.
        if (this.idOf(kind, row) === undefined)
          throw this.#api.malformed(`${kind.name}IdField`, "an id in each row", operation);
        return row;
      });
      this.#listed.add(kind.name);
      return rows;
    }
    // Some servers say so when a search finds nothing; only in their own words, or a
    // wrong address would look like an empty list.
    if (answer.failure.gone === "said" && answer.failure.vendorCode === "404" && searchBy)
      return [];
    throw toError(answer.failure, operation);
  }
}

/**
 * A row in which what stands within an object of the kind's own name is beside it,
 * too: a subscription has its status in `subscription.subscription.status` (the page on
 * subscriptions). Where there is no such object, its values are found under its name as
 * well.
 */
function flattened(kind: ResourceType, row: ApiRecord): ApiRecord {
  const inner = row[kind.name];
  return isRecord(inner) ? { ...inner, ...row } : { ...row, [kind.name]: row };
}

/**
 * Whether a row is one that the search asked for. Without a search none is, so that the
 * list is read to its very end.
 */
function isFound(
  row: ApiRecord,
  { searchBy, searchString = "" }: { searchBy?: string; searchString?: string },
): boolean {
  return (
    searchBy !== undefined &&
    inOneSpelling(asText(row[searchBy] ?? ""))
      .toLowerCase()
      .includes(inOneSpelling(searchString).toLowerCase())
  );
}
