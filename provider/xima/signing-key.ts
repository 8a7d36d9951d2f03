import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ErrorCode } from "../runtime/errors.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { readText, UnreadableTextError } from "../runtime/read-text.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isPem, pemBlocks } from "./pem.ts";

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
 * @throws {UcaasError} `KEY_UNREADABLE`, `KEY_PASSPHRASE`, `KEY_NOT_RSA`,
 *   `KEY_TOO_SHORT`, `CERTIFICATE_UNREADABLE`, `KEY_MISMATCH`,
 *   `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID`, `KEY_ID_MISSING`.
 */
export function signingKey(source: SigningKeySource): SigningKey {
  const privateKey = readPrivateKey(source.privateKey, source.privateKeyPassphrase);
  if (source.certificate === undefined) {
    if (source.keyId) return { privateKey, kid: source.keyId };
    throw fault(
      "KEY_ID_MISSING",
      "neither xima:certificate nor xima:keyId is set, so the kid is unknown",
      "pulumi config set xima:certificate <path of the certificate that Xima signed>, or pulumi config set xima:keyId <kid>",
    );
  }
  const certificate = readCertificate(source.certificate, privateKey);
  const [first] = certificateFaults(certificate, privateKey);
  if (first) throw first;
  return { privateKey, kid: source.keyId ?? fingerprint(certificate) };
}

/**
 * All that is wrong with a certificate: `KEY_MISMATCH`, `CERTIFICATE_NOT_YET_VALID`,
 * `CERTIFICATE_EXPIRED`. Without a key only its dates are looked at.
 */
export function certificateFaults(
  certificate: X509Certificate,
  privateKey?: KeyObject,
  now = new Date(),
): UcaasError[] {
  const faults: UcaasError[] = [];
  if (privateKey && !certificate.checkPrivateKey(privateKey)) {
    faults.push(
      fault(
        "KEY_MISMATCH",
        "the private key does not belong to the certificate",
        "configure the key that the certificate's CSR was made from: `ucaas xima keys check` compares them",
      ),
    );
  }
  if (now < new Date(certificate.validFrom)) {
    faults.push(
      fault(
        "CERTIFICATE_NOT_YET_VALID",
        `the certificate is valid from ${iso(certificate.validFrom)}`,
        "check this machine's clock",
      ),
    );
  }
  if (now > new Date(certificate.validTo)) {
    faults.push(
      fault(
        "CERTIFICATE_EXPIRED",
        `the certificate expired at ${iso(certificate.validTo)}`,
        "have Xima sign a new CSR: `ucaas xima keys new --common-name <reseller>`",
      ),
    );
  }
  return faults;
}

/**
 * The `kid` of a certificate: SHA-1 of its DER bytes, lower-case hex without colons
 * (OpenAPI 1.4).
 */
export function fingerprint(certificate: X509Certificate): string {
  return createHash("sha1").update(certificate.raw).digest("hex");
}

/**
 * @param file the path from a command line, in place of a config value: errors name it
 * @throws {UcaasError} `KEY_UNREADABLE`, `KEY_PASSPHRASE`, `KEY_NOT_RSA`, `KEY_TOO_SHORT`
 */
export function readPrivateKey(pemOrPath: string, passphrase?: string, file?: string): KeyObject {
  const text = pemOf(pemOrPath, privateKeySource, file);
  rememberSecret(text);
  const blocks = pemBlocks(text);
  const block = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
  const where = file ?? privateKeySource.key;
  if (!block && blocks.length > 0)
    throw fault(
      "KEY_UNREADABLE",
      `${where} holds a ${blocks[0]?.label}, not a private key`,
      privateKeySource.hint,
    );
  const pem = block?.text ?? text;
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
      throw fault(
        "KEY_PASSPHRASE",
        "the passphrase does not open the private key",
        "pulumi config set --secret xima:privateKeyPassphrase",
      );
    if (block?.label === "OPENSSH PRIVATE KEY")
      throw fault(
        "KEY_UNREADABLE",
        "the private key has OpenSSH's format, not PKCS#8 or PKCS#1",
        "convert a copy of its file: `ssh-keygen -p -m PKCS8 -f <copy>`",
      );
    throw fault(
      "KEY_UNREADABLE",
      `the private key is damaged or no PEM of PKCS#8 or PKCS#1 (${(error as NodeJS.ErrnoException).code ?? "malformed"})`,
      steps(
        "Check the file that `ucaas xima keys new` or openssl made: `openssl pkey -noout -in <file>`",
        "Set the key from it: `pulumi config set --secret xima:privateKey < <file>`",
        "Only if no copy is left, make a new key: Xima has to sign and register it first.",
      ),
    );
  }
  if (key.asymmetricKeyType !== "rsa")
    throw fault(
      "KEY_NOT_RSA",
      `the private key is ${key.asymmetricKeyType}, and the API takes RS256 only`,
      steps(
        "If there is none yet: `ucaas xima keys new --common-name <reseller>` makes an RSA key.",
        "Configure the RSA key whose certificate Xima has signed.",
      ),
    );
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048)
    throw fault(
      "KEY_TOO_SHORT",
      `the private key has ${bits} bits; RS256 needs 2048 or more (RFC 7518)`,
      "`ucaas xima keys new --common-name <reseller>` makes one, whose request Xima has to sign",
    );
  return key;
}

/**
 * The certificate of a PEM text or file. Of several, such as a chain, it is the one of
 * the private key; without a key, the first that is no authority's.
 *
 * @param file as for {@link readPrivateKey}
 * @throws {UcaasError} `CERTIFICATE_UNREADABLE`
 */
export function readCertificate(
  pemOrPath: string,
  privateKey?: KeyObject,
  file?: string,
): X509Certificate {
  const text = pemOf(pemOrPath, certificateSource, file);
  const blocks = pemBlocks(text);
  const pems = blocks
    .filter(({ label }) => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label))
    .map((block) => block.text);
  const where = file ?? certificateSource.key;
  if (pems.length === 0 && blocks.length > 0)
    throw fault(
      "CERTIFICATE_UNREADABLE",
      `${where} holds a ${blocks[0]?.label}, not a certificate`,
      certificateSource.hint,
    );
  let found: X509Certificate[];
  try {
    found = (pems.length > 0 ? pems : [text]).map((pem) => new X509Certificate(pem));
  } catch {
    throw fault(
      "CERTIFICATE_UNREADABLE",
      "the certificate is damaged or not PEM of X.509",
      steps(
        "Check the file: `openssl x509 -noout -subject -in <file>`",
        `If it is damaged: ${certificateSource.hint}`,
      ),
    );
  }
  const own = privateKey && found.find((certificate) => certificate.checkPrivateKey(privateKey));
  return own ?? found.find(({ ca }) => !ca) ?? (found[0] as X509Certificate);
}

interface PemSource {
  readonly key: string;
  readonly code: ErrorCode;
  readonly hint: string;
}

const privateKeySource: PemSource = {
  key: "xima:privateKey",
  code: "KEY_UNREADABLE",
  hint: [
    "Set xima:privateKey from the file of the private key:",
    "`pulumi config set --secret xima:privateKey < xima.key.pem`, or set the path of that file",
  ].join(" "),
};
const certificateSource: PemSource = {
  key: "xima:certificate",
  code: "CERTIFICATE_UNREADABLE",
  hint: [
    "Set xima:certificate from the certificate that Xima sent back for the request:",
    "`pulumi config set xima:certificate < xima.crt.pem`, or set the path of that file",
  ].join(" "),
};

function pemOf(pemOrPath: string, { key, code, hint }: PemSource, file?: string): string {
  if (isPem(pemOrPath)) return pemOrPath;
  try {
    return readText(pemOrPath);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    if (error.code === "NOT_UTF8") {
      throw fault(
        code,
        `${file ?? `the file of ${key}`} is no PEM text`,
        "a DER file becomes PEM with openssl: `openssl x509 -inform der` for a certificate, `openssl pkey -inform der` for a key",
      );
    }
    if (file !== undefined)
      throw fault(code, `${file} ${error.message}`, "check the path and its permissions");
    // The value is not shown: a key pasted without its first line would be.
    throw fault(
      code,
      `${key} is neither PEM text nor the path of a readable file (${error.code})`,
      hint,
    );
  }
}

function iso(date: string): string {
  return new Date(date).toISOString();
}

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "xima", operation: "sign", hint });
}
