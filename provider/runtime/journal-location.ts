import { join } from "node:path";
import { dataDir } from "./data-dir.ts";
import { UcaasError } from "./errors.ts";

/** Where the journal is: of the stack's config, of the machine, or the default folder. */
export type JournalLocation = { readonly folder: string } | { readonly url: string };

interface Source {
  get(key: string): string | undefined;
}

/**
 * The stack's config wins over the environment, and the database over the folder:
 * `ucaas:journal`, `ucaas:journalDir`, `UCAAS_JOURNAL`, `UCAAS_JOURNAL_DIR`, the default.
 *
 * @throws {UcaasError} `JOURNAL_INVALID`
 */
export function journalLocation(
  config: Source,
  environment: NodeJS.ProcessEnv = process.env,
): JournalLocation {
  const url = config.get("ucaas:journal");
  if (url) return { url };
  const folder = config.get("ucaas:journalDir");
  if (folder) return { folder: noUrl(folder, "ucaas:journalDir") };
  if (environment.UCAAS_JOURNAL) return { url: environment.UCAAS_JOURNAL };
  if (environment.UCAAS_JOURNAL_DIR)
    return { folder: noUrl(environment.UCAAS_JOURNAL_DIR, "UCAAS_JOURNAL_DIR") };
  return { folder: join(dataDir(environment), "journal") };
}

/** A URL would be the name of a local folder, with its password. */
function noUrl(folder: string, setting: string): string {
  if (!folder.includes("://")) return folder;
  // Not shown: it may hold a password.
  throw new UcaasError(`${setting} is a URL, but names a folder`, {
    code: "JOURNAL_INVALID",
    operation: "journal",
    hint: "nothing was sent. Write a database as ucaas:journal, or as UCAAS_JOURNAL",
  });
}
