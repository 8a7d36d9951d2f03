/** What customers, subscriptions and users consist of: what may be written, and how it is shown. */
import { z } from "zod";
import { Failure } from "./envelope.ts";
import { countryLabel } from "./masters.ts";

/** Fields by the API's own names. */
export type Fields = Record<string, unknown>;

// null and "" both empty a field.
const words = z.string().trim().max(255).nullable();
const email = z.email().or(z.literal("")).nullable();
const id = z.union([z.int().transform(String), z.string().regex(/^[0-9]+$/, "expected digits")]);
const address = z.strictObject({
  address_1: words.optional(),
  address_2: words.optional(),
  address_3: words.optional(),
  city: words.optional(),
  state: words.optional(),
  zipcode: words.optional(),
  country_id: id
    .refine((value) => countryLabel(value) !== undefined, "no such country in GET /countries")
    .nullable()
    .optional(),
});
const status = z.enum(["A", "S"]);

const customer = z.strictObject({
  customer_name: z.string().trim().min(1).max(255),
  customer_legal_name: words.optional(),
  customer_code: words.optional(),
  customer_type: words.optional(),
  individual: z.boolean().optional(),
  contact_name: words.optional(),
  contact_email: email.optional(),
  status: status.optional(),
  office_address: address.nullable().optional(),
  billing_address: address.nullable().optional(),
});
// Which further fields these two take is not public, so they are kept as they are given.
const further = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const subscription = z.object({ customer_id: id, plan_id: id.or(z.string().trim().min(1)), status: status.optional() }).catchall(further);
const user = z
  .object({
    user_type: z.string().min(1),
    first_name: z.string().trim().min(1),
    email: z.email(),
    customer_id: id.optional(),
    status: status.optional(),
  })
  .catchall(further);

/** One kind of record. */
export interface Kind {
  /** Its name in a path and as the list's key. */
  readonly plural: "customers" | "subscriptions" | "users";
  /** Its name as one record's key. */
  readonly singular: string;
  readonly schema: z.ZodObject;
  /** Fields that are never changed after the creation (inferred). */
  readonly fixed: readonly string[];
  readonly searchable: readonly string[];
}

export const kinds: readonly Kind[] = [
  {
    plural: "customers",
    singular: "customer",
    schema: customer,
    fixed: [],
    searchable: ["customer_name", "customer_legal_name", "customer_code", "contact_name", "contact_email"],
  },
  {
    plural: "subscriptions",
    singular: "subscription",
    schema: subscription,
    fixed: ["customer_id"],
    searchable: ["customer_id", "plan_id"],
  },
  { plural: "users", singular: "user", schema: user, fixed: ["customer_id"], searchable: ["customer_id", "email", "first_name"] },
];

/** Names that the server alone writes (inferred). */
const isReadOnly = (name: string, kind: Kind) => name === `${kind.singular}_id` || name.endsWith("_ex") || name === "country";

/** The body of a create or, when `partial`, of an update, as it is to be stored; 406 names what is wrong. */
export function readFields(kind: Kind, body: Fields, readOnly: "ignore" | "refuse", partial: boolean): Fields {
  const given = strip(kind, body, readOnly, "");
  const result = (partial ? kind.schema.partial() : kind.schema).safeParse(given);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Failure(406, `${path.join(".") || kind.singular}: ${message}`, {
    [String(path[0] ?? kind.singular)]: given[String(path[0])] ?? null,
  });
}

function strip(kind: Kind, fields: Fields, readOnly: "ignore" | "refuse", path: string): Fields {
  const kept: Fields = {};
  for (const [name, value] of Object.entries(fields)) {
    if (isReadOnly(name, kind)) {
      if (readOnly === "refuse") throw new Failure(406, `${path}${name} is read-only`, { [name]: value });
    } else {
      kept[name] = isFields(value) ? strip(kind, value, readOnly, `${path}${name}.`) : value;
    }
  }
  return kept;
}

/** The stored fields after an update: addresses are merged, everything else is replaced. */
export function patched(stored: Fields, changes: Fields): Fields {
  const whole = { ...stored };
  for (const [name, value] of Object.entries(changes)) {
    const before = whole[name];
    whole[name] = isFields(value) && isFields(before) ? { ...before, ...value } : value;
  }
  return whole;
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const customerWords = ["customer_name", "customer_legal_name", "customer_code", "customer_type", "contact_name", "contact_email"];
const addressWords = ["address_1", "address_2", "address_3", "city", "state", "zipcode", "country_id"];

/** A record as it is shown: with its id, what was never written as `absentAs` says, and the labels. */
export function shown(kind: Kind, id: string, fields: Fields, absentAs: "empty" | "null" | "omit"): Fields {
  const filled = (names: string[], given: Fields): Fields => {
    const out: Fields = {};
    for (const name of names) {
      const empty = given[name] === undefined || given[name] === null || given[name] === "";
      if (!empty) out[name] = given[name];
      else if (absentAs !== "omit") out[name] = absentAs === "empty" ? "" : null;
    }
    return out;
  };
  const status = (fields.status ?? "A") as string;
  const labels = { status, status_ex: status === "A" ? "Active" : "Suspended" };
  if (kind.singular !== "customer") {
    // A password goes in and never comes out.
    const { password: _, ...rest } = fields;
    return { [`${kind.singular}_id`]: id, ...rest, ...labels };
  }
  const type = fields.customer_type;
  const out: Fields = { customer_id: id, ...filled(customerWords, fields), individual: fields.individual ?? false, ...labels };
  out.customer_type_ex = type === undefined || type === null || type === "" ? "" : `Type ${type}`;
  for (const name of ["office_address", "billing_address"]) {
    const given = fields[name];
    if (given === undefined && absentAs !== "empty") {
      if (absentAs === "null") out[name] = null;
      continue;
    }
    const address = isFields(given) ? given : {};
    out[name] = { ...filled(addressWords, address), country: countryLabel(String(address.country_id)) ?? "" };
  }
  return out;
}
