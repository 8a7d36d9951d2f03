import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import { type SigningKeySource, signingKey } from "../../provider/xima/signing-key.ts";
import { certificateFor } from "./certificate.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = (type: "pkcs1" | "pkcs8", passphrase?: string) =>
  privateKey
    .export({ type, format: "pem", ...(passphrase && { cipher: "aes-256-cbc", passphrase }) })
    .toString();
const folder = mkdtempSync(join(tmpdir(), "ucaas-key-"));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
function refusal(source: Partial<SigningKeySource>): UcaasError {
  try {
    signingKey({ privateKey: pem("pkcs8"), keyId: "k", ...source });
  } catch (error) {
    expect(error).toBeInstanceOf(UcaasError);
    return error as UcaasError;
  }
  throw new Error("It was not refused.");
}

let certificate: string;
beforeAll(async () => {
  certificate = await certificateFor(privateKey);
});

describe("a key", () => {
  test.each([
    ["PKCS#8", () => ({ privateKey: pem("pkcs8") })],
    ["PKCS#1", () => ({ privateKey: pem("pkcs1") })],
    [
      "encrypted PKCS#8",
      () => ({ privateKey: pem("pkcs8", "open sesame"), privateKeyPassphrase: "open sesame" }),
    ],
    [
      "encrypted PKCS#1",
      () => ({ privateKey: pem("pkcs1", "open sesame"), privateKeyPassphrase: "open sesame" }),
    ],
    ["the path of a file", () => ({ privateKey: file("key.pem", pem("pkcs8")) })],
    [
      "a file with notes before the key",
      () => ({ privateKey: file("bag.pem", `Bag Attributes\n  friendlyName: x\n${pem("pkcs8")}`) }),
    ],
    [
      "text on one line, as pipelines hand it over",
      () => ({ privateKey: pem("pkcs8").replaceAll("\n", "\\n") }),
    ],
  ])("is read from %s", (_, source) => {
    const key = signingKey({ keyId: "k", ...source() });
    expect(key.privateKey.export({ type: "pkcs8", format: "pem" })).toBe(pem("pkcs8"));
  });

  test.each<[string, () => Partial<SigningKeySource>, string, RegExp]>([
    [
      "is encrypted and has no passphrase",
      () => ({ privateKey: pem("pkcs8", "open sesame") }),
      "KEY_PASSPHRASE",
      /no passphrase is configured/,
    ],
    [
      "has the wrong passphrase",
      () => ({ privateKey: pem("pkcs1", "open sesame"), privateKeyPassphrase: "wrong-canary" }),
      "KEY_PASSPHRASE",
      /does not open/,
    ],
    [
      "is no key",
      () => ({ privateKey: "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----" }),
      "KEY_UNREADABLE",
      /PKCS#8 or PKCS#1/,
    ],
    [
      "is neither text nor a file",
      () => ({ privateKey: "canary-of-a-key-without-its-first-line" }),
      "KEY_UNREADABLE",
      /ENOENT/,
    ],
    [
      "is an EC key",
      () => ({
        privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" })
          .privateKey.export({ type: "pkcs8", format: "pem" })
          .toString(),
      }),
      "KEY_NOT_RSA",
      /is ec, and the API takes RS256 only/,
    ],
    [
      "is too short for RS256",
      () => ({
        privateKey: generateKeyPairSync("rsa", { modulusLength: 1024 })
          .privateKey.export({ type: "pkcs8", format: "pem" })
          .toString(),
      }),
      "KEY_TOO_SHORT",
      /1024 bits/,
    ],
  ])("that %s is distinguished", (_, source, code, message) => {
    const error = refusal(source());
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/.+/),
    });
    expect(error.message).not.toContain("canary");
  });

  test("read from a file is masked like one that was given as text", () => {
    signingKey({ keyId: "k", privateKey: file("key.pem", pem("pkcs8")) });
    const line = pem("pkcs8").split("\n")[3]!;
    expect(maskSecrets(`a line of it: ${line}`)).toBe("a line of it: [secret]");
  });
});

describe("a PEM that was damaged on the way", () => {
  test.each<[string, (pem: string) => string]>([
    ["blanks for line ends", (pem) => pem.replaceAll("\n", " ")],
    ["the characters \\r\\n for line ends", (pem) => pem.replaceAll("\n", "\\r\\n")],
  ])("is read, as text and from a file: %s", (name, damaged) => {
    for (const given of [
      damaged(pem("pkcs1", "open")),
      file(`${name}.pem`, damaged(pem("pkcs1", "open"))),
    ]) {
      const key = signingKey({
        privateKey: given,
        privateKeyPassphrase: "open",
        certificate: damaged(certificate),
      });
      expect(key.privateKey.export({ type: "pkcs8", format: "pem" })).toBe(pem("pkcs8"));
    }
  });

  test("beyond repair leads to the copy that is sound, before it leads to a new key", () => {
    const { hint } = refusal({ privateKey: pem("pkcs8").replace(/^M/m, "?") });
    expect(hint).toMatch(/openssl pkey -noout[\s\S]*Only if no copy is left, make a new key/);
  });
});

describe("what is set for", () => {
  test("the key, but is none, is named", () => {
    expect(refusal({ privateKey: certificate }).reason).toBe(
      "xima:privateKey holds a CERTIFICATE, not a private key",
    );
    const openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----";
    expect(refusal({ privateKey: openssh }).hint).toContain("ssh-keygen -p -m PKCS8");
  });

  test("the certificate, but is none, is named, and no key is asked for in its place", () => {
    const { reason, hint } = refusal({ certificate: pem("pkcs8") });
    expect(reason).toBe("xima:certificate holds a PRIVATE KEY, not a certificate");
    expect(hint).toContain("pulumi config set xima:certificate < xima.crt.pem");
    expect(refusal({ certificate: "no-such-file.pem" }).hint).not.toContain("key.pem");
  });
});

describe("a kid", () => {
  test("is that of the key's own certificate, at any position of a chain", async () => {
    const authority = await certificateFor(
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    );
    const { kid } = signingKey({ privateKey: pem("pkcs8"), certificate });
    for (const chain of [`${authority}${certificate}`, `${certificate}${authority}`])
      expect(signingKey({ privateKey: pem("pkcs8"), certificate: chain }).kid).toBe(kid);
  });

  test("is the SHA-1 of the certificate's DER bytes, in lower-case hex without colons", () => {
    const { kid } = signingKey({ privateKey: pem("pkcs8"), certificate });
    expect(kid).toBe(createHash("sha1").update(new X509Certificate(certificate).raw).digest("hex"));
    expect(kid).toBe(
      new X509Certificate(certificate).fingerprint.replaceAll(":", "").toLowerCase(),
    );
    expect(
      signingKey({ privateKey: pem("pkcs8"), certificate: file("certificate.pem", certificate) })
        .kid,
    ).toBe(kid);
  });

  test("is the one given, where Xima issued one", () => {
    expect(signingKey({ privateKey: pem("pkcs8"), keyId: "issued" }).kid).toBe("issued");
    expect(signingKey({ privateKey: pem("pkcs8"), keyId: "issued", certificate }).kid).toBe(
      "issued",
    );
  });

  test("that can be known from neither is asked for", () => {
    expect(refusal({ keyId: undefined })).toMatchObject({
      code: "KEY_ID_MISSING",
      hint: expect.stringContaining("xima:certificate"),
    });
  });
});

describe("a certificate", () => {
  test.each<[string, () => Promise<string> | string, string, RegExp]>([
    [
      "of another key",
      () => certificateFor(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
      "KEY_MISMATCH",
      /does not belong/,
    ],
    [
      "that has expired",
      () => certificateFor(privateKey, { from: -30, to: -1 }),
      "CERTIFICATE_EXPIRED",
      /expired at 20\d\d-/,
    ],
    [
      "that is not valid yet",
      () => certificateFor(privateKey, { from: 1, to: 30 }),
      "CERTIFICATE_NOT_YET_VALID",
      /valid from 20\d\d-/,
    ],
    [
      "that is none",
      () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      "CERTIFICATE_UNREADABLE",
      /not PEM of X.509/,
    ],
    ["that is not there", () => "no-such-file.pem", "CERTIFICATE_UNREADABLE", /ENOENT/],
  ])("%s is distinguished", async (_, made, code, message) => {
    expect(refusal({ certificate: await made() })).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
