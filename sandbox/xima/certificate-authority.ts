/**
 * The vendor's side of the key exchange: it signs the reseller's certificate request and
 * registers the certificate.
 */
import "reflect-metadata";
import { createHash, createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { ControlError } from "../http-types.ts";
import type { RegisteredKey } from "./token.ts";

const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** A certificate for this request, in PEM, valid from `now` for as many days. */
export async function signRequest(requestPem: string, now: number, days: number): Promise<string> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(requestPem);
  } catch {
    throw new ControlError("csr is not a certificate request in PEM");
  }
  if (!(await request.verify()))
    throw new ControlError("the certificate request is not signed by its own key");
  // The chain is never verified, so the authority needs no lasting key.
  const authority = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(15).toString("hex")}`,
    subject: request.subject,
    issuer: "CN=Xima sandbox authority",
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + days * 86_400_000),
    publicKey: await request.publicKey.export(algorithm, ["verify"]),
    signingKey: authority.privateKey,
    signingAlgorithm: algorithm,
  });
  return `${certificate.toString("pem")}\n`;
}

/**
 * The key of a certificate in PEM, and the `kid` that follows from it: the SHA-1 of its
 * DER bytes.
 */
export function readCertificate(pem: string): { kid: string; key: RegisteredKey } {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new ControlError("certificate is not a certificate in PEM");
  }
  const kid = createHash("sha1").update(certificate.raw).digest("hex");
  const dates = {
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
  return {
    kid,
    key: {
      ...readPublicKey(certificate.publicKey.export({ type: "spki", format: "pem" }) as string),
      ...dates,
    },
  };
}

/** A bare public key in PEM. */
export function readPublicKey(pem: string): RegisteredKey {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "rsa")
      return { publicKey: key.export({ type: "spki", format: "pem" }) as string };
  } catch {
    // Told below, as for a key of another kind.
  }
  throw new ControlError("expected the public key of an RSA key pair in PEM");
}
