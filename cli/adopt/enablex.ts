import { EnableXClient } from "pulumi-ucaas/internal/enablex/client";
import { enablexConfig } from "pulumi-ucaas/internal/enablex/config";
import { type ApiRecord, normalize, type WireContext } from "pulumi-ucaas/internal/enablex/fields";
import {
  customerType,
  type ResourceType,
  subscriptionType,
  userType,
} from "pulumi-ucaas/internal/enablex/resource-types";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { isUnknown } from "pulumi-ucaas/internal/runtime/unknown";
import { inProgramFolder } from "../pulumi/project.ts";
import { callResource } from "./call-resource.ts";
import { dependents, inFull, list, type Rows, textIn, wordingFor } from "./enablex-rows.ts";
import { type Declared, declaredAs, without } from "./enablex-section.ts";
import { filtered } from "./identifiers.ts";
import type { Section } from "./section.ts";
import { slugOf } from "./slug.ts";
import type { AdoptionSource, Candidate, ExistingResource } from "./source.ts";
import type { Config } from "./stack.ts";

export interface EnableXWishes {
  readonly account?: string;
  /**
   * Texts of which a customer has at least one in its id, name, code or email; none: all
   * customers.
   */
  readonly filter?: readonly string[];
  /** Leaves subscriptions and users aside. */
  readonly customersOnly?: boolean;
}

/** Customers of EnableX, with their subscriptions and users. */
export function enablexVendor(config: Config, wishes: EnableXWishes): AdoptionSource {
  const client = new EnableXClient(
    inProgramFolder(() => readConfig(enablexConfig, config, wishes.account)),
  );
  return {
    name: "enablex",
    type: "EnableXCustomer",
    account: wishes.account,
    columns: ["name", "code", "status", "subscriptions", "users"],
    candidates: () => candidates(client, config, wishes),
  };
}

async function candidates(
  client: EnableXClient,
  config: Config,
  { account, filter = [], customersOnly }: EnableXWishes,
): Promise<Candidate[]> {
  const listed = await list(client, customerType);
  const wanted = filtered("enablex", [...listed], filter, ([id, row]) => [
    id,
    ...["customerName", "customerCode", "contactEmail"].map((property) =>
      textIn(client, customerType, row, property),
    ),
  ]);
  const customers = await inFull(
    client,
    customerType,
    wanted.map(([id]) => id),
  );
  const kinds = customersOnly ? [] : [subscriptionType, userType];
  const of = await Promise.all(
    kinds.map(async (kind) => ({ kind, rows: await dependents(client, kind, customers) })),
  );
  const wording = await wordingFor(client, [...customers.values()]);
  const isShared = sharedBy(client, [...listed.values()]);
  return [...customers].map(([id, row]) => {
    const groups = of.map(({ kind, rows }) =>
      declaredGroup(client, kind, rows.get(id) ?? new Map(), wording),
    );
    return candidate(
      { client, config, account },
      id,
      withOwnIdentity(declaredAs(customerType, row, wording), isShared),
      groups,
    );
  });
}

/** By what an existing customer is found again, the first that it has. */
const identities = [
  { property: "customerCode", format: "text" },
  { property: "contactEmail", format: "email" },
] as const;

/**
 * Subscriptions or users of one customer: their sections by name, and what they are on
 * the server.
 */
interface Group {
  readonly kind: ResourceType;
  readonly sections: Section;
  readonly items: readonly { id: string; identity: string }[];
  readonly notes: readonly string[];
}

function candidate(
  {
    client,
    config,
    account,
  }: { client: EnableXClient; config: Config; account: string | undefined },
  id: string,
  { section, notes, blockedReason }: Declared,
  groups: readonly Group[],
): Candidate {
  const { customerCode, customerName, status } = section;
  const counts = [subscriptionType, userType].map(
    (kind) => groups.find((group) => group.kind === kind)?.items.length,
  );
  const isDeclaredBy = (declared: Section) => {
    const identity = identities.find(
      ({ property }) => declared[property] !== undefined && declared[property] !== null,
    );
    if (!identity || (declared.account ?? undefined) !== account) return false;
    const { property, format } = identity;
    return (
      section[property] !== undefined &&
      normalize(format, declared[property], client.routes) ===
        normalize(format, section[property], client.routes)
    );
  };
  return {
    id,
    cells: [customerName, customerCode, status, ...counts].map((cell) => String(cell ?? "")),
    names: [customerCode, customerName, `customer ${id}`].filter(
      (name) => typeof name === "string",
    ),
    name: typeof customerName === "string" ? customerName : undefined,
    section: {
      ...(account !== undefined && { account }),
      // Without a code of its own, the slug would be declared as its code.
      ...(customerCode === undefined && { customerCode: null }),
      ...section,
      ...Object.fromEntries(
        groups
          .filter(({ sections }) => Object.keys(sections).length > 0)
          .map(({ kind, sections }) => [`${kind.name}s`, sections]),
      ),
    },
    notes: [...notes, ...groups.flatMap((group) => group.notes)],
    blockedReason,
    isDeclaredBy,
    match(pending) {
      const existing = (found: string, inputs: Record<string, unknown>): ExistingResource => ({
        id: found,
        inputs,
        outputs: () => outputs(pending.type, found, inputs, config),
      });
      if (pending.type === customerType.type)
        return isDeclaredBy(pending.inputs) ? existing(id, pending.inputs) : undefined;
      const group = groups.find(({ kind }) => kind.type === pending.type);
      const inputs = {
        ...pending.inputs,
        customerId: isUnknown(pending.inputs.customerId) ? id : pending.inputs.customerId,
      };
      const item = group?.items.find(
        ({ identity }) => identity === identityOf(client, group.kind, inputs),
      );
      return item && existing(item.id, inputs);
    },
  };
}

/**
 * What a read tells of it: the declaration with the server's values, and what the server
 * assigned.
 */
async function outputs(
  type: string,
  id: string,
  inputs: Record<string, unknown>,
  config: Config,
): Promise<Record<string, unknown>> {
  const result = await callResource(config, type, "read", [id, inputs]);
  if (result.id !== undefined) return result.props;
  throw new UcaasError("it is no longer there", {
    code: "NOT_FOUND",
    vendor: "enablex",
    operation: `read ${id}`,
    hint: "run the same command again: it reads what is there now",
  });
}

/**
 * A code or an email that several customers have tells none of them from the others, and
 * no two may declare it.
 */
function withOwnIdentity(
  declared: Declared,
  isShared: (property: string, value: unknown) => boolean,
): Declared {
  const shared = identities
    .map(({ property }) => property)
    .filter((property) => isShared(property, declared.section[property]));
  const section = shared.reduce(without, declared.section);
  const missing = identities.every(({ property }) => section[property] === undefined);
  return {
    section,
    notes: [
      ...declared.notes,
      ...shared.map((property) => `${property} is not managed: another customer has the same`),
    ],
    blockedReason:
      declared.blockedReason ??
      (missing
        ? "it has neither a customer_code nor a contact_email of its own, by which it could be found again: give it one in the portal"
        : undefined),
  };
}

function sharedBy(
  client: EnableXClient,
  rows: readonly ApiRecord[],
): (property: string, value: unknown) => boolean {
  const counts = new Map<string, number>();
  const keyOf = (property: string, value: unknown) => {
    const format = identities.find((identity) => identity.property === property)?.format ?? "text";
    const text = normalize(format, value, client.routes);
    return text === undefined ? undefined : `${property} ${text}`;
  };
  for (const row of rows) {
    for (const { property } of identities) {
      const key = keyOf(property, textIn(client, customerType, row, property));
      if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return (property, value) => (counts.get(keyOf(property, value) ?? "") ?? 0) > 1;
}

/**
 * Names are the plan, or the email's part before the @. Two that agree in what tells one
 * from all others are left aside.
 */
function declaredGroup(
  client: EnableXClient,
  kind: ResourceType,
  rows: Rows,
  wording: WireContext,
): Group {
  const sections: Section = {};
  const items: { id: string; identity: string }[] = [];
  const notes: string[] = [];
  const all = [...rows].map(([id, row]) => ({ id, ...declaredAs(kind, row, wording) }));
  for (const { id, section, blockedReason, notes: own } of all) {
    const identity = identityOf(client, kind, section);
    const twins = all.filter((other) => identityOf(client, kind, other.section) === identity);
    const reason =
      blockedReason ??
      (twins.length > 1
        ? `${twins.length} agree in ${kind.searches[0]!.properties.join(" and ")}`
        : undefined);
    notes.push(
      ...(reason === undefined ? own : [`is left out: ${reason}`]).map(
        (note) => `${kind.name} ${id}: ${note}`,
      ),
    );
    if (reason !== undefined) continue;
    const name =
      kind === userType ? String(section.email).split("@")[0]! : `plan ${section.planId}`;
    sections[slugOf([name, `${kind.name} ${id}`], (slug) => slug in sections)] = without(
      section,
      "customerId",
    );
    items.push({ id, identity });
  }
  return { kind, sections, items, notes };
}

function identityOf(client: EnableXClient, kind: ResourceType, section: Section): string {
  return JSON.stringify(
    kind.searches[0]!.properties.map((property) =>
      normalize(kind.formats[property] ?? "text", section[property], client.routes),
    ),
  );
}
