import * as pulumi from "@pulumi/pulumi";
import { type ArgumentOutputs, UcaasResource } from "../runtime/resource-base.ts";
import type { LicenseChange as XimaChange } from "./license-change.ts";
import { secretArguments } from "./secret-names.ts";

export type { XimaChange };

/** The customer that a licence belongs to. */
export interface XimaCcId {
  /** The reseller's id at Xima, not empty (OpenAPI 1.4). A change makes another licence. */
  readonly resellerId: pulumi.Input<string>;
  /** The tenant's id, not empty (OpenAPI 1.4). A change makes another licence. */
  readonly tenantId: pulumi.Input<string>;
  /** Required when the customer is made, optional later (OpenAPI 1.4). */
  readonly resellerName?: pulumi.Input<string>;
  /** Required when the customer is made, optional later (OpenAPI 1.4). */
  readonly tenantName?: pulumi.Input<string>;
}

/**
 * How Xima registers with the customer's telephone system. All but port and transport are
 * required (OpenAPI 1.4).
 */
export interface XimaSipCredentials {
  /** Not empty, like the three below. */
  readonly username: pulumi.Input<string>;
  readonly password: pulumi.Input<string>;
  readonly sipServer: pulumi.Input<string>;
  readonly outboundProxy: pulumi.Input<string>;
  /**
   * 1 to 65535; together with `transport` or not at all. Neither means an SRV look-up
   * (OpenAPI 1.4).
   */
  readonly sipPort?: pulumi.Input<number>;
  /** Together with `sipPort` or not at all. */
  readonly transport?: pulumi.Input<"udp" | "tcp" | "tls">;
}

/**
 * Arguments of an {@link XimaLicense}. All counts are whole numbers; 0 removes that
 * licence; one that was never declared is left as it is on the server, one that is
 * declared no longer is set to 0.
 */
export interface XimaLicenseArgs {
  /** The customer that is licensed (guide, OpenAPI 1.4). */
  readonly ccId: pulumi.Input<XimaCcId>;
  /** 0 or at least 5 (OpenAPI 1.4). */
  readonly digitalOnlySeats?: pulumi.Input<number>;
  /** 0 or at least 5 (OpenAPI 1.4). */
  readonly essentialSeats?: pulumi.Input<number>;
  /** 0 or at least 5 (OpenAPI 1.4). */
  readonly professionalSeats?: pulumi.Input<number>;
  /** 0 or at least 5 (OpenAPI 1.4). */
  readonly eliteSeats?: pulumi.Input<number>;
  /** 0 or at least 10 (guide, OpenAPI 1.4). */
  readonly workforceOptimizationSeats?: pulumi.Input<number>;
  /** 0 or at least 10 (guide, OpenAPI 1.4). */
  readonly workforceManagementSeats?: pulumi.Input<number>;
  /** 0 or at least 5 (guide, OpenAPI 1.4). */
  readonly speechAnalyticsSeats?: pulumi.Input<number>;
  /** 0 or at least 10 (OpenAPI 1.4); at least 5 by the guide. */
  readonly dialerSeats?: pulumi.Input<number>;
  /** Named on the API's authentication page only. */
  readonly ehrEmrIntegrationSeats?: pulumi.Input<number>;
  /** Older revision only (guide): needs at least one Elite seat. */
  readonly additionalAiMessages?: pulumi.Input<number>;
  /** Only one of the two may be above 0; needs a Professional seat or higher (OpenAPI 1.4). */
  readonly aiMessaging?: pulumi.Input<{
    standardBundles?: pulumi.Input<number>;
    advancedBundles?: pulumi.Input<number>;
  }>;
  /** Hours of transcription; needs an Essential seat or higher (OpenAPI 1.4). */
  readonly aiAudioServices?: pulumi.Input<{ additionalHours: pulumi.Input<number> }>;
  /** Kept as a secret. Can be changed, never removed: the API has no way (inferred). */
  readonly sipCredentials?: pulumi.Input<XimaSipCredentials>;
  /**
   * Take over a customer that exists already, and make its licences what is declared;
   * default false: it is an error.
   */
  readonly adopt?: pulumi.Input<boolean>;
  /**
   * State everything again when the last time is this long ago, such as `"7d"`; default
   * never. Nothing can be read back, so this is what finds changes made elsewhere.
   */
  readonly reassertAfter?: pulumi.Input<string>;
  /**
   * Section `xima:accounts.<account>` of the config; default the keys of the namespace
   * itself. One at another address makes another licence.
   */
  readonly account?: pulumi.Input<string>;
}

/**
 * The licences of one customer at Xima CCaaS. Its id is `resellerId/tenantId`.
 *
 * Nothing can be read back from the API: refresh tells only whether the customer is still known.
 *
 * Errors, by code: `ALREADY_EXISTS`, `DECLARED_TWICE`, `TAKE_OVER_OPEN`, `STATE_NEWER`; of the key and
 * certificate: `KEY_UNREADABLE`, `KEY_PASSPHRASE`, `KEY_NOT_RSA`, `KEY_TOO_SHORT`,
 * `KEY_MISMATCH`, `KEY_ID_MISSING`, `CERTIFICATE_UNREADABLE`, `CERTIFICATE_EXPIRED`,
 * `CERTIFICATE_NOT_YET_VALID`; of the API: `VALIDATION_ERROR`, `INVALID_SIGNATURE`,
 * `DUPLICATE_JTI`, `INVALID_JTI`, `EXPIRED_TOKEN` (`CLOCK_OFF` when the clocks differ),
 * `INVALID_TOKEN`, `INVALID_CERTIFICATE`, `CUSTOMER_NOT_FOUND` (`ACCOUNT_CHANGED` when
 * another server has seen the customer), `HTTP_<status>` where it gives none,
 * `MALFORMED_REPLY`, `REPLY_TOO_LARGE`; of the network: `NOT_REACHED`, `PROXY_INVALID`,
 * `TLS_REFUSED`, `CONNECTION_LOST`, `NO_REPLY_IN_TIME`, `INVALID_REQUEST`; and
 * `CONFIG_MISSING`, `CONFIG_INVALID`, `CONFIG_UNKNOWN_ACCOUNT`, `JOURNAL_UNAVAILABLE`.
 * What to do about each is in its message and in `docs/xima-license.md`.
 *
 * @example
 * ```ts
 * import { XimaLicense } from "pulumi-ucaas";
 *
 * new XimaLicense("acme", {
 *   ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
 *   professionalSeats: 12,
 *   aiMessaging: { standardBundles: 1 },
 * });
 * ```
 */
export class XimaLicense extends UcaasResource implements ArgumentOutputs<XimaLicenseArgs> {
  /** As declared, like all of the arguments. */
  declare readonly ccId: pulumi.Output<pulumi.Unwrap<XimaCcId>>;
  declare readonly digitalOnlySeats: pulumi.Output<number | undefined>;
  declare readonly essentialSeats: pulumi.Output<number | undefined>;
  declare readonly professionalSeats: pulumi.Output<number | undefined>;
  declare readonly eliteSeats: pulumi.Output<number | undefined>;
  declare readonly workforceOptimizationSeats: pulumi.Output<number | undefined>;
  declare readonly workforceManagementSeats: pulumi.Output<number | undefined>;
  declare readonly speechAnalyticsSeats: pulumi.Output<number | undefined>;
  declare readonly dialerSeats: pulumi.Output<number | undefined>;
  declare readonly ehrEmrIntegrationSeats: pulumi.Output<number | undefined>;
  declare readonly additionalAiMessages: pulumi.Output<number | undefined>;
  declare readonly aiMessaging: pulumi.Output<
    { standardBundles?: number; advancedBundles?: number } | undefined
  >;
  declare readonly aiAudioServices: pulumi.Output<{ additionalHours: number } | undefined>;
  /** A secret. */
  declare readonly sipCredentials: pulumi.Output<pulumi.Unwrap<XimaSipCredentials> | undefined>;
  declare readonly adopt: pulumi.Output<boolean | undefined>;
  declare readonly reassertAfter: pulumi.Output<string | undefined>;
  declare readonly account: pulumi.Output<string | undefined>;
  /** What the last call changed, by the server's own word; values of SIP credentials are masked. */
  declare readonly lastChanges: pulumi.Output<XimaChange[]>;
  /**
   * What the server had otherwise than declared when everything was last sent: `oldValue`
   * as declared, `newValue` as found.
   */
  declare readonly lastDrift: pulumi.Output<XimaChange[]>;
  /** ISO time at which the licence was last sent. */
  declare readonly lastAssertedAt: pulumi.Output<string>;

  constructor(name: string, args: XimaLicenseArgs, options?: pulumi.CustomResourceOptions) {
    super(
      {
        type: "XimaLicense",
        optional: [
          "digitalOnlySeats",
          "essentialSeats",
          "professionalSeats",
          "eliteSeats",
          "workforceOptimizationSeats",
          "workforceManagementSeats",
          "speechAnalyticsSeats",

          "dialerSeats",
          "ehrEmrIntegrationSeats",
          "additionalAiMessages",
          "aiMessaging",
          "aiAudioServices",
          "sipCredentials",
          "adopt",
          "reassertAfter",
          "account",
        ],
        outputs: ["lastChanges", "lastDrift", "lastAssertedAt"],
        secrets: secretArguments,
        secretConfig: ["xima:privateKey", "xima:privateKeyPassphrase"],
        pathConfig: ["xima:privateKey"],
      },
      name,
      { ...args, sipCredentials: args.sipCredentials && pulumi.secret(args.sipCredentials) },
      options,
    );
  }
}
