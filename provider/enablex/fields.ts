import { inOneSpelling } from "../runtime/identifiers.ts";
import { isRecord } from "../runtime/is-record.ts";
import { valueAt } from "../runtime/own-property.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { Countries } from "./countries.ts";
import type { Format, ResourceType } from "./resource-types.ts";
import type { Routes } from "./routes.ts";
import { isSecretName } from "./secret-names.ts";

/** An object as the API shows it, or a body as the API takes it. */
export type ApiRecord = Record<string, unknown>;
/** A resource's inputs or outputs, as they come from the engine. */
export type Properties = Record<string, unknown>;

/**
 * One managed value: where it is in the declaration, and where in the API's body.
 * Dots lead into an object.
 */
export interface Field {
  readonly property: string;
  /**
   * The API's name, or `none` where this server has no such field: it is then neither
   * sent nor compared.
   */
  readonly apiName: string;
  readonly format: Format;
  /**
   * A reply without it does not mean that it is empty (a fixed, required or further
   * field): it is not known to differ.
   */
  readonly optionalInReply: boolean;
  /** The server never shows it. */
  readonly writeOnly: boolean;
  /** No message may have its value. */
  readonly secret: boolean;
}

/**
 * What the formats need to know of the server. It has the list of countries when a
 * country is declared.
 */
export interface WireContext {
  readonly routes: Routes;
  readonly countries?: Countries;
}

/**
 * The fields that a declaration manages: the declared ones, the further ones by the API's
 * own names included.
 */
export function declaredFields(kind: ResourceType, inputs: Properties, routes: Routes): Field[] {
  const wires: Record<string, string> = routes[`${kind.name}Fields`];
  const unseen = [...kind.writeOnly, ...routes[`${kind.name}WriteOnly`]];
  const isSecret = secretMatcher(inputs);
  const named = Object.entries(kind.formats)
    .filter(([property]) => isSet(valueAt(inputs, property)))
    .map(
      ([property, format]): Field => ({
        property,
        apiName: wires[property] ?? property,
        format,
        optionalInReply: kind.fixed.includes(property) || kind.required.includes(property),
        writeOnly: unseen.includes(property),
        secret: isSecret(property),
      }),
    );
  const further = leaves(inputs.fields).map(
    ([path, value]): Field => ({
      property: `fields.${path}`,
      apiName: path,
      format: typeof value === "boolean" ? "flag" : "value",
      optionalInReply: true,
      writeOnly: false,
      secret: isSecret(`fields.${path}`),
    }),
  );
  return [...named, ...further];
}

/** The values within an object that are no objects themselves, by their dotted paths. */
export function leaves(value: unknown, path = ""): [path: string, value: unknown][] {
  if (isRecord(value))
    return Object.entries(value).flatMap(([key, inner]) =>
      leaves(inner, path ? `${path}.${key}` : key),
    );
  return path && isSet(value) ? [[path, value]] : [];
}

/**
 * Tells whether a property is secret: the program marked it or what it is in, or its name
 * says so.
 */
export function secretMatcher({ __secretPaths }: Properties): (property: string) => boolean {
  const marked =
    typeof __secretPaths === "string"
      ? (JSON.parse(__secretPaths) as string[][]).map((path) => path.join("."))
      : [];
  return (property) =>
    isSecretName(property) ||
    marked.some((path) => path === "" || property === path || property.startsWith(`${path}.`));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * A value as one text. Of an object it is the JSON: a server may send one where a text is
 * published, even one with a `toString` of its own.
 */
export function asText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * The value in the one form in which all that means the same is equal: blanks trimmed, one
 * Unicode spelling, an email in lower case, an id as text, a status by its code, empty and
 * absent alike.
 */
export function normalize(format: Format, value: unknown, routes: Routes): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = inOneSpelling(asText(value)).trim();
  if (text === "") return undefined;
  switch (format) {
    case "email":
      return text.toLowerCase();
    case "country":
      return text.toUpperCase();
    case "flag":
      return /^(true|1|y|yes)$/i.test(text) ? "true" : "false";
    case "status":
      if (text === "active" || text.toUpperCase() === routes.activeStatus.toUpperCase())
        return routes.activeStatus;
      if (text === "suspended" || text.toUpperCase() === routes.suspendedStatus.toUpperCase())
        return routes.suspendedStatus;
      return text;
    default:
      return text;
  }
}

/** The value as the API takes it. */
function toWire({ format }: Field, value: unknown, { routes, countries }: WireContext): unknown {
  switch (format) {
    case "status":
      return normalize(format, value, routes);
    case "country":
      return countries?.idOf(String(value));
    case "id":
      // Published as text; a number in the declaration is a matter of spelling.
      return String(value).trim();
    default:
      return typeof value === "string" ? value.trim() : value;
  }
}

/** The API's value as it would be declared; undefined when it is empty. */
export function fromWire(
  format: Format,
  value: unknown,
  { routes, countries }: WireContext,
): unknown {
  const text = normalize(format, value, routes);
  if (text === undefined) return undefined;
  switch (format) {
    case "status":
      return text === routes.activeStatus
        ? "active"
        : text === routes.suspendedStatus
          ? "suspended"
          : text;
    case "flag":
      return text === "true";
    case "country":
      return countries?.codeOf(text) ?? `country_id ${text}`;
    case "value":
      return typeof value === "string" ? text : value;
    default:
      return typeof value === "string" ? value.trim() : asText(value);
  }
}

/** The body of a create: every declared field. */
export function createBody(
  fields: readonly Field[],
  inputs: Properties,
  wording: WireContext,
): ApiRecord {
  return fields
    .filter(isSent)
    .reduce<ApiRecord>(
      (body, field) =>
        set(body, field.apiName, toWire(field, valueAt(inputs, field.property), wording)),
      {},
    );
}

function isSent({ apiName: wire }: Field): boolean {
  return wire !== "none";
}

/**
 * The body of an update: only what changes. Of an object the values that do not change
 * are sent along as the server has them, unless `objectUpdate` is `changed`: whether the
 * server would keep what is left out is not public. What is declared no longer is
 * emptied.
 */
export function updateBody(
  kind: ResourceType,
  changed: readonly Field[],
  news: Properties,
  row: ApiRecord,
  wording: WireContext,
): ApiRecord {
  let body: ApiRecord = {};
  const isDeclared = new Set(
    declaredFields(kind, news, wording.routes).map(({ property }) => property),
  );
  for (const field of changed.filter(isSent)) {
    for (const parent of wording.routes.objectUpdate === "whole" ? parentsOf(field.apiName) : [])
      if (valueAt(body, parent) === undefined)
        body = set(body, parent, writable(kind, parent, row, wording.routes));
    const value = isDeclared.has(field.property)
      ? toWire(field, valueAt(news, field.property), wording)
      : wording.routes.emptied === "null"
        ? null
        : "";
    body = set(body, field.apiName, value);
  }
  return body;
}

/** The paths of the objects that a path leads through, the outermost first. */
function parentsOf(wire: string): string[] {
  const parts = wire.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
}

/**
 * What of an object on the server can be sent back: of an address its fields, else the
 * plain values that are no labels.
 */
function writable(kind: ResourceType, parent: string, row: ApiRecord, routes: Routes): ApiRecord {
  const wires = Object.values(routes[`${kind.name}Fields`] as Record<string, string>).filter(
    (wire) => wire.startsWith(`${parent}.`),
  );
  const shown = valueAt(row, parent);
  const names =
    wires.length > 0
      ? wires.map((wire) => wire.slice(parent.length + 1))
      : isRecord(shown)
        ? Object.keys(shown)
        : [];
  const kept = names
    .map((name) => [name, valueAt(shown, name)] as const)
    .filter(
      ([name, value]) => isSet(value) && value !== "" && !isRecord(value) && !name.endsWith("_ex"),
    );
  return Object.fromEntries(kept);
}

/**
 * The fields that are declared no longer, apart: a text is emptied, a choice (status,
 * flag, country, id, email) stays as it is, since the API documents no empty value for
 * it. So does what the server never shows: an empty password would be a password. One
 * that is declared under another name is neither, nor is one that no update sends.
 */
export function removedFields(
  kind: ResourceType,
  olds: Properties,
  news: Properties,
  routes: Routes,
): { cleared: Field[]; unmanaged: Field[] } {
  const now = declaredFields(kind, news, routes);
  const gone = declaredFields(kind, olds, routes).filter(
    (field) =>
      isSent(field) &&
      !kind.createOnly.includes(field.property) &&
      !now.some(({ apiName: wire }) => wire === field.apiName),
  );
  const isEmptied = ({ format, writeOnly }: Field) => format === "text" && !writeOnly;
  return {
    cleared: gone.filter(isEmptied),
    unmanaged: gone.filter((field) => !isEmptied(field)),
  };
}

/** A field whose value on the server is not the declared one. */
export interface Difference {
  readonly field: Field;
  readonly declared: unknown;
  /** In declared form; undefined when it is empty on the server. */
  readonly actual: unknown;
}

/** What the server has otherwise than declared. */
export function differences(
  fields: readonly Field[],
  inputs: Properties,
  row: ApiRecord,
  wording: WireContext,
): Difference[] {
  return fields.flatMap((field) => {
    const raw = valueAt(row, field.apiName);
    if (field.writeOnly || !isSent(field) || (raw === undefined && field.optionalInReply))
      return [];
    const declared = valueAt(inputs, field.property);
    const actual = fromWire(field.format, raw, wording);
    return sameMeaning(field.format, declared, actual, wording.routes)
      ? []
      : [{ field, declared, actual }];
  });
}

/** A flag that is not shown is off. */
function sameMeaning(format: Format, a: unknown, b: unknown, routes: Routes): boolean {
  const absent = format === "flag" ? "false" : undefined;
  return (normalize(format, a, routes) ?? absent) === (normalize(format, b, routes) ?? absent);
}

/**
 * The managed fields of either declaration that do not mean the same in both. One that is
 * declared in only one of them is changed whatever its value, since it begins or ends to
 * be managed; one that moved to another name of the same API field is not. Unknown values
 * are never the same.
 */
export function changedFields(
  kind: ResourceType,
  olds: Properties,
  news: Properties,
  routes: Routes,
): Field[] {
  const [before, after] = [
    byName(declaredFields(kind, olds, routes)),
    byName(declaredFields(kind, news, routes)),
  ];
  return [...new Map([...before, ...after])].flatMap(([name, field]) => {
    const [one, other] = [before.get(name), after.get(name)];
    if (!one || !other) return [field];
    const value = valueAt(news, other.property);
    return !isUnknown(value) &&
      sameMeaning(other.format, valueAt(olds, one.property), value, routes)
      ? []
      : [field];
  });
}

/**
 * The API's names of what a row of a list must have, or it is no substitute for a read of
 * its own.
 */
export function expectedInList(kind: ResourceType, fields: readonly Field[]): string[] {
  return fields
    .filter(
      ({ property, writeOnly, apiName: wire }) =>
        !(
          property.startsWith("fields.") ||
          kind.fixed.includes(property) ||
          writeOnly ||
          wire === "none"
        ),
    )
    .map(({ apiName: wire }) => wire);
}

/** By what a field is the same field under another property. A country's code is never its id. */
export function fieldKey({ property, apiName: wire, format }: Field): string {
  return wire === "none" || format === "country" ? property : wire;
}

function byName(fields: readonly Field[]): Map<string, Field> {
  return new Map(fields.map((field) => [fieldKey(field), field]));
}

/**
 * The declaration with the server's values in place of those that differ: in this form
 * drift is seen.
 */
export function withActual(inputs: Properties, found: readonly Difference[]): Properties {
  let result = inputs;
  for (const { field, actual } of found)
    result = set(result, field.property, actual ?? (field.format === "flag" ? false : ""));
  return result;
}

/** Differences in words, one a line. What is secret is named without its values. */
export function formatDifferences(found: readonly Difference[]): string {
  return found
    .map(({ field, declared, actual }) =>
      field.secret
        ? `${field.property} is another on the server`
        : `${field.property}: declared ${shown(declared)}, on the server ${shown(actual)}`,
    )
    .join("\n  ");
}

function shown(value: unknown): string {
  return value === undefined || value === "" ? "empty" : JSON.stringify(value);
}

/** A copy with the value at a dotted path. */
export function set(bag: Properties, path: string, value: unknown): Properties {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...bag, [first]: value };
  const inner = valueAt(bag, first);
  return { ...bag, [first]: set(isRecord(inner) ? inner : {}, rest.join("."), value) };
}
