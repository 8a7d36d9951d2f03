import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileExists, writeExclusive } from "../write-exclusive.ts";

const operation = "xima keys new";

export interface NewKey {
  /** Subject of the request. */
  readonly commonName: string;
  readonly organization?: string;
  readonly country?: string;
  readonly bits: number;
  /** File of the private key, PKCS#8 in PEM. */
  readonly key: string;
  /** File of the certificate request, in PEM. */
  readonly csr: string;
  /** Encrypts the private key (AES-256-CBC). */
  readonly passphrase?: string;
}

/**
 * Makes an RSA key and its certificate request, and writes both. A file that exists is
 * never touched: the key in it may be the one that a certificate was signed for.
 *
 * @throws {UcaasError} `FILE_EXISTS`, `FILE_NOT_WRITTEN`
 */
export async function newKeyFiles(wanted: NewKey): Promise<void> {
  for (const file of [wanted.key, wanted.csr])
    if (existsSync(file)) throw fileExists(file, operation);
  const { Name, Pkcs10CertificateRequestGenerator } = await import("@peculiar/x509");
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: wanted.bits,
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const name = new Name([
    // Said to be UTF-8: a bare text would be read as a name is written, with quotes,
    // backslashes and a leading # of their own meaning.
    { CN: [{ utf8String: wanted.commonName }] },
    ...(wanted.organization ? [{ O: [{ utf8String: wanted.organization }] }] : []),
    ...(wanted.country ? [{ C: [wanted.country] }] : []),
  ]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
  });
  const encryption =
    wanted.passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase: wanted.passphrase };
  const pem = KeyObject.from(keys.privateKey)
    .export({ type: "pkcs8", format: "pem", ...encryption })
    .toString();
  await writeExclusive(wanted.key, pem, { mode: 0o600, operation });
  try {
    await writeExclusive(wanted.csr, `${request.toString("pem")}\n`, { mode: 0o644, operation });
  } catch (error) {
    // The request was not written, so the key is useless, and would block the next
    // attempt.
    await rm(wanted.key, { force: true });
    throw error;
  }
}
