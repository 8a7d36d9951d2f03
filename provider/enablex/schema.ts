import { z } from "zod";
import { credential, displayName, identifier } from "../runtime/identifiers.ts";
import type { IgnoringInputs } from "../runtime/ignored-changes.ts";

const text = z.string();
const email = identifier().refine(
  (value) => z.email().safeParse(value.trim()).success,
  "must be an email address",
);
/** Ids arrive as numbers or strings and are kept as strings. */
const id = z.union([identifier(), z.int()], "must be an id: a text or a whole number");
const status = z.enum(["active", "suspended"]);

/**
 * Whether something that exists already is taken over: not at all, when every declared
 * field is equal, or in any case.
 */
const adopt = z.enum(["never", "if-same", "always"]);

const metaArguments = { adopt: adopt.optional(), account: identifier().optional() };

const addressSchema = z.strictObject({
  address1: text.optional(),
  address2: text.optional(),
  address3: text.optional(),
  city: text.optional(),
  state: text.optional(),
  zipcode: text.optional(),
  country: displayName().optional(),
  countryId: id.optional(),
});

/**
 * The arguments of an `EnableXCustomer`: every writable field of the API (other pages),
 * in camel case.
 */
export const customerSchema = z.strictObject({
  customerName: displayName(),
  customerLegalName: text.optional(),
  customerCode: identifier().optional(),
  customerType: id.optional(),
  individual: z.boolean().optional(),
  contactName: text.optional(),
  contactEmail: email.optional(),
  status: status.optional(),
  officeAddress: addressSchema.optional(),
  billingAddress: addressSchema.optional(),
  ...metaArguments,
});

const fieldName = z
  .string()
  .regex(/^[A-Za-z]\w*$/, "must be a field name of the API, such as start_date");
type FurtherValue = string | number | boolean | { [name: string]: FurtherValue };
const furtherValue: z.ZodType<FurtherValue> = z
  .union([
    // First, since the first of equally wrong alternatives is reported.
    z.record(
      fieldName,
      z.lazy(() => furtherValue),
      "must be a text, a number, true or false, or an object of such values",
    ),
    z.string(),
    z.number(),
    z.boolean(),
  ])
  .meta({ id: "furtherValue" });

/** Further fields, by the API's own names: a value, or an object such as `user_license`. */
const furtherFields = z.record(fieldName, furtherValue);

/** The arguments of an `EnableXSubscription`. */
export const subscriptionSchema = z.strictObject({
  customerId: id,
  planId: id,
  status: status.optional(),
  fields: furtherFields.optional(),
  ...metaArguments,
});

/** The arguments of an `EnableXUser`. */
export const userSchema = z.strictObject({
  customerId: id.optional(),
  userType: id,
  firstName: displayName(),
  middleName: text.optional(),
  lastName: text.optional(),
  email,
  password: credential().optional(),
  status: status.optional(),
  department: text.optional(),
  designation: text.optional(),
  sendWelcomeMail: z.boolean().optional(),
  fields: furtherFields.optional(),
  ...metaArguments,
});

export type Adopt = z.output<typeof adopt>;

/** What all three kinds of arguments have in common. */
export interface EnableXInputs extends Record<string, unknown>, IgnoringInputs {
  readonly adopt?: Adopt;
  readonly account?: string;
  readonly __stack?: string;
  /** JSON: the paths of what the program marked as secret. */
  readonly __secretPaths?: string;
}

/** Of the outputs that this release writes. It reads all earlier ones. */
export const schemaVersion = 1;

/**
 * What the state keeps: the declared fields as they are on the server, and what the
 * server assigned.
 */
export interface EnableXOutputs extends EnableXInputs {
  readonly schemaVersion: typeof schemaVersion;
  /** Tells two resources apart that hold the same thing for a moment; see `runtime/ownership.ts`. */
  readonly __claim?: string;
  /** Tells the account that has seen it last; see `account-mark.ts`. Older states have none. */
  readonly __seenBy?: string;
}
