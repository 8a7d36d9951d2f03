import { isUnknown } from "../dynamic/unknown.ts";
import type { Countries } from "./countries.ts";
import type { Format, Kind } from "./kinds.ts";
import type { Routes } from "./routes.ts";

/** A thing as the API shows it, or a body as the API takes it. */
export type Row = Record<string, unknown>;
/** A resource's inputs or outputs, as they come from the engine. */
export type Bag = Record<string, unknown>;

/** One managed value: where it stands in the declaration, and where in the API's body. Dots lead into an object. */
export interface Field {
  readonly property: string;
  readonly wire: string;
  readonly format: Format;
  /** The API may not show it (a fixed or further field): absent from a reply, it is not known to differ. */
  readonly mayBeHidden: boolean;
}

/** What the formats need to know of the server. The list of countries is there when a country is declared. */
export interface Wording {
  readonly routes: Routes;
  readonly countries?: Countries;
}

/** The fields that a declaration manages: the declared ones, the further ones by the API's own names included. */
export function declaredFields(kind: Kind, inputs: Bag, routes: Routes): Field[] {
  const wires: Record<string, string> = routes[`${kind.name}Fields`];
  const named = Object.entries(kind.formats)
    .filter(([property]) => at(inputs, property) !== undefined && at(inputs, property) !== null)
    .map(([property, format]) => ({ property, wire: wires[property] ?? property, format, mayBeHidden: kind.fixed.includes(property) }));
  const further = typeof inputs.fields === "object" && inputs.fields !== null ? Object.entries(inputs.fields) : [];
  return [
    ...named,
    ...further
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name]) => ({ property: `fields.${name}`, wire: name, format: "id" as const, mayBeHidden: true })),
  ];
}

/**
 * The value in the one form in which all that means the same is equal: blanks trimmed, an email in lower case, an id as text,
 * a status by its code, empty and absent alike.
 */
export function canonical(format: Format, value: unknown, routes: Routes): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = String(value).trim();
  if (text === "") return undefined;
  switch (format) {
    case "email":
      return text.toLowerCase();
    case "country":
      return text.toUpperCase();
    case "flag":
      return /^(true|1|y|yes)$/i.test(text) ? "true" : "false";
    case "status":
      if (text === "active" || text.toUpperCase() === routes.activeStatus.toUpperCase()) return routes.activeStatus;
      if (text === "suspended" || text.toUpperCase() === routes.suspendedStatus.toUpperCase()) return routes.suspendedStatus;
      return text;
    default:
      return text;
  }
}

/** The value as the API takes it. */
function toWire({ format }: Field, value: unknown, { routes, countries }: Wording): unknown {
  switch (format) {
    case "status":
      return canonical(format, value, routes);
    case "country":
      return countries?.idOf(String(value));
    case "flag":
      return value;
    default:
      return typeof value === "string" ? value.trim() : value;
  }
}

/** The API's value as it would be declared; undefined when it is empty. */
export function fromWire({ format }: Field, value: unknown, { routes, countries }: Wording): unknown {
  const text = canonical(format, value, routes);
  if (text === undefined) return undefined;
  switch (format) {
    case "status":
      return text === routes.activeStatus ? "active" : text === routes.suspendedStatus ? "suspended" : text;
    case "flag":
      return text === "true";
    case "country":
      return countries?.codeOf(text) ?? `country_id ${text}`;
    default:
      return typeof value === "string" ? value.trim() : String(value);
  }
}

/** The body of a create: every declared field. */
export function createBody(fields: readonly Field[], inputs: Bag, wording: Wording): Row {
  return fields.reduce<Row>((body, field) => put(body, field.wire, toWire(field, at(inputs, field.property), wording)), {});
}

/**
 * The body of an update: only what changes. An address is sent whole, with what the server has in the fields that are not
 * declared: whether the server would keep what is left out is not public. What is declared no longer is emptied.
 */
export function updateBody(kind: Kind, changed: readonly Field[], news: Bag, row: Row, wording: Wording): Row {
  let body: Row = {};
  const isDeclared = new Set(declaredFields(kind, news, wording.routes).map(({ property }) => property));
  for (const field of changed) {
    const parent = field.wire.split(".")[0] as string;
    if (parent !== field.wire && !(parent in body)) body = { ...body, [parent]: writable(kind, parent, row, wording.routes) };
    const value = isDeclared.has(field.property)
      ? toWire(field, at(news, field.property), wording)
      : wording.routes.emptied === "null"
        ? null
        : "";
    body = put(body, field.wire, value);
  }
  return body;
}

/** What of an object on the server can be sent back. */
function writable(kind: Kind, parent: string, row: Row, routes: Routes): Row {
  const wires = Object.values(routes[`${kind.name}Fields`] as Record<string, string>).filter((wire) => wire.startsWith(`${parent}.`));
  const kept = wires.map((wire) => [wire.slice(parent.length + 1), at(row, wire)]).filter(([, value]) => value != null && value !== "");
  return Object.fromEntries(kept);
}

/**
 * The fields that are declared no longer, apart: a text is emptied, a choice (status, flag, country, id, email) stays as it
 * is, since the API documents no empty value for it. One that is declared under another name is neither.
 */
export function dropped(kind: Kind, olds: Bag, news: Bag, routes: Routes): { emptied: Field[]; left: Field[] } {
  const now = declaredFields(kind, news, routes);
  const gone = declaredFields(kind, olds, routes).filter((field) => !now.some(({ wire }) => wire === field.wire));
  return { emptied: gone.filter(({ format }) => format === "text"), left: gone.filter(({ format }) => format !== "text") };
}

/** A field whose value on the server is not the declared one. */
export interface Difference {
  readonly field: Field;
  readonly declared: unknown;
  /** In declared form; undefined when it is empty on the server. */
  readonly actual: unknown;
}

/** What the server has otherwise than declared. */
export function differences(fields: readonly Field[], inputs: Bag, row: Row, wording: Wording): Difference[] {
  return fields.flatMap((field) => {
    const raw = at(row, field.wire);
    if (raw === undefined && field.mayBeHidden) return [];
    const declared = at(inputs, field.property);
    const actual = fromWire(field, raw, wording);
    return sameMeaning(field.format, declared, actual, wording.routes) ? [] : [{ field, declared, actual }];
  });
}

/** A flag that is not shown is off. */
function sameMeaning(format: Format, a: unknown, b: unknown, routes: Routes): boolean {
  const absent = format === "flag" ? "false" : undefined;
  return (canonical(format, a, routes) ?? absent) === (canonical(format, b, routes) ?? absent);
}

/**
 * The managed fields of either declaration that do not mean the same in both. One that is declared in only one of them is
 * changed whatever its value, since it begins or ends to be managed. Unknown values are never the same.
 */
export function changedFields(kind: Kind, olds: Bag, news: Bag, routes: Routes): Field[] {
  const [before, after] = [declaredFields(kind, olds, routes), declaredFields(kind, news, routes)];
  const all = new Map([...before, ...after].map((field) => [field.property, field]));
  const inBoth = (property: string) => [before, after].every((fields) => fields.some((field) => field.property === property));
  return [...all.values()].filter(
    ({ property, format }) =>
      !inBoth(property) || isUnknown(at(news, property)) || !sameMeaning(format, at(olds, property), at(news, property), routes),
  );
}

/** The declaration with the server's values in place of those that differ: in this form drift is seen. */
export function withActual(inputs: Bag, found: readonly Difference[]): Bag {
  let result = inputs;
  for (const { field, actual } of found) result = put(result, field.property, actual ?? (field.format === "flag" ? false : ""));
  return result;
}

/** Differences in words, one a line. Further fields are named without their values, which may be secret. */
export function inWords(found: readonly Difference[]): string {
  return found
    .map(({ field, declared, actual }) =>
      field.property.startsWith("fields.")
        ? `${field.property} is another on the server`
        : `${field.property}: declared ${shown(declared)}, on the server ${shown(actual)}`,
    )
    .join("\n  ");
}

function shown(value: unknown): string {
  return value === undefined || value === "" ? "empty" : JSON.stringify(value);
}

/** The value at a dotted path, or undefined. */
export function at(bag: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), bag);
}

/** A copy with the value at a dotted path. */
export function put(bag: Bag, path: string, value: unknown): Bag {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...bag, [first]: value };
  const inner = bag[first];
  return { ...bag, [first]: put(isObject(inner) ? inner : {}, rest.join("."), value) };
}

function isObject(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
