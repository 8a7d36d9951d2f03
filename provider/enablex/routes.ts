import { z } from "zod";
import type { HttpRequest } from "../http/client.ts";

/**
 * Every route, query and body of the API as this provider uses it, each with its source.
 * Little of the API is public, so most of this is *inferred* from sister routes. All of
 * it can be corrected without a new release, one key each:
 *
 * ```sh
 * pulumi config set --path enablex:routes.customerUpdate "PUT /customers/{id}"
 * pulumi config set --path enablex:routes.userDelete "DELETE /users/{id}"
 * pulumi config set --path enablex:routes.userFields.lastName surname
 * ```
 */

/**
 * Property to field name, with a dot into an address. Field names: other pages of the API
 * for customers, *inferred* as the body of create and update.
 */
const customerFields = {
  customerName: "customer_name",
  customerLegalName: "customer_legal_name",
  customerCode: "customer_code",
  customerType: "customer_type",
  individual: "individual",
  contactName: "contact_name",
  contactEmail: "contact_email",
  status: "status",
  ...addressFields("officeAddress", "office_address"),
  ...addressFields("billingAddress", "billing_address"),
};

function addressFields<P extends string>(property: P, wire: string) {
  const fields = {
    address1: "address_1",
    address2: "address_2",
    address3: "address_3",
    city: "city",
    state: "state",
    zipcode: "zipcode",
    // The code is looked up in `GET /countries`; `country` itself is read-only, the label
    // of `country_id` (inferred).
    country: "country_id",
    countryId: "country_id",
  };
  return Object.fromEntries(
    Object.entries(fields).map(([key, name]) => [`${property}.${key}`, `${wire}.${name}`]),
  ) as Record<`${P}.${keyof typeof fields}`, string>;
}

/**
 * Names: the page on subscriptions. A reply has `status` within an inner object
 * `subscription` (that page); whether a body has it there is not public, so it is sent
 * flat (*inferred*): `subscription.status` sends it within the object. Both are read.
 */
const subscriptionFields = { customerId: "customer_id", planId: "plan_id", status: "status" };

/**
 * The page on users, which does not list `customer_id`: it is *inferred*, and `none`
 * leaves it out.
 */
const userFields = {
  customerId: "customer_id",
  userType: "user_type",
  firstName: "first_name",
  middleName: "middle_name",
  lastName: "last_name",
  email: "email",
  password: "password",
  status: "status",
  department: "department",
  designation: "designation",
  sendWelcomeMail: "send_welcome_mail",
};

const route = z
  .string()
  .regex(
    /^(GET|POST|PUT|PATCH|DELETE) \/\S*$/,
    'must be a method and a path, such as "PATCH /customers/{id}"',
  );
const routeOfOne = route.regex(/\{id\}/, "must have {id} where the id goes");
/** `none` says that the server has no such route. */
const optionalRoute = z.literal("none").or(routeOfOne);
const name = z.string().min(1);
/** `none` says that the list cannot be searched so: it is then read to its end. */
const searchName = name;
/**
 * Properties, by the names of the arguments, that this server takes and never shows: they
 * are sent and never compared.
 */
const writeOnly = z.array(name).default([]);

function names<F extends Record<string, string>>(fields: F) {
  const shape = Object.fromEntries(
    Object.entries(fields).map(([property, wire]) => [property, name.default(wire)]),
  );
  return z.strictObject(shape).prefault({}) as unknown as z.ZodPrefault<
    z.ZodType<Record<keyof F & string, string>, object>
  >;
}

/** Schema of `enablex:routes`. A key that is left out is as here. */
export const routesSchema = z
  .strictObject({
    /** Guide. */
    login: route.default("POST /login"),
    /** Other pages. The rows are *inferred*; see `countries.ts`. */
    countries: route.default("GET /countries"),
    /** *Inferred*: the list's name in the reply. */
    countryListKey: name.default("countries"),

    /** Guide (request line). */
    customerCreate: route.default("POST /customers"),
    /** Guide (request line). */
    customerList: route.default("GET /customers"),
    /** Other pages. */
    customerRead: routeOfOne.default("GET /customers/{id}"),
    /** *Inferred*; only the changed fields are sent. */
    customerUpdate: routeOfOne.default("PATCH /customers/{id}"),
    /** *Inferred*. */
    customerDelete: optionalRoute.default("DELETE /customers/{id}"),
    /** Other pages: `{result: 1, customer: {…}}`. */
    customerKey: name.default("customer"),
    /** *Inferred*: the payload is named after the data. */
    customerListKey: name.default("customers"),
    /** Other pages. */
    customerIdField: name.default("customer_id"),
    customerFields: names(customerFields),
    /** *Inferred*: a reply shows what the pages show of it. */
    customerWriteOnly: writeOnly,
    /** *Inferred*: what `search_by` takes. */
    customerSearchByCode: searchName.default("customer_code"),
    /** *Inferred*. */
    customerSearchByEmail: searchName.default("contact_email"),

    /** *Inferred*. */
    subscriptionCreate: route.default("POST /subscriptions"),
    /** Other pages. */
    subscriptionList: route.default("GET /subscriptions"),
    /** Other pages. */
    subscriptionRead: routeOfOne.default("GET /subscriptions/{id}"),
    /** *Inferred*. */
    subscriptionUpdate: routeOfOne.default("PATCH /subscriptions/{id}"),
    /** No delete is listed. */
    subscriptionDelete: optionalRoute.default("none"),
    /** The page on subscriptions. */
    subscriptionKey: name.default("subscription"),
    /** *Inferred* from customers. */
    subscriptionListKey: name.default("subscriptions"),
    /** The page on subscriptions. */
    subscriptionIdField: name.default("subscription_id"),
    subscriptionFields: names(subscriptionFields),
    /** *Inferred*: a reply shows what the pages show of it. */
    subscriptionWriteOnly: writeOnly,
    /** *Inferred*. */
    subscriptionSearch: searchName.default("customer_id"),

    /** Other pages. */
    userCreate: route.default("POST /users"),
    /** *Inferred* from customers. */
    userList: route.default("GET /users"),
    /** *Inferred* from customers. */
    userRead: routeOfOne.default("GET /users/{id}"),
    /** Other pages. */
    userUpdate: routeOfOne.default("PATCH /users/{id}"),
    /** No delete is listed. */
    userDelete: optionalRoute.default("none"),
    /** The page on users, for the reply to a create. */
    userKey: name.default("user"),
    /** *Inferred* from customers. */
    userListKey: name.default("users"),
    /** The page on users, for the reply to a create. */
    userIdField: name.default("user_id"),
    userFields: names(userFields),
    /** *Inferred*: a reply shows what the pages show of it. */
    userWriteOnly: writeOnly,
    /** *Inferred*. */
    userSearch: searchName.default("email"),

    /** *Inferred*: names of the list's query. */
    pageQuery: name.default("page"),
    /** *Inferred*. */
    pageLengthQuery: name.default("page_length"),
    /** *Inferred*. */
    searchByQuery: name.default("search_by"),
    /** *Inferred*. */
    searchStringQuery: name.default("search_string"),

    /**
     * *Inferred*: of an object, the values that do not change are sent along (`whole`),
     * or the changed ones alone.
     */
    objectUpdate: z.enum(["whole", "changed"]).default("whole"),
    /** *Inferred*: what is sent for a text that is declared no longer. */
    emptied: z.enum(["empty text", "null"]).default("empty text"),
    /**
     * The page on users; *inferred* for customers and subscriptions, whose pages show a
     * status and not its values.
     */
    activeStatus: name.default("A"),
    /** As `activeStatus`. */
    suspendedStatus: name.default("S"),
  })
  .prefault({});

export type Routes = z.output<typeof routesSchema>;

/** A route is written `GET /path/{id}`. */
export function splitRoute(route: string): Pick<HttpRequest, "method" | "path"> {
  const [method = "GET", path = "/"] = route.split(" ");
  return { method: method as HttpRequest["method"], path };
}
