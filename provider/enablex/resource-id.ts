import { createHash } from "node:crypto";
import { valueAt } from "../runtime/own-property.ts";
import type { EnableXClient } from "./client.ts";
import type { Identity } from "./create-batch.ts";
import { type ApiRecord, normalize, type Properties, secretMatcher } from "./fields.ts";
import type { ResourceType, Search } from "./resource-types.ts";

/** By what a declared thing is found; the first way where nothing is declared that would do. */
export function chooseSearch(
  kind: ResourceType,
  inputs: Readonly<Record<string, unknown>>,
): Search {
  const usable = kind.searches.find(({ properties }) =>
    properties.every((property) => inputs[property] !== undefined),
  );
  return usable ?? (kind.searches[0] as Search);
}

/**
 * By what a thing is known to people: its code or email; a subscription by customer and
 * plan. The journal has it too, so it shows no secret.
 */
export function toLabel(kind: ResourceType, inputs: Properties): string {
  return chooseSearch(kind, inputs)
    .properties.map((property) => shown(inputs, property))
    .join(" ");
}

/** The same with secrets, as earlier releases wrote it into the journal. */
export function toPlainLabel(kind: ResourceType, inputs: Properties): string {
  return toLabel(kind, { ...inputs, __secretPaths: undefined });
}

/** A declared value as a text. A secret has a hash in its place, which tells it from others. */
export function shown(inputs: Properties, property: string): string {
  const text = String(inputs[property] ?? "");
  if (!secretMatcher(inputs)(property)) return text;
  return `secret-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}

/** What a state or a declaration has of what tells one object from another. */
export function identifyingIn(kind: ResourceType, state: Properties): Properties {
  const properties = [...kind.searches.flatMap((search) => search.properties), ...kind.required];
  return Object.fromEntries(properties.map((property) => [property, valueAt(state, property)]));
}

/**
 * The same of a row: null where it is empty, undefined where the row does not show it. What
 * is never empty on the server is not shown where it is absent.
 */
export function identifyingOf(
  kind: ResourceType,
  { routes }: EnableXClient,
  row: ApiRecord,
): Properties {
  const wires: Record<string, string> = routes[`${kind.name}Fields`];
  const shown = ([property]: [string, unknown]) => {
    const wire = wires[property] ?? property;
    const value = valueAt(row, wire);
    if (normalize("text", value, routes) !== undefined) return [property, value];
    return [property, wire === "none" || kind.required.includes(property) ? undefined : null];
  };
  return Object.fromEntries(Object.entries(identifyingIn(kind, {})).map(shown));
}

/**
 * Whether a state has an object, by what tells one from all others; where none of that can be
 * compared, by what each object has. Another server may give the same id.
 */
export function isSameObject(
  kind: ResourceType,
  { routes }: EnableXClient,
  object: Properties,
  state: Properties,
): boolean {
  const compare = (properties: readonly string[]) =>
    properties.map((property) => {
      const values = [valueAt(object, property), valueAt(state, property) ?? undefined];
      if (values.includes(undefined)) return undefined;
      const format = kind.formats[property] ?? "text";
      const [a, b] = values.map((value) => normalize(format, value, routes));
      return a === undefined && b === undefined ? undefined : a === b;
    });
  const searches = kind.searches.map(({ properties }) => compare(properties));
  if (searches.some((results) => results.every((result) => result === true))) return true;
  if (searches.some((results) => results.includes(false))) return false;
  const required = compare(kind.required);
  return required.includes(true) && !required.includes(false);
}

/** All that tells the declared object from all others; first that by which it is looked for. */
export function toIdentities(
  kind: ResourceType,
  client: EnableXClient,
  inputs: Properties,
): Identity[] {
  return kind.searches.flatMap(({ properties }) => {
    const values = properties.map((property) =>
      normalize(kind.formats[property] ?? "text", valueAt(inputs, property), client.routes),
    );
    return values.includes(undefined) ? [] : [client.identity(kind, properties, values)];
  });
}
