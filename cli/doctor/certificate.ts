import { statSync } from "node:fs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { isPem } from "pulumi-ucaas/internal/xima/pem";
import {
  certificateFaults,
  fingerprint,
  readCertificate,
  readPrivateKey,
} from "pulumi-ucaas/internal/xima/signing-key";
import { counted } from "../counted.ts";
import { type Check, type Outcome, outcomeOf } from "./check.ts";

interface KeyConfig {
  readonly privateKey: string;
  readonly privateKeyPassphrase?: string;
  readonly certificate?: string;
  readonly keyId?: string;
}

/**
 * Key and certificate that requests are signed with, and the days that are left.
 *
 * @param keyFile the file that `XIMA_PRIVATE_KEY_FILE` names, whose text the config has
 */
export function certificateCheck(
  system: string,
  config: KeyConfig,
  minDays: number,
  keyFile?: string,
): Check {
  const file = isPem(config.privateKey) ? keyFile : config.privateKey;
  return {
    system,
    check: "certificate",
    run: async () => [
      ...(file === undefined ? [] : judgeKeyFile(file, modeOf(file))),
      judgeCertificate(config, minDays, new Date()),
    ],
  };
}

export function judgeCertificate(config: KeyConfig, minDays: number, now: Date): Outcome {
  try {
    const key = readPrivateKey(config.privateKey, config.privateKeyPassphrase);
    if (config.certificate === undefined) {
      const found = "the key is sound; without a certificate, its end is not known";
      if (config.keyId !== undefined) return { status: "skipped", found };
      return {
        status: "action",
        code: "KEY_ID_MISSING",
        found: "neither a certificate nor a key id is configured",
        remedy: "pulumi config set xima:certificate <path of the certificate that Xima signed>",
      };
    }
    const certificate = readCertificate(config.certificate, key);
    const [fault] = certificateFaults(certificate, key, now);
    if (fault) return outcomeOf(fault);
    return judgeDays(new Date(certificate.validTo), minDays, now, fingerprint(certificate));
  } catch (error) {
    if (error instanceof UcaasError) return outcomeOf(error);
    throw error;
  }
}

/** Whole days; negative when it is past. */
export function daysUntil(end: Date, now: Date): number {
  return Math.floor((end.getTime() - now.getTime()) / 86_400_000);
}

function judgeDays(end: Date, minDays: number, now: Date, kid: string): Outcome {
  const days = daysUntil(end, now);
  const found = `${counted(days, "day")} left, until ${end.toISOString().slice(0, 10)} (kid ${kid})`;
  if (days >= minDays) return { status: "ok", found };
  return {
    status: "action",
    code: "CERTIFICATE_ENDS_SOON",
    found: `${found}; fewer than ${minDays}`,
    remedy: "have Xima sign a new request in time: ucaas xima keys new --common-name <reseller>",
  };
}

/** A private key that others on this machine can read is no secret. */
function judgeKeyFile(path: string, mode: number | undefined): Outcome[] {
  if (mode === undefined || process.platform === "win32" || (mode & 0o044) === 0) return [];
  return [
    {
      status: "action",
      code: "KEY_FILE_READABLE",
      found: `others on this machine can read ${path} (mode ${(mode & 0o777).toString(8)})`,
      remedy: `chmod 600 ${path}`,
    },
  ];
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode;
}
