import { join } from "node:path";
import { dataDir } from "./data-dir.ts";

/** The journal's folder: of the stack's config, of the machine, or the default one. */
export function journalFolder(
  config: { get(key: string): string | undefined },
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return (
    config.get("ucaas:journalDir") ||
    environment.UCAAS_JOURNAL_DIR ||
    join(dataDir(environment), "journal")
  );
}
