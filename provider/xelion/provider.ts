import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { Accounts } from "../dynamic/accounts.ts";
import { failuresOf, propertyPath } from "../dynamic/check.ts";
import { Claims } from "../dynamic/claims.ts";
import { sameUrl, sameValue } from "../dynamic/diff.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import { type CallContext, uncancelled } from "../dynamic/interruption.ts";
import { Journal, type JournalKey } from "../dynamic/journal.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { baseUrlOf } from "../http/transport.ts";
import { Account } from "./account.ts";
import { type Configuration, configurationOf } from "./configuration.ts";
import { absorb, absorbHeard, type Declared, decide, isTerminal, latest, nameOf, orderOf } from "./order.ts";
import { idOf, orderIn, outputsOf } from "./outputs.ts";
import { type Means, Pursuit, thingOf } from "./pursuit.ts";
import { validateConfiguration } from "./rules.ts";
import { defaultTimeout, type Order, type ProvisionInputs, type ProvisionOutputs, provisionSchema, xelionConfig } from "./schema.ts";
import { reachOf } from "./source.ts";
import { sessionFor } from "./tenant-session.ts";

const type = "XelionTenantProvision";

/** Orders of the provisioning service. What is known of an order is what its callbacks said, or what was looked up by the operator's `orderPath`. */
export class XelionTenantProvisionProvider implements dynamic.ResourceProvider<ProvisionInputs, ProvisionOutputs> {
  readonly #accounts: Accounts<typeof xelionConfig, Account>;
  readonly #journal: Journal;
  readonly #claims = new Claims();
  /** Tenants that an order is being pursued for in this process. */
  readonly #underWay = new Set<string>();

  constructor(source: dynamic.Config, context?: CallContext) {
    this.#accounts = new Accounts(xelionConfig, source, (config) => new Account(config, context?.signal));
    this.#journal = new Journal(source);
  }

  async check(_olds: Partial<ProvisionInputs>, news: ProvisionInputs): Promise<dynamic.CheckResult<ProvisionInputs>> {
    rememberSecret(news.tenantToken);
    rememberSecret(news.tenantLogin?.password);
    const failures = failuresOf(provisionSchema, news);
    const wellFormed = (...properties: string[]) =>
      !failures.some(({ property }) => properties.includes(property.split(/[.[]/)[0] as string));
    failures.push(...oneOfEach(news));
    try {
      if (wellFormed("serverUrl") && !isUnknown(news.serverUrl)) baseUrlOf("xelion", news.serverUrl);
    } catch (error) {
      failures.push(failureOf("serverUrl", error));
    }
    let account: Account | undefined;
    try {
      account = this.#accounts.client(isUnknown(news.account) ? undefined : news.account);
    } catch (error) {
      failures.push(failureOf("account", error));
    }
    if (wellFormed("configuration", "configurationFile")) failures.push(...(await this.#checkConfiguration(news, account)));
    return { inputs: news, failures };
  }

  /** The rules that are known here, then the service's own. */
  async #checkConfiguration(news: ProvisionInputs, account: Account | undefined): Promise<dynamic.CheckFailure[]> {
    let configuration: Configuration | undefined;
    try {
      configuration = await configurationOf(news);
    } catch (error) {
      return [failureOf(news.configurationFile === undefined ? "configuration" : "configurationFile", error)];
    }
    if (typeof news.configuration === "object" && !configuration) return findingsIn("configuration", news.configuration);
    if (!configuration) return [];
    const { property } = configuration;
    const failures = findingsIn(property, configuration.value);
    if (failures.length > 0 || !account?.config.testProvision) return failures;
    const verdict = await account.verdict(configuration);
    if (verdict.kind === "invalid")
      return [{ property, reason: `the provisioning service refuses it: ${verdict.words || "without a reason"}` }];
    if (verdict.kind === "refused") return [failureOf("account", verdict.failure)];
    if (verdict.kind === "unreachable")
      tell(type, idOf(news), `warning: the configuration could not be tested at the service: ${verdict.failure.message}`);
    return [];
  }

  async diff(_id: string, olds: ProvisionOutputs, news: ProvisionInputs): Promise<dynamic.DiffResult> {
    this.#claims.hold(thingOf(journalKey(olds)), olds.__claim);
    const replaces = [
      ...(sameUrl(olds.serverUrl, news.serverUrl) ? [] : ["serverUrl"]),
      ...(sameValue(olds.tenantName, news.tenantName) ? [] : ["tenantName"]),
    ];
    if (replaces.length > 0) return { changes: true, replaces, deleteBeforeReplace: false };
    const known = orderIn(olds);
    const order = await this.#latest(olds, known);
    const hash = await hashIn(news, order);
    if (hash === undefined || !sameValue(olds.account, news.account)) return { changes: true, replaces };
    const account = this.#accounts.client(news.account);
    const next = decide(declared(news, hash), order, reachOf(account.sourceOf(order)));
    // The engine shows a diff of inputs, and this one is the same path as before.
    if (news.configurationFile !== undefined && hash !== order.configurationHash) {
      tell(type, idOf(news), `${news.configurationFile} has other content than was ordered`);
    }
    if (next.do === "refuse")
      tell(type, idOf(news), `${next.failure.reason}. \`pulumi up\` will refuse to send another order. ${next.failure.hint}`);
    return { changes: next.do !== "done" || order !== known, replaces };
  }

  async create(news: ProvisionInputs, { signal }: CallContext = uncancelled): Promise<dynamic.CreateResult<ProvisionOutputs>> {
    const id = idOf(news);
    const thing = thingOf(journalKey(news));
    const __claim = randomUUID();
    if (!this.#claims.create(thing, __claim)) throw declaredTwice(news);
    try {
      const { order, failure } = await this.#pursue(news, undefined, signal);
      if (!order) throw failure;
      const outs = this.#outputs({ ...news, __claim }, order);
      if (failure) throw new PartialFailure(id, outs, failure);
      return { id, outs };
    } catch (error) {
      if (!(error instanceof PartialFailure)) this.#claims.giveUp(thing, __claim);
      throw error;
    }
  }

  async update(
    id: string,
    olds: ProvisionOutputs,
    news: ProvisionInputs,
    { signal }: CallContext = uncancelled,
  ): Promise<dynamic.UpdateResult<ProvisionOutputs>> {
    const { __claim } = olds;
    this.#claims.hold(thingOf(journalKey(olds)), __claim);
    const { order, failure } = await this.#pursue(news, orderIn(olds), signal);
    if (!order) throw failure;
    const outs = this.#outputs({ ...news, __claim }, order);
    if (failure && !sameValue(order, orderIn(olds))) throw new PartialFailure(id, outs, failure);
    if (failure) throw failure;
    return { outs };
  }

  async read(id: string, props = {} as ProvisionOutputs): Promise<dynamic.ReadResult<ProvisionOutputs>> {
    const account = this.#accounts.client(props.account);
    let order = absorbHeard(await this.#latest(props, orderIn(props)));
    for (const lookout of account.lookouts(order)) {
      try {
        order = absorb(order, await lookout.look(order));
      } catch (error) {
        // It will never know it again, and what is known of the order is as true as before.
        if (!(error instanceof UcaasError) || error.code !== "RELAY_FORGOT") throw error;
        tell(type, id, `${nameOf(order)} was last seen as ${order.status}: ${error.message}`);
      }
    }
    return { id, props: { ...props, ...this.#outputs(props, order) } };
  }

  async delete(id: string, props: ProvisionOutputs): Promise<void> {
    const key = journalKey(props);
    const thing = thingOf(key);
    // Also for one that could not be created in this run: the next run's create would find nothing, and send a second order.
    if (this.#claims.release(thing, props.__claim) || this.#claims.isWanted(thing))
      return tell(type, id, "the tenant's order stays remembered, for the resource of this stack that has the tenant now");
    const order = await this.#latest(props, orderIn(props));
    await this.#journal.drop(key);
    await this.#forget(props, order);
    const running =
      order.orderId === null || !isTerminal(order.status)
        ? ` ${nameOf(order)} was last seen as ${order.status}: it may still be at work there.`
        : "";
    tell(
      type,
      id,
      `warning: only forgotten here. The service has no way to undo an order, so the tenant stays as it is configured.${running}`,
    );
  }

  /** Sees to it that what is declared has been ordered, once. */
  async #pursue(
    news: ProvisionInputs,
    stateOrder: Order | undefined,
    interrupted: AbortSignal,
  ): Promise<{ order?: Order; failure?: Error }> {
    const key = journalKey(news);
    if (this.#underWay.has(key.thing)) return { failure: declaredTwice(news) };
    this.#underWay.add(key.thing);
    try {
      const configuration = (await configurationOf(news)) as Configuration;
      const pursuit = new Pursuit(declared(news, configuration.hash), stateOrder, this.#means(news, configuration, key, interrupted));
      try {
        await pursuit.run();
        return { order: pursuit.order };
      } catch (error) {
        return { order: pursuit.order, failure: error as Error };
      }
    } finally {
      this.#underWay.delete(key.thing);
    }
  }

  #means(news: ProvisionInputs, configuration: Configuration, key: JournalKey, interrupted: AbortSignal): Means {
    const account = this.#accounts.client(news.account);
    const serverUrl = baseUrlOf("xelion", news.serverUrl);
    const timeout = news.timeout ?? defaultTimeout;
    const ownCallback = typeof news.callback === "string" ? news.callback : undefined;
    return {
      journal: this.#journal,
      key,
      source: news.callback === undefined || news.callback === true ? (account.callback ?? account.polling) : account.polling,
      sourceOf: (order) => account.sourceOf(order),
      lookouts: (order) => account.lookouts(order),
      test: async () => {
        if (!account.config.testProvision) return;
        const verdict = await account.verdict(configuration);
        if (verdict.kind === "invalid") throw configurationRefused(news, verdict.words);
        if (verdict.kind !== "valid") throw verdict.failure;
      },
      logIn: () => sessionFor(news, serverUrl, timeout, { ...account.config, signal: interrupted }),
      submit: (token, callbackUrl) =>
        account.service.submit(configuration.text, {
          serverUrl,
          tenantName: news.tenantName,
          token,
          callbackUrl: callbackUrl ?? ownCallback,
        }),
      timeout,
      interrupted,
      tell: (text) => tell(type, idOf(news), text),
    };
  }

  /**
   * The last order, by the state and the journal. Both the journal and the relay keep it as long as the resource lives: what is called
   * the state here may be the answer of a refresh that nobody saves, so it proves nothing.
   */
  async #latest(olds: ProvisionOutputs, known: Order): Promise<Order> {
    const key = journalKey(olds);
    if (this.#underWay.has(key.thing)) return known;
    const entry = await this.#journal.find<Order>(key);
    return entry ? (latest(known, orderOf(entry.note, "journal")) as Order) : known;
  }

  /** At the relay, where it may have left the config together with the tenant. */
  async #forget(props: ProvisionOutputs, order: Order): Promise<void> {
    if (order.callback !== "relay") return;
    const keeps = (why: string) => tell(type, idOf(props), `the relay keeps ${nameOf(order)} until it expires: ${why}`);
    try {
      const { callback } = this.#accounts.client(props.account);
      if (callback?.kind !== "relay") return keeps("xelion:callback does not name it any more");
      // A run that was killed on another machine may have left a later one there.
      const last = await callback.recall(thingOf(journalKey(props)));
      if (last) await callback.forget(last);
    } catch (error) {
      keeps((error as Error).message);
    }
  }

  #outputs(inputs: Parameters<typeof outputsOf>[0], order: Order): ProvisionOutputs {
    return outputsOf(inputs, order, this.#accounts.client(inputs.account).service.baseUrl);
  }
}

function journalKey({ __stack, serverUrl, tenantName }: Pick<ProvisionInputs, "__stack" | "serverUrl" | "tenantName">): JournalKey {
  return { vendor: "xelion", stack: __stack ?? "", thing: `${baseUrlOf("xelion", serverUrl)} ${tenantName}` };
}

/**
 * The hash of what is declared; undefined while it is not known. A refresh asks without having checked, and from another folder
 * than the program's, so a file that cannot be read there is taken for unchanged: `up` reads it again.
 */
async function hashIn(inputs: ProvisionInputs, order: Order): Promise<string | undefined> {
  try {
    return (await configurationOf(inputs))?.hash;
  } catch (error) {
    if (error instanceof UcaasError && inputs.configurationFile !== undefined) return order.configurationHash;
    throw error;
  }
}

function declared(inputs: ProvisionInputs, hash: string): Declared {
  const { retryFailed, orderId, wait } = inputs;
  return { configurationHash: hash, retryFailed: retryFailed ?? null, givenOrderId: orderId ?? null, wait: wait ?? "completed" };
}

function oneOfEach({ tenantToken, tenantLogin, configuration, configurationFile, orderId }: ProvisionInputs): dynamic.CheckFailure[] {
  const failures: dynamic.CheckFailure[] = [];
  if (tenantToken !== undefined && tenantLogin !== undefined) {
    failures.push({ property: "tenantLogin", reason: "is declared beside tenantToken; one of them is enough" });
  } else if (tenantToken === undefined && tenantLogin === undefined && orderId === undefined) {
    failures.push({ property: "tenantToken", reason: "is missing: declare tenantToken, or tenantLogin with userName and password" });
  }
  if (configuration !== undefined && configurationFile !== undefined) {
    failures.push({ property: "configurationFile", reason: "is declared beside configuration; only one of them can be sent" });
  } else if (configuration === undefined && configurationFile === undefined) {
    failures.push({ property: "configuration", reason: "is missing: declare configuration, or configurationFile" });
  }
  return failures;
}

function findingsIn(property: Configuration["property"], configuration: Record<string, unknown>): dynamic.CheckFailure[] {
  return validateConfiguration(configuration).map(({ path, reason }) =>
    // A file is one property: what is in it has no path of its own in the inputs.
    property === "configuration"
      ? { property: propertyPath([property, ...path]), reason }
      : { property, reason: `${propertyPath(path)} ${reason}` },
  );
}

function failureOf(property: string, error: unknown): dynamic.CheckFailure {
  if (!(error instanceof UcaasError)) throw error;
  return { property, reason: error.message };
}

function configurationRefused({ tenantName }: ProvisionInputs, words: string): UcaasError {
  return new UcaasError(`the provisioning service refuses the configuration: ${words || "without a reason"}`, {
    code: "CONFIGURATION_REFUSED",
    vendor: "xelion",
    operation: `provision ${tenantName}`,
    status: 400,
    hint: "nothing was sent; correct the configuration",
  });
}

function declaredTwice({ serverUrl, tenantName }: ProvisionInputs): UcaasError {
  return new UcaasError(`another resource of this stack provisions ${tenantName} of ${serverUrl} as well`, {
    code: "DECLARED_TWICE",
    vendor: "xelion",
    operation: `provision ${tenantName}`,
    hint: "a tenant takes one order at a time: declare it once",
  });
}
