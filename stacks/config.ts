import {
  enablexConfig,
  enablexCustomerSchema,
  licenseSchema,
  netsapiensConfig,
  oauthClientSchema,
  provisionSchema,
  subscriptionSchema,
  userSchema,
  xelionConfig,
  ximaConfig,
} from "pulumi-ucaas/schemas";
import { z } from "zod";
import { limitsSchema } from "./limits.ts";
import { isRecord, leaves, mapLeaves, merge, type Path, valueAt } from "./object-path.ts";
import { pricesSchema } from "./prices.ts";

/**
 * A customer's key in the files. It is part of the names of all its resources, so another
 * slug means other resources.
 */
const slugPattern = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
export const slugSchema = z
  .string()
  .regex(
    new RegExp(`^${slugPattern}$`),
    "must be lower-case letters, digits and hyphens, with a letter or digit at both ends",
  );

/**
 * The SIP credentials of a licence: what the NetSapiens client's bundle knows may be left
 * out, if the customer has such a client.
 */
const sipCredentials = licenseSchema.shape.sipCredentials
  .unwrap()
  .partial({ sipServer: true, outboundProxy: true });

/** A customer's systems: the arguments of each system's resource by their own names. */
const systems = {
  netsapiens: oauthClientSchema
    .meta({ id: "netsapiens", description: "The OAuth client of NetSapiens that Xima uses" })
    .optional(),
  xima: licenseSchema
    .extend({ sipCredentials: sipCredentials.optional() })
    .meta({ id: "xima", description: "The licence of Xima CCaaS" })
    .optional(),
  xelion: provisionSchema
    .meta({ id: "xelion", description: "The tenant of a Xelion server, configured by an order" })
    .optional(),
  enablex: enablexCustomerSchema
    .extend({
      customerCode: enablexCustomerSchema.shape.customerCode
        .nullable()
        .describe("Default the slug; null for a customer without a code"),
      subscriptions: z
        .record(slugSchema, subscriptionSchema.omit({ customerId: true }))
        .optional()
        .describe("Its subscriptions, by a name of your own"),
      users: z
        .record(slugSchema, userSchema.omit({ customerId: true }))
        .optional()
        .describe("Its users, by a name of your own"),
    })
    .meta({ id: "enablex", description: "The customer at EnableX" })
    .optional(),
};

/** One customer, with the stack's defaults filled in. */
export const customerSchema = z.strictObject({
  name: z
    .string()
    .min(1, "must not be empty")
    .describe(
      "The customer's name, for people, and its name at the vendors unless another is given there",
    ),
  protect: z
    .boolean()
    .optional()
    .describe(
      "Whether the customer's resources are protected from deletion; without it the stack's ucaas:production says so",
    ),
  renamedFrom: z
    .union([slugSchema, z.array(slugSchema).min(1)])
    .optional()
    .describe(
      [
        "The slug that the customer had before, or all of them with the oldest first:",
        "its resources stay, and so do the ids that follow from the slug",
      ].join(" "),
    ),
  ...systems,
});

export type CustomerDeclaration = z.output<typeof customerSchema>;

/** What customers have alike. A section counts for the customers that have this section. */
export const defaultsSchema = z.strictObject(systems);

/** Whether a value has a customer's name and at least one of its systems, wherever it is. */
export function isCustomer(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.hasOwn(value, "name") &&
    Object.keys(systems).some((system) => isRecord(value[system]))
  );
}

/** The config of each system's vendor. */
export const vendorConfigs = {
  netsapiens: netsapiensConfig,
  xima: ximaConfig,
  xelion: xelionConfig,
  enablex: enablexConfig,
};

/** The keys of the namespace `ucaas`. */
export const ucaasKeys = {
  customers: z.record(slugSchema, customerSchema).describe("The customers, by slug"),
  defaults: defaultsSchema.describe("What customers have alike"),
  removed: z
    .array(
      z.string().regex(new RegExp(`^${slugPattern}(?:\\.(?:${Object.keys(systems).join("|")}))?$`)),
    )
    .describe(
      [
        "What is to be deleted, a customer (acme) or one of its systems (acme.enablex):",
        "without it, what is no longer declared is an error",
      ].join(" "),
    ),
  production: z.boolean().describe("Protect all resources of the stack from deletion"),
  journal: z
    .string()
    .describe(
      [
        "PostgreSQL database of the intent journal, postgres://user:password@host/database,",
        "if several machines run this stack; encrypt it",
      ].join(" "),
    ),
  journalDir: z
    .string()
    .describe("Folder of the intent journal; on a shared disk, if several machines run this stack"),
  prices: pricesSchema.describe(
    "What the seats cost a month: a price list, or the file of one (docs/cost.md)",
  ),
  limits: limitsSchema.describe(
    "What one change may do at most; ucaas ci check and ucaas fleet up enforce it",
  ),
};

/** What follows from a customer's slug and name where nothing else is said. */
const implied: Record<string, Record<string, "slug" | "name" | Record<string, "slug" | "name">>> = {
  xima: { ccId: { tenantId: "slug", tenantName: "name" } },
  xelion: { tenantName: "slug" },
  enablex: { customerCode: "slug", customerName: "name" },
};

/**
 * Whether the value at a path follows from the slug or the name when it is not declared.
 */
export function impliedFrom(path: Path): "slug" | "name" | undefined {
  const source = valueAt(implied, path);
  return source === "slug" || source === "name" ? source : undefined;
}

/** Paths of the ids that follow from the slug. */
export const slugPaths: readonly Path[] = leaves(implied)
  .filter(({ value }) => value === "slug")
  .map(({ path }) => path);

/** The slugs that a customer had before, the oldest first. */
export function formerSlugs(customer: unknown): string[] {
  const { renamedFrom = [] } = isRecord(customer) ? customer : {};
  return [renamedFrom].flat().filter((slug) => typeof slug === "string");
}

/**
 * The customer with what follows from its slug and its name, where nothing else is said;
 * what is said to be empty (`customerCode:`) does not follow. A renamed customer keeps
 * the ids that followed from its oldest slug.
 */
export function withDefaults(slug: string, customer: unknown): unknown {
  if (!isRecord(customer)) return customer;
  const sources = { slug: formerSlugs(customer)[0] ?? slug, name: customer.name };
  const values = mapLeaves(implied, (source) => sources[source as "slug" | "name"]) as Record<
    string,
    Record<string, unknown>
  >;
  return Object.fromEntries(
    Object.entries(customer).map(([key, value]) => [
      key,
      isRecord(value)
        ? withImpliedValues(value, (valueAt(values, [key]) ?? {}) as Record<string, unknown>)
        : value,
    ]),
  );
}

function withImpliedValues(
  section: Record<string, unknown>,
  values: Record<string, unknown>,
): unknown {
  const all = Object.entries(merge(values, section) as Record<string, unknown>);
  return Object.fromEntries(
    all.filter(([name, value]) => value !== null || !Object.hasOwn(values, name)),
  );
}
