/**
 * Who signed a request, and whether it is fresh: RS256, the hash of the body, `jti` and
 * `exp` instead of the revision.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { Revision } from "./licence.ts";
import { dumps, type PyValue } from "./python-json.ts";
import { Refusal } from "./refusal.ts";

/** A public key that the server accepts, by its `kid`. */
export interface RegisteredKey {
  /** PEM (SPKI). */
  publicKey: string;
  /** Dates of the certificate, in milliseconds since 1970; a bare key has none. */
  notBefore?: number;
  notAfter?: number;
}

export interface Rules {
  revision: Revision;
  /**
   * The code for a signature that does not hold, at 1.4; the guide's revision says
   * INVALID_SIGNATURE.
   */
  badSignature: "INVALID_TOKEN" | "INVALID_SIGNATURE";
  keys: Record<string, RegisteredKey>;
  /** The server's clock in milliseconds. */
  now: number;
}

/** What must never be seen again, and the second from which on it needs not be remembered. */
export interface Ticket {
  jti: string;
  exp: number;
}

const furthestSeconds = 30 * 60;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * Checks the header Authorization against the body, in the order key, signature, hash,
 * claims, freshness.
 */
export function checkToken(
  authorization: string | undefined,
  body: Map<string, PyValue>,
  rules: Rules,
): Ticket {
  const token = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? "");
  if (token === null)
    throw new Refusal("INVALID_TOKEN", "a JWT is required in the header Authorization: Bearer");
  const [head, payload, signature] = token.slice(1) as [string, string, string];

  const header = part(head, "header");
  if (header.alg !== "RS256") throw new Refusal("INVALID_TOKEN", "alg must be RS256");
  if (header.typ !== "JWT") throw new Refusal("INVALID_TOKEN", "typ must be JWT");
  const kid = header.kid;
  if (typeof kid !== "string") throw new Refusal("INVALID_TOKEN", "kid is required");
  const key = Object.hasOwn(rules.keys, kid) ? rules.keys[kid] : undefined;
  if (key === undefined)
    throw new Refusal("INVALID_CERTIFICATE", "no certificate is registered under this kid");
  if (rules.now < (key.notBefore ?? 0))
    throw new Refusal("INVALID_CERTIFICATE", "the certificate is not valid yet");
  if (rules.now > (key.notAfter ?? Number.POSITIVE_INFINITY))
    throw new Refusal("INVALID_CERTIFICATE", "the certificate has expired");

  const signed = Buffer.from(`${head}.${payload}`);
  if (
    !verify(
      "RSA-SHA256",
      signed,
      createPublicKey(key.publicKey),
      Buffer.from(signature, "base64url"),
    )
  ) {
    const code = rules.revision === "guide" ? "INVALID_SIGNATURE" : rules.badSignature;
    throw new Refusal(code, "The JWT signature is invalid");
  }
  const claims = part(payload, "payload");
  const hash = createHash("sha256").update(dumps(body), "utf8").digest("hex");
  if (claims.payload_hash !== hash)
    throw new Refusal("INVALID_SIGNATURE", "payload_hash does not match the body");

  // The early revision has no word about these claims; the later one fixes them.
  if (rules.revision === "1.4") {
    for (const [name, expected] of Object.entries({
      iss: "xima-ccaas",
      aud: "xima-ccaas",
      sub: kid,
    })) {
      if (claims[name] !== expected) throw new Refusal("INVALID_TOKEN", `${name} is not right`);
    }
    if (typeof claims.iat !== "number") throw new Refusal("INVALID_TOKEN", "iat is required");
    return fresh(claims.jti, claims.exp, uuidV4, rules.now);
  }
  const exp = body.get("exp");
  return fresh(body.get("jti"), typeof exp === "bigint" ? Number(exp) : exp, uuid, rules.now);
}

function fresh(jti: unknown, exp: unknown, form: RegExp, now: number): Ticket {
  if (typeof jti !== "string" || !form.test(jti))
    throw new Refusal("INVALID_JTI", "JTI must be a valid UUID v4 format");
  if (typeof exp !== "number" || !Number.isFinite(exp))
    throw new Refusal("EXPIRED_TOKEN", "exp is required, in seconds since 1970");
  if (exp * 1000 <= now)
    throw new Refusal("EXPIRED_TOKEN", "Request has expired (exp timestamp is in the past)");
  // Which code stands for an exp too far ahead is not documented: inferred, for nothing
  // has expired.
  if (exp > now / 1000 + furthestSeconds)
    throw new Refusal("INVALID_TOKEN", "exp must be at most 30 minutes ahead");
  return { jti: jti.toLowerCase(), exp };
}

function part(encoded: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Told below, like every other thing that is no object.
  }
  throw new Refusal("INVALID_TOKEN", `the ${name} of the JWT is not a JSON object`);
}
