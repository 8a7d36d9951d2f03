import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { UcaasError } from "../dynamic/errors.ts";
import { readText, UnreadableTextError } from "../dynamic/read-text.ts";
import { rememberSecret } from "../dynamic/secrets.ts";

/** What requests are signed with. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** The header `kid`. */
  readonly kid: string;
}

export interface SigningKeySource {
  /** PEM text, or the path of a PEM file: PKCS#8 or PKCS#1, encrypted too. */
  readonly privateKey: string;
  readonly privateKeyPassphrase?: string;
  /** PEM text, or the path of a PEM file. */
  readonly certificate?: string;
  readonly keyId?: string;
}

/**
 * The key and its `kid`: given outright, else computed from the certificate.
 *
 * @throws {UcaasError} `KEY_UNREADABLE`, `KEY_PASSPHRASE`, `KEY_NOT_RSA`, `KEY_TOO_SHORT`, `CERTIFICATE_UNREADABLE`, `KEY_MISMATCH`,
 * `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID`, `KEY_ID_MISSING`.
 */
export function signingKey(source: SigningKeySource, now = new Date()): SigningKey {
  const privateKey = readPrivateKey(source.privateKey, source.privateKeyPassphrase);
  if (source.certificate === undefined) {
    if (source.keyId) return { privateKey, kid: source.keyId };
    throw fault(
      "KEY_ID_MISSING",
      "neither a certificate nor a key id is configured, so the kid is not known",
      "pulumi config set xima:certificate <path of the certificate that Xima signed>, or pulumi config set xima:keyId <kid>",
    );
  }
  const certificate = readCertificate(source.certificate);
  const [first] = certificateFaults(certificate, privateKey, now);
  if (first) throw first;
  return { privateKey, kid: source.keyId ?? fingerprint(certificate) };
}

/** All that is wrong with a certificate: `KEY_MISMATCH`, `CERTIFICATE_NOT_YET_VALID`, `CERTIFICATE_EXPIRED`. Without a key only its dates are looked at. */
export function certificateFaults(certificate: X509Certificate, privateKey?: KeyObject, now = new Date()): UcaasError[] {
  const faults: UcaasError[] = [];
  if (privateKey && !certificate.checkPrivateKey(privateKey)) {
    faults.push(
      fault(
        "KEY_MISMATCH",
        "the private key does not belong to the certificate",
        "configure the key that the certificate's CSR was made from; `ucaas xima keys check` compares them",
      ),
    );
  }
  if (now < new Date(certificate.validFrom)) {
    faults.push(
      fault("CERTIFICATE_NOT_YET_VALID", `the certificate is valid from ${iso(certificate.validFrom)}`, "check this machine's clock"),
    );
  }
  if (now > new Date(certificate.validTo)) {
    faults.push(
      fault(
        "CERTIFICATE_EXPIRED",
        `the certificate expired at ${iso(certificate.validTo)}`,
        "have Xima sign a new CSR: `ucaas xima keys new`",
      ),
    );
  }
  return faults;
}

/** The `kid` of a certificate: SHA-1 of its DER bytes, lower-case hex without colons (OpenAPI 1.4). */
export function fingerprint(certificate: X509Certificate): string {
  return createHash("sha1").update(certificate.raw).digest("hex");
}

/** @throws {UcaasError} `KEY_UNREADABLE`, `KEY_PASSPHRASE`, `KEY_NOT_RSA`, `KEY_TOO_SHORT` */
export function readPrivateKey(pemOrPath: string, passphrase?: string): KeyObject {
  const pem = pemText(pemOrPath, "KEY_UNREADABLE", "xima:privateKey");
  rememberSecret(pem);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, passphrase });
  } catch (error) {
    const encrypted = pem.includes("ENCRYPTED");
    if (encrypted && passphrase === undefined)
      throw fault(
        "KEY_PASSPHRASE",
        "the private key is encrypted and no passphrase is configured",
        "pulumi config set --secret xima:privateKeyPassphrase",
      );
    if (encrypted)
      throw fault("KEY_PASSPHRASE", "the passphrase does not open the private key", "pulumi config set --secret xima:privateKeyPassphrase");
    throw fault(
      "KEY_UNREADABLE",
      `the private key is not PEM of PKCS#8 or PKCS#1 (${(error as NodeJS.ErrnoException).code ?? "malformed"})`,
      "`ucaas xima keys new` makes one",
    );
  }
  if (key.asymmetricKeyType !== "rsa")
    throw fault(
      "KEY_NOT_RSA",
      `the private key is ${key.asymmetricKeyType}, and the API takes RS256 only`,
      "`ucaas xima keys new` makes an RSA key",
    );
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048)
    throw fault(
      "KEY_TOO_SHORT",
      `the private key has ${bits} bits, and RS256 takes 2048 or more (RFC 7518)`,
      "`ucaas xima keys new` makes one",
    );
  return key;
}

/** @throws {UcaasError} `CERTIFICATE_UNREADABLE` */
export function readCertificate(pemOrPath: string): X509Certificate {
  try {
    return new X509Certificate(pemText(pemOrPath, "CERTIFICATE_UNREADABLE", "xima:certificate"));
  } catch (error) {
    if (error instanceof UcaasError) throw error;
    throw fault(
      "CERTIFICATE_UNREADABLE",
      "the certificate is not PEM of X.509",
      "configure the certificate that Xima sent back for the CSR",
    );
  }
}

function pemText(pemOrPath: string, code: string, key: string): string {
  // Pipelines often hand over a PEM on one line, with the two characters \n for each of its ends.
  if (pemOrPath.includes("-----BEGIN")) return pemOrPath.replaceAll("\\n", "\n");
  try {
    return readText(pemOrPath);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    // The value is not shown: a key pasted without its first line would be.
    throw fault(
      code,
      `${key} is neither PEM text nor the path of a file that can be read (${error.code})`,
      `pulumi config set --secret ${key} < key.pem, or give the path of the file`,
    );
  }
}

function iso(date: string): string {
  return new Date(date).toISOString();
}

function fault(code: string, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "xima", operation: "sign", hint });
}
