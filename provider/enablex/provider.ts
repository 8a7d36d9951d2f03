import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import type { z } from "zod";
import { Accounts } from "../dynamic/accounts.ts";
import { failuresOf } from "../dynamic/check.ts";
import { Claims } from "../dynamic/claims.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import type { CallContext } from "../dynamic/interruption.ts";
import { Journal, type JournalEntry, type JournalKey } from "../dynamic/journal.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { NoReply } from "../http/client.ts";
import { adoption, type Origin } from "./adoption.ts";
import { EnableXClient } from "./client.ts";
import { unlistedCountry } from "./countries.ts";
import type { CreatedObject, LastLook } from "./create-batch.ts";
import type { CreateResult } from "./create-once.ts";
import {
  at,
  type Bag,
  changedFields,
  type Difference,
  declaredFields,
  dropped,
  expectedInList,
  type Field,
  inWords,
  type Row,
} from "./fields.ts";
import { customerKind, type Kind, labelOf, subscriptionKind, userKind } from "./kinds.ts";
import { identitiesOf, Operation } from "./operation.ts";
import { outputsOf } from "./outputs.ts";
import { until } from "./polling.ts";
import { declaredTwice, deleteRefused, described, duplicate, leftBehind, notAdopted, problemsOfOthers, takeOverOpen } from "./refusals.ts";
import { newCountries, ruleFailures } from "./rules.ts";
import { customerSchema, type EnableXInputs, type EnableXOutputs, enablexConfig, subscriptionSchema, userSchema } from "./schema.ts";

type EnableXAccounts = Accounts<typeof enablexConfig, EnableXClient>;

/** One client an account for all three resources, so that they share its login, its connections and its lists. */
export function enablexProviders(source: dynamic.Config, context?: CallContext) {
  const accounts = new Accounts(enablexConfig, source, (config) => new EnableXClient(config, context?.signal));
  const journal = new Journal(source);
  return {
    customer: new EnableXProvider(customerKind, customerSchema, accounts, journal),
    subscription: new EnableXProvider(subscriptionKind, subscriptionSchema, accounts, journal),
    user: new EnableXProvider(userKind, userSchema, accounts, journal),
  };
}

/** What an existing thing is, and whether this stack made it. */
interface Existing {
  readonly row: Row;
  readonly origin: Origin;
}

/** How far a create has come before the look at the list: it took over what exists, or created an object. */
type Creation = { readonly op: Operation; readonly object?: CreatedObject } & (
  | { readonly result: dynamic.CreateResult<EnableXOutputs> }
  | { readonly result?: undefined; readonly id: string; readonly claim: string; readonly reply: Row | undefined }
);

function withProblem(result: dynamic.CreateResult<EnableXOutputs>, problem: UcaasError | undefined) {
  if (problem) throw new PartialFailure(result.id, result.outs ?? {}, problem);
  return result;
}

/** The three resources of EnableX: one course of things, and what they differ in stands in `kinds.ts`. */
class EnableXProvider implements dynamic.ResourceProvider<EnableXInputs, EnableXOutputs> {
  readonly #kind: Kind;
  readonly #schema: z.ZodObject;
  readonly #accounts: EnableXAccounts;
  readonly #journal: Journal;
  readonly #claims = new Claims();
  /** What is being created now. The engine works on several resources at once, and two may be the same thing by a copied line. */
  readonly #underWay = new Set<string>();

  constructor(kind: Kind, schema: z.ZodObject, accounts: EnableXAccounts, journal: Journal) {
    this.#kind = kind;
    this.#schema = schema;
    this.#accounts = accounts;
    this.#journal = journal;
  }

  async check(olds: Partial<EnableXInputs>, news: EnableXInputs): Promise<dynamic.CheckResult<EnableXInputs>> {
    const failures = [...failuresOf(this.#schema, news), ...ruleFailures(this.#kind, news)];
    if (isUnknown(news.account)) return { inputs: news, failures };
    try {
      const client = this.#accounts.client(news.account);
      failures.push(...(await this.#unlistedCountries(client, newCountries(olds, news))));
      if (failures.length === 0 && Object.keys(olds ?? {}).length === 0) client.creates(this.#kind).announce();
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      failures.push({ property: "account", reason: error.message });
    }
    return { inputs: news, failures };
  }

  async diff(id: string, olds: EnableXOutputs, news: EnableXInputs): Promise<dynamic.DiffResult> {
    await this.#settle(olds);
    const account = isUnknown(news.account) ? olds.account : news.account;
    // The same id at another server is somebody else's.
    const elsewhere = this.#accounts.differIn("baseUrl", olds.account, account);
    this.#claims.hold(this.#thing(elsewhere ? olds.account : account, id), olds.__claim);
    const { routes } = this.#accounts.config(account);
    const changed = changedFields(this.#kind, olds, news, routes).map(({ property }) => property);
    return {
      changes: changed.length > 0 || (olds.account ?? "") !== (news.account ?? ""),
      replaces: [
        ...changed.filter(
          (property) => this.#kind.fixed.includes(property) && olds[property] !== undefined && news[property] !== undefined,
        ),
        ...(elsewhere ? ["account"] : []),
      ],
      // What is made before the old one is deleted would find the old one at the same server, and take it over.
      deleteBeforeReplace: !elsewhere && routes[`${this.#kind.name}Delete`] !== "none",
    };
  }

  async create(news: EnableXInputs): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const client = this.#accounts.client(news.account);
    const identities = identitiesOf(this.#kind, client, news);
    const batch = client.creates(this.#kind);
    batch.begin();
    try {
      const creation = await this.#createAlone(news, identities[0]?.key ?? "").catch(async (error: unknown) => {
        const look = await this.#lastLook(news, batch.finish());
        for (const problem of look?.takeProblems() ?? []) this.#tell(news, problem.message);
        throw error;
      });
      return await this.#verified(creation, await this.#lastLook(news, batch.finish(creation.object)));
    } catch (error) {
      // Also when it failed before anything was looked up: the resource that it was to replace may be deleted next.
      if (!(error instanceof PartialFailure)) for (const { key } of identities) this.#claims.giveUp(key);
      throw error;
    }
  }

  /** A list that cannot be read after the creates costs none of them its place in the state. */
  async #lastLook(news: EnableXInputs, looking: Promise<LastLook | undefined>): Promise<LastLook | undefined> {
    try {
      return await looking;
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      this.#tell(news, `whether another stack created the same ${this.#kind.name} could not be checked: ${error.message}`);
      return { rows: () => [], takeProblems: () => [] };
    }
  }

  async #createAlone(news: EnableXInputs, identity: string): Promise<Creation> {
    const op = await this.#operation("create", news);
    op.requireListedCountries();
    if (this.#underWay.has(identity)) throw declaredTwice(this.#kind, news, op.name);
    this.#underWay.add(identity);
    try {
      return await this.#create(op);
    } finally {
      this.#underWay.delete(identity);
    }
  }

  async #create(op: Operation): Promise<Creation> {
    const key = this.#journalKey(op.news);
    const entry = await this.#journal.find<string | null>(key);
    const existing = await this.#existing(op, entry);
    if (existing) return { op, result: await this.#takeOver(op, existing) };

    const intent = await this.#journal.intend<string | null>(key, op.sentFields, null, entry ?? null);
    const created = await this.#send(op, async () => {
      if (!entry) await this.#journal.drop(key);
    });
    if (created.outcome === "created") {
      await this.#journal.complete(key, intent, created.id);
      const claim = this.#claim(op, created.id);
      const object = op.identity && op.created(op.identity, created.id, op.completeOf([created.row]) !== undefined);
      return { op, object, id: created.id, claim, reply: created.row };
    }
    // Found and not answered, it could be what another stack created in this moment: it is ours only when it is as declared.
    const result = await this.#takeOver(op, { row: await op.readExisting(created.id), origin: "perhaps ours" });
    await this.#journal.complete(key, intent, created.id);
    // An earlier try may have arrived as well; if so, both are named.
    await op.find();
    return { op, result };
  }

  /** The outcome of a create, after the look at the list that all creates of the run share, if this is one of the last. */
  async #verified(creation: Creation, look: LastLook | undefined): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const { op, object } = creation;
    const [first, ...rest] = look?.takeProblems() ?? [];
    const ofOthers = first && problemsOfOthers(this.#kind, op.name, [first, ...rest]);
    if (creation.result) return withProblem(creation.result, ofOthers);
    const { id, claim, reply } = creation;
    if (!look && object) return { id, outs: outputsOf(this.#kind, id, op.news, reply ?? {}, [], claim) };
    const rows = (look && object && look.rows(object.identity)) ?? [];
    const result = await this.#result(op, id, [], claim, [reply, ...rows]);
    return withProblem(result, rows.length > 1 ? op.ambiguous(rows, id) : ofOthers);
  }

  async read(id: string, props = {} as EnableXOutputs): Promise<dynamic.ReadResult<EnableXOutputs>> {
    await this.#settle(props);
    const op = await this.#operation("read", props, id);
    const row = await op.client.readTogether(this.#kind, id, expectedInList(this.#kind, op.fields));
    if (!row) return { id: undefined, props: {} as EnableXOutputs };
    const outputs = outputsOf(this.#kind, id, props, row, op.differences(row), props.__claim);
    return { id, props: outputs, inputs: this.#inputsIn(outputs) };
  }

  async update(id: string, olds: EnableXOutputs, news: EnableXInputs): Promise<dynamic.UpdateResult<EnableXOutputs>> {
    await this.#settle(olds);
    this.#claims.hold(this.#thing(news.account, id), olds.__claim);
    const op = await this.#operation("update", news, id);
    op.requireListedCountries();
    const row = await op.readExisting(id);
    const { emptied, left } = dropped(this.#kind, olds, news, op.client.routes);
    for (const { property } of left) this.#tell(news, `${property} is no longer declared and stays as it is on the server`);
    const changed = [...op.pendingChanges(olds, row), ...emptied];
    const reply = changed.length > 0 ? await op.write(id, row, changed) : row;
    return await this.#result(op, id, emptied, olds.__claim, [reply]);
  }

  async delete(id: string, props: EnableXOutputs): Promise<void> {
    await this.#settle(props);
    const kind = this.#kind;
    if (this.#claims.release(this.#thing(props.account, id), props.__claim)) {
      return this.#tell(props, `${kind.name} ${id} stays: another resource of this stack holds it now`);
    }
    const client = this.#accounts.client(props.account);
    const operation = `delete ${kind.name} ${id}`;
    const names = [this.#thing(props.account, id), ...identitiesOf(kind, client, props).map(({ key }) => key)];
    // An error, so that it stays in the state: nobody else has it there, and the next up takes it over or, if it is declared no more, deletes it.
    if (names.some((name) => this.#claims.isWanted(name))) throw takeOverOpen(kind, id, operation);
    if (!client.canDelete(kind)) return this.#tell(props, leftBehind(kind, id, props));
    const failure = await client.delete(kind, id);
    if (failure) throw deleteRefused(kind, failure, operation);
  }

  async #operation(verb: string, news: EnableXInputs, id?: string): Promise<Operation> {
    const client = this.#accounts.client(news.account);
    const fields = declaredFields(this.#kind, news, client.routes);
    // The server may quote what it refuses.
    for (const { secret, property } of fields) if (secret) rememberSecret(String(at(news, property)));
    const countries = fields.some(({ format }) => format === "country") ? await client.countries() : undefined;
    return new Operation(this.#kind, client, news, verb, id, countries);
  }

  /** Codes that the server does not list. A server that does not answer is no reason to fail a preview: the create will ask again. */
  async #unlistedCountries(client: EnableXClient, countries: { property: string; code: string }[]): Promise<dynamic.CheckFailure[]> {
    if (countries.length === 0) return [];
    try {
      const list = await client.countries();
      return countries.flatMap(({ property, code }) => {
        const reason = unlistedCountry(code, list);
        return reason ? [{ property, reason }] : [];
      });
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      tell(this.#kind.type, countries.map(({ code }) => code).join(), `the country could not be checked: ${error.message}`);
      return [];
    }
  }

  /** What is there already, found by the id that the journal has, else by look-up; after a create that was cut off, with time for it to arrive. */
  async #existing(op: Operation, entry: JournalEntry<string | null> | undefined): Promise<Existing | undefined> {
    if (typeof entry?.note === "string") {
      const row = await op.client.read(this.#kind, entry.note);
      if (row) return { row, origin: "ours" };
    }
    if (entry === undefined && op.identity && !(await op.client.creates(this.#kind).mayExist(op.identity))) return undefined;
    const cutOff = entry !== undefined && entry.completedAt === undefined;
    // The clock that wrote the entry may be ahead of this one.
    const age = cutOff ? Math.max(0, (Date.now() - Date.parse(entry.intendedAt)) / 1000) : 0;
    const wait = cutOff ? Math.max(0, op.client.config.settleSeconds - age) : 0;
    const row = await until(wait, () => op.find());
    return row && { row, origin: cutOff ? "perhaps ours" : "foreign" };
  }

  async #send(op: Operation, nothingCreated: () => Promise<void>): Promise<Exclude<CreateResult, { outcome: "refused" }>> {
    try {
      const result = await op.createOnce((text) => this.#tell(op.news, text));
      if (result.outcome !== "refused") return result;
      await nothingCreated();
      const { failure, error } = result.refusal;
      throw failure.code === "DUPLICATE" ? await duplicate(op.client, this.#kind, failure, op.news, op.name) : error;
    } catch (error) {
      if (error instanceof NoReply && !error.sent) await nothingCreated();
      throw error;
    }
  }

  /** Takes over what exists, as `adopt` allows. */
  async #takeOver(op: Operation, existing: Existing): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const id = op.client.idOf(this.#kind, existing.row) ?? "";
    const claim = this.#claim(op, id);
    try {
      return await this.#adopt(op, id, existing, claim);
    } catch (error) {
      if (!(error instanceof PartialFailure)) this.#claims.giveUp(this.#thing(op.news.account, id), claim);
      throw error;
    }
  }

  async #adopt(op: Operation, id: string, { row: listed, origin }: Existing, claim: string): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const { news } = op;
    // A row of a search may lack fields.
    const row = (await op.client.read(this.#kind, id)) ?? listed;
    const found = op.differences(row);
    const decision = adoption(news.adopt ?? "if-same", origin, found, this.#kind.fixed);
    if (decision === "exists" || decision === "differs") throw notAdopted(this.#kind, op.name, decision, row, id, found);
    this.#tell(
      news,
      `took over ${described(this.#kind, row, id)}${decision === "overwrite" ? `. It was otherwise than declared:\n  ${inWords(found)}` : ""}`,
    );
    const unseen = op.fields.filter(({ property, writeOnly }) => writeOnly && !this.#kind.createOnly.includes(property));
    const overwritten = decision === "overwrite" || (origin === "foreign" && news.adopt === "always");
    if (!overwritten && origin === "foreign")
      for (const { property } of unseen) this.#tell(news, `${property} cannot be compared and stays as it is on the server`);
    const changed = overwritten ? [...found.map(({ field }) => field), ...unseen] : [];
    const reply = changed.length > 0 ? await op.write(id, row, changed) : row;
    return await this.#result(op, id, [], claim, [reply]);
  }

  /**
   * Waits until the server shows what is declared, unless a reply or a list has shown it. What was created or written stays in
   * the state, whatever happens here.
   */
  async #result(
    op: Operation,
    id: string,
    emptied: readonly Field[],
    claim: string | undefined,
    seen: readonly (Row | undefined)[],
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const outputs = (row: Row, found: readonly Difference[]) => outputsOf(this.#kind, id, op.news, row, found, claim);
    const shown = op.completeOf(seen, emptied);
    if (shown) return { id, outs: outputs(shown, []) };
    const visibility = await op.waitUntilVisible(id, emptied).catch((error: unknown) => {
      throw new PartialFailure(id, outputs({}, []), error as Error);
    });
    if (visibility.visible) return { id, outs: outputs(visibility.row, []) };
    throw new PartialFailure(id, outputs(visibility.row ?? {}, visibility.found), visibility.error);
  }

  /** A claim on what was created or taken over. */
  #claim({ news, name }: Operation, id: string): string {
    const claim = randomUUID();
    if (this.#claims.create(this.#thing(news.account, id), claim)) return claim;
    throw declaredTwice(this.#kind, news, name, id);
  }

  /** The state has the thing, so its create is no longer open. */
  async #settle(olds: EnableXInputs): Promise<void> {
    if (!olds.__stack) return;
    try {
      await this.#journal.drop(this.#journalKey(olds));
    } catch (error) {
      // An account that is configured no longer: what is left in the journal does no harm.
      if (!(error instanceof UcaasError)) throw error;
    }
  }

  #journalKey(inputs: EnableXInputs): JournalKey {
    const { baseUrl } = this.#accounts.config(inputs.account);
    return {
      vendor: "enablex",
      stack: inputs.__stack ?? "",
      thing: `${baseUrl} ${this.#kind.name} ${labelOf(this.#kind, inputs)}`,
    };
  }

  #thing(account: string | undefined, id: string): string {
    return `${this.#accounts.client(account).baseUrl} ${id}`;
  }

  #inputsIn(outputs: EnableXOutputs): EnableXOutputs {
    const names = new Set(["__stack", "__resource", "__secretPaths", ...Object.keys(this.#schema.shape)]);
    // The SDK's type says outputs; what the engine takes here is inputs.
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => names.has(name))) as EnableXInputs as EnableXOutputs;
  }

  #tell(inputs: Bag, text: string): void {
    tell(this.#kind.type, labelOf(this.#kind, inputs), text);
  }
}
