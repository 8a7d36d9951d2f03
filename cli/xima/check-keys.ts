import type { KeyObject, X509Certificate } from "node:crypto";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import {
  certificateFaults,
  fingerprint,
  readCertificate,
} from "pulumi-ucaas/internal/xima/signing-key";
import { counted } from "../counted.ts";
import { daysUntil } from "../doctor/certificate.ts";
import { print, printJson, printNotice } from "../output.ts";
import { keySettings, openPrivateKey, pemOrPath, serverSettings } from "./key-settings.ts";
import { checkRegistered } from "./registered-key.ts";

export interface CheckOptions {
  readonly json?: true;
  readonly key?: string;
  readonly certificate?: string;
  readonly online?: true;
  readonly baseUrl?: string;
}

/** What could be read, and all that is wrong with it. */
interface KeyCheck {
  readonly key: KeyObject | undefined;
  readonly certificate: X509Certificate | undefined;
  /** Where the server lists the kid. */
  readonly server: string | undefined;
  readonly problems: readonly UcaasError[];
}

/** `ucaas xima keys check` */
export async function checkKeys(options: CheckOptions): Promise<void> {
  const found = await examine(options);
  const { problems } = found;
  if (problems.length > 0) process.exitCode = 1;
  if (options.json) return printJson(asJson(found));
  for (const line of lines(found)) print(line);
  for (const problem of problems) printNotice(problem.message);
  if (problems.length === 0)
    print("The key belongs to the certificate, and the certificate is valid now.");
}

/** One problem hides no other. */
async function examine(options: CheckOptions): Promise<KeyCheck> {
  const problems: UcaasError[] = [];
  const tryTo = async <T>(read: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const key = await tryTo(() => openPrivateKey(options.key));
  const certificate = await tryTo(() =>
    readCertificate(pemOrPath("certificate", options.certificate), key, options.certificate),
  );
  if (certificate) problems.push(...certificateFaults(certificate, key));
  const server = options.online
    ? await tryTo(() => registered(certificate, key, options.baseUrl))
    : undefined;
  return { key, certificate, server, problems };
}

/**
 * Where the server lists the kid. A certificate that cannot be read has none, unless Xima
 * issued one outright.
 */
async function registered(
  certificate: X509Certificate | undefined,
  key: KeyObject | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  const kid = keySettings().keyId ?? (certificate && fingerprint(certificate));
  return kid === undefined ? undefined : await checkRegistered(serverSettings(url), kid, key);
}

function asJson({ key, certificate, server, problems }: KeyCheck): object {
  return {
    ...(key && { key: { type: "RSA", bits: bitsOf(key) } }),
    ...(certificate && {
      certificate: {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        validFrom: new Date(certificate.validFrom).toISOString(),
        validTo: new Date(certificate.validTo).toISOString(),
        kid: fingerprint(certificate),
      },
    }),
    ...(server && { server }),
    problems: problems.map(({ code, reason, hint }) => ({ code, reason, hint })),
  };
}

function lines({ key, certificate, server }: KeyCheck): string[] {
  return [
    ...(key ? [`key          RSA, ${bitsOf(key)} bits`] : []),
    ...(certificate ? describe(certificate) : []),
    ...(server ? [`server       lists this kid: ${server}`] : []),
  ];
}

function describe(certificate: X509Certificate): string[] {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const days = daysUntil(to, new Date());
  return [
    `certificate  ${oneLine(certificate.subject)}`,
    `issuer       ${oneLine(certificate.issuer)}`,
    `valid        ${from.toISOString()} to ${to.toISOString()}${days >= 0 ? ` (${counted(days, "day")} left)` : ""}`,
    `kid          ${fingerprint(certificate)}`,
    ...(days >= 0 && days < 30
      ? [
          "It ends soon: have Xima sign a new request in time: ucaas xima keys new --common-name <reseller>",
        ]
      : []),
  ];
}

function bitsOf(key: KeyObject): number | undefined {
  return key.asymmetricKeyDetails?.modulusLength;
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
}
