import { vendorId } from "./identifiers.ts";
import { isRecord } from "./is-record.ts";
import { own } from "./own-property.ts";
import { longestText, printable, printableLine } from "./printable.ts";
import { speaksOfSecrets } from "./secret-names.ts";
import { mask } from "./secrets.ts";
import { type Json, toJson } from "./to-json.ts";

const deepest = 64;

/**
 * Outputs as the state may keep them: plain JSON, whatever a vendor sent, so that nothing
 * that was made is lost for its reply.
 *
 * What the program gave (or the state had) at the same place is kept as it is, and so is
 * what the provider made. Any other text is a vendor's. In it, known secrets are masked, and
 * so is every text below a key that names a password, secret or token. Characters that a
 * terminal or the engine would act on are escaped. Of long texts, lists and records the
 * first part is kept.
 *
 * @param given  the inputs, or what the state had
 * @param ownOutputs  top-level outputs that the provider made. One whose name begins with
 *   `__` is always its own. A short secret may be part of a hash, an id or a time by chance.
 */
export function toOutputs(
  values: object,
  given: unknown,
  ownOutputs: readonly string[] = [],
): { [key: string]: Json } {
  return Object.fromEntries(
    entriesOf(Object.entries(values), given, 0, (key) =>
      key.startsWith("__") || ownOutputs.includes(key) || isId(key, own(values, key))
        ? "as it is"
        : secretIf(key),
    ),
  );
}

/**
 * Requests are made with it, and other resources take it. A short secret, such as a SIP user
 * name, may be part of it by chance.
 */
function isId(key: string, value: unknown): boolean {
  return key.endsWith("Id") && vendorId(value) === value;
}

/** A value of a vendor's in a sentence: JSON, harmless in the same way. */
export function inWords(value: unknown): string {
  return JSON.stringify(output(value, undefined, 0, undefined) ?? null);
}

type Treatment = "as it is" | "as a secret" | undefined;

const secretIf = (key: string): Treatment => (speaksOfSecrets(key) ? "as a secret" : undefined);

type Entry = readonly [key: string, item: Json];

function entriesOf(
  entries: readonly (readonly [string, unknown])[],
  given: unknown,
  depth: number,
  treatmentOf: (key: string) => Treatment,
): Entry[] {
  return entries.flatMap(([key, value]): Entry[] => {
    // It would be the prototype to all that read it later.
    if (key === "__proto__") return [];
    const before = own(given, key);
    const item = output(value, before, depth + 1, treatmentOf(key));
    return item === undefined ? [] : [[before === undefined ? printableLine(key) : key, item]];
  });
}

function output(
  value: unknown,
  given: unknown,
  depth: number,
  treatment: Treatment,
): Json | undefined {
  if (typeof value === "string") return text(value, given, treatment);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value !== "object") return undefined;
  // It is this program's own.
  if (treatment === "as it is") return toJson(value);
  if (depth > deepest) return "[nested too deeply]";
  return Array.isArray(value)
    ? list(value, given, depth, treatment)
    : record(value, given, depth, treatment);
}

/** A list or record of a vendor's has no more items in the state, and is no longer as JSON. */
const most = { items: 200, characters: 50_000 };

/** Stands for what is left out: as the key of a record, or before the number in a list. */
const rest = "…";

/** The longest item that tells of it, as JSON. */
const restLength = 40;

function list(
  items: readonly unknown[],
  given: unknown,
  depth: number,
  treatment: Treatment,
): Json[] {
  const limit = Math.max(most.items, Array.isArray(given) ? given.length : 0);
  const wanted = items.length > limit ? items.slice(0, limit - 1) : items;
  const kept = wanted.map((item, at) => output(item, own(given, at), depth + 1, treatment) ?? null);
  const shown = fitting(kept, items.length > kept.length, given);
  const left = items.length - shown.length;
  if (left === 0) return shown;
  // A list of records stays one, for a program that reads it.
  const areRecords = shown.length > 0 && shown.every(isRecord);
  return [...shown, areRecords ? { [rest]: `${left} more` } : `${rest} ${left} more`];
}

function record(
  value: object,
  given: unknown,
  depth: number,
  treatment: Treatment,
): { [key: string]: Json } {
  const entries = Object.entries(value);
  const isGiven = ([key]: readonly [string, unknown]) => own(given, key) !== undefined;
  const before = entries.filter(isGiven).length;
  const isOver = entries.length > Math.max(most.items, before);
  let places = isOver ? most.items - 1 - before : entries.length;
  const wanted = entries.filter((entry) => isGiven(entry) || places-- > 0);
  const kept = entriesOf(wanted, given, depth, (key) => treatment ?? secretIf(key));
  const shown = fitting(kept, isOver, given, isGiven);
  const left = entries.length - wanted.length + kept.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, [rest, `${left} more`]] : shown);
}

/**
 * The items that fit, and those that must stay. What the program gave or the state had may
 * be longer than a vendor's, and is not shortened.
 */
function fitting<Item extends Json | Entry>(
  items: Item[],
  areMore: boolean,
  given: unknown,
  mustStay: (item: Item) => boolean = () => false,
): Item[] {
  const lengthOf = (item: Item) => JSON.stringify(item).length + 1;
  const sum = (some: Item[]) => some.reduce((total, item) => total + lengthOf(item), 1);
  const room = Math.max(most.characters, JSON.stringify(given)?.length ?? 0);
  if (sum(items) + (areMore ? restLength : 0) <= room) return items;
  let left = room - restLength - sum(items.filter(mustStay));
  return items.filter((item) => {
    if (mustStay(item)) return true;
    left -= lengthOf(item);
    return left >= 0;
  });
}

function text(value: string, given: unknown, treatment: Treatment): string {
  if (value === given || treatment === "as it is") return value;
  return treatment === "as a secret" && value !== "" ? mask : printable(value, longestText);
}
