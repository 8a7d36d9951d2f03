import ms from "ms";
import { z } from "zod";
import { normalUrl } from "../runtime/equality.ts";
import { credential, identifier } from "../runtime/identifiers.ts";
import type { IgnoringInputs } from "../runtime/ignored-changes.ts";
import { printableLine } from "../runtime/printable.ts";
import type { StatusEntry } from "./status-entry.ts";

const text = z.string().min(1, "must not be empty");

const headerTextRule = [/^[\x21-\x7e]*$/, "must be printable ASCII without spaces"] as const;

/** What goes into an HTTP header as it is. */
const headerName = identifier().regex(...headerTextRule);
/** A secret that goes into an HTTP header as it is. */
export const headerSecret = credential().regex(...headerTextRule);

const longestTimeout = "7d";

const duration = text.refine(
  (value) =>
    value !== "" &&
    (ms(value as ms.StringValue) ?? 0) > 0 &&
    ms(value as ms.StringValue) <= ms(longestTimeout),
  `must be a duration such as "30m" or "2h", at most ${longestTimeout}`,
);

/**
 * The arguments of an `XelionTenantProvision`. What is in the configuration has rules
 * of its own, in `configuration.ts`.
 */
export const provisionSchema = z.strictObject({
  serverUrl: identifier(),
  tenantName: headerName,
  tenantToken: headerSecret.optional(),
  tenantLogin: z.strictObject({ userName: identifier(), password: credential() }).optional(),
  configuration: z.union([z.record(z.string(), z.unknown()), text]).optional(),
  configurationFile: text.optional(),
  wait: z.enum(["completed", "submitted"]).optional(),
  timeout: duration.optional(),
  callback: z
    .union([
      z.boolean(),
      z.url({ protocol: /^https?$/, error: "must be true, false or a URL of your own" }),
    ])
    .optional(),
  retryFailed: z.union([z.string(), z.number(), z.boolean()]).optional(),
  orderId: z.int("must be a whole number").min(0, "must not be negative").optional(),
  account: identifier().optional(),
});

export type ProvisionInputs = z.output<typeof provisionSchema> &
  IgnoringInputs & {
    readonly __stack?: string;
    /**
     * JSON: the keys of each object in the configuration, in the program's order, which the
     * engine does not keep.
     */
    readonly __keyOrder?: string;
    /** JSON: the paths in the configuration whose values the program marked as secrets. */
    readonly __secretPaths?: string;
    /** The backend's organization, where it has some. */
    readonly __organization?: string;
    /** The journal of the run that created this, for a run that finds its pending operation. */
    readonly __journal?: string;
    /** The relay that this run's order goes by. */
    readonly __relay?: string;
  };

/** How long an order is waited for unless `timeout` says otherwise. */
export const defaultTimeout = "30m";

/**
 * Where the news of a status came from: the POST's reply, a callback to this process, one
 * by the relay, a look at the order, or the operator's `orderId`.
 */
export type StatusOrigin = "reply" | "callback" | "relay" | "polling" | "operator";

/**
 * The vendor's word for where an order is. The state keeps fifty of them, so a long one is
 * cut here, where it comes in: cut later, the order could not be read any more.
 */
const statusWord = (status: string) => printableLine(status, 64);

/** It was cut already. Journal and relay are files and servers that others may write to. */
const keptStatus = z.string().transform((status) => printableLine(status));

const statusEventSchema = z.object({
  orderId: z.int(),
  status: keptStatus,
  /** Unique and chronological (guide); what was polled has none. */
  mid: z.number().optional(),
  /** ISO time at which it was heard. */
  time: z.string(),
  source: z.enum(["reply", "callback", "relay", "polling", "operator"]),
});

/** One message about an order, from any source. */
export type StatusEvent = z.output<typeof statusEventSchema>;

/**
 * All that is known of one order: what the journal, the relay and the state keep. Nothing
 * secret. The engine drops properties that are null.
 */
export const orderSchema = z.object({
  /** Names the order before the service has given it an id. */
  intentId: z.string(),
  /** The base URL of the service that gives the id. Earlier releases noted none. */
  service: z.url().transform(normalUrl).optional(),
  configurationHash: z.string(),
  /**
   * `retryFailed` as it was declared last while this order was the last one, and
   * `orderId` as it was when the order was sent or taken up.
   */
  retryFailed: z.union([z.string(), z.number(), z.boolean()]).nullable().default(null),
  givenOrderId: z.int().nullable().default(null),
  /** How often another `retryFailed` was written down that allowed nothing; absent for never. */
  retryNotes: z.int().optional(),
  /** By whose way callbacks come: those of an order go where they went when it was sent. */
  callback: z.enum(["direct", "relay"]).nullable().default(null),
  submittedAt: z.string(),
  finishedAt: z.string().nullable().default(null),
  /** The id in the service; null while it is not known whether there is such an order. */
  orderId: z.int().nullable().default(null),
  /**
   * The vendor's word, or this project's: `UNKNOWN` (the service may or may not have it),
   * `SUBMITTED` (it has; no more is known).
   */
  status: keptStatus,
  /** The highest `mid` taken, and the highest that told of the end. */
  lastMid: z.number().nullable().default(null),
  endMid: z.number().nullable().default(null),
  statusHistory: z.array(z.object({ time: z.string(), status: keptStatus, source: z.string() })),
  /**
   * What came before the POST was answered, when it cannot be known yet whether it is
   * about this order.
   */
  heard: z.array(statusEventSchema).default([]),
});

export type Order = z.output<typeof orderSchema>;

/** Of the outputs that this release writes. It reads all earlier ones. */
export const schemaVersion = 2;

/** What the state keeps: neither the token nor the configuration, which are inputs only. */
export interface ProvisionOutputs {
  readonly schemaVersion: typeof schemaVersion;
  readonly __stack?: string;
  /**
   * Tells this resource from another one with the same tenant, as while one is renamed.
   * What earlier releases wrote has none.
   */
  readonly __claim?: string;
  readonly serverUrl: string;
  readonly tenantName: string;
  readonly account?: string;
  readonly orderId?: number;
  readonly status: string;
  readonly statusHistory: readonly StatusEntry[];
  readonly configurationHash: string;
  readonly submittedAt: string;
  readonly finishedAt?: string;
  readonly adminHint: string;
  /** The whole order, for the next run. The outputs above are derived from it. */
  readonly intent: Order;
}

/** Some JSON libraries write numbers as texts. */
const wholeNumber = z.union([
  z.int(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

/** Reply to `POST /api/v1/provision` (guide). */
export const submittedSchema = z.looseObject({ id: wholeNumber.pipe(z.int().min(0)) });

/**
 * Body of a callback (guide). Other types may come. Without a `mid`, its place among
 * others is not known.
 */
export const callbackSchema = z.looseObject({
  mid: wholeNumber.optional().catch(undefined),
  type: z.literal("orderStatusChanged"),
  data: z.looseObject({ id: wholeNumber, status: z.string().trim().min(1).transform(statusWord) }),
});

/**
 * An order as `orderPath` shows it. The route is not public; that it has `status` as
 * callbacks have it is inferred.
 */
export const polledSchema = z.looseObject({ status: z.string().transform(statusWord) });

/** Reply to `POST /me/login` (Xelion API manual). */
export const loginSchema = z.looseObject({
  authentication: z.string().min(1),
  validUntil: z.string().optional(),
});

/** Error of the Xelion API (Xelion API manual). */
export const xelionErrorSchema = z.looseObject({
  errorCode: z.union([z.number(), z.string()]),
  message: z.string().optional(),
});
