import { z } from "zod";
import { baseUrlKey, transportKeys } from "../http/pool.ts";
import type { ConfigDefinition, ConfigOf } from "../runtime/config.ts";
import { credential, identifier } from "../runtime/identifiers.ts";

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

const defaultUpdatePath = "/licensing/update";

/** Config of the vendor, namespace `xima`. */
export const ximaConfig = {
  namespace: "xima",
  keys: {
    baseUrl: baseUrlKey("base URL of the licensing API, with /v1"),
    updatePath: {
      value: identifier().startsWith("/").default(defaultUpdatePath),
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

/**
 * What tells one server from another: the address of its route, however the config splits
 * it. With the default path it is the base URL, as earlier releases have it.
 */
export function serverOf({
  baseUrl,
  updatePath,
}: Pick<ConfigOf<typeof ximaConfig>, "baseUrl" | "updatePath">): string {
  const url = `${baseUrl}${updatePath}`;
  return url.endsWith(defaultUpdatePath) ? url.slice(0, -defaultUpdatePath.length) : url;
}
