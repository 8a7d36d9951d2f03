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
import {
  at,
  type Bag,
  changedFields,
  createBody,
  declaredFields,
  differences,
  dropped,
  expectedInList,
  type Field,
  inWords,
  type Row,
} from "./fields.ts";
import { customerKind, type Kind, labelOf, subscriptionKind, userKind } from "./kinds.ts";
import { CreateRefused, makeOnce } from "./making.ts";
import { outputsOf } from "./outputs.ts";
import { until } from "./polling.ts";
import { declaredTwice, deleteRefused, described, duplicate, leftBehind, notAdopted, stillThere, takeOverOpen } from "./refusals.ts";
import { newCountries, ruleFailures } from "./rules.ts";
import { customerSchema, type EnableXInputs, type EnableXOutputs, enablexConfig, subscriptionSchema, userSchema } from "./schema.ts";
import { identitiesOf, lookUp, NotShown, requireListedCountries, shown, sureRead, toWrite, type Work, write } from "./work.ts";

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
    const identities = identitiesOf(this.#kind, this.#accounts.client(news.account), news);
    try {
      return await this.#createAlone(news, identities[0] ?? "");
    } catch (error) {
      // Also when it failed before anything was looked up: the resource that it was to replace may be deleted next.
      if (!(error instanceof PartialFailure)) for (const identity of identities) this.#claims.giveUp(identity);
      throw error;
    }
  }

  async #createAlone(news: EnableXInputs, identity: string): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const work = await this.#work("create", news);
    requireListedCountries(work);
    if (this.#underWay.has(identity)) throw declaredTwice(this.#kind, news, work.operation);
    this.#underWay.add(identity);
    try {
      return await this.#create(work);
    } finally {
      this.#underWay.delete(identity);
    }
  }

  async #create(work: Work): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const key = this.#journalKey(work.news);
    const entry = await this.#journal.find<string | null>(key);
    const existing = await this.#existing(work, entry);
    if (existing) return await this.#takeOver(work, existing);

    const body = createBody(work.fields, work.news, work.wording);
    const intent = await this.#journal.intend<string | null>(key, Object.keys(body), null, entry ?? null);
    const made = await this.#make(work, body, async () => {
      if (!entry) await this.#journal.drop(key);
    });
    // Found and not answered, it could be what another stack made in this moment: it is ours only when it is as declared.
    const result = made.found ? await this.#takeOver(work, { row: await sureRead(work, made.id), origin: "perhaps ours" }) : undefined;
    await this.#journal.complete(key, intent, made.id);
    // An earlier try may have arrived as well; if so, both are named.
    if (made.sent > 1) await lookUp(work);
    return result ?? (await this.#result(work, made.id, [], this.#claim(work, made.id)));
  }

  async read(id: string, props = {} as EnableXOutputs): Promise<dynamic.ReadResult<EnableXOutputs>> {
    await this.#settle(props);
    const work = await this.#work("read", props, id);
    const wires = expectedInList(this.#kind, work.fields);
    const row = await work.client.readTogether(this.#kind, id, wires);
    if (!row) return { id: undefined, props: {} as EnableXOutputs };
    const found = differences(work.fields, props, row, work.wording);
    const outputs = outputsOf(this.#kind, id, props, row, found, props.__claim);
    return { id, props: outputs, inputs: this.#inputsIn(outputs) };
  }

  async update(id: string, olds: EnableXOutputs, news: EnableXInputs): Promise<dynamic.UpdateResult<EnableXOutputs>> {
    await this.#settle(olds);
    this.#claims.hold(this.#thing(news.account, id), olds.__claim);
    const work = await this.#work("update", news, id);
    requireListedCountries(work);
    const row = await sureRead(work, id);
    const { emptied, left } = dropped(this.#kind, olds, news, work.wording.routes);
    for (const { property } of left) this.#tell(news, `${property} is no longer declared and stays as it is on the server`);
    const changed = toWrite(work, olds, row);
    if (changed.length + emptied.length > 0) await write(work, id, row, [...changed, ...emptied]);
    return await this.#result(work, id, emptied, olds.__claim);
  }

  async delete(id: string, props: EnableXOutputs): Promise<void> {
    await this.#settle(props);
    const kind = this.#kind;
    if (this.#claims.release(this.#thing(props.account, id), props.__claim)) {
      return this.#tell(props, `${kind.name} ${id} stays: another resource of this stack holds it now`);
    }
    const client = this.#accounts.client(props.account);
    const operation = `delete ${kind.name} ${id}`;
    const names = [this.#thing(props.account, id), ...identitiesOf(kind, client, props)];
    // An error, so that it stays in the state: nobody else has it there, and the next up takes it over or, if it is declared no more, deletes it.
    if (names.some((name) => this.#claims.isWanted(name))) throw takeOverOpen(kind, id, operation);
    if (!client.canDelete(kind)) return this.#tell(props, leftBehind(kind, id, props));
    const failure = await client.delete(kind, id);
    if (failure) throw deleteRefused(kind, failure, operation);
    const seconds = client.config.consistencySeconds;
    const gone = await until(seconds, async () => ((await client.read(kind, id)) ? undefined : true));
    if (!gone) throw stillThere(kind, id, operation, seconds);
  }

  async #work(verb: string, news: EnableXInputs, id?: string): Promise<Work> {
    const client = this.#accounts.client(news.account);
    const fields = declaredFields(this.#kind, news, client.routes);
    // The server may quote what it refuses.
    for (const { secret, property } of fields) if (secret) rememberSecret(String(at(news, property)));
    const needsCountries = fields.some(({ format }) => format === "country");
    const wording = { routes: client.routes, countries: needsCountries ? await client.countries() : undefined };
    return { kind: this.#kind, client, fields, news, wording, operation: `${verb} ${this.#kind.name} ${id ?? labelOf(this.#kind, news)}` };
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
  async #existing(work: Work, entry: JournalEntry<string | null> | undefined): Promise<Existing | undefined> {
    if (typeof entry?.note === "string") {
      const row = await work.client.read(this.#kind, entry.note);
      if (row) return { row, origin: "ours" };
    }
    const cutOff = entry !== undefined && entry.completedAt === undefined;
    const age = cutOff ? (Date.now() - Date.parse(entry.intendedAt)) / 1000 : 0;
    const wait = cutOff ? Math.max(0, work.client.config.settleSeconds - age) : 0;
    const row = await until(wait, () => lookUp(work));
    return row && { row, origin: cutOff ? "perhaps ours" : "foreign" };
  }

  async #make(work: Work, body: Row, nothingMade: () => Promise<void>) {
    const { client, news, operation } = work;
    try {
      return await makeOnce(client, {
        kind: this.#kind,
        body,
        operation,
        lookUp: () => lookUp(work),
        tell: (text) => this.#tell(news, text),
      });
    } catch (error) {
      if (error instanceof CreateRefused) {
        await nothingMade();
        const { failure } = error.created;
        throw failure.code === "DUPLICATE" ? await duplicate(client, this.#kind, failure, news, operation) : error.created.error;
      }
      if (error instanceof NoReply && !error.sent) await nothingMade();
      throw error;
    }
  }

  /** Takes over what exists, as `adopt` allows. */
  async #takeOver(work: Work, existing: Existing): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const id = work.client.idOf(this.#kind, existing.row) ?? "";
    const claim = this.#claim(work, id);
    try {
      return await this.#adopt(work, id, existing, claim);
    } catch (error) {
      if (!(error instanceof PartialFailure)) this.#claims.giveUp(this.#thing(work.news.account, id), claim);
      throw error;
    }
  }

  async #adopt(work: Work, id: string, { row: listed, origin }: Existing, claim: string): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const { client, fields, news, operation, wording } = work;
    // A row of a search may lack fields.
    const row = (await client.read(this.#kind, id)) ?? listed;
    const found = differences(fields, news, row, wording);
    const decision = adoption(news.adopt ?? "if-same", origin, found, this.#kind.fixed);
    if (decision === "exists" || decision === "differs") throw notAdopted(this.#kind, operation, decision, row, id, found);
    this.#tell(
      news,
      `took over ${described(this.#kind, row, id)}${decision === "overwrite" ? `. It was otherwise than declared:\n  ${inWords(found)}` : ""}`,
    );
    const unseen = fields.filter(({ property, writeOnly }) => writeOnly && !this.#kind.createOnly.includes(property));
    const overwritten = decision === "overwrite" || (origin === "foreign" && news.adopt === "always");
    if (!overwritten && origin === "foreign")
      for (const { property } of unseen) this.#tell(news, `${property} cannot be compared and stays as it is on the server`);
    const changed = overwritten ? [...found.map(({ field }) => field), ...unseen] : [];
    if (changed.length > 0) await write(work, id, row, changed);
    return await this.#result(work, id, [], claim);
  }

  /** Waits until the server shows what is declared. What was made or written stays in the state, whatever happens here. */
  async #result(
    work: Work,
    id: string,
    emptied: readonly Field[],
    claim: string | undefined,
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    try {
      const row = await shown(work, id, emptied);
      return { id, outs: outputsOf(this.#kind, id, work.news, row, [], claim) };
    } catch (error) {
      const { row = {}, found = [] } = error instanceof NotShown ? error : {};
      throw new PartialFailure(id, outputsOf(this.#kind, id, work.news, row, found, claim), error as Error);
    }
  }

  /** A claim on what was created or taken over. */
  #claim({ news, operation }: Work, id: string): string {
    const claim = randomUUID();
    if (this.#claims.create(this.#thing(news.account, id), claim)) return claim;
    throw declaredTwice(this.#kind, news, operation, id);
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
