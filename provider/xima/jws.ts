import { createHash, randomUUID } from "node:crypto";
import type { SigningKey } from "./signing-key.ts";

/**
 * How long a token is good for, in seconds; the API allows 1800 (OpenAPI 1.4). Short,
 * since a token is made for each try.
 */
export const tokenLifetime = 600;

/**
 * Where `jti` and `exp` travel: among the token's claims (OpenAPI 1.4), in the request
 * body (guide), or both.
 */
export type ClaimsPlacement = "both" | "token" | "body";

export interface SignedRequest {
  /** Exactly the bytes that were hashed. */
  readonly body: string;
  readonly authorization: string;
}

/**
 * Signs one try of one request. A `jti` is good for a single request, so nothing of this
 * is ever used again.
 *
 * Hash: lower-case hex SHA-256 of the body as Python's `json.dumps(body, separators=(",",
 * ":"))` writes it (OpenAPI 1.4).
 */
export async function sign(
  body: Record<string, unknown>,
  key: SigningKey,
  placement: ClaimsPlacement,
  now = Date.now(),
): Promise<SignedRequest> {
  const iat = Math.floor(now / 1000);
  const single = { jti: randomUUID(), exp: iat + tokenLifetime };
  const text = pythonJson(placement === "token" ? body : { ...body, ...single });
  // Loaded with the first request: a preview without changes sends none, and should not
  // wait for it.
  const { SignJWT } = await import("jose/jwt/sign");
  const token = await new SignJWT({
    iss: "xima-ccaas",
    aud: "xima-ccaas",
    sub: key.kid,
    payload_hash: createHash("sha256").update(text).digest("hex"),
    iat,
    ...(placement === "body" ? {} : single),
  })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid })
    .sign(key.privateKey);
  return { body: text, authorization: `Bearer ${token}` };
}

/**
 * JSON as Python's `json.dumps(value, separators=(",", ":"))` writes it: ASCII only,
 * every other character as `\uXXXX`, astral ones as two escapes. `JSON.stringify` differs
 * just there (and at U+007F); it keeps the order of keys as Python does.
 */
export function pythonJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
