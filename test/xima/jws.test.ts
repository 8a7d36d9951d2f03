import { createHash, generateKeyPairSync, verify } from "node:crypto";
import fc from "fast-check";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClaimsPlacement, pythonJson, sign, tokenLifetime } from "../../provider/xima/jws.ts";
import { python } from "./python.ts";

/** Every UTF-16 unit alone, so lone surrogates, controls and U+007F too, and astral characters. */
const anyUnit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  fc.integer({ min: 0x10000, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
  fc.constantFrom(
    '"',
    "\\",
    "/",
    "\b",
    "\f",
    "\n",
    "\r",
    "\t",
    "\u007f",
    "\u0080",
    "\u2028",
    "\ud800",
    "\udfff",
    "é",
    "📞",
  ),
);
const anyString = fc.array(anyUnit, { maxLength: 20 }).map((units) => units.join(""));
const anyBody = fc.dictionary(
  anyString,
  fc.oneof(
    anyString,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(anyString, { maxLength: 3 }),
    fc.dictionary(anyString, fc.oneof(anyString, fc.nat()), { maxKeys: 3 }),
  ),
  { maxKeys: 6 },
);

describe("the bytes that are hashed and sent", () => {
  let py: ReturnType<typeof python>;
  beforeAll(() => {
    py = python();
  });
  afterAll(() => py.stop());

  test("are what Python's json.dumps makes of every string and integer, in the same order of keys", async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        const text = pythonJson(body);
        // Python reads our text (or JSON.stringify's, which is another) and writes it as
        // the server does before it hashes.
        expect(await py.dumps(text)).toBe(text);
        expect(await py.dumps(JSON.stringify(body))).toBe(text);
        expect(text).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 1_000 },
    );
  });

  test("are so for each single UTF-16 unit", async () => {
    const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    // One unit an element, so that no two make a pair.
    expect(await py.dumps(JSON.stringify(units))).toBe(pythonJson(units));
  });
});

describe("a signed request", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = Date.parse("2026-06-01T12:00:00.700Z");
  const body = { ccId: { resellerId: "r", tenantId: "Café Zürich" }, eliteSeats: 5 };
  const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const signed = async (placement: ClaimsPlacement) => {
    const request = await sign(body, { privateKey, kid: "the-kid" }, placement, now);
    const token = request.authorization.replace(/^Bearer /, "");
    return {
      ...request,
      token,
      header: decodeProtectedHeader(token),
      claims: decodeJwt(token),
      sent: JSON.parse(request.body),
    };
  };

  test("is RS256 by the key, with the claims of OpenAPI 1.4 and the hash of the very body", async () => {
    const { token, header, claims, body: text } = await signed("both");
    expect(header).toEqual({ alg: "RS256", typ: "JWT", kid: "the-kid" });
    const [head, payload, signature] = token.split(".") as [string, string, string];
    expect(
      verify(
        "RSA-SHA256",
        Buffer.from(`${head}.${payload}`),
        publicKey,
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
    const iat = Math.floor(now / 1000);
    expect(claims).toEqual({
      iss: "xima-ccaas",
      aud: "xima-ccaas",
      sub: "the-kid",
      payload_hash: createHash("sha256").update(text, "utf8").digest("hex"),
      iat,
      exp: iat + tokenLifetime,
      jti: expect.stringMatching(uuidV4),
    });
    expect(tokenLifetime).toBeLessThanOrEqual(1_800);
  });

  test.each<[ClaimsPlacement, boolean, boolean]>([
    ["both", true, true],
    ["token", true, false],
    ["body", false, true],
  ])("has jti and exp where claimsIn %s says", async (placement, inToken, inBody) => {
    const { claims, sent } = await signed(placement);
    expect(["jti" in claims, "exp" in claims, "jti" in sent, "exp" in sent]).toEqual([
      inToken,
      inToken,
      inBody,
      inBody,
    ]);
    if (inToken && inBody) expect(sent).toMatchObject({ jti: claims.jti, exp: claims.exp });
    expect(Object.keys(sent).slice(0, 2)).toEqual(["ccId", "eliteSeats"]);
  });

  test("never has the jti of another", async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await signed("both")).claims.jti),
    );
    expect(new Set(ids).size).toBe(20);
  });
});
