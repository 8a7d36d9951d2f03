import * as pulumi from "@pulumi/pulumi";
import {
  EnableXCustomer,
  type EnableXCustomerArgs,
  EnableXSubscription,
  type EnableXSubscriptionArgs,
  EnableXUser,
  type EnableXUserArgs,
} from "./enablex/resource.ts";
import {
  type NetsapiensBundle,
  NetsapiensOAuthClient,
  type NetsapiensOAuthClientArgs,
} from "./netsapiens/resource.ts";
import { notRegistered, requireOptions, requireRegistration } from "./runtime/registration.ts";
import { closestMatches } from "./runtime/suggest.ts";
import { XelionTenantProvision, type XelionTenantProvisionArgs } from "./xelion/resource.ts";
import { XimaLicense, type XimaLicenseArgs, type XimaSipCredentials } from "./xima/resource.ts";

/** The licence of a {@link Customer}. */
export interface CustomerXimaArgs extends Omit<XimaLicenseArgs, "sipCredentials"> {
  /**
   * With a NetSapiens client, `sipServer` and `outboundProxy` may be left to its bundle
   * (its domain and its SIP proxy, inferred), and so may `sipPort` where `transport` is
   * given. User name and password are those of a SIP device, which no bundle holds.
   */
  readonly sipCredentials?: Omit<XimaSipCredentials, "sipServer" | "outboundProxy"> &
    Partial<XimaSipCredentials>;
}

/** A {@link Customer} at EnableX, with its subscriptions and users by names of your own. */
export interface CustomerEnableXArgs extends EnableXCustomerArgs {
  readonly subscriptions?: Record<string, Omit<EnableXSubscriptionArgs, "customerId">>;
  readonly users?: Record<string, Omit<EnableXUserArgs, "customerId">>;
}

/**
 * Arguments of a {@link Customer}: its systems, each with the arguments of that system's
 * resource.
 */
export interface CustomerArgs {
  /** The customer's name, for people. */
  readonly name: pulumi.Input<string>;
  readonly netsapiens?: NetsapiensOAuthClientArgs;
  readonly xima?: CustomerXimaArgs;
  readonly xelion?: XelionTenantProvisionArgs;
  readonly enablex?: CustomerEnableXArgs;
}

/**
 * One customer in all its systems, in the order in which they need each other: the
 * NetSapiens client is made and verified before the Xima licence, and the licence is
 * given back before the client; users and subscriptions at EnableX come after their
 * customer, and go before it.
 *
 * The resources are children and have the customer's name; those of which there are
 * several add their own: `acme-meetings`. They are protected from deletion where the
 * stack's config says `ucaas:production: true`, unless the option `protect` says
 * otherwise.
 *
 * @example
 * ```ts
 * import { Customer } from "pulumi-ucaas";
 *
 * const acme = new Customer("acme", {
 *   name: "Acme Ltd",
 *   netsapiens: { domain: "acme", clientId: "xima-acme", driver: "portal" },
 *   xima: {
 *     ccId: {
 *       resellerId: "voicehouse",
 *       resellerName: "Voicehouse",
 *       tenantId: "acme",
 *       tenantName: "Acme Ltd",
 *     },
 *     professionalSeats: 12,
 *   },
 * });
 * export const summary = acme.summary;
 * ```
 */
export class Customer extends pulumi.ComponentResource {
  readonly netsapiens?: NetsapiensOAuthClient;
  readonly xima?: XimaLicense;
  readonly xelion?: XelionTenantProvision;
  readonly enablex?: EnableXCustomer;
  /**
   * The customer in one line, for people: what it has in each system, or that the system
   * failed.
   */
  readonly summary: pulumi.Output<string>;
  /** What the Xima side is set up with, when the customer has a NetSapiens client; a secret. */
  readonly bundle?: pulumi.Output<NetsapiensBundle>;

  constructor(name: string, args: CustomerArgs, options: pulumi.ComponentResourceOptions = {}) {
    refuseUnknown(name, args);
    requireOptions(options, "Customer", name);
    const protect = options.protect ?? new pulumi.Config("ucaas").getBoolean("production");
    try {
      super("ucaas:index:Customer", name, {}, { ...options, protect });
    } catch (error) {
      throw notRegistered(error, "Customer", name);
    }
    requireRegistration(this, "Customer", name);
    const child = { parent: this };
    if (args.netsapiens) {
      this.netsapiens = new NetsapiensOAuthClient(name, args.netsapiens, child);
      this.bundle = this.netsapiens.bundle;
    }
    if (args.xima) this.xima = license(name, args.xima, this.netsapiens, child);
    if (args.xelion) this.xelion = new XelionTenantProvision(name, args.xelion, child);
    if (args.enablex) this.enablex = enablexCustomer(name, args.enablex, child);
    this.summary = summary(args, this);
    this.registerOutputs({
      summary: this.summary,
      bundle: this.bundle && pulumi.recover(this.bundle, () => undefined as never),
    });
  }
}

function license(
  name: string,
  { sipCredentials: sip, ...args }: CustomerXimaArgs,
  client: NetsapiensOAuthClient | undefined,
  options: pulumi.CustomResourceOptions,
): XimaLicense {
  if (!client)
    return new XimaLicense(
      name,
      { ...args, sipCredentials: sip as XimaSipCredentials | undefined },
      options,
    );
  const verified = madeOrElse(
    `${name}: the licence at Xima is left as it is, since the NetSapiens client failed`,
  );
  const bundle = verified(client.bundle);
  const sipCredentials = sip && {
    ...sip,
    sipServer: sip.sipServer ?? bundle.domain,
    outboundProxy: sip.outboundProxy ?? bundle.sip_proxy_server_host,
    ...(sip.transport !== undefined && { sipPort: sip.sipPort ?? bundle.sip_proxy_server_port }),
  };
  return new XimaLicense(
    name,
    { ...args, sipCredentials },
    { ...options, dependsOn: verified(client.urn.apply(() => client)) },
  );
}

function enablexCustomer(
  name: string,
  { subscriptions, users, ...args }: CustomerEnableXArgs,
  options: pulumi.CustomResourceOptions,
): EnableXCustomer {
  const customer = new EnableXCustomer(name, args, options);
  const made = madeOrElse(
    `${name}: subscriptions and users at EnableX are left as they are, since the customer failed there`,
  );
  const common = { customerId: made(customer.customerId), account: args.account };
  for (const [key, subscription] of Object.entries(subscriptions ?? {})) {
    new EnableXSubscription(`${name}-${key}`, { ...common, ...subscription }, options);
  }
  for (const [key, user] of Object.entries(users ?? {}))
    new EnableXUser(`${name}-${key}`, { ...common, ...user }, options);
  return customer;
}

/**
 * All keys there are: a misspelt one would be a system that is not declared, and so one
 * that is to be deleted.
 */
const sections: Record<keyof CustomerArgs, true> = {
  name: true,
  netsapiens: true,
  xima: true,
  xelion: true,
  enablex: true,
};
const enablexKeys: Record<keyof CustomerEnableXArgs, true> = {
  customerName: true,
  customerLegalName: true,
  customerCode: true,
  customerType: true,
  individual: true,
  contactName: true,
  contactEmail: true,
  status: true,
  officeAddress: true,
  billingAddress: true,
  subscriptions: true,
  users: true,
  adopt: true,
  account: true,
};

/** Programs in JavaScript have no types. What is in a section is checked by its resource. */
function refuseUnknown(name: string, args: CustomerArgs): void {
  const faults = [
    ...unknownKeys("", args, sections),
    ...unknownKeys("enablex", args?.enablex, enablexKeys),
    ...["netsapiens", "xima", "xelion", "enablex"].flatMap((section) =>
      noMap(section, args?.[section as keyof CustomerArgs]),
    ),
    ...noMap("enablex.subscriptions", args?.enablex?.subscriptions),
    ...noMap("enablex.users", args?.enablex?.users),
  ];
  if (!isMap(args)) faults.unshift(`its arguments must be an object, not ${kindOf(args)}`);
  if (faults.length > 0) {
    const what = `Customer ${JSON.stringify(name)}: ${faults.join("; ")}`;
    const remedy = "What to do: correct the program. Nothing was registered or deleted.";
    throw new pulumi.RunError(`${what}\n  ${remedy}`);
  }
}

function unknownKeys(path: string, value: unknown, known: Record<string, true>): string[] {
  if (!isMap(value)) return [];
  return Object.keys(value)
    .filter((key) => !Object.hasOwn(known, key))
    .map((key) => {
      const [near] = closestMatches(key, Object.keys(known));
      const rest = near ? `Did you mean ${near}?` : `Known: ${Object.keys(known).join(", ")}.`;
      return `${path && `${path}.`}${key} is not a property here. ${rest}`;
    });
}

function noMap(path: string, value: unknown): string[] {
  return value === undefined || isMap(value)
    ? []
    : [`${path} must be an object, not ${kindOf(value)}. Leave it out if there is none`];
}

function isMap(value: unknown): value is object {
  return kindOf(value) === "an object";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (pulumi.Output.isInstance(value) || value instanceof Promise)
    return "a value that is known later";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A resource is left as it is, since one that it is made from failed. */
class LeftAsItIs extends pulumi.RunError {}

/**
 * For outputs of a resource that another is made from: if it failed, the other is not
 * registered, and the run says so in these words. It must be an error, since to the
 * engine a program that ends well without a resource wants that resource deleted.
 */
function madeOrElse(words: string): <T>(output: pulumi.Output<T>) => pulumi.Output<T> {
  const failure = new LeftAsItIs(words);
  // It is for people; once the program's own text has run to its end, the SDK would print
  // the stack in place of the words.
  failure.stack = "";
  return (output) =>
    pulumi.recover(output, () => {
      throw failure;
    });
}

function summary(
  args: CustomerArgs,
  { netsapiens, xima, xelion, enablex }: Customer,
): pulumi.Output<string> {
  const systems: (pulumi.Output<string> | undefined)[] = [
    netsapiens &&
      orFailed(
        "NetSapiens",
        pulumi.all([netsapiens.clientId, netsapiens.verification]).apply(([clientId, steps]) => {
          const tried = steps.filter(({ status }) => status !== "skipped");
          return `${clientId}, ${tried.filter(({ status }) => status === "passed").length} of ${tried.length} steps verified`;
        }),
      ),
    xima &&
      orFailed(
        "Xima",
        pulumi
          .all([xima.id, pulumi.output({ ...args.xima, sipCredentials: undefined })])
          .apply(([id, declared]) => `${id}, ${counts(declared)}`),
      ),
    xelion && orFailed("Xelion", pulumi.interpolate`${xelion.id}, ${xelion.status}`),
    enablex &&
      orFailed("EnableX", pulumi.interpolate`${enablex.customerId}, ${enablex.statusText}`),
  ];
  return pulumi
    .all([args.name, ...systems.filter((system) => system !== undefined)])
    .apply((parts) => parts.join(" · "));
}

function orFailed(system: string, words: pulumi.Output<string>): pulumi.Output<string> {
  const line = pulumi.interpolate`${system} ${words}`;
  return pulumi.recover(
    line,
    (error) => `${system} ${error instanceof LeftAsItIs ? "left as it is" : "FAILED"}`,
  );
}

/** `12 professional seats, 2 standard bundles` */
function counts(declared: object): string {
  const words = (value: object): string[] =>
    Object.entries(value).flatMap(([field, count]) => {
      if (typeof count === "object" && count !== null && field !== "ccId") return words(count);
      return typeof count === "number" && count > 0
        ? [`${count} ${field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`]
        : [];
    });
  return words(declared).join(", ") || "no seats";
}
