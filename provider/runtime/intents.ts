import { createHash } from "node:crypto";
import { steps } from "./errors.ts";
import { isRecord } from "./is-record.ts";
import { isSameStack, type JournalEntry, type JournalKey } from "./journal.ts";
import { printableLine } from "./printable.ts";
import { allIdentities, stackParts } from "./stack-identity.ts";
import type { Json } from "./to-json.ts";

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
export type EntryMeaning = "known" | "other" | "delete" | "open";

export function classifyEntry(entry: JournalEntry, state: KnownResource): EntryMeaning {
  const owner = ownerOf(entry);
  const isOther =
    owner !== undefined && state.__resource !== undefined && owner !== state.__resource;
  if (entry.id === undefined) return isOther ? "other" : "known";
  if (entry.id === state.__intent) return "known";
  if (isSettledBy(state.__intent ?? "", entry)) return "known";
  if (entry.operation === "delete") return "delete";
  // A rename by alias leaves the old name in the state, so an update may be this resource's own.
  return isOther && entry.operation !== "update" ? "other" : "open";
}

/**
 * Whether the write that the state has is a later one, and nothing of this one can be left.
 * An import has read what is at the vendor; of a licence only its existence can be read.
 */
function isSettledBy(known: string, entry: JournalEntry): boolean {
  if ((entry.id ?? "") >= known) return false;
  return entry.completedAt !== undefined || (known.endsWith("/import") && entry.vendor !== "xima");
}

/**
 * The resource that wrote an entry, by its name in the program. 0.1.0 wrote it into the
 * note of a licence.
 */
export function ownerOf({ resource, note }: JournalEntry): string | undefined {
  if (resource !== undefined) return resource;
  return isRecord(note) && typeof note.resource === "string" ? note.resource : undefined;
}

/** The stack that has to report an entry: the one whose state has the resource. */
export function holderOf({ heldBy, stack }: JournalEntry): string {
  return heldBy ?? stack;
}

/** What an entry has to say of the stack that holds it: nothing where it is under that one. */
export function otherHolder({ stack }: JournalKey, holder: string): string | undefined {
  return isSameStack(stack, holder) ? undefined : holder;
}

/**
 * Whether this entry of another stack keeps a create from being sent: that stack creates
 * the same, or did so a moment ago, or it is this stack under an earlier name.
 */
export function blocksCreate(entry: JournalEntry, stack: string): boolean {
  if (isSameStack(entry.stack, stack) || entry.operation === "delete") return false;
  return entry.operation !== "update" || entry.completedAt === undefined;
}

/**
 * What every write keeps for the next run, beside the vendor's own note: the names of the
 * fields that it sent.
 */
export function sentFields(entry: JournalEntry<Json> | undefined): readonly string[] {
  const note = entry?.note;
  const fields = isRecord(note) ? note.fields : undefined;
  return Array.isArray(fields) ? fields.filter((field) => typeof field === "string") : [];
}

/**
 * Whether the outcome of a write is known. An order stays in the journal as long as its
 * tenant, and its note says what came of it.
 */
export function isSettled(entry: JournalEntry): boolean {
  if (entry.vendor !== "xelion") return entry.completedAt !== undefined;
  return hasOrderStatus(entry, "COMPLETED") || hasOrderStatus(entry, "FAILED");
}

/** Whether an entry is of an order that was last seen with this status. */
export function hasOrderStatus({ vendor, note }: JournalEntry, status: string): boolean {
  if (vendor !== "xelion") return false;
  return isRecord(note) && note.status === status;
}

/** The number of an entry's order, once it is known. */
export function orderIdOf({ vendor, note }: JournalEntry): number | undefined {
  if (vendor !== "xelion" || !isRecord(note)) return undefined;
  return typeof note.orderId === "number" ? note.orderId : undefined;
}

/** A resource as the journal names it: `XimaLicense`, and its name in the program. */
export interface ResourceName {
  readonly type: string;
  readonly name: string;
}

/**
 * By its URN, `urn:pulumi:<stack>::<project>::<types, from the parents' on, between $>::<name>`.
 * Only the name may have `::` in it.
 */
export function toStateResource(urn: string): ResourceName {
  const [, , types = "", ...name] = urn.split("::");
  return { type: types.split(/[$:]/).at(-1) ?? "", name: name.join("::") };
}

/** Whether one of these resources has written an entry. */
export function isOwned(entry: JournalEntry, resources: readonly ResourceName[]): boolean {
  if (entry.abandoned) return false;
  return resources.some(({ type, name }) => type === entry.type && name === ownerOf(entry));
}

/**
 * A short name for a write, which stays as long as its entry does. A later write of the same
 * thing has another: who looked at the vendor before it knows nothing of it.
 */
export function entryReference({ vendor, stack, thing, id, intendedAt }: JournalEntry): string {
  const write = [vendor, stack, thing, id ?? intendedAt].join("\n");
  return createHash("sha256").update(write).digest("hex").slice(0, 8);
}

/**
 * A command that reads the journal of a stack. Without `--stack` it would read no config,
 * which may name another journal than the environment does.
 *
 * @param stack the stack's identity
 */
export function ofStack(command: string, stack: string): string {
  const { name } = stackParts(stack);
  return name === undefined ? command : `${command} --stack ${name}`;
}

export function journalCommand(words: string, stack: string): string {
  return ofStack(`ucaas journal ${words}`, stack);
}

/** What may be at a vendor without a resource, and how it is settled. */
export function describeOpenIntent(entry: JournalEntry): string {
  const remedy = steps(
    "Declare it again, or look at the vendor: adopt it (ucaas adopt) or remove it there.",
    `Then: ${journalCommand(`resolve ${entryReference(entry)}`, holderOf(entry))}`,
  );
  return `${describeWrite(entry)}, is in the journal and not in the state. What to do: ${remedy}`;
}

/** The same for a write of a stack that is gone: most likely this one, before its rename. */
export function describeWriteOfLostStack(entry: JournalEntry, stack: string): string {
  const holder = holderOf(entry);
  const remedy = steps(
    `If this stack was renamed: ${journalCommand(`move ${holder} ${stack}`, stack)}`,
    `Otherwise look at the vendor, then: ${journalCommand(`resolve ${entryReference(entry)}`, stack)}`,
  );
  return `${describeWrite(entry)}, is of the stack ${holder}, which does not exist any more. What to do: ${remedy}`;
}

function describeWrite({ operation = "create", type, resource, thing, intendedAt }: JournalEntry) {
  return `the ${operation} of ${type} ${JSON.stringify(resource)} (${printableLine(thing)}), begun at ${intendedAt}`;
}

/** A resource in the state, as far as the journal is concerned. */
export interface StateResource extends ResourceName {
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The creates and updates of other stacks of this project in its backend. */
export function openIntentsOfOthers(
  entries: readonly JournalEntry[],
  stack: string,
): JournalEntry[] {
  const own = stackParts(stack);
  return entries.filter((entry) => {
    if (entry.operation === undefined || entry.operation === "delete") return false;
    const holder = holderOf(entry);
    const { project, backend } = stackParts(holder);
    return project === own.project && backend === own.backend && !isSameStack(holder, stack);
  });
}

/** Those of stacks that are in the backend no more. */
export function intentsOfLostStacks(
  entries: readonly JournalEntry[],
  names: readonly string[],
): JournalEntry[] {
  return entries.filter((entry) => !names.includes(stackParts(holderOf(entry)).name ?? ""));
}

/**
 * The creates and updates of a stack that no resource in its state knows: what they sent
 * may be at the vendor, unmanaged and billed.
 *
 * @param stack the stack's identity
 * @param names the stacks in its backend. A resource that was moved here by
 *   `pulumi state move` has the mark of one that is still there, and reports its own
 */
export function openIntents(
  entries: readonly JournalEntry[],
  stack: string,
  resources: readonly StateResource[],
  names: readonly string[] = [],
): JournalEntry[] {
  const marks = resources.map(({ outputs }) => outputs?.__stack);
  const identities = allIdentities(stack, marks);
  const own = stackParts(stack);
  const reportsItself = (identity: string) => {
    const { project, name = "", backend = own.backend } = stackParts(identity);
    const isOther = project === own.project && backend === own.backend && name !== own.name;
    return isOther && names.includes(name);
  };
  return entries.filter((entry) => {
    // What 0.1.0 wrote, and what the journal knows of a stack itself, names no operation.
    if (entry.operation === undefined || entry.operation === "delete") return false;
    const holder = holderOf(entry);
    if (!identities.some((identity) => isSameStack(identity, holder))) return false;
    const owner = resources.find((each) => isOwned(entry, [each]));
    const isMoved = isSameStack(String(owner?.outputs?.__stack), holder);
    if (reportsItself(holder) && !isMoved) return false;
    if (!owner) return true;
    // The state of an order is compared by every run.
    return (
      entry.vendor !== "xelion" &&
      classifyEntry(entry, { ...owner.outputs, __resource: owner.name }) === "open"
    );
  });
}
