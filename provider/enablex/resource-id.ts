import type { EnableXClient } from "./client.ts";
import type { Identity } from "./create-batch.ts";
import { get, normalize, type Properties } from "./fields.ts";
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

/** By what a thing is known to people: its code or email; a subscription by customer and plan. */
export function toLabel(kind: ResourceType, inputs: Readonly<Record<string, unknown>>): string {
  return chooseSearch(kind, inputs)
    .properties.map((property) => String(inputs[property] ?? ""))
    .join(" ");
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
