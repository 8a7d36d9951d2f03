import * as pulumi from "@pulumi/pulumi";
import { type ArgumentOutputs, UcaasResource } from "../runtime/resource-base.ts";
import type { IntegrationBundle as NetsapiensBundle } from "./integration-bundle.ts";
import type { PortalLabel } from "./portal-labels.ts";
import type { Scope } from "./scopes.ts";
import { secretArguments } from "./secret-names.ts";
import type { StepResult as NetsapiensStepResult, Step } from "./steps.ts";

export type { NetsapiensBundle, NetsapiensStepResult };

/** What the driver `portal` needs. */
export interface NetsapiensPortal {
  /** Login name at the admin portal; default `netsapiens:portalUsername`. */
  readonly username?: pulumi.Input<string>;
  /** Default `netsapiens:portalPassword`. */
  readonly password?: pulumi.Input<string>;
  /**
   * Executable of a Chromium or Chrome; default `netsapiens:browserPath`, then `chromium`
   * or `google-chrome` on PATH, then the npm package `@sparticuz/chromium`.
   */
  readonly browserPath?: pulumi.Input<string>;
  /** Whether the browser has no window; default true. */
  readonly headless?: pulumi.Input<boolean>;
  /** How long one step may take, in seconds; default 30. */
  readonly stepSeconds?: pulumi.Input<number>;
  /**
   * Labels of a portal that has other ones than the guide's, such as `{ oauthClients:
   * "API Applications" }`; a list is tried in turn.
   */
  readonly labels?: pulumi.Input<{
    [Label in PortalLabel]?: pulumi.Input<string> | pulumi.Input<string>[];
  }>;
}

/** Arguments of a {@link NetsapiensOAuthClient}. */
export interface NetsapiensOAuthClientArgs {
  /**
   * Full URL of the management portal, `https://yourcompany.domain.com`, without a path
   * (guide); default `netsapiens:apiUrl`. Another host makes another client.
   */
  readonly apiUrl?: pulumi.Input<string>;
  /** The name assigned within the NetSapiens environment (guide). */
  readonly domain: pulumi.Input<string>;
  /**
   * The client's name, which is its Client ID (guide). Another one makes another client,
   * before the old one ends: the way to rotate a client.
   */
  readonly clientId: pulumi.Input<string>;
  /**
   * Secret of a client that exists already: needed by the driver `existing`; with
   * `portal` only where the page does not show it.
   */
  readonly clientSecret?: pulumi.Input<string>;
  /** Login name of the API user; default `netsapiens:apiUsername`. */
  readonly apiUsername?: pulumi.Input<string>;
  /** Default `netsapiens:apiPassword`. */
  readonly apiPassword?: pulumi.Input<string>;
  /**
   * Number for inbound testing: E.164, or the national digits of
   * `netsapiens:homeCountry`, default US (guide: assigned, and routed to the CCaaS
   * handset or extension).
   */
  readonly did?: pulumi.Input<string>;
  /**
   * User, device or queue that the DID must be routed to, such as `"2000"`; default any
   * of them (guide: the virtual handset or extension).
   */
  readonly didDestination?: pulumi.Input<string>;
  /** Default the host of `apiUrl` (guide: typically the same). */
  readonly sipProxyServerHost?: pulumi.Input<string>;
  /** 1 to 65535, default 5060 (guide). */
  readonly sipProxyServerPort?: pulumi.Input<number>;
  /**
   * `existing`: adopts a client by its id and secret. `portal`: a browser makes the
   * client in the admin portal, and deletes it in the end.
   */
  readonly driver: pulumi.Input<"existing" | "portal">;
  /** Which steps of the verification are run: `"all"` (default), `"off"`, or a list of them. */
  readonly verify?: pulumi.Input<"all" | "off" | pulumi.Input<Step>[]>;
  /**
   * The least scope that the API user must have; default `"Office Manager"` (guide:
   * minimum recommended role).
   */
  readonly minimumScope?: pulumi.Input<Scope>;
  /** Settings of the driver `portal`; kept as a secret. */
  readonly portal?: pulumi.Input<NetsapiensPortal>;
  /**
   * Section `netsapiens:accounts.<account>` of the config; default the keys of the
   * namespace itself. One that leads to another host makes another client.
   */
  readonly account?: pulumi.Input<string>;
}

/**
 * An OAuth client of NetSapiens, as Xima CCaaS needs it: made or adopted, verified
 * through the API, and put out as the integration bundle. Its id is `<host>/<clientId>`.
 *
 * When a step of the verification fails, `up` fails after all that can be tried was
 * tried; the client is kept, and the next `up` verifies again.
 *
 * Errors, by code: `VERIFICATION_FAILED` (the steps' own codes are in `verification`),
 * `SECRET_NOT_SHOWN`, `AMBIGUOUS_CLIENT`, `DECLARED_TWICE`, `CREATE_REFUSED`,
 * `CREATE_UNSETTLED`, `DELETE_NOT_DONE`, `TAKE_OVER_OPEN`, `STATE_NEWER`, `INTERRUPTED`,
 * `LIST_INCOMPLETE`, `PORTAL_LABEL_NOT_FOUND`, `PORTAL_LOGIN_MISSING`, `PORTAL_LOGIN_REFUSED`,
 * `PORTAL_SESSION_LOST`, `PORTAL_CLOSED`, `PORTAL_NOT_REACHED`, `PORTAL_REDIRECTED`, `PORTAL_FAILED`,
 * `BROWSER_MISSING`, `BROWSER_FAILED`, `CLIENT_UNCLEAR`, `NO_ANSWER`, `BLOCKED`, `INVALID_REQUEST`,
 * `INVALID_URL`, `INSECURE_URL`, `CONFIG_MISSING`, `CONFIG_INVALID`,
 * `CONFIG_UNKNOWN_ACCOUNT`. What to do about each is in its message and in
 * `docs/netsapiens-oauth-client.md`.
 *
 * @example
 * ```ts
 * import { NetsapiensOAuthClient } from "pulumi-ucaas";
 *
 * const client = new NetsapiensOAuthClient("acme", { domain: "acme", clientId: "xima-acme", did: "+13125550100", driver: "portal" });
 * export const bundle = client.bundle;
 * ```
 */
export class NetsapiensOAuthClient
  extends UcaasResource
  implements ArgumentOutputs<NetsapiensOAuthClientArgs>
{
  /** As declared, like all of the arguments. */
  declare readonly apiUrl: pulumi.Output<string | undefined>;
  declare readonly domain: pulumi.Output<string>;
  declare readonly clientId: pulumi.Output<string>;
  declare readonly apiUsername: pulumi.Output<string | undefined>;
  /** A secret. */
  declare readonly apiPassword: pulumi.Output<string | undefined>;
  declare readonly did: pulumi.Output<string | undefined>;
  declare readonly didDestination: pulumi.Output<string | undefined>;
  declare readonly sipProxyServerHost: pulumi.Output<string | undefined>;
  declare readonly sipProxyServerPort: pulumi.Output<number | undefined>;
  declare readonly driver: pulumi.Output<"existing" | "portal">;
  declare readonly verify: pulumi.Output<"all" | "off" | Step[] | undefined>;
  declare readonly minimumScope: pulumi.Output<Scope | undefined>;
  /** A secret. */
  declare readonly portal: pulumi.Output<pulumi.Unwrap<NetsapiensPortal> | undefined>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** Declared, or of the client that was made. A secret. */
  declare readonly clientSecret: pulumi.Output<string>;
  /** All that the Xima side needs, by the guide's names; a secret as a whole. */
  declare readonly bundle: pulumi.Output<NetsapiensBundle>;
  /** One entry a step, in the guide's order of troubleshooting. */
  declare readonly verification: pulumi.Output<NetsapiensStepResult[]>;
  /**
   * What the system calls the version of its API, such as `45.1.0`; empty when it was not
   * asked.
   */
  declare readonly apiVersion: pulumi.Output<string>;
  /** ISO time at which the verification last came out otherwise than before. */
  declare readonly verifiedAt: pulumi.Output<string>;

  constructor(
    name: string,
    args: NetsapiensOAuthClientArgs,
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      {
        type: "NetsapiensOAuthClient",
        optional: [
          "apiUrl",
          "apiUsername",
          "apiPassword",
          "did",
          "didDestination",
          "sipProxyServerHost",
          "sipProxyServerPort",
          "verify",
          "minimumScope",
          "portal",
          "account",
        ],
        outputs: ["clientSecret", "bundle", "verification", "apiVersion", "verifiedAt"],
        secrets: [...secretArguments, "bundle"],
        secretConfig: ["netsapiens:apiPassword", "netsapiens:portalPassword"],
      },
      name,
      {
        ...args,
        clientSecret: args.clientSecret && pulumi.secret(args.clientSecret),
        apiPassword: args.apiPassword && pulumi.secret(args.apiPassword),
        portal: args.portal && pulumi.secret(args.portal),
      },
      options,
    );
  }
}
