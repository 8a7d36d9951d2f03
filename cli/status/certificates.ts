import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import { readCertificate } from "pulumi-ucaas/internal/xima/signing-key";
import { configuredAccounts } from "../doctor/accounts.ts";
import { daysUntil } from "../doctor/certificate.ts";
import type { ConfigSource } from "../doctor/context.ts";

/** When a certificate ends that requests are signed with. */
export interface CertificateEnd {
  readonly stack: string;
  /** Absent for the account of the keys that stand alone. */
  readonly account?: string;
  /** ISO time. */
  readonly endsAt: string;
  readonly daysLeft: number;
}

/** The certificates of a stack's Xima accounts. Those without one sign with a key id. */
export function certificateEnds(
  stack: string,
  config: ConfigSource,
  environment: NodeJS.ProcessEnv,
  now: Date,
): { certificates: CertificateEnd[]; notes: string[] } {
  const certificates: CertificateEnd[] = [];
  const notes: string[] = [];
  const { certificate } = ximaConfig.keys;
  const definition = { namespace: ximaConfig.namespace, keys: { certificate } };
  const accounts = attempt(notes, stack, () =>
    configuredAccounts(ximaConfig, { config, environment }),
  );
  for (const account of accounts ?? []) {
    attempt(notes, stack, () => {
      const { certificate: pem } = readConfig(definition, config, account, environment);
      if (pem === undefined) return;
      const endsAt = new Date(readCertificate(pem).validTo);
      certificates.push({
        stack,
        ...(account !== undefined && { account }),
        endsAt: endsAt.toISOString(),
        daysLeft: daysUntil(endsAt, now),
      });
    });
  }
  return { certificates, notes };
}

/** A fault of one account or one stack is a note, and hides no other. */
export function attempt<T>(notes: string[], stack: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    notes.push(`${stack}: ${error.reason} [${error.code}]`);
    return undefined;
  }
}
