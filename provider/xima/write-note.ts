import { ownerOf } from "../runtime/intents.ts";
import type { JournalEntry } from "../runtime/journal.ts";
import { countPaths } from "./request-body.ts";
import type { LicenseInputs } from "./schema.ts";

/** What the journal says of a write: no counts and no credentials. */
export type WriteNote = {
  /**
   * The paths that it sent, and those of an earlier write that may have arrived: what is
   * no longer declared is set to 0.
   */
  fields: string[];
  /**
   * The customer existed before. It belongs to the resource only once the state has it.
   */
  adopting?: boolean;
};

export function writeNote(
  news: LicenseInputs,
  lost: readonly string[],
  adopting = false,
): WriteNote {
  return {
    fields: [...new Set([...countPaths(news), ...lost])].sort(),
    ...(adopting && { adopting }),
  };
}

/** A delete that was cut off: it has arrived perhaps. */
export function isOpenDelete(entry: JournalEntry | undefined): entry is JournalEntry {
  return entry?.operation === "delete" && entry.completedAt === undefined;
}

export function isCreateOf(entry: JournalEntry<WriteNote>, { __resource }: LicenseInputs): boolean {
  const isCreate = entry.operation === undefined || entry.operation === "create";
  return isCreate && ownerOf(entry) === (__resource ?? "") && !entry.note?.adopting;
}
