/** What customers, subscriptions and users consist of: what may be written, and how it is shown. */
import { z } from "zod";
import { Failure } from "./envelope.ts";
import { countryLabel } from "./reference-data.ts";

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
// What a subscription takes beside its ids is not public, so all that its page shows in a
// reply is kept as it is given.
type Further = string | number | boolean | null | { [name: string]: Further };
const further: z.ZodType<Further> = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.record(
    z.string(),
    z.lazy(() => further),
  ),
]);
const subscription = z
  .object({ customer_id: id, plan_id: z.string().trim().min(1), status: status.optional() })
  .catchall(further);
// The page on users lists all of these but customer_id; further ones are kept as they are given.
const user = z
  .object({
    user_type: z.string().min(1),
    first_name: z.string().trim().min(1),
    middle_name: words.optional(),
    last_name: words.optional(),
    email: z.email(),
    password: z.string().optional(),
    status: status.optional(),
    department: words.optional(),
    designation: words.optional(),
    send_welcome_mail: z.boolean().optional(),
    customer_id: id.optional(),
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
    searchable: [
      "customer_name",
      "customer_legal_name",
      "customer_code",
      "contact_name",
      "contact_email",
    ],
  },
  {
    plural: "subscriptions",
    singular: "subscription",
    schema: subscription,
    fixed: ["customer_id"],
    searchable: ["customer_id", "plan_id"],
  },
  {
    plural: "users",
    singular: "user",
    schema: user,
    fixed: ["customer_id"],
    searchable: ["customer_id", "email", "first_name"],
  },
];

/** Names that the server alone writes (inferred). */
const isReadOnly = (name: string, kind: Kind) =>
  name === `${kind.singular}_id` || name.endsWith("_ex") || name === "country";

/**
 * The body of a create or, when `partial`, of an update, as it is to be stored; 406 names
 * what is wrong.
 */
export function readFields(
  kind: Kind,
  body: Fields,
  readOnly: "ignore" | "refuse",
  partial: boolean,
): Fields {
  const given = strip(kind, withoutOwnObject(kind, body), readOnly, "");
  const result = (partial ? kind.schema.partial() : kind.schema).safeParse(given);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Failure(406, `${path.join(".") || kind.singular}: ${message}`, {
    [String(path[0] ?? kind.singular)]: given[String(path[0])] ?? null,
  });
}

/** A subscription's status may stand within its object `subscription`, as in a reply (inferred). */
function withoutOwnObject(kind: Kind, body: Fields): Fields {
  const { [kind.singular]: own, ...rest } = body;
  return kind.singular === "subscription" && isFields(own) ? { ...rest, ...own } : body;
}

function strip(kind: Kind, fields: Fields, readOnly: "ignore" | "refuse", path: string): Fields {
  const kept: Fields = {};
  for (const [name, value] of Object.entries(fields)) {
    if (isReadOnly(name, kind)) {
      if (readOnly === "refuse")
        throw new Failure(406, `${path}${name} is read-only`, { [name]: value });
    } else {
      kept[name] = isFields(value) ? strip(kind, value, readOnly, `${path}${name}.`) : value;
    }
  }
  return kept;
}

/** The stored fields after an update: objects are merged, everything else is replaced. */
export function patched(stored: Fields, changes: Fields): Fields {
  const whole = { ...stored };
  for (const [name, value] of Object.entries(changes)) {
    const before = whole[name];
    whole[name] = isFields(value) && isFields(before) ? { ...before, ...value } : value;
  }
  return whole;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const customerWords = [
  "customer_name",
  "customer_legal_name",
  "customer_code",
  "customer_type",
  "contact_name",
  "contact_email",
];
const addressWords = [
  "address_1",
  "address_2",
  "address_3",
  "city",
  "state",
  "zipcode",
  "country_id",
];

/** How records are shown. */
export interface Display {
  absentAs: "empty" | "null" | "omit";
  subscriptionStatus: "nested" | "flat";
}

/** What a create answers of a record: its id, and of a user the name (the page on users). */
export function created(kind: Kind, id: string, { first_name, last_name }: Fields): Fields {
  const name = [first_name, last_name].filter(Boolean).join(" ");
  return { [`${kind.singular}_id`]: id, ...(kind.singular === "user" && { name }) };
}

/**
 * A record as it is shown: with its id, what was never written as `absentAs` says, and
 * the labels.
 */
export function shown(
  kind: Kind,
  id: string,
  fields: Fields,
  { absentAs, subscriptionStatus }: Display,
): Fields {
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
  if (kind.singular === "subscription") {
    const { status: _, ...rest } = fields;
    return {
      subscription_id: id,
      ...rest,
      ...(subscriptionStatus === "nested" ? { subscription: labels } : labels),
    };
  }
  if (kind.singular === "user") {
    // A password and the wish for a mail go in and never come out.
    const { password: _, send_welcome_mail: __, ...rest } = fields;
    return { user_id: id, ...rest, ...labels };
  }
  const type = fields.customer_type;
  const out: Fields = {
    customer_id: id,
    ...filled(customerWords, fields),
    individual: fields.individual ?? false,
    ...labels,
  };
  out.customer_type_ex = type === undefined || type === null || type === "" ? "" : `Type ${type}`;
  for (const name of ["office_address", "billing_address"]) {
    const given = fields[name];
    if (given === undefined && absentAs !== "empty") {
      if (absentAs === "null") out[name] = null;
      continue;
    }
    const address = isFields(given) ? given : {};
    out[name] = {
      ...filled(addressWords, address),
      country: countryLabel(String(address.country_id)) ?? "",
    };
  }
  return out;
}
