import { isEqual } from "./equality.ts";
import { UcaasError } from "./errors.ts";
import { type JournalPart, journalPart, updatesOfOtherJournals } from "./failed-updates.ts";
import { toStateResource } from "./intents.ts";
import {
  everyIdentity,
  isSameStack,
  type Journal,
  markOf,
  type StackKnowledge,
} from "./journal.ts";
import type { OwnRuns } from "./own-runs.ts";
import { type PendingOperation, readNoted } from "./pending-operations.ts";
import { plainArguments } from "./secret-mark.ts";
import {
  type RecordedResource,
  readStackRecord,
  type StackRecord,
  type StackUpdate,
  stackName,
} from "./stack-record.ts";

/** A server outside that has each order which was sent with it, whichever machine sent it. */
export interface Witness {
  /** `__relay` in the inputs of what is sent with it. */
  readonly mark: string;
  /** Whether a failed update sent with it, as far as the engine's record tells. */
  servedUpdate(update: StackUpdate, resources: readonly RecordedResource[]): boolean;
}

interface Situation {
  readonly record: StackRecord;
  /** What killed runs of other machines left, as it was noted before this run wrote anything. */
  readonly noted: readonly PendingOperation[];
  /** The name of this machine's journal. */
  readonly journal: string;
  /** Whether a name in the inputs of an operation is of a run with this journal. */
  readonly isOwn: (name: unknown) => boolean;
  readonly knowledge: StackKnowledge | undefined;
  readonly part: JournalPart;
  /** `XelionTenantProvision`. */
  readonly type: string;
  readonly witness: Witness | undefined;
}

/** Why nothing is sent, and the identity under which it is known. */
export interface Doubt {
  readonly reason: string;
  readonly stack: string;
  /** The engine's record could not be read: a later run may have no doubt. */
  readonly isPassing?: boolean;
}

type KeptDoubt = Pick<StackKnowledge, "doubt" | "doubtOf">;

interface Verdict {
  readonly doubt?: string;
  /** What later runs are to know, of which this one may have no doubt. */
  readonly kept: KeptDoubt;
  /** By their keys. */
  readonly pending: readonly string[];
  /** Something counts as known to a witness alone: who asks without one looks again. */
  readonly needsWitness: boolean;
}

/**
 * Whether an earlier run with another journal may have sent what this run is about to
 * send. The engine has two traces of such a run: a pending operation, where the engine was
 * killed; and a failed update, where only the provider process was.
 */
function judgeEarlierRuns(situation: Situation): Verdict {
  const { record, journal, knowledge, part, witness } = situation;
  const others = pendingOfOthers(situation);
  const kept = knowledge?.journal === journal ? knowledge : undefined;
  const failed = updatesOfOtherJournals(record, part, kept?.at);
  // The oldest: as long as it is on record, so are the others.
  const unseen = failed.findLast((update) => !witness?.servedUpdate(update, record.resources));
  const { doubt, doubtOf } = kept ?? {};
  const verdict = {
    kept: doubt === undefined ? {} : { doubt, ...(doubtOf && { doubtOf }) },
    pending: others.map(({ key }) => key),
    needsWitness: failed.length > 0 && unseen === undefined,
  };
  if (doubt !== undefined && !doubtOf) return { ...verdict, doubt };
  const open = others.filter(({ key }) => !kept?.accepted?.includes(key));
  if (open.length > 0) {
    const texts = [...new Set(open.map(({ text }) => text))].join(", ");
    const interrupted = `another machine was interrupted: ${texts}`;
    return { ...verdict, doubt: interrupted, kept: { doubt: interrupted } };
  }
  if (doubt !== undefined && isBoundBy(verdict.kept, situation)) return { ...verdict, doubt };
  if (!unseen) return verdict;
  const failure = `the update of ${unseen.startedAt} failed, and this journal has no part in it`;
  const ofUpdate = { doubt: doubt ?? failure, doubtOf: ofBoth(doubtOf, unseen, witness) };
  return { ...verdict, doubt: failure, kept: ofUpdate };
}

/** What was in doubt before, and is for this witness too. */
function ofBoth(
  before: KeptDoubt["doubtOf"],
  { startedAt }: StackUpdate,
  witness: Witness | undefined,
): KeptDoubt["doubtOf"] {
  const isOlder = before !== undefined && before.startedAt < startedAt;
  return {
    startedAt: isOlder ? before.startedAt : startedAt,
    witnesses: [...(before?.witnesses ?? []), witness?.mark ?? ""],
  };
}

/** Another witness may know of a failed update, and says so while that is on record. */
function isBoundBy({ doubtOf }: KeptDoubt, { record, witness }: Situation): boolean {
  if (!doubtOf) return true;
  const isOnRecord = record.updates.some(
    ({ failed, startedAt }) => failed && startedAt === doubtOf.startedAt,
  );
  return !isOnRecord || doubtOf.witnesses.includes(witness?.mark ?? "");
}

/**
 * The creates that the engine has on record, and the updates that were noted: during a run,
 * the record has that run's own updates too.
 */
function pendingOfOthers({ record, noted, isOwn, type, witness }: Situation) {
  const isKnown = (by: unknown, relay: unknown) =>
    isOwn(by) || (relay !== undefined && relay === witness?.mark);
  const creates = record.pending
    .filter(
      ({ type: operation, resource }) =>
        operation === "creating" &&
        resource.type.endsWith(`:${type}`) &&
        !isKnown(resource.inputs?.__journal, resource.inputs?.__relay) &&
        !isInState(resource, record),
    )
    .map(({ resource: { urn, inputs } }) => ({
      key: keyOf(`creating ${urn}`, inputs?.__journal),
      text: `creating ${toStateResource(urn).name}`,
    }));
  const updates = noted
    .filter(
      (each) =>
        each.operation === "update" && each.type === type && !isKnown(each.journal, each.relay),
    )
    // With its time: an earlier release notes no process.
    .map(({ name, modified, journal }) => ({
      key: keyOf(`updating ${type}::${name} ${modified}`, journal),
      text: `updating ${name}`,
    }));
  return [...creates, ...updates];
}

/** With the mark of its process: the same resource may have another operation later. */
function keyOf(operation: string, journal: unknown): string {
  const mark = markOf(journal);
  return mark === undefined ? operation : `${operation} ${mark}`;
}

/**
 * The pending operation of a create that has succeeded since stays on record. What the create
 * was to replace has the same URN, and other arguments.
 */
function isInState({ urn, inputs = {} }: RecordedResource, { resources }: StackRecord): boolean {
  const run = markOf(inputs.__journal) === undefined ? undefined : inputs.__journal;
  return resources.some(
    (each) =>
      each.urn === urn &&
      ((run !== undefined && each.inputs?.__journal === run) ||
        isEqual(plainArguments(each.inputs ?? {}), plainArguments(inputs))),
  );
}

/**
 * Notes that the operator has looked at what earlier runs may have sent.
 *
 * @returns how many pending operations of other machines are settled with it
 */
export async function acceptEarlierRuns(journal: Journal, identity: string): Promise<number> {
  const { pending = [], accepted = [] } = (await journal.knowledge(identity)) ?? {};
  await journal.know(identity, {
    journal: await journal.identity(),
    at: new Date().toISOString(),
    accepted: [...new Set([...accepted, ...pending])],
  });
  return pending.length;
}

/** The engine writes the record of an update after its end, at a slow backend some time after. */
const recordDelayMs = 60_000;

/** Asks once in a process what the engine has of a stack and its earlier runs. */
export class EarlierRuns {
  readonly #journal: Journal;
  readonly #ownRuns: OwnRuns;
  readonly #read: (stack: string) => Promise<StackRecord>;
  /** By the stack's name: a refresh after a rename asks under the old one first. */
  readonly #records = new Map<string, Promise<StackRecord>>();
  readonly #doubts = new Map<string, Map<Witness | undefined, Promise<Doubt | undefined>>>();
  /** One after the other: each notes what it found. */
  #judging: Promise<unknown> = Promise.resolve();
  #noted: Promise<void> | undefined;
  /** Before each question to the engine. A preview asks while another machine may be at work. */
  readonly #lookedAt = new Date(Date.now() - recordDelayMs).toISOString();

  constructor(
    journal: Journal,
    ownRuns: OwnRuns,
    read: (stack: string) => Promise<StackRecord> = readStackRecord,
  ) {
    this.#journal = journal;
    this.#ownRuns = ownRuns;
    this.#read = read;
  }

  /**
   * Why nothing may be sent that cannot be looked up; undefined when nothing speaks
   * against it. Ask first before this run has begun an operation of its own.
   *
   * @param identity the stack's identity
   * @param organization the backend's, where it has some
   * @param witness what else knows of earlier orders; it was asked, and knows of none
   */
  doubt(
    type: string,
    identity: string,
    organization?: string,
    witness?: Witness,
  ): Promise<Doubt | undefined> {
    const doubts = this.#doubts.get(identity) ?? new Map();
    this.#doubts.set(identity, doubts);
    const known = doubts.get(witness);
    if (known) return known;
    const judged = this.#judging.then(() => this.#judge(type, identity, organization, witness));
    doubts.set(witness, judged);
    this.#judging = judged.catch(() => {});
    return judged;
  }

  /** What the state has; nothing where the engine's record cannot be read. */
  async resources(identity: string, organization?: string): Promise<readonly RecordedResource[]> {
    try {
      return (await this.#readRecord(identity, organization)).resources;
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return [];
    }
  }

  /** Once in a process. */
  #readRecord(identity: string, organization: string | undefined): Promise<StackRecord> {
    const name = stackName(identity, organization);
    const record = this.#records.get(name) ?? this.#read(name);
    this.#records.set(name, record);
    return record;
  }

  /**
   * Notes that this run is an update with this journal, where its program could not. So a
   * run that is refused counts as this journal's own in the next one.
   */
  async noteRun(identity: string): Promise<void> {
    // A journal that cannot be written keeps the order from being sent anyway.
    this.#noted ??= this.#ownRuns.note(identity).catch(() => {});
    await this.#noted;
  }

  async #judge(
    type: string,
    identity: string,
    organization: string | undefined,
    witness: Witness | undefined,
  ): Promise<Doubt | undefined> {
    const [knowledge, journal, noted] = [
      await this.#journal.knowledge(identity),
      await this.#journal.identity(),
      await readNoted(this.#journal, identity),
    ];
    const { entries } = await this.#journal.list();
    const { record, failure } = await this.#tryReadRecord(identity, organization);
    const identities = everyIdentity(identity, record.resources, entries);
    const isOwn = await this.#journal.ownRuns(identities);
    const part = await journalPart(identity, record.resources, entries, this.#journal);
    const situation = { record, noted, journal, isOwn, knowledge, part, type, witness };
    const { doubt, kept, pending, needsWitness } = judgeEarlierRuns(situation);
    const hasEntries = entries.some(
      (entry) => entry.vendor !== "ucaas" && isSameStack(entry.stack, identity),
    );
    if (failure && doubt === undefined)
      return hasEntries || knowledge?.accepted !== undefined
        ? undefined
        : { reason: failure.reason, stack: identity, isPassing: true };
    const lastLook = knowledge?.journal === journal ? knowledge.at : "";
    // What the operator has accepted since stays accepted.
    const thisLook = [lastLook, this.#lookedAt].sort()[1] as string;
    const { accepted } = knowledge ?? {};
    await this.#journal.know(identity, {
      journal,
      // Another witness has to see again what this one knows, or has no doubt of.
      at: failure || needsWitness || kept.doubtOf ? lastLook : thisLook,
      ...kept,
      pending,
      ...(accepted && { accepted }),
    });
    return doubt === undefined ? undefined : { reason: doubt, stack: identity };
  }

  /** An empty one where the engine's record cannot be read. */
  async #tryReadRecord(identity: string, organization: string | undefined) {
    try {
      return { record: await this.#readRecord(identity, organization) };
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return { record: { resources: [], pending: [], updates: [] }, failure: error };
    }
  }
}
