import ms from "ms";
import { z } from "zod";
import { credential, displayName, identifier } from "../runtime/identifiers.ts";
import type { IgnoringInputs } from "../runtime/ignored-changes.ts";
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

export type LicenseInputs = z.output<typeof licenseSchema> &
  IgnoringInputs & {
    readonly __stack?: string;
    readonly __resource?: string;
  };
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

/** Of the outputs that this release writes. It reads all earlier ones. */
export const schemaVersion = 1;

/** What the state keeps of a licence. */
export interface LicenseOutputs extends LicenseInputs {
  readonly schemaVersion: typeof schemaVersion;
  readonly lastChanges: readonly LicenseChange[];
  readonly lastDrift: readonly LicenseChange[];
  /**
   * ISO time; undefined for one that came into the state without a request and has no
   * `reassertAfter`.
   */
  readonly lastAssertedAt?: string;
  /**
   * It is unknown whether the last request arrived. The next up applies the licence
   * again, and does not report what the server had as drift.
   */
  readonly unconfirmed?: true;
  /**
   * Of one that was adopted, instead of a time: tells two resources apart that hold
   * the same customer for a moment; see `runtime/ownership.ts`.
   */
  readonly __claim?: string;
  /** Tells the server that has seen the customer last. Older states have none. */
  readonly __seenBy?: string;
}

/**
 * Reply to POST (OpenAPI 1.4): `changes` is nested like the request and ends in
 * `{oldValue, newValue}`.
 */
export const updateReplySchema = z.looseObject({ changes: z.record(z.string(), z.unknown()) });

/** One that is none counts as left out: what the reply says beside it is not lost with it. */
const textBeside = z.string().optional().catch(undefined);

/** Reply to DELETE (OpenAPI 1.4). The `deletionId` is published as text; a number is taken too. */
export const deleteReplySchema = z.looseObject({
  status: z.string(),
  message: textBeside,
  scheduledAt: textBeside,
  estimatedDeletionTime: textBeside,
  deletionId: z.union([z.int().transform(String), textBeside]),
});

export type DeleteReply = z.output<typeof deleteReplySchema>;

/** Every error (OpenAPI 1.4). */
export const errorReplySchema = z.looseObject({ code: z.string(), message: textBeside });
