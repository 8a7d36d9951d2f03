import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import type { z } from "zod";
import { Accounts } from "../dynamic/accounts.ts";
import { failuresOf } from "../dynamic/check.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import { Journal, type JournalEntry, type JournalKey } from "../dynamic/journal.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { NoReply } from "../http/client.ts";
import { baseUrlOf } from "../http/transport.ts";
import { adoption, type Origin } from "./adoption.ts";
import { Claims } from "./claims.ts";
import { EnableXClient } from "./client.ts";
import { unlistedCountry } from "./countries.ts";
import { errorOf, type Failure } from "./envelope.ts";
import {
  at,
  type Bag,
  canonical,
  changedFields,
  createBody,
  type Difference,
  declaredFields,
  differences,
  dropped,
  type Field,
  inWords,
  type Row,
  updateBody,
  type Wording,
} from "./fields.ts";
import { customerKind, type Kind, type Search, subscriptionKind, userKind } from "./kinds.ts";
import { CreateRefused, makeOnce } from "./making.ts";
import { outputsOf } from "./outputs.ts";
import { until } from "./polling.ts";
import { ambiguous, described, duplicate, notAdopted } from "./refusals.ts";
import { newCountries, ruleFailures } from "./rules.ts";
import { customerSchema, type EnableXInputs, type EnableXOutputs, enablexConfig, subscriptionSchema, userSchema } from "./schema.ts";

type EnableXAccounts = Accounts<typeof enablexConfig, EnableXClient>;

/** One client an account for all three resources, so that they share its login, its connections and its lists. */
export function enablexProviders(source: dynamic.Config) {
  const accounts = new Accounts(enablexConfig, source, (config) => new EnableXClient(config));
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

/** What every step of one call needs. */
interface Work {
  readonly client: EnableXClient;
  readonly operation: string;
  readonly fields: readonly Field[];
  readonly news: EnableXInputs;
  readonly wording: Wording;
}

/** What was written does not show. `row` is what was last seen. */
class NotShown extends UcaasError {
  readonly row: Row | undefined;
  constructor(reason: string, operation: string, row: Row | undefined) {
    super(reason, {
      code: "NOT_SHOWN",
      vendor: "enablex",
      operation,
      hint: "the server took the values but does not show them. See them in the portal; run `pulumi up` again, which compares and writes once more; a slow server wants a larger enablex:consistencySeconds",
    });
    this.row = row;
  }
}

/** The three resources of EnableX: one course of things, and what they differ in stands in `kinds.ts`. */
class EnableXProvider implements dynamic.ResourceProvider<EnableXInputs, EnableXOutputs> {
  readonly #kind: Kind;
  readonly #schema: z.ZodObject;
  readonly #accounts: EnableXAccounts;
  readonly #journal: Journal;
  readonly #claims = new Claims();

  constructor(kind: Kind, schema: z.ZodObject, accounts: EnableXAccounts, journal: Journal) {
    this.#kind = kind;
    this.#schema = schema;
    this.#accounts = accounts;
    this.#journal = journal;
  }

  async check(olds: Partial<EnableXInputs>, news: EnableXInputs): Promise<dynamic.CheckResult<EnableXInputs>> {
    const failures = [...failuresOf(this.#schema, news), ...ruleFailures(this.#kind, news)];
    try {
      const client = this.#accounts.client(isUnknown(news.account) ? undefined : news.account);
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
    this.#claims.hold(this.#thing(account, id), olds.__claim);
    const { routes } = this.#accounts.config(account);
    const changed = changedFields(this.#kind, olds, news, routes).map(({ property }) => property);
    return {
      changes: changed.length > 0 || (olds.account ?? "") !== (news.account ?? ""),
      replaces: changed.filter(
        (property) => this.#kind.fixed.includes(property) && olds[property] !== undefined && news[property] !== undefined,
      ),
      // What is made before the old one is deleted would find the old one, and take it over.
      deleteBeforeReplace: routes[`${this.#kind.name}Delete`] !== "none",
    };
  }

  async create(news: EnableXInputs): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const work = await this.#work("create", news);
    requireListedCountries(work);
    const key = this.#journalKey(news);
    const entry = await this.#journal.find<string | null>(key);
    const existing = await this.#existing(work, entry);
    if (existing) return await this.#takeOver(work, existing);

    const body = createBody(work.fields, news, work.wording);
    const intent = await this.#journal.intend<string | null>(key, Object.keys(body), null);
    const made = await this.#make(work, body, async () => {
      if (!entry) await this.#journal.drop(key);
    });
    // Found and not answered, it could be what another stack made in this moment: it is ours only when it is as declared.
    const result = made.found
      ? await this.#takeOver(work, { row: await this.#sureRead(work, made.id), origin: "perhaps ours" })
      : undefined;
    await this.#journal.complete(key, intent, made.id);
    // An earlier try may have arrived as well; if so, both are named.
    if (made.sent > 1) await this.#lookUp(work);
    return result ?? (await this.#result(work, made.id, [], this.#claim(work, made.id)));
  }

  async read(id: string, props = {} as EnableXOutputs): Promise<dynamic.ReadResult<EnableXOutputs>> {
    await this.#settle(props);
    const work = await this.#work("read", props, id);
    const wires = work.fields.filter(({ mayBeHidden }) => !mayBeHidden).map(({ wire }) => wire);
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
    const row = await this.#sureRead(work, id);
    const { emptied, left } = dropped(this.#kind, olds, news, work.wording.routes);
    for (const { property } of left) this.#tell(news, `${property} is no longer declared and stays as it is on the server`);
    const changed = this.#toWrite(work, olds, row);
    if (changed.length + emptied.length > 0) await this.#write(work, id, row, [...changed, ...emptied]);
    return await this.#result(work, id, emptied, olds.__claim);
  }

  async delete(id: string, props: EnableXOutputs): Promise<void> {
    await this.#settle(props);
    const kind = this.#kind;
    if (this.#claims.isHeldByAnother(this.#thing(props.account, id), props.__claim)) {
      return this.#tell(props, `${kind.name} ${id} stays: another resource of this stack holds it now`);
    }
    const client = this.#accounts.client(props.account);
    const operation = `delete ${kind.name} ${id}`;
    if (!client.canDelete(kind)) return this.#tell(props, leftBehind(kind, id, props));
    const failure = await client.delete(kind, id);
    if (failure) throw deleteRefused(kind, failure, operation);
    const seconds = client.config.consistencySeconds;
    const gone = await until(seconds, async () => ((await client.read(kind, id)) ? undefined : true));
    if (!gone) {
      throw new UcaasError(`the server said that it deleted ${kind.name} ${id}, but shows it still after ${seconds} s`, {
        code: "NOT_SHOWN",
        vendor: "enablex",
        operation,
        hint: "run the command again. If the portal shows it as deleted, take it out of the state: pulumi state delete <urn>",
      });
    }
  }

  async #work(verb: string, news: EnableXInputs, id?: string): Promise<Work> {
    const client = this.#accounts.client(news.account);
    const fields = declaredFields(this.#kind, news, client.routes);
    // The server may quote what it refuses, and only by its name can a further field be known for a secret.
    for (const { property } of fields) if (/pass|secret|token|pin$|key$/i.test(property)) rememberSecret(at(news, property));
    const needsCountries = fields.some(({ format }) => format === "country");
    const wording = { routes: client.routes, countries: needsCountries ? await client.countries() : undefined };
    return { client, fields, news, wording, operation: `${verb} ${this.#kind.name} ${id ?? this.#label(news)}` };
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
    const row = await until(wait, () => this.#lookUp(work));
    return row && { row, origin: cutOff ? "perhaps ours" : "foreign" };
  }

  /** The one thing that agrees with the declaration in what tells it from all others, or undefined. */
  async #lookUp({ client, news, operation }: Work): Promise<Row | undefined> {
    const search = this.#search(news);
    const rows = await client.find(this.#kind, search, news);
    if (rows.length < 2) return rows[0];
    throw ambiguous(
      this.#kind,
      operation,
      search.properties,
      rows.map((row) => described(this.#kind, row, client.idOf(this.#kind, row) ?? "?")),
    );
  }

  async #make(work: Work, body: Row, nothingMade: () => Promise<void>) {
    const { client, news, operation } = work;
    try {
      return await makeOnce(client, {
        kind: this.#kind,
        body,
        operation,
        lookUp: () => this.#lookUp(work),
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
  async #takeOver(work: Work, { row: listed, origin }: Existing): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const { client, fields, news, operation, wording } = work;
    const id = client.idOf(this.#kind, listed) ?? "";
    // A row of a search may lack fields.
    const row = (await client.read(this.#kind, id)) ?? listed;
    const found = differences(fields, news, row, wording);
    const decision = adoption(news.adopt ?? "if-same", origin, found, this.#kind.fixed);
    if (decision === "exists" || decision === "differs") throw notAdopted(this.#kind, operation, decision, row, id, found);
    const claim = this.#claim(work, id);
    this.#tell(
      news,
      `took over ${described(this.#kind, row, id)}${decision === "overwrite" ? `. It was otherwise than declared:\n  ${inWords(found)}` : ""}`,
    );
    if (decision === "overwrite")
      await this.#write(
        work,
        id,
        row,
        found.map(({ field }) => field),
      );
    return await this.#result(work, id, [], claim);
  }

  /** What an update has to send: what the declaration changes, and what somebody changed on the server since. */
  #toWrite({ fields, news, wording }: Work, olds: Bag, row: Row): Field[] {
    const before = declaredFields(this.#kind, olds, wording.routes);
    const declared = changedFields(this.#kind, olds, news, wording.routes).map(({ property }) => property);
    const actual = differences(fields, news, row, wording).map(({ field }) => field.property);
    return fields.filter((field) => {
      if (this.#kind.fixed.includes(field.property)) return false;
      const isNew = !before.some(({ property }) => property === field.property);
      // What is declared for the first time and is so on the server already needs no writing, unless it cannot be seen.
      return actual.includes(field.property) || (declared.includes(field.property) && (!isNew || at(row, field.wire) === undefined));
    });
  }

  /** Sends only the given fields; those that are not declared are emptied. */
  async #write({ client, news, operation, wording }: Work, id: string, row: Row, changed: readonly Field[]): Promise<void> {
    const failure = await client.update(this.#kind, id, updateBody(this.#kind, changed, news, row, wording));
    if (!failure) return;
    throw failure.code === "DUPLICATE" ? await duplicate(client, this.#kind, failure, news, operation) : errorOf(failure, operation);
  }

  /** Waits until the server shows what is declared. What was made or written stays in the state, whatever happens here. */
  async #result(
    work: Work,
    id: string,
    emptied: readonly Field[],
    claim: string | undefined,
  ): Promise<dynamic.CreateResult<EnableXOutputs>> {
    const { fields, news, wording } = work;
    try {
      const row = await this.#shown(work, id, emptied);
      return { id, outs: outputsOf(this.#kind, id, news, row, [], claim) };
    } catch (error) {
      const row = (error instanceof NotShown && error.row) || {};
      const found = Object.keys(row).length ? differences(fields, news, row, wording) : [];
      throw new PartialFailure(id, outputsOf(this.#kind, id, news, row, found, claim), error as Error);
    }
  }

  async #shown({ client, fields, news, operation, wording }: Work, id: string, emptied: readonly Field[]): Promise<Row> {
    let row: Row | undefined;
    let found: Difference[] = [];
    const seen = await until(client.config.consistencySeconds, async () => {
      row = await client.read(this.#kind, id);
      if (!row) return undefined;
      const current = row;
      const full = emptied.filter(({ format, wire }) => canonical(format, at(current, wire), wording.routes) !== undefined);
      found = [
        ...differences(fields, news, row, wording),
        ...full.map((field) => ({ field, declared: "", actual: at(current, field.wire) })),
      ];
      return found.length === 0 ? row : undefined;
    });
    if (seen) return seen;
    const after = `after ${client.config.consistencySeconds} s`;
    throw new NotShown(
      row
        ? `the server does not show what was written ${after}:\n  ${inWords(found)}`
        : `the server does not show the ${this.#kind.name} ${id} ${after}`,
      operation,
      row,
    );
  }

  async #sureRead({ client, news, operation }: Work, id: string): Promise<Row> {
    const row = await until(client.config.consistencySeconds, () => client.read(this.#kind, id));
    if (row) return row;
    throw new UcaasError(`the ${this.#kind.name} ${id} is not there`, {
      code: "NOT_FOUND",
      vendor: "enablex",
      operation,
      hint: `it was deleted elsewhere, or account ${JSON.stringify(news.account ?? "(none)")} does not see it. Run \`pulumi refresh\`; the next \`pulumi up\` makes it again`,
    });
  }

  /** A claim on what was created or taken over. */
  #claim({ news, operation }: Work, id: string): string {
    const claim = randomUUID();
    if (this.#claims.create(this.#thing(news.account, id), claim)) return claim;
    throw new UcaasError(`the program declares ${this.#kind.name} ${id} twice`, {
      code: "DECLARED_TWICE",
      vendor: "enablex",
      operation,
      hint: `two resources of this stack agree in ${this.#search(news).properties.join(" and ")}: remove one of them`,
    });
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
      thing: `${baseUrlOf("enablex", baseUrl)} ${this.#kind.name} ${this.#label(inputs)}`,
    };
  }

  #search(inputs: Bag): Search {
    const usable = this.#kind.searches.find(({ properties }) => properties.every((property) => at(inputs, property) !== undefined));
    return usable ?? (this.#kind.searches[0] as Search);
  }

  /** By what the thing is known to people: its code, its email, `customer 1001 plan 5`. */
  #label(inputs: Bag): string {
    return this.#search(inputs)
      .properties.map((property) => String(at(inputs, property) ?? ""))
      .join(" ");
  }

  #thing(account: string | undefined, id: string): string {
    return `${this.#accounts.client(account).baseUrl} ${id}`;
  }

  #inputsIn(outputs: EnableXOutputs): EnableXOutputs {
    const names = new Set(["__stack", "__name", ...Object.keys(this.#schema.shape)]);
    // The SDK's type says outputs; what the engine takes here is inputs.
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => names.has(name))) as EnableXInputs as EnableXOutputs;
  }

  #tell(inputs: Bag, text: string): void {
    tell(this.#kind.type, this.#label(inputs), text);
  }
}

/** A country without an id would be left out of the body, and nobody would know. */
function requireListedCountries({ fields, news, wording, operation }: Work): void {
  for (const { property, format } of fields) {
    const reason = format === "country" && wording.countries ? unlistedCountry(String(at(news, property)), wording.countries) : undefined;
    if (reason)
      throw new UcaasError(`${property} ${JSON.stringify(at(news, property))} ${reason}`, {
        code: "UNKNOWN_COUNTRY",
        vendor: "enablex",
        operation,
      });
  }
}

function leftBehind(kind: Kind, id: string, props: Bag): string {
  const what =
    kind.name === "subscription"
      ? `subscription ${id} (plan ${props.planId} of customer ${props.customerId})`
      : `user ${id} (${props.email})`;
  const cost =
    kind.name === "subscription"
      ? "it goes on and is billed until it is ended in the EnableX portal"
      : "it can go on logging in and takes its seat of the plan until it is removed in the EnableX portal";
  return `WARNING: ${what} leaves the state but stays at EnableX: the API lists no delete for it, so ${cost}. It may go with its customer when that is deleted, which is not public either. A server that has a delete: pulumi config set --path enablex:routes.${kind.name}Delete "DELETE /${kind.name}s/{id}"`;
}

function deleteRefused(kind: Kind, failure: Failure, operation: string): UcaasError {
  if (kind.name !== "customer" || failure.mayHaveActed) return errorOf(failure, operation);
  return errorOf(
    { ...failure, reason: `the server does not delete the customer. ${failure.reason}` },
    operation,
    "a customer that still has subscriptions or users may not be deletable, and those have no delete in the API: end them in the EnableX portal, then run the command again. Or keep the customer and take it out of the state: pulumi state delete <urn>",
  );
}
