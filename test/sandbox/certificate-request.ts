import "reflect-metadata";
import { KeyObject } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

/** A new RSA key and the request for a certificate of it, in PEM. */
export async function certificateRequest(): Promise<{ pem: string; privateKey: KeyObject }> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=Test reseller",
    keys,
    signingAlgorithm: algorithm,
  });
  return { pem: request.toString("pem"), privateKey: KeyObject.from(keys.privateKey) };
}
