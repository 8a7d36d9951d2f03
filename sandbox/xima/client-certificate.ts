/**
 * The reseller's side of the key exchange, so that a sandbox can be used at once: a key,
 * and the certificate that the server made of it.
 */
import "reflect-metadata";
import { KeyObject, webcrypto, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { readIfThere, writeWhole } from "../files.ts";
import { issueCertificate, type XimaServer } from "./server.ts";

export interface ResellerKey {
  /** PEM, PKCS#8. */
  privateKey: string;
  /** PEM. */
  certificate: string;
  /** The certificate's fingerprint. */
  keyId: string;
  /** Where both are kept, if they are. */
  files?: { privateKey: string; certificate: string };
}

/** The key that is kept in the folder, if the server still accepts it, or else a new one. */
export async function resellerKey(
  server: XimaServer,
  folder: string | undefined,
): Promise<ResellerKey> {
  if (folder === undefined) return newKey(server);
  const files = {
    privateKey: join(folder, "xima-key.pem"),
    certificate: join(folder, "xima-certificate.pem"),
  };
  const [privateKey, certificate] = [readIfThere(files.privateKey), readIfThere(files.certificate)];
  if (privateKey !== undefined && certificate !== undefined) {
    const keyId = fingerprint(certificate);
    const known = Object.hasOwn(server.state.keys, keyId) ? server.state.keys[keyId] : undefined;
    if (known !== undefined && server.now() < (known.notAfter ?? 0))
      return { privateKey, certificate, keyId, files };
  }
  const made = await newKey(server);
  writeWhole(files.privateKey, made.privateKey);
  writeWhole(files.certificate, made.certificate);
  return { ...made, files };
}

async function newKey(server: XimaServer): Promise<ResellerKey> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=Sandbox reseller",
    keys,
    signingAlgorithm: algorithm,
  });
  const privateKey = KeyObject.from(keys.privateKey)
    .export({ type: "pkcs8", format: "pem" })
    .toString();
  const { kid, certificate } = await issueCertificate(server, request.toString("pem"));
  server.save();
  return { privateKey, certificate, keyId: kid };
}

function fingerprint(certificate: string): string {
  try {
    return new X509Certificate(certificate).fingerprint.replaceAll(":", "").toLowerCase();
  } catch {
    // What is no certificate has no key that the server knows.
    return "";
  }
}
