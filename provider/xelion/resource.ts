import * as pulumi from "@pulumi/pulumi";
import { type ArgumentOutputs, UcaasResource } from "../runtime/resource-base.ts";
import { secretPaths } from "../runtime/secret-paths.ts";
import { secretArguments } from "./secret-names.ts";
import type { StatusEntry as XelionStatusEntry } from "./status-entry.ts";

export type { XelionStatusEntry };

/** A value of a key whose rules are not public. What is in it may be outputs, too. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly pulumi.Input<JsonValue>[]
  | { readonly [key: string]: pulumi.Input<JsonValue> | undefined };

/** A telephone number of the configuration. */
export interface XelionPhoneNumber {
  /** Whether the number is to be obtained, or is there already. Default false. */
  readonly new?: pulumi.Input<boolean>;
  readonly value: pulumi.Input<string>;
  /** Every further key is passed through. */
  readonly [key: string]: pulumi.Input<JsonValue> | undefined;
}

/** A department of the configuration (configurator reference). */
export interface XelionDepartment {
  readonly name: pulumi.Input<string>;
  /** E-mail addresses. */
  readonly users?: pulumi.Input<pulumi.Input<string>[]>;
  /** Default false. */
  readonly enableCallRecording?: pulumi.Input<boolean>;
  /**
   * Where unanswered calls go; `value` is the name of a department of this configuration,
   * or the e-mail address of a user.
   */
  readonly fallback?: pulumi.Input<{
    type: pulumi.Input<"voicemail" | "dept" | "user">;
    value?: pulumi.Input<string>;
  }>;
  /**
   * 1 to 4 digits, not starting with 0 or 1, unique in the configuration, and none that
   * Xelion reserves, such as 600 or 7000.
   */
  readonly internalNumbers?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Unique. An existing number is one of the organization's country, or international; a
   * new one may be any text, with `country` and `area`.
   */
  readonly externalNumbers?: pulumi.Input<pulumi.Input<XelionPhoneNumber>[]>;
  /** Every further key is passed through. */
  readonly [key: string]: pulumi.Input<JsonValue> | undefined;
}

/** The organization of the configuration (configurator reference). */
export interface XelionOrganization {
  readonly name: pulumi.Input<string>;
  readonly email?: pulumi.Input<string>;
  readonly street?: pulumi.Input<string>;
  readonly number?: pulumi.Input<string | number>;
  readonly numberAddition?: pulumi.Input<string>;
  readonly zipCode?: pulumi.Input<string>;
  readonly city?: pulumi.Input<string>;
  /** ISO 3166-1 alpha-2. */
  readonly country?: pulumi.Input<string>;
  /** Required once an external number is defined, and equal to one of them. */
  readonly centralPhoneNumber?: pulumi.Input<XelionPhoneNumber>;
  /** Every further key is passed through. */
  readonly [key: string]: pulumi.Input<JsonValue> | undefined;
}

/**
 * A configuration of the Xelion Configurator, version 1. Users, phones and call flows
 * have fields that are not public: they are passed through untouched and in order.
 */
export interface XelionConfiguration {
  readonly version: pulumi.Input<1>;
  readonly organization: pulumi.Input<XelionOrganization>;
  readonly departments?: pulumi.Input<pulumi.Input<XelionDepartment>[]>;
  /** Every further key is passed through. */
  readonly [key: string]: pulumi.Input<JsonValue> | undefined;
}

/** Arguments of an {@link XelionTenantProvision}. */
export interface XelionTenantProvisionArgs {
  /**
   * URL of the Xelion server that the tenant is on, such as
   * `https://my.server.xelion.com`. A change makes another resource.
   */
  readonly serverUrl: pulumi.Input<string>;
  /** Name of the tenant, such as `pbx1`. A change makes another resource. */
  readonly tenantName: pulumi.Input<string>;
  /**
   * Session token of the tenant; kept as a secret. It must be valid until the order has
   * ended. This or `tenantLogin`.
   */
  readonly tenantToken?: pulumi.Input<string>;
  /** A user of the tenant, to log in for an order and to log out at its end; kept as a secret. */
  readonly tenantLogin?: pulumi.Input<{
    userName: pulumi.Input<string>;
    password: pulumi.Input<string>;
  }>;
  /**
   * What is ordered, as an object or as JSON text, which is sent as it stands. This or
   * `configurationFile`.
   */
  readonly configuration?: pulumi.Input<XelionConfiguration | string>;
  /**
   * Path of a JSON file, absolute or relative to the program's folder, which is sent as
   * it stands. Only its hash is kept in the state.
   */
  readonly configurationFile?: pulumi.Input<string>;
  /**
   * Whether `pulumi up` waits for the order's end (`completed`, the default) or for its
   * id only (`submitted`).
   */
  readonly wait?: pulumi.Input<"completed" | "submitted">;
  /**
   * The longest wait, such as `"45m"`; default `"30m"`, at most `"7d"`. The tenant's
   * session must be valid at least as long.
   */
  readonly timeout?: pulumi.Input<string>;
  /**
   * Whether callbacks are asked for as `xelion:callback` says; default true. A URL of
   * your own is sent as `X-Callback-Url` in its place: then this program hears none.
   */
  readonly callback?: pulumi.Input<boolean | string>;
  /**
   * Any value. Another one than before allows one new order, if the last one has not
   * completed, or this resource is created (by `pulumi up --replace`, say).
   */
  readonly retryFailed?: pulumi.Input<string | number | boolean>;
  /**
   * Id of an order that is there already: it is taken for this resource's, and nothing is
   * sent. For an order whose outcome is unknown, and to take over a tenant that was
   * provisioned elsewhere.
   */
  readonly orderId?: pulumi.Input<number>;
  /**
   * Section `xelion:accounts.<account>` of the config; default the keys of the namespace
   * itself.
   */
  readonly account?: pulumi.Input<string>;
}

/**
 * The arguments that are outputs too. The state keeps no configuration, token and login
 * beside the inputs, and what only steers a run is no property of the tenant.
 */
type KeptArguments = ArgumentOutputs<
  Pick<XelionTenantProvisionArgs, "serverUrl" | "tenantName" | "account" | "orderId">
>;

/**
 * A tenant of a Xelion server, configured by an order of Xelion's provisioning service.
 * Its id is `host/tenant`.
 *
 * An order is sent once. A run that is interrupted, at whatever moment, leaves a note
 * from which the next run takes the order up again. A new order is sent for a changed
 * configuration, or for a changed `retryFailed`; a resource that is created for a tenant
 * whose order is remembered takes that one. Nothing can be read back but the order's
 * status, if anything.
 *
 * Errors, by code: `ORDER_FAILED`, `NOT_FINISHED`, `OUTCOME_UNKNOWN`, `INTERRUPTED`,
 * `CONFIGURATION_REFUSED`, `LOGIN_REFUSED`, `SESSION_TOO_SHORT`, `CALLBACK_NOT_READY`,
 * `RELAY_REFUSED`, `RELAY_FORGOT`, `ORDERED_ELSEWHERE`, `JOURNAL_OUTDATED`,
 * `DECLARED_TWICE`, `STATE_NEWER`, `PROXY_INVALID`, `NOT_REACHED`, `CONNECTION_LOST`, `MALFORMED_REPLY`,
 * `CONFIG_MISSING`, `CONFIG_INVALID`.
 *
 * @example
 * ```ts
 * import { XelionTenantProvision } from "pulumi-ucaas";
 *
 * new XelionTenantProvision("acme", {
 *   serverUrl: "https://my.server.xelion.com",
 *   tenantName: "pbx1",
 *   tenantLogin: { userName: "provisioning", password: config.requireSecret("xelionPassword") },
 *   configuration: { version: 1, organization: { name: "Acme" } },
 * });
 * ```
 */
export class XelionTenantProvision extends UcaasResource implements KeptArguments {
  declare readonly serverUrl: pulumi.Output<string>;
  declare readonly tenantName: pulumi.Output<string>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** Id of the last order; absent while it is not known whether the service has it. */
  declare readonly orderId: pulumi.Output<number | undefined>;
  /**
   * `NOT_STARTED`, `IN_PROGRESS`, `FAILED`, `COMPLETED` (guide), another word of the
   * service, or of this project: `SUBMITTED` (no more is known), `UNKNOWN` (the service
   * may or may not have it).
   */
  declare readonly status: pulumi.Output<string>;
  /** Oldest first, the last fifty. */
  declare readonly statusHistory: pulumi.Output<XelionStatusEntry[]>;
  /** SHA-256 of the configuration that was ordered last; the order of keys does not count. */
  declare readonly configurationHash: pulumi.Output<string>;
  /** ISO time. */
  declare readonly submittedAt: pulumi.Output<string>;
  /** ISO time at which the end was heard of. */
  declare readonly finishedAt: pulumi.Output<string | undefined>;
  /** Where a person finds the order. */
  declare readonly adminHint: pulumi.Output<string>;

  constructor(
    name: string,
    args: XelionTenantProvisionArgs,
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      {
        type: "XelionTenantProvision",
        optional: ["account"],
        outputs: [
          "orderId",
          "status",
          "statusHistory",
          "configurationHash",
          "submittedAt",
          "finishedAt",
          "adminHint",
          "intent",
        ],
        secrets: secretArguments,
        secretConfig: ["xelion:apiKey", "xelion:callback.relayKey"],
      },
      name,
      {
        ...args,
        tenantToken: args.tenantToken && pulumi.secret(args.tenantToken),
        tenantLogin: args.tenantLogin && pulumi.secret(args.tenantLogin),
        // The engine sorts the keys of objects, and tells the provider process not what is secret.
        __keyOrder: pulumi
          .unsecret(pulumi.output(args.configuration as pulumi.Input<unknown>))
          .apply((configuration) => JSON.stringify(keyOrder(configuration))),
        // A preview names no run: the provider notes each that it names.
        ...(pulumi.runtime.isDryRun() && { __journal: pulumi.runtime.unknownValue }),
        __secretPaths: secretPaths(args.configuration).then((paths) => JSON.stringify(paths)),
      },
      options,
    );
  }
}

/** The keys of each object, outermost first, as they come. */
function keyOrder(value: unknown): string[][] {
  if (Array.isArray(value)) return value.flatMap(keyOrder);
  if (typeof value !== "object" || value === null) return [];
  return [Object.keys(value), ...Object.values(value).flatMap(keyOrder)];
}
