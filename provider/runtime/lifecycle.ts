import type { dynamic } from "@pulumi/pulumi";
import { accountFailure } from "./accounts.ts";
import { type CallContext, uncancelled } from "./cancellation.ts";
import { PartialFailure, UcaasError } from "./errors.ts";
import { inOneSpelling } from "./identifiers.ts";
import type { IgnoringInputs } from "./ignored-changes.ts";
import { blocksCreate, classifyEntry, otherHolder, ownerOf } from "./intents.ts";
import {
  isSameStack,
  type Journal,
  type JournalEntry,
  type JournalKey,
  type JournalWrite,
} from "./journal.ts";
import type { JournalListing } from "./journal-store.ts";
import {
  cannotTell,
  declaredTwice,
  type ErrorSubject,
  isAlreadyThere,
  otherStack,
  ownedByThisStack,
  stateNewer,
  takeOverOpen,
} from "./lifecycle-errors.ts";
import { logInfo, logWarning } from "./log.ts";
import { Operation } from "./operation.ts";
import { claimOf, newClaim, Ownership } from "./ownership.ts";
import { toEntry } from "./pending-operations.ts";
import { allIdentities } from "./stack-identity.ts";
import type { StackUpdate } from "./stack-record.ts";
import { hasUnknownArgument, isUnknown } from "./unknown.ts";

/** What every resource's inputs have, beside its own arguments. */
export interface ManagedInputs extends IgnoringInputs {
  readonly account?: string;
  readonly __stack?: string;
  readonly __resource?: string;
  /** Where the backend has organizations. */
  readonly __organization?: string;
}

/** What the lifecycle keeps in the state. */
export interface ManagedOutputs extends ManagedInputs {
  readonly schemaVersion?: number;
  /** Tells this resource from another one with the same remote id, as while one is renamed. */
  readonly __claim?: string;
  /** The last write that this state knows. */
  readonly __intent?: string;
  readonly lastAssertedAt?: string;
  readonly verifiedAt?: string;
}

/**
 * What the resource types differ in, as far as the lifecycle is concerned.
 *
 * @typeParam S what inputs and outputs have in common
 */
export interface LifecycleDescriptor<S extends ManagedInputs> {
  /** `XimaLicense`: for log lines and the journal. */
  readonly type: string;
  readonly vendor: string;
  readonly noun: string;
  /** Of the outputs that this release writes. It reads all earlier ones. */
  readonly schemaVersion: number;
  /** The argument that names what the resource is. */
  readonly identity: string;
  /** What people call it: `reseller/tenant`. */
  label(resource: S): string;
  /**
   * What is at the vendor, with its server; undefined before a create whose id the server
   * gives.
   */
  remoteId(resource: S, id?: string): string | undefined;
  /** What else tells it from all others, where the server gives the id. */
  names?(resource: S): readonly string[];
  /**
   * The journal's `thing`: before a create without the id, later with it. By default the
   * remote id.
   */
  journalThing?(resource: S, id?: string): string;
  /** By what an earlier release noted a create, where that may be something else. */
  earlierThing?(resource: S): string;
  /** By argument, the server that it leads to. A resource at another server is another resource. */
  servers(resource: S, id?: string): { readonly [argument: string]: string | undefined };
  /**
   * The handlers keep an entry as long as the resource lives, and nothing is removed at
   * the vendor.
   */
  readonly keepsEntries?: boolean;
}

/** What a vendor writes: what its resource is and does, and nothing of the lifecycle around it. */
export interface ResourceHandlers<I extends ManagedInputs, O extends ManagedOutputs> {
  /**
   * Outputs that the provider makes, and those that hold secrets which the program did not
   * give: they are kept as they are, whatever secrets are known.
   */
  readonly ownOutputs?: readonly string[];
  /** What is wrong with the arguments, whatever the account. */
  validate(olds: Partial<I>, news: I): dynamic.CheckFailure[] | Promise<dynamic.CheckFailure[]>;
  /** What the account says of them. What it throws is reported for `account`. */
  validateWithAccount(
    olds: Partial<I>,
    news: I,
  ): dynamic.CheckFailure[] | Promise<dynamic.CheckFailure[]>;
  /** Inputs that the provider adds to those of the program; their names begin with `__`. */
  addedInputs?(olds: Partial<I>, news: I): Promise<Partial<I>>;
  diff(id: string, olds: O, news: I, situation: DiffSituation<O>): Promise<dynamic.DiffResult>;
  /**
   * @param replaced what this create is to replace at another address. It is deleted there
   *   afterwards, and both addresses may lead to one server.
   */
  create(
    news: I,
    operation: Operation,
    replaced: readonly Replaced<O>[],
  ): Promise<dynamic.CreateResult<O>>;
  /** @param earlier a write of this stack that the state does not have, as far as is known */
  read(id: string, props: O, earlier?: JournalEntry): Promise<dynamic.ReadResult<O>>;
  update(id: string, olds: O, news: I, operation: Operation): Promise<dynamic.UpdateResult<O>>;
  delete(id: string, props: O, operation: Operation): Promise<void>;
  /** Whether it is there, asked where a delete was cut off. */
  exists?(id: string, props: O): Promise<boolean>;
}

/** A resource of the state whose declaration leads to another address now. */
export interface Replaced<O> {
  readonly id: string;
  readonly state: O;
}

/** What the lifecycle knows when two declarations are compared. */
export interface DiffSituation<O = ManagedOutputs> {
  /** The arguments that lead to another server than before. */
  readonly moved: readonly string[];
  /** The comparison follows a read: what is due is no drift. */
  readonly refreshing: boolean;
  /**
   * What the vendor shows now, where a failed update of another machine may have changed it.
   * It calls for an update at most: what is replaced is decided by the state.
   */
  readonly present?: O;
}

/** A resource type's provider, as the dispatcher calls it. */
export interface ManagedProvider<I, O> {
  readonly ownOutputs?: readonly string[];
  check(olds: Partial<I>, news: I): Promise<dynamic.CheckResult<I>>;
  diff(id: string, olds: O, news: I): Promise<dynamic.DiffResult>;
  create(news: I, context?: CallContext): Promise<dynamic.CreateResult<O>>;
  read(id: string, props?: O): Promise<dynamic.ReadResult<O>>;
  update(id: string, olds: O, news: I, context?: CallContext): Promise<dynamic.UpdateResult<O>>;
  delete(id: string, props: O, context?: CallContext): Promise<void>;
}

/** What the engine's record has of earlier runs. */
type EngineTraces = Pick<CallContext, "pending" | "updatesOfOthers">;

/**
 * The lifecycle that all resources have, around a vendor's own handlers: ownership,
 * take-over, "declared twice", the account check, the journal's entries, and "another
 * server means another resource".
 */
export function withLifecycle<S extends ManagedInputs, I extends S, O extends S & ManagedOutputs>(
  handlers: ResourceHandlers<I, O>,
  descriptor: LifecycleDescriptor<S>,
  journal: Journal,
  traces: EngineTraces = {},
): ManagedProvider<I, O> {
  return new Lifecycle<S, I, O>(handlers, descriptor, journal, traces);
}

class Lifecycle<S extends ManagedInputs, I extends S, O extends S & ManagedOutputs>
  implements ManagedProvider<I, O>
{
  readonly ownOutputs?: readonly string[];
  readonly #handlers: ResourceHandlers<I, O>;
  readonly #descriptor: LifecycleDescriptor<S>;
  readonly #journal: Journal;
  readonly #traces: EngineTraces;
  readonly #ownership = new Ownership();
  /** By remote id, the resource that declares it. Only what the program declares is checked. */
  readonly #declared = new Map<string, string>();
  /**
   * What was read and not compared since, with what the journal said of it. The engine
   * compares what it has just read, and a change is drift to it then.
   */
  readonly #refreshing = new Map<string, Recalled>();

  /** By resource, the write that its state knows: what replaces it is written later. */
  readonly #known = new Map<string, string>();
  /** By resource, what its create is to replace at another address. */
  readonly #replaced = new Map<string, readonly Replaced<O>[]>();
  /** By resource, the journal's things that it is, and is in the state. */
  readonly #things = new Map<string, Set<string>>();
  /** The journal as it was when this process first asked. */
  #entries: Promise<JournalListing> | undefined;

  constructor(
    handlers: ResourceHandlers<I, O>,
    descriptor: LifecycleDescriptor<S>,
    journal: Journal,
    traces: EngineTraces,
  ) {
    this.ownOutputs = handlers.ownOutputs;
    this.#handlers = handlers;
    this.#descriptor = descriptor;
    this.#journal = journal;
    this.#traces = traces;
  }

  async check(olds: Partial<I>, news: I): Promise<dynamic.CheckResult<I>> {
    // Before any resource of this run is written: the engine then forgets what was pending.
    await Promise.all([this.#lookForPending(news), this.#lookForUpdatesOfOthers(news)]);
    const failures = [...(await this.#handlers.validate(olds, news))];
    // An account that is not known yet says nothing.
    if (isUnknown(news.account)) return { inputs: news, failures };
    try {
      failures.push(...(await this.#handlers.validateWithAccount(olds, news)));
      failures.push(...this.#declaredByAnother(news));
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      failures.push(accountFailure(news.account, error));
    }
    const added = await this.#handlers.addedInputs?.(olds, news);
    return { inputs: added ? { ...news, ...added } : news, failures };
  }

  async diff(id: string, olds: O, news: I): Promise<dynamic.DiffResult> {
    this.#requireKnownSchema(id, olds);
    const { type, identity } = this.#descriptor;
    const readKey = this.#readKey(id, olds);
    const recalled = this.#refreshing.get(readKey);
    const refreshing = this.#refreshing.delete(readKey);
    this.#acquire(id, olds);
    if (news.__resource !== undefined && olds.__intent !== undefined)
      this.#known.set(news.__resource, olds.__intent);
    const things = [olds, news].flatMap((each) => this.#tryThings(each));
    things.push(...this.#tryThings(olds, id));
    await this.#abandonOthers(news, things, olds.__stack);
    const { key, entry, meaning } = recalled ?? (await this.#recall(id, olds, news, "declared"));
    const moved = this.#movedArguments(id, olds, news);
    if (moved.length > 0) this.#noteReplaced(id, olds, news);
    const mayBeGone = meaning === "delete" && moved.length === 0;
    const wasDeleted = mayBeGone && !(await this.#isThere(id, olds, key && entry));
    const doubtful = moved.length === 0 && !refreshing && !mayBeGone;
    const update = doubtful ? await this.#updateOfOthers(id, olds, news) : undefined;
    const present = update && (await this.#readAgain(id, olds, news));
    if (wasDeleted || (update && !present)) {
      const text = update
        ? describeGone(update)
        : "was deleted by a run that was cut off; it is created again";
      logInfo(type, this.#descriptor.label(olds), text);
      return { changes: true, replaces: [identity], deleteBeforeReplace: false };
    }
    const situation = { moved, refreshing, ...(present && { present }) };
    const result = await this.#handlers.diff(id, olds, news, situation);
    // Also after a delete: a vendor that schedules it says that the resource is there.
    const reapply = (meaning === "open" || meaning === "delete") && !refreshing;
    if (reapply) {
      const write = key
        ? `${entry?.operation} of ${entry?.intendedAt}`
        : `a pending ${entry?.operation} in the state, perhaps of another machine,`;
      logInfo(
        type,
        this.#descriptor.label(olds),
        `is applied again: ${write} has no known outcome`,
      );
    }
    const replaces = [...new Set([...(result.replaces ?? []), ...moved])];
    return { ...result, changes: result.changes || reapply || moved.length > 0, replaces };
  }

  async create(news: I, { signal }: CallContext = uncancelled): Promise<dynamic.CreateResult<O>> {
    const claim = newClaim();
    const remoteId = this.#descriptor.remoteId(news);
    await this.#abandonOthers(news, this.#tryThings(news));
    const names = this.#descriptor.names?.(news) ?? [];
    // By the first name it is looked for; by the others it is only known.
    const owned = remoteId === undefined ? names.slice(0, 1) : [remoteId];
    const own = (each: string) => {
      if (!this.#ownership.registerCreate(each, claim)) throw declaredTwice(this.#subject(news));
      owned.push(each);
    };
    const registered: string[] = [];
    for (const each of owned) {
      if (this.#ownership.registerCreate(each, claim)) registered.push(each);
      else {
        for (const name of registered) this.#ownership.release(name, claim);
        throw declaredTwice(this.#subject(news));
      }
    }
    try {
      const operation = this.#operation("create", undefined, news, news.__stack, signal, own);
      const created = await this.#keepMarks(operation, news, claim, () =>
        this.#handlers.create(news, operation, this.#replaced.get(news.__resource ?? "") ?? []),
      );
      await operation.complete(created.id);
      await this.#settle(news, created.id, operation.id);
      await this.#settlePending(news, news.__stack);
      return created;
    } catch (error) {
      if (!(error instanceof PartialFailure))
        for (const each of [...owned, ...names]) this.#ownership.markCreateFailed(each, claim);
      const isOurs = owned.some((each) => this.#ownership.isOwnedByAnother(each, claim));
      throw isOurs && isAlreadyThere(error) ? ownedByThisStack(error, this.#subject(news)) : error;
    } finally {
      // From now on the id tells it from all others.
      if (remoteId === undefined)
        for (const name of registered) this.#ownership.release(name, claim);
    }
  }

  async read(id: string, props = {} as O): Promise<dynamic.ReadResult<O>> {
    this.#requireKnownSchema(id, props);
    // A refresh empties the engine's record of pending operations, and no vendor shows all
    // that was written, such as a password.
    await this.#lookForPending(props);
    this.#acquire(id, props);
    const recalled = await this.#recall(id, props, {}, "maybe");
    const result = await this.#handlers.read(id, props, recalled.entry);
    if (!result.id) return result;
    this.#refreshing.set(this.#readKey(id, props), recalled);
    return { ...result, props: { ...result.props, ...marksOf(props) } as O };
  }

  async update(
    id: string,
    olds: O,
    news: I,
    { signal }: CallContext = uncancelled,
  ): Promise<dynamic.UpdateResult<O>> {
    this.#requireKnownSchema(id, olds);
    // Its account may have left the config; another account of the same server leads to
    // the same resource.
    const resource = {
      ...olds,
      account: news.account,
      __resource: news.__resource ?? olds.__resource,
    };
    this.#acquire(id, resource);
    const recalled = await this.#recall(id, resource, news, "declared");
    const own = (remoteId: string) => this.#ownership.acquire(remoteId, claimOf(olds));
    const operation = this.#operation("update", id, resource, news.__stack, signal, own, recalled);
    const work = () => this.#handlers.update(id, olds, news, operation);
    const updated = await this.#keepMarks(operation, olds, claimOf(olds) || newClaim(), work);
    await operation.complete(id);
    // A create of this resource that the state does not know has an entry of its own.
    if (recalled.key && recalled.key.thing !== this.#thing(resource, id))
      await this.#journal.drop(recalled.key, recalled.entry);
    await this.#settlePending(resource, news.__stack);
    return updated;
  }

  async delete(id: string, props: O, { signal }: CallContext = uncancelled): Promise<void> {
    this.#requireKnownSchema(id, props);
    const { type, keepsEntries, names } = this.#descriptor;
    const subject = { ...this.#subject(props), label: id };
    const remoteId = this.#descriptor.remoteId(props, id);
    const taker = keepsEntries ? undefined : await this.#taker(id, props);
    if (remoteId !== undefined && this.#ownership.release(remoteId, claimOf(props)))
      return logInfo(type, id, "is kept: another resource of this stack has it now");
    const all = [...(remoteId === undefined ? [] : [remoteId]), ...(names?.(props) ?? [])];
    const hasFailed = all.some((each) => this.#ownership.hasFailedCreate(each));
    // What is kept is only remembered here: the next create finds it.
    if (hasFailed && keepsEntries)
      return logInfo(type, id, "is kept for the resource of this stack that could not be created");
    // An error, so that it stays in the state: the next up takes it over or, if it is
    // declared no more, deletes it.
    if (taker || hasFailed) throw takeOverOpen(subject, taker && ownerOf(taker));
    // No look comes before the delete of a resource that is declared no more. So its create
    // may still be in the journal, by another thing than the one that the delete notes.
    const recalled = await this.#recall(id, props, {}, "maybe");
    const operation = this.#operation("delete", id, props, undefined, signal, () => {}, recalled);
    await this.#handlers.delete(id, props, operation);
    await operation.complete(id);
    await this.#settlePending(props);
  }

  /** What a newer release wrote may mean something else, so nothing is done with it. */
  #requireKnownSchema(id: string, { schemaVersion = 0 }: O): void {
    const { schemaVersion: known } = this.#descriptor;
    if (schemaVersion > known)
      throw stateNewer({ ...this.#descriptor, label: id }, known, schemaVersion);
  }

  async #lookForPending({ __stack: stack, __organization: organization }: S): Promise<void> {
    if (stack !== undefined) await this.#traces.pending?.look(this.#journal, stack, organization);
  }

  async #lookForUpdatesOfOthers({ __stack, __organization: organization }: S): Promise<void> {
    const { exists } = this.#handlers;
    if (exists && __stack !== undefined)
      await this.#traces.updatesOfOthers?.look(this.#journal, __stack, organization);
  }

  /** The failed update of another machine that may have written or deleted a resource. */
  async #updateOfOthers(id: string, olds: O, { __stack: stack, __resource: name }: I) {
    if (!this.#handlers.exists || stack === undefined) return undefined;
    const names = [name, olds.__resource];
    return await this.#traces.updatesOfOthers?.find(stack, this.#descriptor.type, names, id);
  }

  /** A resource as it is at the vendor now; undefined when it is gone. */
  async #readAgain(id: string, olds: O, { account }: I): Promise<O | undefined> {
    // Its account may have left the config; another account of the same server leads there.
    const isConfigured = Object.values(this.#serversOf(olds, id)).some(
      (each) => each !== undefined,
    );
    const state = isConfigured || isUnknown(account) ? olds : { ...olds, account };
    const found = await this.#handlers.read(id, state);
    return found.id ? (found.props as O) : undefined;
  }

  async #settlePending(resource: S, stack = resource.__stack): Promise<void> {
    const { __resource: name, __stack: earlier } = resource;
    if (stack === undefined || name === undefined) return;
    const { type } = this.#descriptor;
    await this.#traces.pending?.settle(this.#journal, [stack, earlier ?? stack], { type, name });
  }

  /**
   * The state names the write that it knows, and the identity that the resource was
   * created under: a renamed stack finds its entries by it.
   */
  async #keepMarks<R extends { outs?: O }>(
    operation: Operation,
    state: S & ManagedOutputs,
    claim: string,
    work: () => Promise<R>,
  ): Promise<R> {
    const marks = () => {
      const __intent = operation.id ?? state.__intent;
      return {
        __claim: claim,
        ...(state.__stack !== undefined && { __stack: state.__stack }),
        ...(__intent !== undefined && { __intent }),
      };
    };
    try {
      const result = await work();
      return { ...result, outs: { ...result.outs, ...marks() } as O };
    } catch (error) {
      if (error instanceof PartialFailure) Object.assign(error.properties, marks());
      throw error;
    }
  }

  #operation(
    operation: JournalWrite["operation"],
    id: string | undefined,
    resource: S & ManagedOutputs,
    programStack: string | undefined,
    signal: AbortSignal,
    own: (remoteId: string) => void,
    recalled?: Recalled,
  ): Operation {
    const { type, keepsEntries, label } = this.#descriptor;
    return new Operation({
      journal: this.#journal,
      write: {
        operation,
        type,
        resource: resource.__resource ?? "",
        ...(id !== undefined && { remoteId: id }),
        ...(resource.account !== undefined && { account: resource.account }),
      },
      stack: programStack,
      known: resource.__intent ?? this.#known.get(resource.__resource ?? ""),
      locate: async () => {
        const stacks = stacksOf(resource, programStack);
        const { key, entry } = await this.#locate(this.#thingsBy(resource, id), stacks);
        const isOpen =
          entry !== undefined &&
          (operation === "create" || classifyEntry(entry, resource) !== "known");
        return {
          key,
          present: entry,
          previous: keepsEntries ? undefined : isOpen ? entry : recalled?.entry,
        };
      },
      guard: ({ stack }, others) => {
        const other = others.find((each) => blocksCreate(each, stack));
        if (operation === "create" && other)
          throw otherStack(this.#subject(resource), other, stack, this.#journal.location);
      },
      isRepeated: recalled?.entry !== undefined && recalled.key === undefined,
      signal,
      own,
      log: (text) => logInfo(type, label(resource), text),
      warn: (text) => logWarning(type, label(resource), text),
    });
  }

  /**
   * Removes what earlier resources left in the journal. A create compares the remote object
   * with the declaration, or writes all of it, so no earlier write matters any more.
   */
  async #settle(news: I, id: string, intent: string | undefined): Promise<void> {
    const { vendor, keepsEntries } = this.#descriptor;
    if (keepsEntries || news.__stack === undefined) return;
    try {
      for (const thing of this.#allThings(news, id)) {
        const { key, entry } = await this.#journal.locate(vendor, thing, [news.__stack]);
        if (entry && entry.id !== intent) await this.#journal.drop(key, entry);
      }
    } catch (error) {
      // The next write reports a journal that cannot be read.
      if (!(error instanceof UcaasError)) throw error;
    }
  }

  /**
   * Marks what this resource began to create as another object: the declaration was changed
   * after a run was cut off. Nothing else would report it, since the resource is declared.
   *
   * @param things what the resource is now, and what it is in the state
   * @param earlier the stack's identity that the resource was created under
   */
  async #abandonOthers(
    news: I,
    things: readonly (string | undefined)[],
    earlier?: string,
  ): Promise<void> {
    const { type, vendor } = this.#descriptor;
    const { __resource: name, __stack: stack } = news;
    if (name === undefined || stack === undefined || hasUnknownArgument(news)) return;
    // An account that left the config, or what is not known yet.
    if (things.some((thing) => thing === undefined || thing === "")) return;
    const stacks = allIdentities(stack, [earlier]);
    const own = this.#things.get(name) ?? new Set();
    this.#things.set(name, own);
    for (const thing of things) own.add(thing as string);
    try {
      this.#entries ??= this.#journal.list(vendor);
      for (const entry of (await this.#entries).entries) {
        const isOthers = entry.vendor !== vendor || entry.type !== type || ownerOf(entry) !== name;
        if (isOthers || entry.operation !== "create" || own.has(entry.thing)) continue;
        if (entry.abandoned || !stacks.some((each) => isSameStack(entry.stack, each))) continue;
        await this.#journal.abandon(entry);
      }
    } catch (error) {
      // The next write reports a journal that cannot be used.
      if (!(error instanceof UcaasError)) throw error;
    }
  }

  /** Undefined also where the account left the config: that is an error elsewhere. */
  #tryThings(resource: S, id?: string): readonly (string | undefined)[] {
    try {
      return this.#thingsBy(resource, id);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return [undefined];
    }
  }

  /** What the journal says of a resource in the state; an entry that the state knows is dropped. */
  async #recall(
    id: string,
    state: O,
    program: ManagedInputs,
    standing: "declared" | "maybe",
  ): Promise<Recalled> {
    const { vendor, keepsEntries } = this.#descriptor;
    const { __stack: programStack, __resource: programName } = program;
    // Whose entries would they be?
    if ((state.__stack ?? programStack) === undefined) return {};
    try {
      if (keepsEntries) {
        await this.#handOver(id, state, program);
        return await this.#recallPending(id, state, programName);
      }
      let found: Recalled = {};
      for (const thing of this.#allThings(state, id)) {
        const { key, entry } = await this.#journal.locate(
          vendor,
          thing,
          stacksOf(state, programStack),
        );
        if (!entry) continue;
        const meaning = classifyEntry(entry, state);
        if (
          meaning === "known" ||
          (meaning === "other" && standing === "declared" && entry.id === undefined)
        )
          await this.#journal.drop(key, entry);
        else if (meaning === "other" && standing === "declared")
          found = { key, entry, meaning: "open" };
        else found = { key, entry, meaning };
      }
      return found.entry ? found : await this.#recallPending(id, state, programName);
    } catch (error) {
      // An account that left the config; or a journal that cannot be read, which stops a
      // write, but no look.
      if (!(error instanceof UcaasError) || error.code === "JOURNAL_UNREADABLE") throw error;
      return {};
    }
  }

  /**
   * The entry stays where the mark of the resource leads, and notes whose it is now. The next
   * write reports a journal that cannot be used.
   */
  async #handOver(id: string, state: O, { __stack: stack, __resource: resource }: ManagedInputs) {
    // A refresh and a delete know no program.
    if (stack === undefined) return;
    const { vendor } = this.#descriptor;
    const thing = this.#thing(state, id);
    const { entry } = await this.#journal.locate(vendor, thing, stacksOf(state, stack));
    if (!entry || entry.abandoned) return;
    const heldBy = otherHolder(entry, stack);
    if (entry.heldBy === heldBy) return;
    const owner = { heldBy, ...(resource !== undefined && { resource }) };
    await this.#journal.handOver(entry, owner).catch(() => {});
  }

  /** What another machine's run began and did not end: this journal has no entry of it. */
  async #recallPending(id: string, state: O, programName?: string): Promise<Recalled> {
    const { type, vendor, keepsEntries } = this.#descriptor;
    const { __resource, __stack: stack = "" } = state;
    // After a rename by alias, the state has the old name; the engine's record has the new one.
    const name = programName ?? __resource;
    if (name === undefined) return {};
    const found = await this.#traces.pending?.find({ type, name }, id);
    // Nothing is removed at such a vendor.
    if (!found || (keepsEntries && found.operation === "delete")) return {};
    const entry = { vendor, stack, thing: this.#thing(state, id), ...toEntry(found) };
    return { entry, meaning: found.operation === "delete" ? "delete" : "open" };
  }

  /** The entry of another resource that is about to take over what this one has. */
  async #taker(id: string, state: O): Promise<JournalEntry | undefined> {
    const entries = await Promise.all(
      [...this.#allThings(state, id)].map((thing) =>
        this.#journal.findThing(this.#descriptor.vendor, thing),
      ),
    );
    const { __stack: stack } = state;
    const own = stack === undefined ? undefined : await this.#journal.identitiesOf(stack);
    return entries
      .flat()
      .filter((entry) => own?.some((each) => isSameStack(entry.stack, each)) ?? true)
      .find((entry) => classifyEntry(entry, state) === "other");
  }

  /** @param entry what the journal has of the delete that was cut off */
  async #isThere(id: string, state: O, entry: JournalEntry | undefined): Promise<boolean> {
    if (!this.#handlers.exists) return true;
    try {
      return await this.#handlers.exists(id, state);
    } catch (error) {
      if (!(error instanceof UcaasError) || !entry) throw error;
      throw cannotTell(error, this.#subject(state), entry);
    }
  }

  #acquire(id: string, state: O): void {
    const remoteId = this.#tryRemoteId(state, id);
    if (remoteId !== undefined) this.#ownership.acquire(remoteId, claimOf(state));
  }

  /**
   * Undefined also where the account left the config, or lacks something: that is an
   * error elsewhere.
   */
  #tryRemoteId(resource: S, id?: string): string | undefined {
    try {
      return this.#descriptor.remoteId(resource, id);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      return undefined;
    }
  }

  #thing(resource: S, id: string | undefined): string {
    const { journalThing, remoteId } = this.#descriptor;
    return journalThing?.(resource, id) ?? remoteId(resource, id) ?? "";
  }

  /** What the journal may have a resource by; what it is written by first. */
  #thingsBy(resource: S, id: string | undefined): readonly [string, ...string[]] {
    const { earlierThing } = this.#descriptor;
    const thing = this.#thing(resource, id);
    const earlier = id === undefined ? earlierThing?.(resource) : undefined;
    return earlier === undefined || earlier === thing ? [thing] : [thing, earlier];
  }

  /** The same from before its create on. */
  #allThings(resource: S, id: string): ReadonlySet<string> {
    return new Set([...this.#thingsBy(resource, undefined), this.#thing(resource, id)]);
  }

  /** The entry of the first of these things that has one, or where the first would have it. */
  async #locate([thing, ...others]: readonly [string, ...string[]], stacks: readonly string[]) {
    const { vendor } = this.#descriptor;
    const own = await this.#journal.locate(vendor, thing, stacks);
    if (own.entry) return own;
    for (const other of others) {
      const located = await this.#journal.locate(vendor, other, stacks);
      if (located.entry) return located;
    }
    return own;
  }

  #subject(resource: S): ErrorSubject {
    const { vendor, noun, identity, label } = this.#descriptor;
    return { vendor, noun, identity, label: label(resource) };
  }

  /** Two resources are one object while one is renamed. */
  #readKey(id: string, props: O): string {
    return `${props.account} ${id} ${claimOf(props)}`;
  }

  /** Two that are carried out one after the other would each overwrite what the other declares. */
  #declaredByAnother(news: I): dynamic.CheckFailure[] {
    const { identity, noun } = this.#descriptor;
    const { __resource: name } = news;
    const remoteId = this.#tryRemoteId(news);
    if (name === undefined || remoteId === undefined) return [];
    const key = inOneSpelling(remoteId);
    const other = this.#declared.get(key) ?? name;
    this.#declared.set(key, other);
    if (other === name) return [];
    return [
      {
        property: identity,
        reason: `is declared by ${other} too; each would overwrite the other's ${noun}`,
      },
    ];
  }

  #movedArguments(id: string, olds: O, news: I): string[] {
    const [before, now] = [this.#serversOf(olds, id), this.#serversOf(news)];
    return Object.keys(now).filter(
      (name) => before[name] !== undefined && now[name] !== undefined && before[name] !== now[name],
    );
  }

  /** Two resources in different components may have one name. */
  #noteReplaced(id: string, state: O, { __resource: name = "" }: I): void {
    this.#replaced.set(name, [...(this.#replaced.get(name) ?? []), { id, state }]);
  }

  #serversOf(resource: S, id?: string) {
    try {
      return this.#descriptor.servers(resource, id);
    } catch (error) {
      // Of an account that is not configured nothing can be known.
      if (!(error instanceof UcaasError)) throw error;
      return {};
    }
  }
}

function describeGone({ startedAt }: StackUpdate): string {
  return [
    `is gone; the update of ${startedAt} may have deleted it, which failed with another journal.`,
    "It is created again. If it is protected: run pulumi up --refresh",
  ].join(" ");
}

interface Recalled {
  /** Absent where the journal has no such entry. */
  readonly key?: JournalKey;
  readonly entry?: JournalEntry;
  readonly meaning?: ReturnType<typeof classifyEntry>;
}

/** The identity that the resource was created under, then that of the program. */
function stacksOf({ __stack }: ManagedInputs, programStack: string | undefined): string[] {
  return [
    ...new Set([__stack, programStack ?? __stack ?? ""].filter((stack) => stack !== undefined)),
  ];
}

function marksOf({ __claim, __intent }: ManagedOutputs): ManagedOutputs {
  return { ...(__claim !== undefined && { __claim }), ...(__intent !== undefined && { __intent }) };
}
