import * as pulumi from "@pulumi/pulumi";
import { type ArgumentOutputs, UcaasResource } from "../runtime/resource-base.ts";
import { secretPaths } from "../runtime/secret-paths.ts";
import { isSecretName } from "./secret-names.ts";

/**
 * Whether something that exists already is taken over: never, when every declared field
 * is equal, or in any case (the server's values are then overwritten).
 */
export type EnableXAdopt = "never" | "if-same" | "always";

// An id is an output like any other, except that the engine knows it while previewing an
// update: what depends on `customerId` would else be shown as replaced whenever its
// customer changes. So each class's own id is its `id`.

const secretConfig = ["enablex:accessKey", "enablex:password"];

/**
 * The arguments, with what is secret by its name marked as such, and told to the provider
 * process together with what the program marked.
 */
function withSecrets<
  Args extends EnableXMetaArguments & { readonly fields?: pulumi.Input<EnableXFurtherFields> },
>(args: Args) {
  const named = Object.entries(args).map(([name, value]) => [
    name,
    value !== undefined && isSecretName(name) ? pulumi.secret(value) : value,
  ]);
  const secured: Args = {
    ...Object.fromEntries(named),
    ...(args.fields !== undefined && { fields: marked(args.fields) }),
  };
  return {
    ...secured,
    __secretPaths: secretPaths(secured).then((paths) =>
      paths.length > 0 ? JSON.stringify(paths) : undefined,
    ),
  };
}

/** Further fields at any depth, those that are secret by their name as secrets. */
function marked(fields: unknown): unknown {
  if (pulumi.Output.isInstance(fields) || fields instanceof Promise)
    return pulumi.output(fields).apply(marked);
  if (typeof fields !== "object" || fields === null) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isSecretName(name) ? pulumi.secret(value) : marked(value),
    ]),
  );
}

/** A postal address. A field that is not declared is left as it is on the server. */
export interface EnableXAddress {
  readonly address1?: pulumi.Input<string>;
  readonly address2?: pulumi.Input<string>;
  readonly address3?: pulumi.Input<string>;
  readonly city?: pulumi.Input<string>;
  readonly state?: pulumi.Input<string>;
  readonly zipcode?: pulumi.Input<string>;
  /**
   * ISO 3166-1 alpha-2, such as `"DE"`; its id is looked up in the server's list of
   * countries. Not together with `countryId`.
   */
  readonly country?: pulumi.Input<string>;
  /** The server's own id of the country. */
  readonly countryId?: pulumi.Input<string | number>;
}

/** What all resources of EnableX take beside their fields. */
export interface EnableXMetaArguments {
  /**
   * Default `"if-same"`: an existing one is taken over when every declared field is
   * equal, and is an error that lists the differences otherwise.
   */
  readonly adopt?: pulumi.Input<EnableXAdopt>;
  /**
   * Section `enablex:accounts.<account>` of the config; default the keys of the namespace
   * itself. One with another `baseUrl` makes another customer, subscription or user.
   */
  readonly account?: pulumi.Input<string>;
}

/**
 * Arguments of an {@link EnableXCustomer}: every writable field of the API (other pages),
 * in camel case. What is not declared is not managed: it is neither written nor compared.
 * A text that is declared no longer is emptied on the server (inferred); other fields
 * stay.
 */
export interface EnableXCustomerArgs extends EnableXMetaArguments {
  /** Not empty. */
  readonly customerName: pulumi.Input<string>;
  readonly customerLegalName?: pulumi.Input<string>;
  /**
   * Your own code for the customer. By it, else by `contactEmail`, an existing customer
   * is found: declare at least one of the two.
   */
  readonly customerCode?: pulumi.Input<string>;
  /** Text or number as your server has it; its values are not public. */
  readonly customerType?: pulumi.Input<string | number>;
  /** A person rather than a company. */
  readonly individual?: pulumi.Input<boolean>;
  readonly contactName?: pulumi.Input<string>;
  /** Unique on the server (guide, code 1504); case does not count. */
  readonly contactEmail?: pulumi.Input<string>;
  /**
   * `A` and `S` on the wire (inferred from users). Not declared, it is not managed: a
   * suspension by hand is then no drift.
   */
  readonly status?: pulumi.Input<"active" | "suspended">;
  readonly officeAddress?: pulumi.Input<EnableXAddress>;
  readonly billingAddress?: pulumi.Input<EnableXAddress>;
}

/**
 * A customer at EnableX. Its id is the server's `customer_id`.
 *
 * Everything that is declared is read back, so changes made elsewhere are seen by `pulumi
 * refresh` and put right by `pulumi up`.
 *
 * Errors, by code: `ALREADY_EXISTS`, `AMBIGUOUS`, `DUPLICATE`, `DECLARED_TWICE`,
 * `TAKE_OVER_OPEN`, `STATE_NEWER`, `OUTCOME_UNKNOWN`, `NOT_SHOWN`, `NOT_FOUND`, `ROUTE_NOT_FOUND`,
 * `ACCOUNT_CHANGED`, `LIST_ENDLESS`, `UNKNOWN_COUNTRY`; those of the guide's tables: `ERROR`,
 * `HEADER_MISSING`, `HEADER_INVALID`, `TOKEN_EXPIRED`, `VALIDATION_FAILED`,
 * `INTERNAL_ERROR`, `TOKEN_INVALID`, `REQUEST_INVALID`, `APP_TYPE_MISSING`,
 * `APP_TYPE_NOT_TEXT`, `APP_TYPE_INVALID`, and by its groups `IN_PROGRESS`,
 * `NOT_CONFIRMED`, `ACTION_REQUIRED`, `CLIENT_ERROR`, `SERVER_ERROR`, `UNLISTED_CODE`; of
 * HTTP: `RATE_LIMITED` (429), `UNAVAILABLE` (503); of what is no answer: `HTML_REPLY`,
 * `EMPTY_REPLY`, `NO_RESULT`, `MALFORMED_REPLY`, `REPLY_TOO_LARGE`; of the network:
 * `PROXY_INVALID`, `NOT_REACHED`, `TLS_REFUSED`, `CONNECTION_LOST`, `NO_REPLY_IN_TIME`,
 * `INVALID_REQUEST`; and `CONFIG_MISSING`, `CONFIG_INVALID`, `CONFIG_UNKNOWN_ACCOUNT`,
 * `JOURNAL_UNAVAILABLE`, `JOURNAL_OUTDATED`. What to do about each is in its message
 * and in `docs/enablex-customer.md`.
 *
 * @example
 * ```ts
 * import { EnableXCustomer } from "pulumi-ucaas";
 *
 * new EnableXCustomer("acme", {
 *   customerName: "Acme Ltd",
 *   customerCode: "ACME",
 *   contactEmail: "it@acme.example",
 *   officeAddress: { address1: "1 High Street", city: "Leeds", country: "GB" },
 *   status: "active",
 * });
 * ```
 */
export class EnableXCustomer extends UcaasResource implements ArgumentOutputs<EnableXCustomerArgs> {
  /** Assigned by the server, as text: the same as `id`. */
  declare readonly customerId: pulumi.Output<string>;
  /** As declared, like all of the arguments; after a refresh with the server's values. */
  declare readonly customerName: pulumi.Output<string>;
  declare readonly customerLegalName: pulumi.Output<string | undefined>;
  declare readonly customerCode: pulumi.Output<string | undefined>;
  declare readonly customerType: pulumi.Output<string | number | undefined>;
  declare readonly individual: pulumi.Output<boolean | undefined>;
  declare readonly contactName: pulumi.Output<string | undefined>;
  declare readonly contactEmail: pulumi.Output<string | undefined>;
  declare readonly status: pulumi.Output<string | undefined>;
  declare readonly officeAddress: pulumi.Output<pulumi.Unwrap<EnableXAddress> | undefined>;
  declare readonly billingAddress: pulumi.Output<pulumi.Unwrap<EnableXAddress> | undefined>;
  declare readonly adopt: pulumi.Output<EnableXAdopt | undefined>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** The server's label of the status (`status_ex`). */
  declare readonly statusText: pulumi.Output<string | undefined>;
  /** The server's label of the type (`customer_type_ex`). */
  declare readonly customerTypeText: pulumi.Output<string | undefined>;

  constructor(name: string, args: EnableXCustomerArgs, options?: pulumi.CustomResourceOptions) {
    super(
      {
        type: "EnableXCustomer",
        optional: [
          "customerLegalName",
          "customerCode",
          "customerType",
          "individual",
          "contactName",
          "contactEmail",
          "status",
          "officeAddress",
          "billingAddress",
          "adopt",
          "account",
        ],
        outputs: ["customerId", "statusText", "customerTypeText"],
        secrets: [],
        secretConfig,
      },
      name,
      withSecrets(args),
      options,
    );
    this.customerId = this.id;
  }
}

/**
 * Further fields, by the API's own names, such as `{ user_license: { qty: 25 }, features:
 * { whiteboard: true } }`. Each value within an
 * object is managed by itself. One that the server does not show cannot be compared. One
 * whose name says that it is secret
 * (`password`, `pin`, `api_key`, …) is kept as a secret, whatever the program passed.
 */
export interface EnableXFurtherFields {
  readonly [name: string]: pulumi.Input<string | number | boolean | EnableXFurtherFields>;
}

/** Arguments of an {@link EnableXSubscription}. */
export interface EnableXSubscriptionArgs extends EnableXMetaArguments {
  /** The customer's `customerId`. A change makes another subscription (inferred). */
  readonly customerId: pulumi.Input<string | number>;
  /** The API's `plan_id` (other pages). A change is an update (inferred). */
  readonly planId: pulumi.Input<string | number>;
  /** In a reply it stands within `subscription`; its values are inferred from users. */
  readonly status?: pulumi.Input<"active" | "suspended">;
  /**
   * Seats, settings and features, such as `{ user_license: { qty: 25 }, settings: {
   * recording: true } }`.
   */
  readonly fields?: pulumi.Input<EnableXFurtherFields>;
}

/**
 * A subscription of a customer to a plan, one a plan. Its id is the server's `subscription_id`.
 *
 * The API lists no delete: a subscription that is deleted leaves the state, stays at
 * EnableX and is billed until it is ended in the portal. Errors: as for {@link
 * EnableXCustomer}.
 *
 * @example
 * ```ts
 * import { EnableXCustomer, EnableXSubscription } from "pulumi-ucaas";
 *
 * const acme = new EnableXCustomer("acme", { customerName: "Acme Ltd", customerCode: "ACME" });
 * new EnableXSubscription("acme-meetings", { customerId: acme.customerId, planId: "12", fields: { user_license: { qty: 25 } } });
 * ```
 */
export class EnableXSubscription
  extends UcaasResource
  implements ArgumentOutputs<EnableXSubscriptionArgs>
{
  /** Assigned by the server, as text: the same as `id`. */
  declare readonly subscriptionId: pulumi.Output<string>;
  /** As declared, like all of the arguments; after a refresh with the server's values. */
  declare readonly customerId: pulumi.Output<string>;
  declare readonly planId: pulumi.Output<string>;
  declare readonly status: pulumi.Output<string | undefined>;
  declare readonly fields: pulumi.Output<pulumi.Unwrap<EnableXFurtherFields> | undefined>;
  declare readonly adopt: pulumi.Output<EnableXAdopt | undefined>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** The server's label of the status (`status_ex`). */
  declare readonly statusText: pulumi.Output<string | undefined>;

  constructor(name: string, args: EnableXSubscriptionArgs, options?: pulumi.CustomResourceOptions) {
    super(
      {
        type: "EnableXSubscription",
        optional: ["status", "fields", "adopt", "account"],
        outputs: ["subscriptionId", "statusText"],
        secrets: [],
        secretConfig,
      },
      name,
      withSecrets(args),
      options,
    );
    this.subscriptionId = this.id;
  }
}

/** Arguments of an {@link EnableXUser}. */
export interface EnableXUserArgs extends EnableXMetaArguments {
  /**
   * The customer's `customerId`; left out only with a customer's own credentials. A
   * change makes another user (inferred).
   */
  readonly customerId?: pulumi.Input<string | number>;
  /** The API's `user_type`; its values are not public. */
  readonly userType: pulumi.Input<string | number>;
  /** Not empty. */
  readonly firstName: pulumi.Input<string>;
  readonly middleName?: pulumi.Input<string>;
  readonly lastName?: pulumi.Input<string>;
  /**
   * Unique on the server (guide, code 1504); case does not count. By it an existing user
   * is found.
   */
  readonly email: pulumi.Input<string>;
  /**
   * Secret. The server generates one when none is declared. It is never read back: it is
   * sent when its declaration changes.
   */
  readonly password?: pulumi.Input<string>;
  /**
   * `A` and `S` on the wire. Not declared, a new user is active, and a suspension by hand
   * is no drift.
   */
  readonly status?: pulumi.Input<"active" | "suspended">;
  readonly department?: pulumi.Input<string>;
  readonly designation?: pulumi.Input<string>;
  /**
   * Whether the server mails the login details to a user that is created. A later change
   * sends nothing.
   */
  readonly sendWelcomeMail?: pulumi.Input<boolean>;
  readonly fields?: pulumi.Input<EnableXFurtherFields>;
}

/**
 * A user of a customer. Its id is the server's `user_id`.
 *
 * The API lists no delete: a user that is deleted leaves the state and stays at EnableX
 * until it is removed in the portal. Errors: as for {@link EnableXCustomer}.
 *
 * @example
 * ```ts
 * import { EnableXCustomer, EnableXUser } from "pulumi-ucaas";
 *
 * const acme = new EnableXCustomer("acme", { customerName: "Acme Ltd", customerCode: "ACME" });
 * new EnableXUser("acme-ada", {
 *   customerId: acme.customerId,
 *   userType: "moderator",
 *   firstName: "Ada",
 *   lastName: "King",
 *   email: "ada@acme.example",
 * });
 * ```
 */
export class EnableXUser extends UcaasResource implements ArgumentOutputs<EnableXUserArgs> {
  /** Assigned by the server, as text: the same as `id`. */
  declare readonly userId: pulumi.Output<string>;
  /** As declared, like all of the arguments; after a refresh with the server's values. */
  declare readonly customerId: pulumi.Output<string | undefined>;
  declare readonly userType: pulumi.Output<string | number>;
  declare readonly firstName: pulumi.Output<string>;
  declare readonly middleName: pulumi.Output<string | undefined>;
  declare readonly lastName: pulumi.Output<string | undefined>;
  declare readonly email: pulumi.Output<string>;
  /** A secret, never read back. */
  declare readonly password: pulumi.Output<string | undefined>;
  declare readonly status: pulumi.Output<string | undefined>;
  declare readonly department: pulumi.Output<string | undefined>;
  declare readonly designation: pulumi.Output<string | undefined>;
  declare readonly sendWelcomeMail: pulumi.Output<boolean | undefined>;
  declare readonly fields: pulumi.Output<pulumi.Unwrap<EnableXFurtherFields> | undefined>;
  declare readonly adopt: pulumi.Output<EnableXAdopt | undefined>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** The server's label of the status (`status_ex`). */
  declare readonly statusText: pulumi.Output<string | undefined>;

  constructor(name: string, args: EnableXUserArgs, options?: pulumi.CustomResourceOptions) {
    super(
      {
        type: "EnableXUser",
        optional: [
          "customerId",
          "middleName",
          "lastName",
          "password",
          "status",
          "department",
          "designation",
          "sendWelcomeMail",
          "fields",
          "adopt",
          "account",
        ],
        outputs: ["userId", "statusText"],
        secrets: ["password"],
        secretConfig,
      },
      name,
      withSecrets(args),
      options,
    );
    this.userId = this.id;
  }
}
