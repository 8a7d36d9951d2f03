import { createHash } from "node:crypto";
import type { EnableXClient } from "./client.ts";
import type { Identity } from "./create-batch.ts";
import { type ApiRecord, get, normalize, type Properties, secretMatcher } from "./fields.ts";
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

/**
 * Whether a row is what a state has, by what tells one from all others; where the state has
 * none of that, by what each object has. Another server may give the same id.
 */
export function isSameObject(
  kind: ResourceType,
  client: EnableXClient,
  row: ApiRecord,
  state: Properties,
): boolean {
  const own = toIdentities(kind, client, state).map(({ key }) => key);
  if (own.length > 0) return client.identitiesOf(kind, row).some(({ key }) => own.includes(key));
  const wires: Record<string, string> = client.routes[`${kind.name}Fields`];
  return kind.required.every((property) => {
    const format = kind.formats[property] ?? "text";
    return (
      normalize(format, get(row, wires[property] ?? property), client.routes) ===
      normalize(format, get(state, property), client.routes)
    );
  });
}

/** All that tells the declared object from all others; first that by which it is looked for. */
export function toIdentities(
  kind: ResourceType,
  client: EnableXClient,
  inputs: Properties,
): Identity[] {
  return kind.searches.flatMap(({ properties }) => {
    const values = properties.map((property) =>
      normalize(kind.formats[property] ?? "text", get(inputs, property), client.routes),
    );
    return values.includes(undefined) ? [] : [client.identity(kind, properties, values)];
  });
}
