import { isSameStack, type JournalEntry } from "./journal.ts";
import type { Json } from "./plain.ts";

/** What the state says of the resource that an entry may be about. */
export interface KnownResource {
  readonly __stack?: string;
  readonly __resource?: string;
  readonly __intent?: string;
}

/**
 * What a journal entry means for a resource that the state has:
 * - `known`: the state has this write, or a later one, so the entry has done its duty
 * - `other`: another resource's create, which is about to take over what this one has
 * - `delete`: whether this resource is still there is for the server to say
 * - `open`: a write that the state does not have: it may have arrived
 */
export type Meaning = "known" | "other" | "delete" | "open";

export function meaningOf(entry: JournalEntry, state: KnownResource): Meaning {
  const owner = ownerOf(entry);
  const isOther = owner !== undefined && state.__resource !== undefined && owner !== state.__resource;
  if (entry.id === undefined) return isOther ? "other" : "known";
  if (entry.id === state.__intent) return "known";
  if (entry.completedAt !== undefined && entry.id < (state.__intent ?? "")) return "known";
  if (entry.operation === "delete") return "delete";
  return isOther ? "other" : "open";
}

/** The resource that wrote an entry, by its name in the program. 0.1.0 wrote it into the note of a licence. */
export function ownerOf({ resource, note }: JournalEntry): string | undefined {
  if (resource !== undefined) return resource;
  const isRecord = typeof note === "object" && note !== null && !Array.isArray(note);
  return isRecord && typeof note.resource === "string" ? note.resource : undefined;
}

/**
 * Whether this entry of another stack keeps a create from being sent: that stack creates the same, or did so a moment
 * ago, or it is this stack under an earlier name.
 */
export function blocksCreate(entry: JournalEntry, stack: string): boolean {
  if (isSameStack(entry.stack, stack) || entry.operation === "delete") return false;
  return entry.operation !== "update" || entry.completedAt === undefined;
}

/** What every write keeps for the next run, beside the vendor's own note: the names of the fields that it sent. */
export function sentFields(entry: JournalEntry<Json> | undefined): readonly string[] {
  const note = entry?.note;
  const fields = typeof note === "object" && note !== null && !Array.isArray(note) ? note.fields : undefined;
  return Array.isArray(fields) ? fields.filter((field) => typeof field === "string") : [];
}
