import { join } from "node:path";
import { dataDir } from "./data-dir.ts";

/** Where the journal is: of the stack's config, of the machine, or the default folder. */
export type JournalLocation = { readonly folder: string } | { readonly url: string };

interface Source {
  get(key: string): string | undefined;
}

/**
 * The stack's config wins over the environment, and the database over the folder:
 * `ucaas:journal`, `ucaas:journalDir`, `UCAAS_JOURNAL`, `UCAAS_JOURNAL_DIR`, the default.
 */
export function journalLocation(
  config: Source,
  environment: NodeJS.ProcessEnv = process.env,
): JournalLocation {
  const url = config.get("ucaas:journal");
  if (url) return { url };
  const folder = config.get("ucaas:journalDir");
  if (folder) return { folder };
  if (environment.UCAAS_JOURNAL) return { url: environment.UCAAS_JOURNAL };
  return { folder: environment.UCAAS_JOURNAL_DIR || join(dataDir(environment), "journal") };
}
