import * as pulumi from "@pulumi/pulumi";
import { UcaasResource } from "../dynamic/loader.ts";
import type { LicenseChange as XimaChange } from "./schema.ts";

export type { XimaChange };

/** The customer that a licence belongs to. */
export interface XimaCcId {
  /** The reseller's id at Xima. A change makes another licence. */
  readonly resellerId: pulumi.Input<string>;
  /** The tenant's id. A change makes another licence. */
  readonly tenantId: pulumi.Input<string>;
  /** Required when the customer is made, optional later (OpenAPI 1.4). */
  readonly resellerName?: pulumi.Input<string>;
  /** Required when the customer is made, optional later (OpenAPI 1.4). */
  readonly tenantName?: pulumi.Input<string>;
}

/** How Xima registers with the customer's telephone system. All but port and transport are required (OpenAPI 1.4). */
export interface XimaSipCredentials {
  readonly username: pulumi.Input<string>;
  readonly password: pulumi.Input<string>;
  readonly sipServer: pulumi.Input<string>;
  readonly outboundProxy: pulumi.Input<string>;
  /** 1 to 65535; together with `transport` or not at all. Neither means an SRV look-up. */
  readonly sipPort?: pulumi.Input<number>;
  readonly transport?: pulumi.Input<"udp" | "tcp" | "tls">;
}

/**
 * Arguments of an {@link XimaLicense}. All counts are whole numbers; 0 removes that licence; one that was never declared
 * is left as it is on the server, one that is declared no longer is set to 0.
 */
export interface XimaLicenseArgs {
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
  readonly aiMessaging?: pulumi.Input<{ standardBundles?: pulumi.Input<number>; advancedBundles?: pulumi.Input<number> }>;
  /** Hours of transcription; needs an Essential seat or higher (OpenAPI 1.4). */
  readonly aiAudioServices?: pulumi.Input<{ additionalHours: pulumi.Input<number> }>;
  /** Kept as a secret. Can be changed, never removed: the API has no way (inferred). */
  readonly sipCredentials?: pulumi.Input<XimaSipCredentials>;
  /** Take over a customer that exists already, and make its licences what is declared; default false: it is an error. */
  readonly adopt?: pulumi.Input<boolean>;
  /** State everything again when the last time is this long ago, such as `"7d"`; default never. Nothing can be read back, so this is what finds changes made elsewhere. */
  readonly reassertAfter?: pulumi.Input<string>;
  /** Section `xima:accounts.<account>` of the config; default the keys of the namespace itself. */
  readonly account?: pulumi.Input<string>;
}

/**
 * The licences of one customer at Xima CCaaS. Its id is `resellerId/tenantId`.
 *
 * Nothing can be read back from the API: refresh tells only whether the customer is still known.
 *
 * Errors, by code: `ALREADY_EXISTS`, `DECLARED_TWICE`, `CLOCK_OFF`, `KEY_MISMATCH`, `CERTIFICATE_EXPIRED`, `CONFIG_MISSING`, `CONFIG_INVALID`,
 * `NOT_REACHED`, `CONNECTION_LOST`, `MALFORMED_REPLY`, and those of the API: `VALIDATION_ERROR`, `INVALID_SIGNATURE`,
 * `DUPLICATE_JTI`, `INVALID_JTI`, `EXPIRED_TOKEN`, `INVALID_TOKEN`, `INVALID_CERTIFICATE`.
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
export class XimaLicense extends UcaasResource {
  declare readonly ccId: pulumi.Output<pulumi.Unwrap<XimaCcId>>;
  /** What the last call changed. */
  declare readonly lastChanges: pulumi.Output<XimaChange[]>;
  /** What the server had otherwise than declared when everything was last sent: `oldValue` as declared, `newValue` as found. */
  declare readonly lastDrift: pulumi.Output<XimaChange[]>;
  /** ISO time at which the licence was last stated. */
  declare readonly lastAssertedAt: pulumi.Output<string>;

  constructor(name: string, args: XimaLicenseArgs, options?: pulumi.CustomResourceOptions) {
    super(
      {
        type: "XimaLicense",
        outputs: ["lastChanges", "lastDrift", "lastAssertedAt"],
        secrets: ["sipCredentials"],
        secretConfig: ["xima:privateKey", "xima:privateKeyPassphrase"],
        pathConfig: ["xima:privateKey"],
      },
      name,
      { ...args, sipCredentials: args.sipCredentials && pulumi.secret(args.sipCredentials) },
      options,
    );
  }
}
