import { steps } from "./errors.ts";
import type { FailedUpdate, StackRecord } from "./stack-record.ts";

/** What this journal had to do with the earlier runs of a stack. */
export interface JournalPart {
  /** It has entries of the stack. */
  readonly hasEntries: boolean;
  /** ISO times of the updates with this journal, the oldest first. */
  readonly ownRuns: readonly string[];
  /** ISO time at which a run with this journal last looked at the record; empty: never. */
  readonly lookedAt: string;
}

/**
 * Whether a failed update may have sent something of which this journal does not know. A
 * provider process that is killed alone leaves no other trace in the engine.
 *
 * Before the first update that this journal has noted, with an older version, its
 * entries decide.
 */
export function isOfAnotherJournal(
  update: FailedUpdate,
  { resources }: Pick<StackRecord, "resources">,
  { hasEntries, ownRuns, lookedAt }: JournalPart,
): boolean {
  const [start, end] = [Date.parse(update.startedAt), endOf(update)];
  if (!hadProvider(resources, end)) return false;
  const runs = ownRuns.map((time) => Date.parse(time));
  if (runs.some((run) => run >= start && run < end)) return false;
  const [first = Number.POSITIVE_INFINITY] = runs;
  if (start < first) return !hasEntries && update.startedAt > lookedAt;
  return lookedAt === "" || end > Date.parse(lookedAt);
}

/** The record's times are cut to the second. */
function endOf({ endedAt }: FailedUpdate): number {
  return Date.parse(endedAt) + 1000;
}

/**
 * Whether there was a provider process before a failed update ended: without one, it has
 * sent nothing. The engine's record of the provider has no time in old states.
 */
function hadProvider(resources: StackRecord["resources"], end: number): boolean {
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

/** What such an update may have left, and how that is found. */
export function describeFailedUpdate({ startedAt }: FailedUpdate): string {
  return `the update that began at ${startedAt} failed, perhaps on another machine: this journal has no part in it. If its provider process was killed, what it sent is in that machine's journal alone. What to do: ${steps(
    "On that machine, run ucaas journal list --open. It names each such write.",
    "If that journal is lost: look at the vendors for what the failed program declared. pulumi up --refresh corrects EnableX.",
  )}`;
}
