import type { ErrorCode } from "../runtime/errors.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { isIgnored } from "../runtime/ignored-changes.ts";
import { valueAt } from "../runtime/own-property.ts";
import type { EnableXClient } from "./client.ts";
import type { Countries } from "./countries.ts";
import { unlistedCountry } from "./countries.ts";
import type { CreatedObject, Identity } from "./create-batch.ts";
import { type CreateResult, createOnce } from "./create-once.ts";
import { toError } from "./envelope.ts";
import { ambiguous, describeRecord, duplicate, notVisible } from "./errors.ts";
import {
  type ApiRecord,
  changedFields,
  createBody,
  type Difference,
  declaredFields,
  differences,
  type Field,
  fieldKey,
  formatDifferences,
  normalize,
  type Properties,
  updateBody,
  type WireContext,
} from "./fields.ts";
import { chooseSearch, toIdentities, toLabel } from "./resource-id.ts";
import type { ResourceType } from "./resource-types.ts";
import type { EnableXInputs } from "./schema.ts";
import { waitFor } from "./wait-for.ts";

/**
 * What the server shows of an object after a write: all that is declared, or what it has
 * otherwise.
 */
export type Visibility =
  | { readonly visible: true; readonly row: ApiRecord }
  | {
      readonly visible: false;
      readonly row: ApiRecord | undefined;
      readonly found: readonly Difference[];
      readonly error: UcaasError;
    };

/** One handler's call for one resource: what it declares, and the steps that read and write it. */
export class Operation {
  readonly kind: ResourceType;
  readonly client: EnableXClient;
  readonly news: EnableXInputs;
  /** In words, for errors. */
  readonly name: string;
  /** The declared fields, which are the managed ones; for an update without the ignored ones. */
  readonly fields: readonly Field[];
  readonly #wording: WireContext;

  constructor(
    kind: ResourceType,
    client: EnableXClient,
    news: EnableXInputs,
    verb: string,
    id?: string,
    countries?: Countries,
  ) {
    this.kind = kind;
    this.client = client;
    this.news = news;
    this.name = `${verb} ${kind.name} ${id ?? toLabel(kind, news)}`;
    const ignoring = verb === "update" ? news : {};
    this.fields = declaredFields(kind, news, client.routes).filter(
      ({ property }) => !isIgnored(ignoring, property),
    );
    this.#wording = { routes: client.routes, countries };
  }

  /** What tells the declared object from all others, by which it is looked for. */
  get identity(): Identity | undefined {
    return toIdentities(this.kind, this.client, this.news)[0];
  }

  differences(row: ApiRecord): Difference[] {
    return differences(this.fields, this.news, row, this.#wording);
  }

  /**
   * A country without an id would be left out of the body in silence.
   *
   * @throws {UcaasError} `UNKNOWN_COUNTRY`
   */
  requireListedCountries(): void {
    const { countries } = this.#wording;
    for (const { property, format } of this.fields) {
      const code = String(valueAt(this.news, property));
      const reason =
        format === "country" && countries ? unlistedCountry(code, countries) : undefined;
      if (reason)
        throw this.#error(
          `${property} ${JSON.stringify(code)} ${reason}`,
          "UNKNOWN_COUNTRY",
          "declare a country that this server lists",
        );
    }
  }

  /**
   * The one object that agrees with the declaration in what tells it from all others, or
   * undefined.
   */
  async find(): Promise<ApiRecord | undefined> {
    const rows = await this.search();
    if (rows.length > 1) throw this.#ambiguous(rows);
    return rows[0];
  }

  /** All objects that agree with the declaration in what should tell one from all others. */
  search(): Promise<ApiRecord[]> {
    return this.client.find(this.kind, chooseSearch(this.kind, this.news), this.news);
  }

  /**
   * Other objects that already have what these changes would give this one, where it is to
   * tell one object from all others and the server does not see to it.
   */
  async othersLike(id: string, changed: readonly Field[]): Promise<ApiRecord[]> {
    const { properties, unique } = chooseSearch(this.kind, this.news);
    const isChanged = changed.some(({ property }) => properties.includes(property));
    if (unique || !isChanged) return [];
    return (await this.search()).filter((row) => this.client.idOf(this.kind, row) !== id);
  }

  /** An object that must be there; reads that are behind are given time. */
  async readExisting(id: string): Promise<ApiRecord> {
    const { client, kind } = this;
    const look = () => client.read(kind, id);
    const row = await waitFor(client.config.consistencySeconds, look, client.signal);
    if (row) return row;
    const account = JSON.stringify(this.news.account ?? "(none)");
    throw this.#error(
      `${this.kind.name} ${id} does not exist, or account ${account} does not see it`,
      "NOT_FOUND",
      steps("If it was deleted elsewhere: pulumi refresh", "Run pulumi up: it creates it again."),
    );
  }

  /** Creates it once, whatever the connection does. */
  createOnce(tell: (text: string) => void): Promise<CreateResult> {
    const body = createBody(this.fields, this.news, this.#wording);
    return createOnce(this.client, {
      kind: this.kind,
      body,
      operation: this.name,
      find: () => this.find(),
      tell,
    });
  }

  /** The API's names of all that a create sends. */
  get sentFields(): string[] {
    return Object.keys(createBody(this.fields, this.news, this.#wording));
  }

  /**
   * What this run created, for the look at the list after all creates. `shown`: the reply
   * had all that is declared.
   */
  created(identity: Identity, id: string, shown: boolean): CreatedObject {
    return {
      identity,
      search: () => this.search(),
      findProblem: async (rows) => {
        if (rows.length > 1) return this.#ambiguous(rows, id);
        const [row] = rows;
        if (shown || (row && this.#isComplete(row))) return undefined;
        const visibility = await this.waitUntilVisible(id, []);
        return visibility.visible ? undefined : visibility.error;
      },
    };
  }

  /**
   * What an update has to send: what the declaration changes, and what was changed on the
   * server since.
   */
  pendingChanges(olds: Properties, row: ApiRecord): Field[] {
    const { kind, fields, news } = this;
    const before = declaredFields(kind, olds, this.client.routes).map(fieldKey);
    const declared = changedFields(kind, olds, news, this.client.routes).map(
      ({ property }) => property,
    );
    const actual = this.differences(row).map(({ field }) => field.property);
    return fields.filter((field) => {
      if (kind.fixed.includes(field.property) || kind.createOnly.includes(field.property))
        return false;
      const isNew = !before.includes(fieldKey(field));
      // What is declared for the first time and is so on the server already needs no
      // writing, unless it cannot be seen.
      const isSeen = !field.writeOnly && valueAt(row, field.apiName) !== undefined;
      return (
        actual.includes(field.property) ||
        (declared.includes(field.property) && (!isNew || !isSeen))
      );
    });
  }

  /**
   * Sends only the given fields; those that are not declared are emptied.
   *
   * @returns what the reply shows of the object, if anything
   */
  async write(
    id: string,
    row: ApiRecord,
    changed: readonly Field[],
  ): Promise<ApiRecord | undefined> {
    const { kind, client, news, name } = this;
    const result = await client.update(
      kind,
      id,
      updateBody(kind, changed, news, row, this.#wording),
    );
    if (result.ok) return result.row;
    throw result.failure.code === "DUPLICATE"
      ? await duplicate(client, kind, result.failure, news, name)
      : toError(result.failure, name);
  }

  /** Whether a row shows all that is declared, as it is declared, and the given fields as empty. */
  #isComplete(row: ApiRecord, cleared: readonly Field[] = []): boolean {
    const { routes } = this.client;
    const isShown = ({ writeOnly, apiName: wire, format, property }: Field) =>
      writeOnly ||
      wire === "none" ||
      valueAt(row, wire) !== undefined ||
      normalize(format, valueAt(this.news, property), routes) === undefined;
    return (
      this.fields.every(isShown) &&
      this.differences(row).length === 0 &&
      this.#full(row, cleared).length === 0
    );
  }

  #full(row: ApiRecord, cleared: readonly Field[]): Difference[] {
    return cleared
      .filter(
        ({ format, apiName: wire }) =>
          normalize(format, valueAt(row, wire), this.client.routes) !== undefined,
      )
      .map((field) => ({ field, declared: "", actual: valueAt(row, field.apiName) }));
  }

  /** What a reply or a list has shown of it, when it is all that is declared. */
  completeOf(
    rows: readonly (ApiRecord | undefined)[],
    cleared: readonly Field[] = [],
  ): ApiRecord | undefined {
    return rows.find(
      (row): row is ApiRecord => row !== undefined && this.#isComplete(row, cleared),
    );
  }

  /**
   * Reads until the server shows what is declared and the given fields as empty, for at
   * most `consistencySeconds`.
   */
  async waitUntilVisible(id: string, cleared: readonly Field[]): Promise<Visibility> {
    const { kind, client, name } = this;
    let row: ApiRecord | undefined;
    let found: Difference[] = [];
    const look = async () => {
      row = await client.read(kind, id);
      if (!row) return undefined;
      found = [...this.differences(row), ...this.#full(row, cleared)];
      return found.length === 0 ? row : undefined;
    };
    const seen = await waitFor(client.config.consistencySeconds, look, client.signal);
    if (seen) return { visible: true, row: seen };
    return {
      visible: false,
      row,
      found,
      error: notVisible(
        kind,
        id,
        name,
        client.config.consistencySeconds,
        row && formatDifferences(found),
      ),
    };
  }

  #ambiguous(rows: readonly ApiRecord[], own?: string): UcaasError {
    const texts = rows.map((row) =>
      describeRecord(this.kind, row, this.client.idOf(this.kind, row) ?? "?", this.news),
    );
    return ambiguous(
      this.kind,
      this.name,
      chooseSearch(this.kind, this.news).properties,
      texts,
      own,
    );
  }

  #error(reason: string, code: ErrorCode, hint: string): UcaasError {
    return new UcaasError(reason, { code, vendor: "enablex", operation: this.name, hint });
  }

  ambiguous(rows: readonly ApiRecord[], own: string): UcaasError {
    return this.#ambiguous(rows, own);
  }
}
