import { UcaasError } from "./errors.ts";
import { isOfAnotherJournal, type JournalPart, journalPart } from "./failed-updates.ts";
import { isSameStack, type Journal, type StackKnowledge } from "./journal.ts";
import type { OwnRuns } from "./own-runs.ts";
import {
  type RecordedResource,
  readStackRecord,
  type StackRecord,
  stackName,
} from "./stack-record.ts";

interface Situation {
  readonly record: StackRecord;
  /** The name of this machine's journal. */
  readonly journal: string;
  readonly knowledge: StackKnowledge | undefined;
  readonly part: JournalPart;
  /** `XelionTenantProvision`. */
  readonly type: string;
}

/** Why nothing is sent, and the identity under which it is known. */
export interface Doubt {
  readonly reason: string;
  readonly stack: string;
  /** The engine's record could not be read: a later run may have no doubt. */
  readonly isPassing?: boolean;
}

interface Verdict {
  readonly doubt?: string;
  readonly isPassing?: boolean;
  readonly pending: readonly string[];
}

/**
 * Whether an earlier run with another journal may have sent what this run is about to
 * send. The engine has two traces of such a run: a pending operation, where the engine was
 * killed; and a failed update, where only the provider process was.
 */
function judgeEarlierRuns(situation: Situation): Verdict {
  const { record, journal, knowledge, part, type } = situation;
  const foreign = record.pending.filter(
    ({ type: operation, resource }) =>
      (operation === "creating" || operation === "updating") &&
      resource.type.endsWith(`:${type}`) &&
      resource.inputs?.__journal !== journal &&
      !(operation === "creating" && isInState(resource, record)),
  );
  const pending = foreign.map(({ type: operation, resource }) => `${operation} ${resource.urn}`);
  const kept = knowledge?.journal === journal ? knowledge : undefined;
  if (kept?.doubt !== undefined) return { doubt: kept.doubt, pending };
  const open = pending.filter((each) => !kept?.accepted?.includes(each));
  if (open.length > 0)
    return { doubt: `another machine was interrupted: ${open.map(describe).join(", ")}`, pending };
  const failed = record.failedUpdates.find((update) =>
    isOfAnotherJournal(update, record, part, kept?.at),
  );
  if (failed)
    return {
      doubt: `the update of ${failed.startedAt} failed, and this journal has no part in it`,
      pending,
    };
  return { pending };
}

/** The pending operation of a create that has succeeded since stays on record. */
function isInState({ urn, inputs }: RecordedResource, { resources }: StackRecord): boolean {
  return resources.some(
    (each) =>
      each.urn === urn &&
      ["serverUrl", "tenantName"].every((name) => each.inputs?.[name] === inputs?.[name]),
  );
}

/** `creating urn:…::name` for people. */
function describe(pending: string): string {
  const [operation = "", urn = ""] = pending.split(" ");
  return `${operation} ${urn.split("::").at(-1)}`;
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

/** Asks once in a process what the engine has of a stack and its earlier runs. */
export class EarlierRuns {
  readonly #journal: Journal;
  readonly #ownRuns: OwnRuns;
  readonly #read: (stack: string) => Promise<StackRecord>;
  #record: Promise<StackRecord> | undefined;
  #doubt: Promise<Doubt | undefined> | undefined;
  #noted: Promise<void> | undefined;

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
   */
  doubt(type: string, identity: string, organization?: string): Promise<Doubt | undefined> {
    // A process serves one stack, whose resources may have its earlier identities.
    this.#doubt ??= this.#judge(type, identity, organization).then(({ doubt, isPassing }) =>
      doubt === undefined
        ? undefined
        : { reason: doubt, stack: identity, ...(isPassing && { isPassing }) },
    );
    return this.#doubt;
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

  /** Once in a process, which serves one stack. */
  #readRecord(identity: string, organization: string | undefined): Promise<StackRecord> {
    this.#record ??= this.#read(stackName(identity, organization));
    return this.#record;
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

  async #judge(type: string, identity: string, organization: string | undefined): Promise<Verdict> {
    const [knowledge, journal] = [
      await this.#journal.knowledge(identity),
      await this.#journal.identity(),
    ];
    const { entries } = await this.#journal.list();
    const hasEntries = entries.some(
      (entry) => entry.vendor !== "ucaas" && isSameStack(entry.stack, identity),
    );
    let record: StackRecord;
    try {
      record = await this.#readRecord(identity, organization);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      const isKnown = hasEntries || knowledge?.accepted !== undefined;
      return { ...(!isKnown && { doubt: error.reason, isPassing: true }), pending: [] };
    }
    const part = await journalPart(identity, record.resources, entries, this.#ownRuns);
    const verdict = judgeEarlierRuns({ record, journal, knowledge, part, type });
    const { accepted } = knowledge ?? {};
    await this.#journal.know(identity, {
      journal,
      at: new Date().toISOString(),
      ...verdict,
      ...(accepted && { accepted }),
    });
    return verdict;
  }
}
