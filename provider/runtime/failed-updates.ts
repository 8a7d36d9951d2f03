import { steps } from "./errors.ts";
import { journalCommand } from "./intents.ts";
import { everyIdentity, isSameStack, type Journal, type JournalEntry } from "./journal.ts";
import type { FailedUpdate, StackRecord } from "./stack-record.ts";

type Resources = StackRecord["resources"];

/** What this journal had to do with the earlier runs of a stack. */
export interface JournalPart {
  /** It has entries of the stack that are older than the first noted update. */
  readonly hasOldEntries: boolean;
  /** ISO times of the updates with this journal, the oldest first. */
  readonly ownRuns: readonly string[];
}

/**
 * By all identities that the stack has had, as far as its state and the journal know: after a
 * rename the journal has its earlier runs under the earlier one.
 *
 * @param stack the stack's identity
 */
export async function journalPart(
  stack: string,
  resources: Resources,
  entries: readonly JournalEntry[],
  journal: Pick<Journal, "runTimes">,
): Promise<JournalPart> {
  const identities = everyIdentity(stack, resources, entries);
  const times = await Promise.all(identities.map((identity) => journal.runTimes(identity)));
  const ownRuns = times.flat().sort();
  const [first] = ownRuns;
  const hasOldEntries = entries.some(
    (entry) =>
      entry.vendor !== "ucaas" &&
      (first === undefined || entry.intendedAt < first) &&
      identities.some((identity) => isSameStack(entry.stack, identity)),
  );
  return { hasOldEntries, ownRuns };
}

/**
 * Whether a failed update may have sent something of which this journal does not know. A
 * provider process that is killed alone leaves no other trace in the engine.
 *
 * An update before the first noted one may be an older version's. Then older entries decide.
 *
 * @param lookedAt ISO time at which a run with this journal last looked at the record
 */
export function isOfAnotherJournal(
  update: FailedUpdate,
  { resources }: Pick<StackRecord, "resources">,
  { hasOldEntries, ownRuns }: JournalPart,
  lookedAt = "",
): boolean {
  const [start, end] = [Date.parse(update.startedAt), endOf(update)];
  if (!update.isBeforeDestroy && !hadProvider(resources, end)) return false;
  const runs = ownRuns.map((time) => Date.parse(time));
  if (runs.some((run) => run >= start && run < end)) return false;
  const [first = Number.POSITIVE_INFINITY] = runs;
  if (start < first) return !hasOldEntries && update.startedAt > lookedAt;
  return lookedAt === "" || end > Date.parse(lookedAt);
}

/** The record's times are cut to the second. */
export function endOf({ endedAt }: FailedUpdate): number {
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

/** Those of another journal that no successful update has followed. */
export function lastUpdatesOfOthers(record: StackRecord, part: JournalPart): FailedUpdate[] {
  return record.failedUpdates.filter(
    (update) => update.isLast && isOfAnotherJournal(update, record, part),
  );
}

/**
 * What such an update may have left, and how that is found.
 *
 * @param stack the stack's identity
 */
export function describeFailedUpdate({ startedAt }: FailedUpdate, stack: string): string {
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
