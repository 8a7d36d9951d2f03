import { ownerOf } from "../runtime/intents.ts";
import type { JournalEntry } from "../runtime/journal.ts";
import type { ManagedInputs } from "../runtime/lifecycle.ts";

/** What the journal says of a write. 0.1.0 noted the id alone. */
export type WriteNote = string | null | NotedWrite;

export type NotedWrite = {
  id?: string;
  fields: string[];
  /** The object existed before. It belongs to the resource only once the state has it. */
  adopting?: boolean;
  /**
   * The server and the account that it was sent to. Another account may not see what a
   * create made.
   */
  seenBy?: string;
};

export function noteOf(entry: JournalEntry<WriteNote> | undefined): NotedWrite {
  const note = entry?.note ?? undefined;
  return typeof note === "string" ? { id: note, fields: [] } : (note ?? { fields: [] });
}

/**
 * Whether another account may have made what a create began. What a create of another
 * resource has made is in the state.
 */
export function isOfAnother(
  mark: string,
  entry: JournalEntry<WriteNote>,
  { __resource: name = "" }: ManagedInputs,
): boolean {
  const { seenBy = mark } = noteOf(entry);
  return seenBy !== mark && (entry.completedAt === undefined || ownerOf(entry) === name);
}
