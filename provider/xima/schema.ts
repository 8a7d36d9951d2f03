import ms from "ms";
import { z } from "zod";
import { baseUrlKey, transportKeys } from "../http/pool.ts";
import type { ConfigDefinition } from "../runtime/config.ts";
import { credential, displayName, identifier } from "../runtime/identifiers.ts";
import type { LicenseChange } from "./license-change.ts";

const count = z.int("must be a whole number").min(0, "must not be negative");

/**
 * The customer: which tenant of which reseller. The names are needed with the customer's
 * first request only (OpenAPI 1.4).
 */
const ccIdSchema = z.strictObject({
  resellerId: identifier(),
  tenantId: identifier(),
  resellerName: displayName().optional(),
  tenantName: displayName().optional(),
});

/**
 * All five SIP fields as the API has them; port and transport come together or not at
 * all, and neither means an SRV look-up (OpenAPI 1.4).
 */
const sipCredentialsSchema = z.strictObject({
  username: identifier(),
  password: credential(),
  sipServer: identifier(),
  outboundProxy: identifier(),
  sipPort: z.int("must be a whole number").min(1).max(65_535).optional(),
  transport: z.enum(["udp", "tcp", "tls"]).optional(),
});

/**
 * What the API counts, each 0 or more; what else each must be is in `seats.ts`, since it
 * depends on the revision.
 */
const seatCounts = {
  digitalOnlySeats: count.optional(),
  essentialSeats: count.optional(),
  professionalSeats: count.optional(),
  eliteSeats: count.optional(),
  workforceOptimizationSeats: count.optional(),
  workforceManagementSeats: count.optional(),
  speechAnalyticsSeats: count.optional(),
  dialerSeats: count.optional(),
  ehrEmrIntegrationSeats: count.optional(),
  additionalAiMessages: count.optional(),
};

const duration = z
  .string()
  // It throws at a text that is empty or very long.
  .refine(
    (value) => value !== "" && value.length <= 100 && (ms(value as ms.StringValue) ?? 0) > 0,
    'must be a duration such as "7d" or "12h"',
  )
  .optional();

/** The arguments of an `XimaLicense`. */
export const licenseSchema = z.strictObject({
  ccId: ccIdSchema,
  ...seatCounts,
  aiMessaging: z
    .strictObject({ standardBundles: count.optional(), advancedBundles: count.optional() })
    .optional(),
  aiAudioServices: z.strictObject({ additionalHours: count }).optional(),
  sipCredentials: sipCredentialsSchema.optional(),
  adopt: z.boolean().optional(),
  reassertAfter: duration,
  account: identifier().optional(),
});

export type LicenseInputs = z.output<typeof licenseSchema> & {
  readonly __stack?: string;
  readonly __resource?: string;
};

/**
 * The id of a licence, `reseller/tenant`; a slash inside either is written as `%2F`, so
 * that no two customers have one id.
 */
export function licenseId({
  ccId,
}: {
  readonly ccId?: { readonly resellerId: string; readonly tenantId: string };
}): string {
  return [ccId?.resellerId, ccId?.tenantId]
    .map((part) => String(part).replace(/[%/]/g, encodeURIComponent))
    .join("/");
}

/**
 * The properties that a change of is a change of the licence; the others only steer this
 * program.
 */
export const managedProperties = [
  "ccId",
  ...(Object.keys(seatCounts) as (keyof typeof seatCounts)[]),
  "aiMessaging",
  "aiAudioServices",
  "sipCredentials",
  "account",
] as const;

/** What the state keeps of a licence. */
export interface LicenseOutputs extends LicenseInputs {
  readonly schemaVersion: 1;
  readonly lastChanges: readonly LicenseChange[];
  readonly lastDrift: readonly LicenseChange[];
  /**
   * ISO time; undefined for one that came into the state without a request and has no
   * `reassertAfter`.
   */
  readonly lastAssertedAt?: string;
  /**
   * Whether the last statement arrived is not known. It is stated again by the next up,
   * and what the server then had is nobody's drift.
   */
  readonly unconfirmed?: true;
  /**
   * Of one that was adopted, in the place of a time: tells two resources apart that hold
   * the same customer for a moment; see `runtime/ownership.ts`.
   */
  readonly __claim?: string;
}

/**
 * Reply to POST (OpenAPI 1.4): `changes` is nested like the request and ends in
 * `{oldValue, newValue}`.
 */
export const updateReplySchema = z.looseObject({ changes: z.record(z.string(), z.unknown()) });

/** Reply to DELETE (OpenAPI 1.4). */
export const deleteReplySchema = z.looseObject({
  status: z.string(),
  message: z.string().optional(),
  scheduledAt: z.string().optional(),
  estimatedDeletionTime: z.string().optional(),
  deletionId: z.string().optional(),
});

export type DeleteReply = z.output<typeof deleteReplySchema>;

/** Every error (OpenAPI 1.4). */
export const errorReplySchema = z.looseObject({ code: z.string(), message: z.string().optional() });

const minimumRule = z
  .union([z.enum(["warn", "off"]), z.coerce.number().int().min(0).max(1_000_000)])
  .optional();
const needRule = z.enum(["warn", "off"]).optional();

/**
 * What `xima:seatRules` may say: of a seat count its minimum, of an add-on whether the
 * seats that it needs are checked.
 */
const seatRulesSchema = z.strictObject({
  digitalOnlySeats: minimumRule,
  essentialSeats: minimumRule,
  professionalSeats: minimumRule,
  eliteSeats: minimumRule,
  workforceOptimizationSeats: minimumRule,
  workforceManagementSeats: minimumRule,
  speechAnalyticsSeats: minimumRule,
  dialerSeats: minimumRule,
  additionalAiMessages: needRule,
  aiMessaging: needRule,
  aiAudioServices: needRule,
});

export type SeatRules = z.output<typeof seatRulesSchema>;

/** Which revision of the contract the server keeps: the guide's, or the published OpenAPI 1.4.0. */
export type ApiRevision = "1.4" | "guide";

/** Config of the vendor, namespace `xima`. */
export const ximaConfig = {
  namespace: "xima",
  keys: {
    baseUrl: baseUrlKey("base URL of the licensing API, with /v1"),
    updatePath: {
      value: identifier().startsWith("/").default("/licensing/update"),
      about: "path of the update route below the base URL; the vendor's pages differ",
    },
    privateKey: {
      value: z.string().min(1),
      secret: true,
      about: "RSA private key as PEM text, or the path of its file",
    },
    privateKeyPassphrase: {
      value: credential().optional(),
      secret: true,
      about: "passphrase of an encrypted private key",
    },
    certificate: {
      value: z.string().optional(),
      about:
        "the certificate that Xima signed, as PEM text or the path of its file; the kid is computed from it",
    },
    keyId: { value: identifier().optional(), about: "the kid, where Xima issued one outright" },
    apiRevision: {
      value: z.enum(["1.4", "guide"]).default("1.4"),
      about: "revision of the contract, 1.4 or guide",
    },
    claimsIn: {
      value: z.enum(["both", "token", "body"]).default("both"),
      about: "where jti and exp travel: token (1.4), body (guide) or both",
    },
    probe: {
      value: z.enum(["ccid", "names", "off"]).default("ccid"),
      about:
        "how a create and a refresh ask whether a customer exists: ccid (its ids alone), names (with its names) or off",
    },
    seatRules: {
      value: seatRulesSchema.default({}),
      about:
        "by argument, what a commercial rule is here: a minimum other than the published one, warn or off",
    },
    ...transportKeys,
  },
} satisfies ConfigDefinition;
