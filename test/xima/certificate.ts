import "reflect-metadata";
import { createPublicKey, type KeyObject, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";

const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const day = 86_400_000;

/** A certificate in PEM for the public half of a key; valid from and to so many days from now. */
export async function certificateFor(key: KeyObject, { from = -1, to = 30 } = {}): Promise<string> {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const authority = await webcrypto.subtle.generateKey(
    { ...algorithm, publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 },
    false,
    ["sign", "verify"],
  );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: "00c0ffee",
    subject: "CN=Voicehouse",
    issuer: "CN=Authority of the tests",
    notBefore: new Date(Date.now() + from * day),
    notAfter: new Date(Date.now() + to * day),
    publicKey: await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]),
    signingKey: authority.privateKey,
    signingAlgorithm: algorithm,
  });
  return `${certificate.toString("pem")}\n`;
}
