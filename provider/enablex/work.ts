import { UcaasError } from "../dynamic/errors.ts";
import type { EnableXClient } from "./client.ts";
import { unlistedCountry } from "./countries.ts";
import { errorOf } from "./envelope.ts";
import {
  at,
  type Bag,
  canonical,
  changedFields,
  type Difference,
  declaredFields,
  differences,
  type Field,
  inWords,
  nameOf,
  type Row,
  updateBody,
  type Wording,
} from "./fields.ts";
import { type Kind, searchOf } from "./kinds.ts";
import { until } from "./polling.ts";
import { ambiguous, described, duplicate } from "./refusals.ts";
import type { EnableXInputs } from "./schema.ts";

/** What every step of one handler's call needs. */
export interface Work {
  readonly kind: Kind;
  readonly client: EnableXClient;
  /** In words, for errors. */
  readonly operation: string;
  /** The declared fields, which are the managed ones. */
  readonly fields: readonly Field[];
  readonly news: EnableXInputs;
  readonly wording: Wording;
}

/** What was written does not show. */
export class NotShown extends UcaasError {
  /** What was last seen, if anything. */
  readonly row: Row | undefined;
  /** What it has otherwise, for the state, so that the next run writes it again. */
  readonly found: readonly Difference[];

  constructor(reason: string, operation: string, row: Row | undefined, found: readonly Difference[]) {
    super(reason, {
      code: "NOT_SHOWN",
      vendor: "enablex",
      operation,
      hint: "the server took the values but does not show them. See them in the portal; run `pulumi up` again, which compares and writes once more; a slow server wants a larger enablex:consistencySeconds",
    });
    this.row = row;
    this.found = found;
  }
}

/** Each of what tells the declared thing from all others, in one spelling; first that by which it is looked for. */
export function identitiesOf(kind: Kind, client: EnableXClient, inputs: Bag): string[] {
  return kind.searches.flatMap(({ properties }) => {
    const values = properties.map((property) => canonical(kind.formats[property] ?? "text", at(inputs, property), client.routes));
    return values.includes(undefined) ? [] : [JSON.stringify([client.baseUrl, kind.name, properties, values])];
  });
}

/** The one thing that agrees with the declaration in what tells it from all others, or undefined. */
export async function lookUp({ kind, client, news, operation }: Work): Promise<Row | undefined> {
  const search = searchOf(kind, news);
  const rows = await client.find(kind, search, news);
  if (rows.length < 2) return rows[0];
  const words = rows.map((row) => described(kind, row, client.idOf(kind, row) ?? "?"));
  throw ambiguous(kind, operation, search.properties, words);
}

/** A thing that must be there; reads that are behind are given time. */
export async function sureRead({ kind, client, news, operation }: Work, id: string): Promise<Row> {
  const row = await until(client.config.consistencySeconds, () => client.read(kind, id));
  if (row) return row;
  throw new UcaasError(`the ${kind.name} ${id} is not there`, {
    code: "NOT_FOUND",
    vendor: "enablex",
    operation,
    hint: `it was deleted elsewhere, or account ${JSON.stringify(news.account ?? "(none)")} does not see it. Run \`pulumi refresh\`; the next \`pulumi up\` makes it again`,
  });
}

/** What an update has to send: what the declaration changes, and what somebody changed on the server since. */
export function toWrite({ kind, fields, news, wording }: Work, olds: Bag, row: Row): Field[] {
  const before = declaredFields(kind, olds, wording.routes).map(nameOf);
  const declared = changedFields(kind, olds, news, wording.routes).map(({ property }) => property);
  const actual = differences(fields, news, row, wording).map(({ field }) => field.property);
  return fields.filter((field) => {
    if (kind.fixed.includes(field.property) || kind.createOnly.includes(field.property)) return false;
    const isNew = !before.includes(nameOf(field));
    // What is declared for the first time and is so on the server already needs no writing, unless it cannot be seen.
    const isSeen = !field.writeOnly && at(row, field.wire) !== undefined;
    return actual.includes(field.property) || (declared.includes(field.property) && (!isNew || !isSeen));
  });
}

/** Sends only the given fields; those that are not declared are emptied. */
export async function write(
  { kind, client, news, operation, wording }: Work,
  id: string,
  row: Row,
  changed: readonly Field[],
): Promise<void> {
  const failure = await client.update(kind, id, updateBody(kind, changed, news, row, wording));
  if (!failure) return;
  throw failure.code === "DUPLICATE" ? await duplicate(client, kind, failure, news, operation) : errorOf(failure, operation);
}

/**
 * Waits until the server shows what is declared, and the given fields as empty.
 *
 * @throws {NotShown} after `consistencySeconds`, with the fields
 */
export async function shown({ kind, client, fields, news, operation, wording }: Work, id: string, emptied: readonly Field[]): Promise<Row> {
  let row: Row | undefined;
  let found: Difference[] = [];
  const isFull = ({ format, wire }: Field) => canonical(format, at(row, wire), wording.routes) !== undefined;
  const seen = await until(client.config.consistencySeconds, async () => {
    row = await client.read(kind, id);
    if (!row) return undefined;
    const still = emptied.filter(isFull).map((field) => ({ field, declared: "", actual: at(row, field.wire) }));
    found = [...differences(fields, news, row, wording), ...still];
    return found.length === 0 ? row : undefined;
  });
  if (seen) return seen;
  const after = `after ${client.config.consistencySeconds} s`;
  throw row
    ? new NotShown(`the server does not show what was written ${after}:\n  ${inWords(found)}`, operation, row, found)
    : new NotShown(`the server does not show the ${kind.name} ${id} ${after}`, operation, undefined, []);
}

/**
 * A country without an id would be left out of the body, and nobody would know.
 *
 * @throws {UcaasError} `UNKNOWN_COUNTRY`
 */
export function requireListedCountries({ fields, news, wording, operation }: Work): void {
  for (const { property, format } of fields) {
    const code = String(at(news, property));
    const reason = format === "country" && wording.countries ? unlistedCountry(code, wording.countries) : undefined;
    if (reason)
      throw new UcaasError(`${property} ${JSON.stringify(code)} ${reason}`, { code: "UNKNOWN_COUNTRY", vendor: "enablex", operation });
  }
}
