import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { dynamic } from "@pulumi/pulumi";
import { steps, UcaasError } from "./errors.ts";
import { JournalDatabase } from "./journal-database.ts";
import {
  hashOf,
  isSameWrite,
  type JournalEntry,
  type JournalKey,
  type JournalWrite,
} from "./journal-entry.ts";
import { folderUnavailable, JournalFolder } from "./journal-folder.ts";
import { journalLocation } from "./journal-location.ts";
import type { JournalListing, JournalStore } from "./journal-store.ts";
import { type NotedRun, OwnRuns } from "./own-runs.ts";
import { PostgresDatabase } from "./postgresql.ts";
import { namesOf } from "./stack-identity.ts";
import type { RecordedResource } from "./stack-record.ts";
import type { Json } from "./to-json.ts";

export { hashOf, type JournalEntry, type JournalKey, type JournalWrite } from "./journal-entry.ts";

/** The part of a config that names the journal. */
type Source = Pick<dynamic.Config, "get">;

/** Not about a resource, but about a stack's identity. */
const moves = { vendor: "ucaas", thing: "moved" } as const;
const knowledge = { vendor: "ucaas", thing: "earlier runs" } as const;
const pending = { vendor: "ucaas", thing: "pending operations" } as const;
/** Of the journal itself. */
const identity = { vendor: "ucaas", stack: "", thing: "journal" } as const;

/** What the journal keeps of a stack itself, beside the entries of its writes. */
export interface StackKnowledge {
  /** The journal that this was noted in. A copied journal knows what its writer knew. */
  readonly journal: string;
  /** When a run with this journal last looked. */
  readonly at: string;
  /** Why creates that cannot be looked up are not sent. */
  readonly doubt?: string;
  /** The failed update that it is about, and by their marks whom it binds. Otherwise it binds all. */
  readonly doubtOf?: { readonly startedAt: string; readonly witnesses: readonly string[] };
  /** Pending operations that were seen, and those that the operator has settled. */
  readonly pending?: readonly string[];
  readonly accepted?: readonly string[];
}

/** What an intent carries, and what keeps it from being written. */
export interface IntentOptions {
  readonly write?: JournalWrite;
  readonly guard?: (others: readonly JournalEntry[]) => void;
  readonly known?: string | undefined;
}

/** Where an entry is, or where it would be. */
export interface Located<Note extends Json = Json> {
  readonly key: JournalKey;
  readonly entry?: JournalEntry<Note>;
}

/**
 * The intent journal. An entry is written and synced before a request leaves that changes
 * something at a vendor, and completed with what the reply said. Nothing can be put into
 * the state in the middle of a write, so after a kill only this tells a first try from a
 * second. An entry is dropped when a later call shows that the state has the write.
 *
 * It is kept in a PostgreSQL database (`ucaas:journal`, when more than one machine runs
 * the same stack) or in a folder (`ucaas:journalDir`); else in what `UCAAS_JOURNAL` or
 * `UCAAS_JOURNAL_DIR` names, else in `ucaas/journal` below `$PULUMI_HOME` or `~/.pulumi`.
 */
export class Journal {
  /** Each machine has it: no run of the stack has a journal of its own. */
  readonly isShared: boolean;
  readonly #store: JournalStore;
  readonly #runs: OwnRuns;
  /** By a stack's identity, the one that `move` gave it. */
  readonly #moves = new Map<string, Promise<string | undefined>>();

  constructor(config: Source, environment: NodeJS.ProcessEnv = process.env, store?: JournalStore) {
    this.#store = store ?? openStore(config, environment);
    this.#runs = new OwnRuns(config, environment);
    this.isShared = this.#store instanceof JournalDatabase;
  }

  /** For people: where the entries are. */
  get location(): string {
    return this.#store.location;
  }

  /**
   * The entry of a thing, or undefined when there is none. One that 0.1.0 wrote has no
   * backend in its `stack`; one of an earlier version has no organization.
   */
  async find<Note extends Json>(key: JournalKey): Promise<JournalEntry<Note> | undefined> {
    for (const stack of namesOf(key.stack)) {
      const entry = await this.#store.read({ ...key, stack });
      if (entry) return entry as JournalEntry<Note>;
    }
    return undefined;
  }

  /**
   * The entry of a thing under the first of these identities that has one, and the key to
   * write under. A stack that was renamed has resources with its earlier identity in the
   * state; `ucaas journal move` says where its entries are now.
   */
  async locate<Note extends Json>(
    vendor: string,
    thing: string,
    stacks: readonly string[],
  ): Promise<Located<Note>> {
    const identities = await Promise.all(stacks.map((stack) => this.identitiesOf(stack)));
    for (const stack of new Set(identities.flat())) {
      const entry = await this.find<Note>({ vendor, stack, thing });
      if (entry) return { key: { vendor, stack, thing }, entry };
    }
    return { key: { vendor, stack: stacks[0] ?? "", thing } };
  }

  /**
   * Moves a stack's entries to its new identity, and keeps in mind that it has another
   * one now. Returns how many were moved: a write that the new one has of the same thing
   * stays, and so does the entry that it would have replaced.
   */
  async move(from: string, to: string): Promise<number> {
    if (from === to) return 0;
    const { entries } = await this.list();
    const own = entries.filter(({ vendor, stack }) => stack === from && vendor !== moves.vendor);
    const isHeld = ({ heldBy }: JournalEntry) => heldBy === from;
    let moved = 0;
    for (const entry of own) {
      const news = { ...entry, stack: to, ...(isHeld(entry) && { heldBy: to }) };
      if (!(await this.#store.replace(news, entry))) continue;
      await this.#store.remove(entry, entry);
      moved++;
    }
    // Begun by another stack, whose resource this one has now.
    for (const entry of entries.filter((each) => isHeld(each) && !own.includes(each))) {
      await this.handOver(entry, { heldBy: to });
      moved++;
    }
    await this.intend({ ...moves, stack: from }, to, to);
    this.#moves.clear();
    const known = await this.knowledge(from);
    if (known) await this.know(to, known);
    const operations = await this.pendingOperations(from);
    if (operations) await this.notePendingOperations(to, operations);
    return moved;
  }

  /** A stack's identity, and those that it was moved to since, the latest last. */
  async identitiesOf(stack: string): Promise<string[]> {
    const identities: string[] = [];
    for (
      let next: string | undefined = stack;
      next !== undefined && !identities.includes(next);
      next = await this.#movedTo(next)
    )
      identities.push(next);
    return identities;
  }

  #movedTo(stack: string): Promise<string | undefined> {
    const known = this.#moves.get(stack);
    if (known) return known;
    const read = this.#store
      .read({ ...moves, stack })
      .then((entry) => (typeof entry?.note === "string" ? entry.note : undefined));
    this.#moves.set(stack, read);
    return read;
  }

  /**
   * What this process writes into the inputs of what it begins: `<journal>/<mark>`. The
   * journal has the mark by then. A copy that was made earlier has the name alone.
   *
   * @param stack the stack's identity
   */
  async runName(stack: string): Promise<string> {
    const name = await this.identity();
    try {
      return `${name}/${await this.#runs.mark(stack)}`;
    } catch (error) {
      throw folderUnavailable("written", error, this.location);
    }
  }

  /**
   * Tells by the name in an operation's inputs whether a run with this journal began it.
   * Earlier releases wrote no mark, so their name alone counts.
   *
   * @param stacks the identities that the stack has had
   */
  async ownRuns(stacks: readonly string[]): Promise<(name: unknown) => boolean> {
    const own = await this.identity();
    const marks = await this.#marks(stacks);
    const names = new Set([own, ...marks.map((mark) => `${own}/${mark}`)]);
    return (name) => typeof name === "string" && names.has(name);
  }

  /** Notes of runs of a stack with this journal, the oldest first. */
  async notedRuns(stack: string): Promise<readonly NotedRun[]> {
    try {
      return await this.#runs.noted(stack);
    } catch (error) {
      throw folderUnavailable("read", error, this.location);
    }
  }

  async #marks(stacks: readonly string[]): Promise<string[]> {
    try {
      return (await Promise.all(stacks.map((stack) => this.#runs.marks(stack)))).flat();
    } catch (error) {
      throw folderUnavailable("read", error, this.location);
    }
  }

  /** The journal's own name, by which a pending operation of the engine tells who began it. */
  async identity(): Promise<string> {
    const read = async () => (await this.#store.read(identity))?.note;
    try {
      const name = (await read()) ?? (await this.intend(identity, "", shortId(), null)).note;
      return String(name);
    } catch (error) {
      if (!(error instanceof UcaasError) || error.code !== "JOURNAL_OUTDATED") throw error;
      return String(await read());
    }
  }

  /** What is known of a stack itself. */
  async knowledge(stack: string): Promise<StackKnowledge | undefined> {
    return (await this.#store.read({ ...knowledge, stack }))?.note as StackKnowledge | undefined;
  }

  async know(stack: string, known: StackKnowledge): Promise<void> {
    await this.intend({ ...knowledge, stack }, "", known as unknown as Json);
  }

  /** What the engine had on record of operations that another journal's run began. */
  async pendingOperations(stack: string): Promise<Json | undefined> {
    return (await this.#store.read({ ...pending, stack }))?.note;
  }

  async notePendingOperations(stack: string, operations: Json): Promise<void> {
    await this.intend({ ...pending, stack }, "", operations);
  }

  /** The entries of one thing, of whichever stack. */
  findThing(vendor: string, thing: string): Promise<JournalEntry[]> {
    return this.#store.readThing(vendor, thing);
  }

  async list(vendor?: string): Promise<JournalListing> {
    return await this.#store.list(vendor);
  }

  /**
   * Notes that a request is about to leave. Returns after the disk has it.
   *
   * @param seen the entry on which the decision to send was made, null when there was
   *   none; when the journal has another by now, nothing is written. Left out: whatever
   *   is there is replaced.
   * @param guard throws what else keeps the request from being sent; it sees the entries
   *   that other stacks have of this thing
   * @param known the name of the last write that the state knows; this one counts as later
   * @throws {UcaasError} `JOURNAL_OUTDATED` when another process was quicker, `JOURNAL_UNAVAILABLE`
   */
  async intend<Note extends Json>(
    key: JournalKey,
    args: unknown,
    note: Note,
    seen?: JournalEntry | null,
    { write, guard, known }: IntentOptions = {},
  ): Promise<JournalEntry<Note>> {
    const { vendor, stack, thing } = key;
    const intendedAt = new Date().toISOString();
    const about = {
      id: `${laterThan([known, seen?.id], intendedAt)}/${shortId()}`,
      argumentsHash: hashOf(args),
      intendedAt,
    };
    const entry: JournalEntry<Note> = { vendor, stack, thing, ...write, ...about, note };
    const check = (present: readonly JournalEntry[]) => {
      if (seen !== undefined && !isSameWrite(seen, entryOf(stack, present)))
        throw outdated(key, nothingSent);
      guard?.(present.filter((other) => !isSameStack(other.stack, stack)));
    };
    await this.#store.write(entry, seen === undefined && !guard ? undefined : check);
    // What 0.1.0 wrote for this stack has a successor now.
    if (seen && seen.stack !== stack)
      await this.#store.remove({ vendor, stack: seen.stack, thing }, seen);
    return entry;
  }

  /**
   * Replaces an entry's note while the outcome is still open. Returns after the disk has it.
   *
   * @param present the entry that the journal has now, where it is another one
   * @throws {UcaasError} `JOURNAL_OUTDATED` where a later run has written its own
   */
  async annotate<Note extends Json>(
    key: JournalKey,
    entry: JournalEntry<Note>,
    note: Note,
    present: JournalEntry = entry,
  ): Promise<JournalEntry<Note>> {
    return await this.#put(key, { ...entry, note }, present);
  }

  /**
   * Notes what the reply said. Returns after the disk has it.
   *
   * @throws {UcaasError} `JOURNAL_OUTDATED` where a later run has written its own
   */
  async complete<Note extends Json>(
    key: JournalKey,
    entry: JournalEntry<Note>,
    note: Note,
  ): Promise<JournalEntry<Note>> {
    return await this.#put(key, { ...entry, completedAt: new Date().toISOString(), note }, entry);
  }

  /** Notes that no resource owns what an entry may have made. */
  async abandon(entry: JournalEntry): Promise<void> {
    await this.#amend(entry, { abandoned: true });
  }

  /** Notes which stack's state has the resource of an entry, and what that one calls it. */
  async handOver(
    entry: JournalEntry,
    owner: Pick<JournalWrite, "heldBy"> & Partial<Pick<JournalWrite, "resource">>,
  ): Promise<void> {
    await this.#amend(entry, owner);
  }

  /** Notes that a resource has taken over what another one has sent. */
  async claim(entry: JournalEntry, owner: JournalWrite): Promise<void> {
    await this.#amend(entry, { ...owner, abandoned: false });
  }

  /**
   * Forgets a thing: the state has it, or it is known that nothing was made.
   *
   * @param own the entry that was judged; what another process has written since stays
   */
  async drop({ vendor, stack, thing }: JournalKey, own?: JournalEntry): Promise<void> {
    for (const each of namesOf(stack))
      await this.#store.remove({ vendor, stack: each, thing }, own);
  }

  /** What a run that is at work has noted or removed since stays as it is. */
  async #amend(entry: JournalEntry, news: Partial<JournalEntry>): Promise<void> {
    await this.#store.write({ ...entry, ...news }, (present) => {
      const found = present.find(({ stack }) => stack === entry.stack);
      if (!isDeepStrictEqual(found, entry)) throw outdated(entry, nothingSent);
    });
  }

  async #put<Note extends Json>(
    { vendor, stack, thing }: JournalKey,
    entry: JournalEntry<Note>,
    present: JournalEntry,
  ): Promise<JournalEntry<Note>> {
    const kept = { ...entry, vendor, stack, thing };
    // A process that its engine has left, or that was frozen, may come here after the next
    // run. What was only removed is written again: it says what was done.
    if (!(await this.#store.replace(kept, present))) throw outdated(kept, laterRun);
    if (entry.stack !== stack && isSameStack(entry.stack, stack))
      await this.#store.remove({ vendor, stack: entry.stack, thing }, entry);
    return kept;
  }
}

function openStore(config: Source, environment: NodeJS.ProcessEnv): JournalStore {
  const location = journalLocation(config, environment);
  return "url" in location
    ? new JournalDatabase(PostgresDatabase.at(location.url))
    : new JournalFolder(location.folder);
}

/**
 * A completed write is known from a later one by its time. The clock that named an earlier
 * one may have been ahead, so a new one takes no earlier time than that.
 */
function laterThan(earlier: readonly (string | undefined)[], now: string): string {
  const times = earlier.map((id) => Date.parse(id?.split("/", 1)[0] ?? "") + 1);
  return new Date(Math.max(...[Date.parse(now), ...times].filter(Number.isFinite))).toISOString();
}

/** The process's mark in the name of a run; earlier releases wrote none. */
export function markOf(name: unknown): string | undefined {
  return typeof name === "string" ? name.split("/")[1] : undefined;
}

function shortId(): string {
  return randomUUID().slice(0, 8);
}

/**
 * Whether two identities are of one stack, as far as can be known: 0.1.0 did not name the
 * backend.
 */
export function isSameStack(one: string, other: string): boolean {
  return namesOf(one).includes(other) || namesOf(other).includes(one);
}

/** A stack's identity, and those that were moved to it. */
export function identitiesBefore(stack: string, entries: readonly JournalEntry[]): string[] {
  const moved = entries.filter(
    ({ vendor, thing }) => vendor === moves.vendor && thing === moves.thing,
  );
  const identities = new Set([stack]);
  // What is added is visited too.
  for (const identity of identities)
    for (const { stack: from, note } of moved) if (note === identity) identities.add(from);
  return [...identities];
}

/** All identities that a stack has had, as far as its state and the journal know. */
export function everyIdentity(
  stack: string,
  resources: readonly Pick<RecordedResource, "inputs" | "outputs">[],
  entries: readonly JournalEntry[],
): string[] {
  const marks = resources.flatMap(({ inputs, outputs }) => [inputs?.__stack, outputs?.__stack]);
  const earlier = marks.filter((mark) => typeof mark === "string");
  return [...new Set([...identitiesBefore(stack, entries), ...earlier])];
}

/** A stack's own entry of those of a thing. */
function entryOf(stack: string, entries: readonly JournalEntry[]): JournalEntry | undefined {
  const own = entries.filter((each) => isSameStack(each.stack, stack));
  return own.find((each) => each.stack === stack) ?? own[0];
}

const nothingSent = [
  "nothing was sent",
  steps(
    "Wait until no other `pulumi up` of this stack is running.",
    "See that the program declares this once.",
    "Run `pulumi up` again.",
  ),
].join("\n    ");

const laterRun = steps(
  "Wait until no other `pulumi up` of this stack is running.",
  "Run `pulumi up` again: it knows what the later run sent.",
);

function outdated({ vendor, thing }: JournalKey, hint: string): UcaasError {
  return new UcaasError(`another process is at work on ${thing}`, {
    code: "JOURNAL_OUTDATED",
    vendor,
    operation: "journal",
    hint,
  });
}
