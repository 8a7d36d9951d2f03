import { openIntents } from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import {
  type DiffSituation,
  type ManagedInputs,
  type ManagedOutputs,
  type ResourceHandlers,
  withLifecycle,
} from "../../provider/runtime/lifecycle.ts";
import type { Operation } from "../../provider/runtime/operation.ts";
import { OwnRuns } from "../../provider/runtime/own-runs.ts";
import { PendingOperations } from "../../provider/runtime/pending-operations.ts";
import type { RecordedResource, StackUpdate } from "../../provider/runtime/stack-record.ts";
import { UpdatesOfOthers } from "../../provider/runtime/updates-of-others.ts";

const type = "FakeAccount";

interface Inputs extends ManagedInputs {
  readonly name: string;
  readonly seats: number;
}
type Outputs = Inputs & ManagedOutputs;

export class Killed extends Error {}

/** What tells an account from all others: its name, or an id that the vendor gives. */
export type Identity = "name" | "id";

interface Account {
  readonly name: string;
  readonly seats: number;
}

/**
 * A vendor whose accounts have seats. The process may be killed before or after it acts
 * on a write. Where accounts have ids, nothing keeps two of them from having one name.
 */
class Vendor {
  /** By id. */
  readonly accounts = new Map<string, Account>();
  /** Names of what was deleted. */
  readonly deleted: string[] = [];
  /** A look shows whether an account is there, and not its seats. */
  isWriteOnly = true;
  readonly #identity: Identity;
  /** Of each account that ever was. */
  readonly #names = new Map<string, string>();
  /** What its list does not show yet. */
  #late = new Set<string>();
  #writesLeft = Infinity;
  #acts = true;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  killAt(write: number, acts: boolean): void {
    this.#writesLeft = write;
    this.#acts = acts;
  }

  create(account: Account): string {
    const id = this.#identity === "name" ? account.name : `#${this.#names.size + 1}`;
    this.#write(() => {
      this.accounts.set(id, account);
      this.#names.set(id, account.name);
      this.#late.add(id);
    });
    return id;
  }

  update(id: string, seats: number): void {
    this.#write(() => this.accounts.set(id, { name: this.nameOf(id), seats }));
  }

  delete(id: string): void {
    this.#write(() => {
      if (this.accounts.delete(id)) this.deleted.push(this.nameOf(id));
    });
  }

  /** Time passes. */
  settle(): void {
    this.#late = new Set();
  }

  /** A look that does not wait misses what was created a moment ago. */
  find(name: string, waits: boolean): string | undefined {
    const shown = [...this.accounts].filter(([id]) => waits || !this.#late.has(id));
    return shown.find(([, account]) => account.name === name)?.[0];
  }

  /** The name of what an id or a name stands for. */
  nameOf(text: string): string {
    return this.#names.get(text) ?? text;
  }

  seatsOf(name: string): number | undefined {
    return this.all(name)[0]?.seats;
  }

  all(name: string): Account[] {
    return [...this.accounts.values()].filter((account) => account.name === name);
  }

  #write(act: () => void): void {
    if (this.#writesLeft <= 0) throw new Killed();
    const last = --this.#writesLeft <= 0;
    if (!last || this.#acts) act();
    if (last) throw new Killed();
  }
}

class Handlers implements ResourceHandlers<Inputs, Outputs> {
  readonly #vendor: Vendor;
  constructor(vendor: Vendor) {
    this.#vendor = vendor;
  }
  validate = () => [];
  validateWithAccount = () => [];
  async diff(_id: string, olds: Outputs, news: Inputs, { present }: DiffSituation<Outputs>) {
    const isUnseen = present !== undefined && this.#vendor.isWriteOnly;
    return {
      changes: olds.seats !== news.seats || (present ?? olds).seats !== news.seats || isUnseen,
      replaces: olds.name === news.name ? [] : ["name"],
      deleteBeforeReplace: false,
    };
  }
  async create(news: Inputs, operation: Operation) {
    const earlier = await operation.recall();
    const present = this.#vendor.find(news.name, earlier !== undefined);
    await operation.intend(news.name, null);
    if (present === undefined) {
      const id = this.#vendor.create(news);
      operation.own(`fake ${id}`);
      return { id, outs: news };
    }
    operation.own(`fake ${present}`);
    this.#vendor.update(present, news.seats);
    return { id: present, outs: news };
  }
  async read(id: string, props: Outputs) {
    const account = this.#vendor.accounts.get(id);
    if (!account) return { id: undefined, props };
    return { id, props: this.#vendor.isWriteOnly ? props : { ...props, seats: account.seats } };
  }
  exists = async (id: string) => this.#vendor.accounts.has(id);
  async update(id: string, _olds: Outputs, news: Inputs, operation: Operation) {
    await operation.intend(news.seats, null);
    this.#vendor.update(id, news.seats);
    return { outs: news };
  }
  async delete(id: string, _props: Outputs, operation: Operation) {
    await operation.intend(id, null);
    this.#vendor.delete(id);
  }
}

const tellers = {
  name: { remoteId: ({ name }: Inputs, id = name) => `fake ${id}` },
  id: {
    remoteId: (_: Inputs, id?: string) => id && `fake ${id}`,
    names: ({ name }: Inputs) => [`fake ${name}`],
    journalThing: ({ name }: Inputs, id = name) => `fake ${id}`,
  },
} as const;

/**
 * A stack over many runs, each in a process of its own, with the engine's part played here.
 * Each machine has a journal of its own.
 */
export class Stack {
  readonly vendor: Vendor;
  /** The engine is killed after a step, before its checkpoint, when so many have been saved. */
  checkpointsLeft = Infinity;
  /** What a kill hits: all, or the provider's process alone, whose update the engine ends. */
  killed: "all" | "provider" = "all";
  /** Its identity, which a rename changes. */
  stack = "shop/live";
  readonly state = new Map<string, { id: string; outs: Outputs; modified: string }>();
  readonly journal: Journal;
  readonly #journals: readonly Journal[];
  readonly #ownRuns: readonly OwnRuns[];
  /** What was replaced and is not deleted yet: the engine keeps it in the state. */
  readonly #replaced: { resource: string; id: string; outs: Outputs; modified: string }[] = [];
  /** What the engine has as begun. A run that writes forgets what an earlier one left. */
  #pending: { run: number; type: string; resource: RecordedResource }[] = [];
  #run = 0;
  /** The latest first. */
  #updates: StackUpdate[] = [];

  readonly #identity: Identity;
  readonly #asksEngine: boolean;

  /**
   * @param folders the journal's, of each machine
   * @param asksEngine for pending operations, which not every run can
   */
  constructor(folders: readonly string[], identity: Identity = "name", asksEngine = true) {
    this.vendor = new Vendor(identity);
    this.#identity = identity;
    this.#asksEngine = asksEngine;
    const configs = folders.map((folder) => ({
      get: (name: string) => (name === "ucaas:journalDir" ? folder : undefined) as never,
    }));
    this.#journals = configs.map((config) => new Journal(config));
    this.#ownRuns = configs.map((config) => new OwnRuns(config));
    [this.journal] = this.#journals as [Journal];
  }

  async up(program: Readonly<Record<string, Inputs>>, machine = 0): Promise<void> {
    const startedAt = toSecond(new Date());
    await this.#ownRuns[machine]?.note(this.stack);
    try {
      await this.#up(program, machine);
      this.#updates = this.#updates.map((each) => ({ ...each, isLast: false }));
      this.#record(startedAt, false);
    } catch (error) {
      if (!(error instanceof Killed) || this.killed === "provider") this.#record(startedAt, true);
      throw error;
    }
  }

  /** What the engine notes of an update that it has ended itself. */
  #record(startedAt: string, failed: boolean): void {
    const endedAt = toSecond(new Date());
    this.#updates.unshift({ startedAt, endedAt, failed, isLast: true, isBeforeDestroy: false });
  }

  async #up(program: Readonly<Record<string, Inputs>>, machine: number): Promise<void> {
    this.#run++;
    const provider = withLifecycle<Inputs, Inputs, Outputs>(
      new Handlers(this.vendor),
      {
        type,
        vendor: "fake",
        noun: "account",
        schemaVersion: 1,
        identity: "name",
        label: ({ name }) => name,
        ...tellers[this.#identity],
        servers: () => ({}),
      },
      this.#journals[machine] as Journal,
      this.#asksEngine ? this.#traces() : {},
    );
    for (const [resource, inputs] of Object.entries(program)) {
      const news = { ...inputs, __stack: this.stack, __resource: resource };
      const old = this.state.get(resource);
      await provider.check({}, news);
      const { changes, replaces = [] } = old ? await provider.diff(old.id, old.outs, news) : {};
      if (!old || replaces.length > 0) {
        const { id, outs } = await this.#step("creating", resource, "", news, () =>
          provider.create(news),
        );
        this.state.set(resource, { id, outs: outs as Outputs, modified: toSecond(new Date()) });
        if (old) this.#replaced.push({ resource, ...old });
      } else if (changes) {
        const { outs } = await this.#step("updating", resource, "", news, () =>
          provider.update(old.id, old.outs, news),
        );
        const modified = toSecond(new Date());
        this.state.set(resource, { id: old.id, outs: outs as Outputs, modified });
      }
    }
    for (const old of [...this.#replaced]) {
      const { resource, id, outs } = old;
      await this.#step("deleting", resource, id, outs, () => provider.delete(id, outs));
      this.#replaced.splice(this.#replaced.indexOf(old), 1);
    }
    for (const [resource, { id, outs }] of [...this.state].filter(([name]) => !program[name])) {
      await this.#step("deleting", resource, id, outs, () => provider.delete(id, outs));
      this.state.delete(resource);
    }
  }

  /** By alias: the engine keeps the outputs, which have the old name. */
  rename(from: string, to: string): void {
    this.state.set(to, this.state.get(from)!);
    this.state.delete(from);
  }

  /** One step of the engine, which is killed together with the provider. */
  async #step<Result>(
    kind: string,
    name: string,
    id: string,
    inputs: Inputs,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const resource = recorded(name, id, { ...inputs }, toSecond(new Date()));
    const operation = { run: this.#run, type: kind, resource };
    this.#pending = [...this.#pending.filter(({ run }) => run === this.#run), operation];
    let killed = false;
    try {
      const result = await work();
      if (this.checkpointsLeft-- <= 0) throw new Killed();
      this.vendor.settle();
      return result;
    } catch (error) {
      killed = error instanceof Killed;
      throw error;
    } finally {
      if (!killed || this.killed === "provider")
        this.#pending = this.#pending.filter((each) => each !== operation);
    }
  }

  /** What `pulumi stack export` and `pulumi stack history` print. */
  #traces() {
    const readStackState = async () => {
      const live = [...this.state].map(([name, { id, outs, modified }]) =>
        recorded(name, id, { ...outs }, modified),
      );
      const replaced = this.#replaced.map(({ resource, id, outs, modified }) => ({
        ...recorded(resource, id, { ...outs }, modified),
        delete: true,
      }));
      return { resources: [provider, ...live, ...replaced], pending: this.#pending };
    };
    const readUpdates = async () => this.#updates;
    return {
      pending: new PendingOperations(readStackState),
      updatesOfOthers: new UpdatesOfOthers({ readStackState, readUpdates }),
    };
  }

  /** What `ucaas drift` reports. */
  async reported(): Promise<string[]> {
    const resources = [...this.state].map(([name, { outs }]) => ({
      type,
      name,
      outputs: { ...outs },
    }));
    return openIntents((await this.journal.list()).entries, this.stack, resources).map(
      ({ thing }) => this.vendor.nameOf(thing.replace("fake ", "")),
    );
  }
}

const provider: RecordedResource = {
  urn: "urn:pulumi:live::shop::pulumi:providers:pulumi-nodejs::default",
  type: "pulumi:providers:pulumi-nodejs",
};

function recorded(
  name: string,
  id: string,
  properties: Record<string, unknown>,
  modified: string,
): RecordedResource {
  const urn = `urn:pulumi:live::shop::pulumi-nodejs:dynamic/ucaas:${type}::${name}`;
  const outputs = { __intent: properties.__intent };
  return { urn, type, id, modified, inputs: properties, outputs };
}

/** The engine's history has no parts of a second. */
function toSecond(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
