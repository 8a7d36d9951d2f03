import type { Routes } from "./routes.ts";

/** How a field's value is written and compared. */
export type Format = "text" | "email" | "id" | "flag" | "status" | "country" | "value";

/** Describes one resource type of EnableX: all in which the three differ. Pure data. */
export interface ResourceType {
  readonly name: "customer" | "subscription" | "user";
  readonly type: "EnableXCustomer" | "EnableXSubscription" | "EnableXUser";
  /** The managed properties, with a dot into an address. */
  readonly formats: Readonly<Record<string, Format>>;
  /** Properties that the API cannot change (inferred): another value is another thing. */
  readonly fixed: readonly string[];
  /** Properties that are never empty on the server. A reply without one does not show it. */
  readonly required: readonly string[];
  /**
   * Properties that the server takes and never shows. They are sent, and never compared
   * with the server.
   */
  readonly writeOnly: readonly string[];
  /** Properties that only a create takes. */
  readonly createOnly: readonly string[];
  /** By what an existing one is found: the first search whose properties are all declared. */
  readonly searches: readonly Search[];
}

/**
 * A way to find an existing thing: the list is searched by the first property, and what
 * comes back must agree in all of them.
 */
export interface Search {
  readonly by: keyof Routes & `${string}Search${string}`;
  readonly properties: readonly [string, ...string[]];
  /** The server refuses a second object that agrees in them (1504). */
  readonly unique?: true;
}

export const customerType: ResourceType = {
  name: "customer",
  type: "EnableXCustomer",
  formats: {
    customerName: "text",
    customerLegalName: "text",
    customerCode: "text",
    customerType: "id",
    individual: "flag",
    contactName: "text",
    contactEmail: "email",
    status: "status",
    ...address("officeAddress"),
    ...address("billingAddress"),
  },
  fixed: [],
  required: ["customerName"],
  writeOnly: [],
  createOnly: [],
  searches: [
    { by: "customerSearchByCode", properties: ["customerCode"] },
    { by: "customerSearchByEmail", properties: ["contactEmail"], unique: true },
  ],
};

/** A customer has one subscription of a plan, or adoption could not tell which is meant. */
export const subscriptionType: ResourceType = {
  name: "subscription",
  type: "EnableXSubscription",
  formats: { customerId: "id", planId: "id", status: "status" },
  fixed: ["customerId"],
  required: ["customerId", "planId"],
  writeOnly: [],
  createOnly: [],
  searches: [{ by: "subscriptionSearch", properties: ["customerId", "planId"] }],
};

export const userType: ResourceType = {
  name: "user",
  type: "EnableXUser",
  formats: {
    customerId: "id",
    userType: "id",
    firstName: "text",
    middleName: "text",
    lastName: "text",
    email: "email",
    password: "text",
    status: "status",
    department: "text",
    designation: "text",
    sendWelcomeMail: "flag",
  },
  fixed: ["customerId"],
  required: ["customerId", "userType", "firstName", "email"],
  writeOnly: ["password", "sendWelcomeMail"],
  createOnly: ["sendWelcomeMail"],
  searches: [{ by: "userSearch", properties: ["email"], unique: true }],
};

function address(property: string): Record<string, Format> {
  return {
    [`${property}.address1`]: "text",
    [`${property}.address2`]: "text",
    [`${property}.address3`]: "text",
    [`${property}.city`]: "text",
    [`${property}.state`]: "text",
    [`${property}.zipcode`]: "text",
    [`${property}.country`]: "country",
    [`${property}.countryId`]: "id",
  };
}
