import type { EnableXClient } from "pulumi-ucaas/internal/enablex/client";
import { type ApiRecord, normalize, type WireContext } from "pulumi-ucaas/internal/enablex/fields";
import type { ResourceType } from "pulumi-ucaas/internal/enablex/resource-types";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { valueAt } from "pulumi-ucaas/internal/runtime/own-property";
import { printNotice } from "../output.ts";

/** What there is on the server, by id. */
export type Rows = ReadonlyMap<string, ApiRecord>;

/** Subscriptions or users of the customers, by customer. */
export async function dependents(
  client: EnableXClient,
  kind: ResourceType,
  customers: Rows,
): Promise<ReadonlyMap<string, Rows>> {
  const listed = await list(client, kind).catch((error: unknown) => {
    if (!(error instanceof UcaasError)) throw error;
    throw new UcaasError(error.reason, {
      ...error,
      hint: `${error.hint}\n    To adopt customers alone: --customers-only`,
    });
  });
  const wanted = [...listed].filter(([, row]) => {
    const customer = customerOf(client, kind, row);
    // A row may not say whose it is; then it has to be read.
    return customer === undefined || customers.has(customer);
  });
  const rows = await inFull(
    client,
    kind,
    wanted.map(([id]) => id),
  );
  const groups = Map.groupBy(
    rows,
    ([id, row]) => customerOf(client, kind, row) ?? customerOf(client, kind, listed.get(id) ?? {}),
  );
  const nobodys = groups.get(undefined) ?? [];
  if (nobodys.length > 0)
    printNotice(
      `${nobodys.length} ${kind.name}s are left aside, since the server does not say whose they are.`,
    );
  return new Map([...groups].map(([customer, of]) => [customer ?? "", new Map(of)]));
}

function customerOf(client: EnableXClient, kind: ResourceType, row: ApiRecord): string | undefined {
  return textIn(client, kind, row, "customerId");
}

/** All that a list shows; what is shown of each may not be all. */
export async function list(client: EnableXClient, kind: ResourceType): Promise<Rows> {
  const rows = new Map<string, ApiRecord>();
  for await (const page of client.pages(kind)) {
    for (const row of page) {
      const id = client.idOf(kind, row);
      if (id !== undefined) rows.set(id, row);
    }
  }
  return rows;
}

/**
 * A row of a list may lack fields, and what is not declared is not managed: so each is
 * read by itself.
 */
export async function inFull(
  client: EnableXClient,
  kind: ResourceType,
  ids: readonly string[],
): Promise<Rows> {
  const rows = await Promise.all(ids.map(async (id) => [id, await client.read(kind, id)] as const));
  return new Map(rows.filter((entry): entry is [string, ApiRecord] => entry[1] !== undefined));
}

/** What it takes to read customers: the list of countries is asked for where one has a country. */
export async function wordingFor(
  client: EnableXClient,
  rows: readonly ApiRecord[],
): Promise<WireContext> {
  const wires = Object.entries(client.routes.customerFields).filter(([property]) =>
    property.endsWith(".country"),
  );
  const someCountry = rows.some((row) =>
    wires.some(([, wire]) => normalize("id", valueAt(row, wire), client.routes) !== undefined),
  );
  return { routes: client.routes, countries: someCountry ? await client.countries() : undefined };
}

/** A value as text, without blanks around it. */
export function textIn(
  client: EnableXClient,
  kind: ResourceType,
  row: ApiRecord,
  property: string,
): string | undefined {
  const wires: Record<string, string> = client.routes[`${kind.name}Fields`];
  return normalize("text", valueAt(row, wires[property] ?? property), client.routes);
}
