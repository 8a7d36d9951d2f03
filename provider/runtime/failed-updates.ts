import { steps } from "./errors.ts";
import { journalCommand } from "./intents.ts";
import { everyIdentity, isSameStack, type Journal, type JournalEntry } from "./journal.ts";
import type { NotedRun } from "./own-runs.ts";
import { engineOfProvider } from "./sdk-command.ts";
import type { StackRecord, StackUpdate } from "./stack-record.ts";

type Resources = StackRecord["resources"];

/** What this journal had to do with the earlier runs of a stack. */
export interface JournalPart {
  /** It has entries of the stack that are older than the first note. */
  readonly hasOldEntries: boolean;
  /** Notes of runs with this journal, the oldest first. */
  readonly ownRuns: readonly NotedRun[];
  /** The address of this run's engine: its own notes are of no update on record. */
  readonly engine?: string | undefined;
}

/**
 * By all identities that the stack has had, as far as its state and the journal know: after a
 * rename the journal has its earlier runs under the earlier one.
 *
 * @param stack the stack's identity
 * @param engine the address of this run's engine
 */
export async function journalPart(
  stack: string,
  resources: Resources,
  entries: readonly JournalEntry[],
  journal: Pick<Journal, "notedRuns">,
  engine = engineOfProvider(),
): Promise<JournalPart> {
  const identities = everyIdentity(stack, resources, entries);
  const noted = await Promise.all(identities.map((identity) => journal.notedRuns(identity)));
  const ownRuns = noted.flat().sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const first = ownRuns[0]?.at;
  const hasOldEntries = entries.some(
    (entry) =>
      entry.vendor !== "ucaas" &&
      (first === undefined || entry.intendedAt < first) &&
      identities.some((identity) => isSameStack(entry.stack, identity)),
  );
  return { hasOldEntries, ownRuns, engine };
}

/**
 * The failed updates that may have sent something of which this journal does not know, the
 * latest first. A provider process that is killed alone leaves no other trace in the engine.
 *
 * An update before the first note may be an older version's. Then older entries decide.
 *
 * @param lookedAt ISO time at which a run with this journal last looked, if any did
 */
export function updatesOfOtherJournals(
  { resources, updates }: Pick<StackRecord, "resources" | "updates">,
  part: JournalPart,
  lookedAt = "",
): StackUpdate[] {
  const own = ownUpdates(updates, part);
  const first = part.ownRuns[0] ? Date.parse(part.ownRuns[0].at) : Number.POSITIVE_INFINITY;
  return updates.filter((update) => {
    const end = endOf(update);
    if (!update.failed || own.has(update)) return false;
    if (!update.isBeforeDestroy && !hadProvider(resources, end)) return false;
    if (afterStartOf(update) <= first && part.hasOldEntries) return false;
    return lookedAt === "" || end > Date.parse(lookedAt);
  });
}

/**
 * The updates that were run with this journal. One may end in the second in which the next
 * begins, and the record's times are cut to the second. So a note shows whose an update is
 * only if it can be of no other one.
 */
function ownUpdates(
  updates: readonly StackUpdate[],
  { ownRuns, engine }: JournalPart,
): ReadonlyMap<StackUpdate, string | undefined> {
  const oldest = Math.min(...updates.map(({ startedAt }) => Date.parse(startedAt)));
  const notes = ownRuns.filter(
    (run) => Date.parse(run.at) >= oldest && (run.engine === undefined || run.engine !== engine),
  );
  const own = new Map<StackUpdate, string | undefined>();
  let known: number;
  do {
    known = own.size;
    for (const note of notes) {
      const [update, ...others] = updates.filter((each) => mayBeOf(note, each, own.get(each)));
      if (update && others.length === 0) own.set(update, own.get(update) ?? note.engine);
    }
    // An update whose engine is known now is no longer in question for another engine's note.
  } while (own.size > known);
  return own;
}

/** @param engine of the update, as far as it is known */
function mayBeOf(note: NotedRun, update: StackUpdate, engine: string | undefined): boolean {
  const at = Date.parse(note.at);
  const isInTime = at >= Date.parse(update.startedAt) && at < endOf(update);
  return isInTime && (note.engine === undefined || engine === undefined || note.engine === engine);
}

/** After the last moment at which it may have begun: the record's times are cut to the second. */
export function afterStartOf({ startedAt }: StackUpdate): number {
  return Date.parse(startedAt) + 1000;
}

/** After the last moment at which it may have ended. */
export function endOf({ endedAt }: StackUpdate): number {
  return Date.parse(endedAt) + 1000;
}

/**
 * Whether there was a provider process before a failed update ended: without one, it has
 * sent nothing. The engine's record of the provider has no time in old states.
 */
function hadProvider(resources: Resources, end: number): boolean {
  return resources.some(
    ({ type, created }) =>
      type === "pulumi:providers:pulumi-nodejs" &&
      (created === undefined || Date.parse(created) < end),
  );
}

/** The failed updates of other journals that no successful one has followed. */
export function lastUpdatesOfOthers(record: StackRecord, part: JournalPart): StackUpdate[] {
  return updatesOfOtherJournals(record, part).filter(({ isLast }) => isLast);
}

/**
 * What such an update may have left, and how that is found.
 *
 * @param stack the stack's identity
 */
export function describeFailedUpdate({ startedAt }: StackUpdate, stack: string): string {
  const remedy = steps(
    `On that machine, run ${journalCommand("list", stack)}. It has each write of that time.`,
    "Then run pulumi up there, with the program that is to be.",
    "If that journal is lost: look at the vendors for what the failed program was to create, and for Xelion orders.",
  );
  return [
    `the update that began at ${startedAt} failed, and this journal has no part in it.`,
    "Perhaps it ran on another machine, whose journal alone has what it created.",
    "What the state has of Xima, EnableX and NetSapiens is looked at again in each run.",
    `What to do: ${remedy}`,
  ].join(" ");
}
