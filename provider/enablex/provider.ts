import type { dynamic } from "@pulumi/pulumi";
import type { z } from "zod";
import { Accounts } from "../runtime/accounts.ts";
import type { CallContext } from "../runtime/cancellation.ts";
import { configKey } from "../runtime/config.ts";
import { changedNothing, PartialFailure, UcaasError } from "../runtime/errors.ts";
import { vendorId } from "../runtime/identifiers.ts";
import { isIgnored } from "../runtime/ignored-changes.ts";
import { sentFields } from "../runtime/intents.ts";
import { Journal, type JournalEntry } from "../runtime/journal.ts";
import {
  type DiffSituation,
  type LifecycleDescriptor,
  type ManagedInputs,
  type Replaced,
  type ResourceHandlers,
  withLifecycle,
} from "../runtime/lifecycle.ts";
import { keptForTaker, replacedIsHere } from "../runtime/lifecycle-errors.ts";
import { logInfo, logWarning } from "../runtime/log.ts";
import type { Operation as Intent } from "../runtime/operation.ts";
import { valueAt } from "../runtime/own-property.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { readStackState, type StackState } from "../runtime/stack-record.ts";
import { isUnknown } from "../runtime/unknown.ts";
import { validate } from "../runtime/validation.ts";
import { isSameServer } from "./account-mark.ts";
import { adoption, type Origin } from "./adoption.ts";
import { EnableXClient } from "./client.ts";
import { enablexConfig } from "./config.ts";
import { unlistedCountry } from "./countries.ts";
import type { CreatedObject, LastLook } from "./create-batch.ts";
import type { CreateResult } from "./create-once.ts";
import {
  accountChanged,
  begunByAnother,
  deleteRefused,
  describeRecord,
  duplicate,
  identityTaken,
  notAdopted,
  notReplaced,
  orphanWarning,
  problemsOfOthers,
  sharedObject,
  stillHeld,
  strangerFound,
} from "./errors.ts";
import {
  type ApiRecord,
  changedFields,
  type Difference,
  declaredFields,
  expectedInList,
  type Field,
  formatDifferences,
  type Properties,
  removedFields,
  set,
} from "./fields.ts";
import { FoundObjects } from "./found-objects.ts";
import { Holders } from "./holders.ts";
import { Operation } from "./operation.ts";
import { toOutputs } from "./outputs.ts";
import {
  chooseSearch,
  identifyingIn,
  identifyingOf,
  isSameObject,
  toIdentities,
  toLabel,
  toPlainLabel,
} from "./resource-id.ts";
import { customerType, type ResourceType, subscriptionType, userType } from "./resource-types.ts";
import { newCountries, ruleFailures } from "./rules.ts";
import {
  customerSchema,
  type EnableXInputs,
  type EnableXOutputs,
  schemaVersion,
  subscriptionSchema,
  userSchema,
} from "./schema.ts";
import { waitFor } from "./wait-for.ts";
import { isOfAnother, type NotedWrite, noteOf, type WriteNote } from "./write-note.ts";

type EnableXAccounts = Accounts<typeof enablexConfig, EnableXClient>;

/**
 * One client an account for all three resources, so that they share its login, its
 * connections and its lists.
 */
export function enablexProviders(
  source: dynamic.Config,
  context?: CallContext,
  readState: (stack: string) => Promise<StackState> = (name) => readStackState(name, []),
) {
  const accounts = new Accounts(
    enablexConfig,
    source,
    (config) => new EnableXClient(config, { signal: context?.signal }),
  );
  const journal = new Journal(source);
  const provider = (kind: ResourceType, schema: z.ZodObject) =>
    withLifecycle(
      new EnableXHandlers(kind, schema, accounts, readState),
      descriptorOf(kind, accounts),
      journal,
      context,
    );
  return {
    customer: provider(customerType, customerSchema),
    subscription: provider(subscriptionType, subscriptionSchema),
    user: provider(userType, userSchema),
  };
}

function descriptorOf(
  kind: ResourceType,
  accounts: EnableXAccounts,
): LifecycleDescriptor<EnableXInputs> {
  const thing = ({ account }: EnableXInputs, name: string) =>
    `${accounts.config(account).baseUrl} ${kind.name} ${name}`;
  return {
    type: kind.type,
    vendor: "enablex",
    noun: kind.name,
    schemaVersion,
    identity: kind.searches[0]?.properties.at(-1) ?? "",
    label: (inputs) => toLabel(kind, inputs),
    // The server gives the id.
    remoteId: ({ account }, id) =>
      id === undefined ? undefined : objectAt(accounts.client(account), id),
    names: (inputs) =>
      toIdentities(kind, accounts.client(inputs.account), inputs).map(({ key }) => key),
    journalThing: (inputs, id) =>
      thing(inputs, id === undefined ? toLabel(kind, inputs) : `id ${id}`),
    // Earlier releases noted secrets too.
    earlierThing: (inputs) => thing(inputs, toPlainLabel(kind, inputs)),
    servers: ({ account }) => ({
      account: isUnknown(account) ? undefined : accounts.config(account).baseUrl,
    }),
  };
}

/** What an existing thing is, and whether this stack made it. */
interface Existing {
  readonly row: ApiRecord;
  readonly origin: Origin;
}

/**
 * How far a create has come before the look at the list: it took over what exists, or
 * created an object.
 */
type Creation = { readonly op: Operation; readonly object?: CreatedObject } & (
  | { readonly result: dynamic.CreateResult<EnableXOutputs> }
  | { readonly result?: undefined; readonly id: string; readonly reply: ApiRecord | undefined }
);

/** An object at its server: two servers may give the same id. */
function objectAt({ baseUrl }: Pick<EnableXClient, "baseUrl">, id: string | undefined): string {
  return `${baseUrl} ${id}`;
}

/** Undefined where the config has no such account, or not all of it. */
function addressOf(accounts: EnableXAccounts, account: string | undefined): string | undefined {
  try {
    return accounts.client(account).baseUrl;
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return undefined;
  }
}

/** Whether an answer says that a look is not allowed or not understood: the object is not shown. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof UcaasError)) return false;
  return changedNothing(error) && error.status !== undefined && error.code !== "RATE_LIMITED";
}

function withProblem(
  result: dynamic.CreateResult<EnableXOutputs>,
  problem: UcaasError | undefined,
) {
  if (problem) throw new PartialFailure(result.id, result.outs ?? {}, problem);
  return result;
}

/** Implements all three EnableX resources. `resource-types.ts` says what differs between them. */
class EnableXHandlers implements ResourceHandlers<EnableXInputs, EnableXOutputs> {
  readonly #kind: ResourceType;
  readonly #schema: z.ZodObject;
  readonly #accounts: EnableXAccounts;
  readonly #holders: Holders;
  readonly #found: FoundObjects;

  constructor(
    kind: ResourceType,
    schema: z.ZodObject,
    accounts: EnableXAccounts,
    readState: (stack: string) => Promise<StackState>,
  ) {
    this.#kind = kind;
    this.#schema = schema;
    this.#accounts = accounts;
    this.#found = new FoundObjects(kind);
    this.#holders = new Holders(kind, {
      toObject: (account, id) => {
        const baseUrl = addressOf(accounts, account);
        return baseUrl && objectAt({ baseUrl }, id);
      },
      readState,
    });
  }

  /** What is ignored is what the server had at the last refresh. A create ignores nothing. */
  validate(olds: Partial<EnableXInputs>, news: EnableXInputs): dynamic.CheckFailure[] {
    const failures = [...validate(this.#schema, news), ...ruleFailures(this.#kind, news)];
    const ignoring = isNew(olds) ? {} : news;
    return failures.filter(({ property }) => !isIgnored(ignoring, property));
  }

  async validateWithAccount(
    olds: Partial<EnableXInputs>,
    news: EnableXInputs,
  ): Promise<dynamic.CheckFailure[]> {
    const client = this.#accounts.client(news.account);
    const [identity] = toIdentities(this.#kind, client, news);
    const { __resource: name }: ManagedInputs = news;
    if (name !== undefined && identity) this.#holders.declare(name, identity.key);
    const failures = await this.#unlistedCountries(client, newCountries(olds, news));
    if (isNew(olds) && failures.length === 0 && this.validate(olds, news).length === 0)
      client.creates(this.#kind).announce();
    return failures;
  }

  async diff(
    id: string,
    olds: EnableXOutputs,
    news: EnableXInputs,
    { moved, present }: DiffSituation<EnableXOutputs>,
  ): Promise<dynamic.DiffResult> {
    const account = isUnknown(news.account) ? olds.account : news.account;
    const { routes } = this.#accounts.config(account);
    const address = addressOf(this.#accounts, olds.account) ?? addressOf(this.#accounts, account);
    if (address !== undefined) this.#found.noteCompared(address, id, olds, news);
    const changedSince = (before: EnableXOutputs) =>
      changedFields(this.#kind, before, news, routes)
        .map(({ property }) => property)
        .filter((property) => !isIgnored(news, property));
    const changed = changedSince(olds);
    // No update sends what is fixed.
    const differing = (present ? changedSince(present) : []).filter(
      (property) => !this.#kind.fixed.includes(property),
    );
    const replaces = changed.filter(
      (property) =>
        this.#kind.fixed.includes(property) &&
        olds[property] !== undefined &&
        news[property] !== undefined,
    );
    if (replaces.length === 0 && moved.length === 0) this.#requireOwnObject(id, account, news);
    return {
      changes:
        changed.length > 0 || differing.length > 0 || (olds.account ?? "") !== (news.account ?? ""),
      replaces,
      // What is made before the old one is deleted would find the old one at the same
      // server, and take it over.
      deleteBeforeReplace: moved.length === 0 && routes[`${this.#kind.name}Delete`] !== "none",
    };
  }

  /**
   * Two resources of one object would each overwrite what the other declares.
   *
   * @throws {UcaasError} `DECLARED_TWICE`
   */
  #requireOwnObject(id: string, account: string | undefined, news: EnableXInputs): void {
    const { __resource: name }: ManagedInputs = news;
    if (name === undefined || this.#holders.identityOf(name) === undefined) return;
    const other = this.#holders.hold(objectAt(this.#accounts.client(account), id), name);
    if (other !== undefined) throw sharedObject(this.#kind, id, [other, name]);
  }

  async create(
    news: EnableXInputs,
    intent: Intent,
    replaced: readonly Replaced<EnableXOutputs>[] = [],
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const batch = this.#accounts.client(news.account).creates(this.#kind);
    batch.begin();
    const creation = await this.#create(news, intent, replaced).catch(async (error: unknown) => {
      const { __resource: name }: ManagedInputs = news;
      if (!(error instanceof PartialFailure)) {
        this.#holders.release(name);
        this.#found.noteFailedCreate(news);
      }
      const look = await this.#lastLook(news, batch.finish());
      for (const problem of look?.takeProblems() ?? []) this.#warn(news, problem.message);
      throw error;
    });
    return await this.#verified(
      creation,
      await this.#lastLook(news, batch.finish(creation.object)),
    );
  }

  /** A list that cannot be read after the creates costs none of them its place in the state. */
  async #lastLook(
    news: EnableXInputs,
    looking: Promise<LastLook | undefined>,
  ): Promise<LastLook | undefined> {
    try {
      return await looking;
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      this.#tell(
        news,
        `whether another stack created the same ${this.#kind.name} could not be checked: ${error.message}`,
      );
      return { rows: () => [], takeProblems: () => [] };
    }
  }

  async #create(
    news: EnableXInputs,
    intent: Intent,
    replaced: readonly Replaced<EnableXOutputs>[],
  ): Promise<Creation> {
    const op = await this.#operation("create", news);
    op.requireListedCountries();
    const earlier = (await intent.recall()) as JournalEntry<WriteNote> | undefined;
    await this.#requireOtherServer(op, replaced, noteOf(earlier));
    const existing = await this.#existing(op, earlier);
    if (existing) return { op, result: await this.#takeOver(op, existing, intent) };

    const about = { fields: namesOf(op.fields), seenBy: op.client.mark };
    await intent.intend(op.sentFields, about);
    const created = await this.#send(op, intent);
    if (created.outcome === "created") {
      await intent.note({ ...about, id: created.id }, created.id);
      this.#own(intent, op, created.id);
      const object =
        op.identity &&
        op.created(op.identity, created.id, op.completeOf([created.row]) !== undefined);
      return { op, object, id: created.id, reply: created.row };
    }
    // Found and not answered, it could be what another stack created in this moment: it
    // is ours only when it is as declared.
    const result = await this.#takeOver(
      op,
      { row: await op.readExisting(created.id), origin: "perhaps ours" },
      intent,
    );
    // An earlier try may have arrived as well; if so, both are named.
    await op.find();
    return { op, result };
  }

  /**
   * The outcome of a create, after the look at the list that all creates of the run
   * share, if this is one of the last.
   */
  async #verified(
    creation: Creation,
    look: LastLook | undefined,
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const result = await this.#ownResult(creation, look).catch((error: unknown) => {
      // This create reports the others' problems beside its own: no other create has them.
      if (error instanceof PartialFailure)
        error.reasons.push(...(look?.takeProblems() ?? []).map(({ message }) => message));
      throw error;
    });
    const [first, ...rest] = look?.takeProblems() ?? [];
    return withProblem(
      result,
      first && problemsOfOthers(this.#kind, creation.op.name, [first, ...rest]),
    );
  }

  async #ownResult(
    creation: Creation,
    look: LastLook | undefined,
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    if (creation.result) return creation.result;
    const { op, object, id, reply } = creation;
    if (!look && object)
      return { id, outs: toOutputs(this.#kind, id, op.news, reply ?? {}, [], op.client.mark) };
    const rows = (look && object && look.rows(object.identity)) ?? [];
    const own = await this.#result(op, id, [], [reply, ...rows]);
    return withProblem(own, rows.length > 1 ? op.ambiguous(rows, id) : undefined);
  }

  /**
   * A create at a second address of one server would take over the object, and the delete
   * of what it replaces would remove it.
   *
   * @throws {UcaasError} `ALREADY_EXISTS`
   */
  async #requireOtherServer(
    op: Operation,
    replaced: readonly Replaced<EnableXOutputs>[],
    noted: NotedWrite,
  ): Promise<void> {
    const kind = this.#kind;
    const { client, news } = op;
    const { __resource: name }: ManagedInputs = news;
    for (const { id, state } of replaced) {
      // An earlier run made it here, after this look.
      if (vendorId(noted.id) === id && !noted.adopting) continue;
      if (!(await this.#mayShow(op, id, state))) continue;
      this.#found.noteFound(client.baseUrl, id, identifyingIn(kind, state), news);
      throw replacedIsHere(
        { vendor: "enablex", noun: kind.name, label: toLabel(kind, news) },
        name,
        [this.#accounts.config(state.account).baseUrl, client.baseUrl],
        [[configKey("enablex", "baseUrl", state.account), client.baseUrl]],
        kind.name === "customer",
      );
    }
  }

  /** Whether the address of a create may lead to what it replaces. */
  async #mayShow({ client, news }: Operation, id: string, state: EnableXOutputs): Promise<boolean> {
    const kind = this.#kind;
    try {
      const row = await client.read(kind, id);
      return (
        row !== undefined && isSameObject(kind, client, identifyingOf(kind, client, row), state)
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    // The id may be another reseller's there, or of no form that it knows. What the create
    // would take over is found by what identifies it.
    for (const inputs of [state, news]) {
      if (toIdentities(kind, client, inputs).length === 0) return true;
      const rows = await client.find(kind, chooseSearch(kind, inputs), inputs);
      if (rows.length > 0) return true;
    }
    return false;
  }

  async read(id: string, props: EnableXOutputs): Promise<dynamic.ReadResult<EnableXOutputs>> {
    const op = await this.#operation("read", props, id);
    const wires = expectedInList(this.#kind, op.fields);
    if (!isSameServer(props.__seenBy ?? op.client.mark, op.client.mark))
      wires.push(...this.#identifyingWires(op.client));
    const row = await op.client.readTogether(this.#kind, id, wires);
    this.#requireSameObject(op.client, op.name, props, row);
    if (!row) return { id: undefined, props: {} as EnableXOutputs };
    const outputs = toOutputs(this.#kind, id, props, row, op.differences(row), op.client.mark);
    return { id, props: outputs, inputs: this.#inputsIn(outputs) };
  }

  /** A row of the list that lacks one of these says nothing of whose it is. */
  #identifyingWires({ routes }: EnableXClient): string[] {
    const wires: Record<string, string> = routes[`${this.#kind.name}Fields`];
    return this.#kind.searches
      .flatMap(({ properties }) => properties.map((property) => wires[property] ?? property))
      .filter((wire) => wire !== "none");
  }

  async exists(id: string, props: EnableXOutputs): Promise<boolean> {
    const client = this.#accounts.client(props.account);
    const row = await client.read(this.#kind, id);
    this.#requireSameObject(client, `read ${this.#kind.name} ${id}`, props, row);
    return row !== undefined;
  }

  /**
   * What another reseller does not see is not gone: it would be created again, and billed
   * twice. What another server has under the same id is a stranger's. On one server an id
   * is unique, whatever was changed in the portal.
   *
   * @param later what may have come after the state: the declaration of an update, and the
   *   mark of its open write
   * @throws {UcaasError} `ACCOUNT_CHANGED`
   */
  #requireSameObject(
    client: EnableXClient,
    operation: string,
    props: EnableXOutputs,
    row: ApiRecord | undefined,
    later: { readonly news?: EnableXInputs; readonly seenBy?: string } = {},
  ): void {
    const { __seenBy: mark = client.mark } = props;
    if (mark === client.mark) return;
    if (!row) throw accountChanged(this.#kind, operation, props);
    if ([mark, later.seenBy ?? ""].some((each) => isSameServer(each, client.mark))) return;
    const shown = identifyingOf(this.#kind, client, row);
    const { news = props } = later;
    const hasIdentity = (each: Properties) => toIdentities(this.#kind, client, each).length > 0;
    // A declaration without code and email would leave the name alone.
    const known = hasIdentity(news) || !hasIdentity(props) ? [props, news] : [props];
    if (!known.some((each) => isSameObject(this.#kind, client, shown, each)))
      throw strangerFound(this.#kind, operation, props);
  }

  async update(
    id: string,
    state: EnableXOutputs,
    news: EnableXInputs,
    intent: Intent,
  ): Promise<dynamic.UpdateResult<EnableXOutputs>> {
    const op = await this.#operation("update", news, id);
    op.requireListedCountries();
    const row = await op.readExisting(id);
    const earlier = (await intent.recall()) as JournalEntry<WriteNote> | undefined;
    const written = noteOf(earlier);
    const seenBy = vendorId(written.id) === id ? written.seenBy : undefined;
    const before = { ...state, account: news.account };
    this.#requireSameObject(op.client, op.name, before, row, { news, seenBy });
    const lost = sentFields(earlier);
    const olds = withLost(state, lost);
    const { cleared, unmanaged } = removedFields(this.#kind, olds, news, op.client.routes);
    for (const { property } of unmanaged)
      this.#warn(news, `${property} is no longer declared and stays as it is on the server`);
    const changed = [...op.pendingChanges(olds, row), ...cleared];
    await this.#requireFreeIdentity(op, id, changed);
    const about = { id, seenBy: op.client.mark };
    const reply = await this.#write(op, row, changed, intent, about, lost);
    return await this.#result(op, id, cleared, [reply]);
  }

  /**
   * A second customer of a code would be the one that a later look-up finds. Another
   * resource of this stack may have it until its own update or delete, as when two swap.
   *
   * @throws {UcaasError} `ALREADY_EXISTS`
   */
  async #requireFreeIdentity(op: Operation, id: string, changed: readonly Field[]): Promise<void> {
    const others = await op.othersLike(id, changed);
    if (others.length === 0) return;
    const idOf = (row: ApiRecord) => op.client.idOf(this.#kind, row) ?? "?";
    const inState = await this.#holders.inState(op.news);
    const gives = (row: ApiRecord) => {
      const holder = inState.get(objectAt(op.client, idOf(row)));
      return holder && this.#holders.identityOf(holder.name) !== op.identity?.key;
    };
    const taken = others.filter((row) => !gives(row));
    if (taken.length === 0) return;
    const texts = taken.map((row) => describeRecord(this.#kind, row, idOf(row), op.news));
    throw identityTaken(this.#kind, op.name, op.news, texts);
  }

  async delete(id: string, props: EnableXOutputs, intent: Intent): Promise<void> {
    const kind = this.#kind;
    const client = this.#accounts.client(props.account);
    if (!client.canDelete(kind)) return this.#warn(props, orphanWarning(kind, id, props));
    const found = this.#found.findElsewhere(client, id, props);
    if (found)
      return this.#warn(
        props,
        keptForTaker({ vendor: "enablex", noun: kind.name, label: id }, found, client.baseUrl),
      );
    // A delete that is answered 404 is done, so what another account says is read first.
    if ((props.__seenBy ?? client.mark) !== client.mark) await this.exists(id, props);
    await intent.intend(id, { id, fields: [] });
    const failure = await client.delete(kind, id);
    if (!failure) return;
    if (!failure.mayHaveActed) await intent.withdraw();
    throw deleteRefused(kind, failure, `delete ${kind.name} ${id}`);
  }

  async #operation(verb: string, news: EnableXInputs, id?: string): Promise<Operation> {
    const client = this.#accounts.client(news.account);
    const fields = declaredFields(this.#kind, news, client.routes);
    // The server may quote what it refuses, an email in lower case.
    for (const { secret, property, format } of fields) {
      if (!secret) continue;
      const text = String(valueAt(news, property));
      rememberSecret(text);
      if (format === "email") rememberSecret(text.trim().toLowerCase());
    }
    const countries = fields.some(({ format }) => format === "country")
      ? await client.countries()
      : undefined;
    return new Operation(this.#kind, client, news, verb, id, countries);
  }

  /**
   * Codes that the server does not list. A server that does not answer is no reason to
   * fail a preview: the create will ask again.
   */
  async #unlistedCountries(
    client: EnableXClient,
    countries: { property: string; code: string }[],
  ): Promise<dynamic.CheckFailure[]> {
    if (countries.length === 0) return [];
    try {
      const list = await client.countries();
      return countries.flatMap(({ property, code }) => {
        const reason = unlistedCountry(code, list);
        return reason ? [{ property, reason }] : [];
      });
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      logWarning(
        this.#kind.type,
        countries.map(({ code }) => code).join(),
        `the country could not be checked: ${error.message}`,
      );
      return [];
    }
  }

  /**
   * What is there already, found by the id that the journal has, else by look-up; after a
   * create that was cut off, with time for it to arrive.
   *
   * @throws {UcaasError} `ACCOUNT_CHANGED`
   */
  async #existing(
    op: Operation,
    entry: JournalEntry<WriteNote> | undefined,
  ): Promise<Existing | undefined> {
    const { id, adopting = false } = noteOf(entry);
    const noted = vendorId(id);
    if (noted !== undefined) {
      const row = await op.client.read(this.#kind, noted);
      if (row) return { row, origin: adopting ? "foreign" : "ours" };
    }
    if (entry && isOfAnother(op.client.mark, entry, op.news))
      throw begunByAnother(this.#kind, op.name, op.news, entry);
    if (
      entry === undefined &&
      op.identity &&
      !(await op.client.creates(this.#kind).mayExist(op.identity))
    )
      return undefined;
    const cutOff = entry !== undefined && entry.completedAt === undefined;
    // The clock that wrote the entry may be ahead of this one.
    const age = cutOff ? Math.max(0, (Date.now() - Date.parse(entry.intendedAt)) / 1000) : 0;
    const wait = cutOff ? Math.max(0, op.client.config.settleSeconds - age) : 0;
    const row = await waitFor(wait, () => op.find(), op.client.signal);
    return row && { row, origin: cutOff && !adopting ? "perhaps ours" : "foreign" };
  }

  async #send(
    op: Operation,
    intent: Intent,
  ): Promise<Exclude<CreateResult, { outcome: "refused" }>> {
    const result = await op.createOnce((text) => this.#tell(op.news, text));
    if (result.outcome !== "refused") return result;
    if (!result.mayHaveActed) await intent.withdraw();
    const { failure, error } = result.refusal;
    throw failure?.code === "DUPLICATE"
      ? await duplicate(op.client, this.#kind, failure, op.news, op.name)
      : error;
  }

  /** Takes over what exists, as `adopt` allows. */
  async #takeOver(
    op: Operation,
    { row: listed, origin }: Existing,
    intent: Intent,
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const id = op.client.idOf(this.#kind, listed) ?? "";
    const { news } = op;
    if (origin !== "ours") {
      const identifying = identifyingOf(this.#kind, op.client, listed);
      this.#found.noteFound(op.client.baseUrl, id, identifying, news);
    }
    await this.#requireFreeObject(op, id);
    this.#own(intent, op, id);
    const isDeletable = op.client.canDelete(this.#kind);
    if (isDeletable && (await this.#holders.has(objectAt(op.client, id), news)))
      this.#warn(news, notReplaced(this.#kind, id));
    // A row of a search may lack fields.
    const row = (await op.client.read(this.#kind, id)) ?? listed;
    const found = op.differences(row);
    const object = describeRecord(this.#kind, row, id, news);
    const decision = adoption(news.adopt ?? "if-same", origin, found, this.#kind.fixed);
    if (decision === "exists" || decision === "differs")
      throw notAdopted(this.#kind, op.name, decision, object, found);
    this.#tell(
      news,
      `took over ${object}${decision === "overwrite" ? `. It was otherwise than declared:\n  ${formatDifferences(found)}` : ""}`,
    );
    const unseen = op.fields.filter(
      ({ property, writeOnly }) => writeOnly && !this.#kind.createOnly.includes(property),
    );
    // Its create may have sent another password than is declared now.
    const isOwn = origin === "ours";
    const overwritten =
      decision === "overwrite" || isOwn || (origin === "foreign" && news.adopt === "always");
    if (!overwritten && origin === "foreign")
      for (const { property } of unseen)
        this.#tell(news, `${property} cannot be compared and stays as it is on the server`);
    const changed = overwritten ? [...found.map(({ field }) => field), ...unseen] : [];
    // A create that was sent is now known to have made this one.
    const seenBy = op.client.mark;
    if (changed.length === 0) await intent.note({ id, fields: namesOf(op.fields), seenBy }, id);
    const note = { id, seenBy, ...(!isOwn && { adopting: true }) };
    const reply = await this.#write(op, row, changed, intent, note);
    return await this.#result(op, id, [], [reply]);
  }

  /** Sends the fields, with a note in the journal before. */
  async #write(
    op: Operation,
    row: ApiRecord,
    changed: readonly Field[],
    intent: Intent,
    about: Omit<NotedWrite, "fields"> & { id: string },
    lost: readonly string[] = [],
  ) {
    if (changed.length === 0) return row;
    const fields = [...new Set([...namesOf(changed), ...lost])];
    await intent.intend(fields, { ...about, fields });
    try {
      return await op.write(about.id, row, changed);
    } catch (error) {
      if (changedNothing(error)) await intent.withdraw();
      throw error;
    }
  }

  /**
   * What another declared resource has would be in two states: its own update comes later,
   * or it declares the same.
   *
   * @throws {UcaasError} `ALREADY_EXISTS` or `DECLARED_TWICE`
   */
  async #requireFreeObject(op: Operation, id: string): Promise<void> {
    const { __resource: name }: ManagedInputs = op.news;
    if (name === undefined) return;
    const holder = await this.#holders.take(objectAt(op.client, id), name, op.news);
    if (holder === undefined) return;
    throw this.#holders.identityOf(holder) === op.identity?.key
      ? sharedObject(this.#kind, id, [holder, name])
      : stillHeld(this.#kind, op.name, id, holder);
  }

  #own(intent: Intent, { client, news }: Operation, id: string): void {
    const { __resource: name }: ManagedInputs = news;
    const object = objectAt(client, id);
    intent.own(object);
    if (name !== undefined) this.#holders.hold(object, name);
  }

  /**
   * Waits until the server shows what is declared, unless a reply or a list has shown it.
   * What was created or written stays in the state, whatever happens here.
   */
  async #result(
    op: Operation,
    id: string,
    emptied: readonly Field[],
    seen: readonly (ApiRecord | undefined)[],
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const outputs = (row: ApiRecord, found: readonly Difference[]) =>
      toOutputs(this.#kind, id, op.news, row, found, op.client.mark);
    const shown = op.completeOf(seen, emptied);
    if (shown) return { id, outs: outputs(shown, []) };
    const visibility = await op.waitUntilVisible(id, emptied).catch((error: unknown) => {
      throw new PartialFailure(id, outputs({}, []), error as Error);
    });
    if (visibility.visible) return { id, outs: outputs(visibility.row, []) };
    throw new PartialFailure(id, outputs(visibility.row ?? {}, visibility.found), visibility.error);
  }

  #inputsIn(outputs: EnableXOutputs): EnableXOutputs {
    const names = new Set([
      "__stack",
      "__resource",
      "__organization",
      "__secretPaths",
      "__ignoreChanges",
      ...Object.keys(this.#schema.shape),
    ]);
    // The SDK's type says outputs; what the engine takes here is inputs.
    return Object.fromEntries(
      Object.entries(outputs).filter(([name]) => names.has(name)),
    ) as EnableXInputs as EnableXOutputs;
  }

  #warn(inputs: Properties, text: string): void {
    logWarning(this.#kind.type, toLabel(this.#kind, inputs), text);
  }

  #tell(inputs: Properties, text: string): void {
    logInfo(this.#kind.type, toLabel(this.#kind, inputs), text);
  }
}

function namesOf(fields: readonly Field[]): string[] {
  return fields.map(({ property }) => property);
}

function isNew(olds: Partial<EnableXInputs> | undefined): boolean {
  return Object.keys(olds ?? {}).length === 0;
}

/**
 * The state with a value in each field of a write that may have arrived, which differs
 * from whatever is declared.
 */
function withLost(state: EnableXOutputs, lost: readonly string[]): EnableXOutputs {
  return lost.reduce<Properties>((bag, property) => set(bag, property, "(not known)"), {
    ...state,
  }) as EnableXOutputs;
}
