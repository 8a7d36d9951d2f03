import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { Accounts, accountFailure } from "../dynamic/accounts.ts";
import { failuresOf, propertyPath } from "../dynamic/check.ts";
import { Claims } from "../dynamic/claims.ts";
import { sameUrl, sameValue } from "../dynamic/diff.ts";
import { PartialFailure, UcaasError } from "../dynamic/errors.ts";
import { type CallContext, uncancelled } from "../dynamic/interruption.ts";
import { Journal } from "../dynamic/journal.ts";
import { tell } from "../dynamic/progress.ts";
import { rememberSecret } from "../dynamic/secrets.ts";
import { isUnknown } from "../dynamic/unknown.ts";
import { baseUrlOf } from "../http/transport.ts";
import { AccountServices } from "./account-services.ts";
import { type Configuration, configurationOf } from "./configuration.ts";
import { applyBuffered, applyEvents, decide, describeOrder, isTerminal, mostRecent, parseOrder, toDesiredOrder } from "./order.ts";
import { OrderReconciler } from "./order-reconciler.ts";
import { orderFromState, outputsOf } from "./outputs.ts";
import { journalKey, relayKey, resourceId } from "./resource-id.ts";
import { validateConfiguration } from "./rules.ts";
import { type Order, type ProvisionInputs, type ProvisionOutputs, provisionSchema, xelionConfig } from "./schema.ts";
import { capabilitiesOf } from "./status-source.ts";

const type = "XelionTenantProvision";

/** Orders of the provisioning service. What is known of an order is what its callbacks said, or what was looked up by the operator's `orderPath`. */
export class XelionTenantProvisionProvider implements dynamic.ResourceProvider<ProvisionInputs, ProvisionOutputs> {
  readonly #accounts: Accounts<typeof xelionConfig, AccountServices>;
  readonly #journal: Journal;
  readonly #claims = new Claims();
  /** Tenants whose order is being reconciled in this process. */
  readonly #inFlight = new Set<string>();

  constructor(source: dynamic.Config, context?: CallContext) {
    this.#accounts = new Accounts(xelionConfig, source, (config) => new AccountServices(config, context?.signal));
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
      // The whole message would name the config's URL.
      if (!(error instanceof UcaasError)) throw error;
      failures.push({ property: "serverUrl", reason: `${error.reason}: write the Xelion server's https URL` });
    }
    let account: AccountServices | undefined;
    try {
      account = this.#accounts.client(isUnknown(news.account) ? undefined : news.account);
    } catch (error) {
      if (!(error instanceof UcaasError)) throw error;
      failures.push(accountFailure(news.account, error));
    }
    if (wellFormed("configuration", "configurationFile")) failures.push(...(await this.#checkConfiguration(news, account)));
    return { inputs: news, failures };
  }

  /** The rules that are known here, then the service's own. */
  async #checkConfiguration(news: ProvisionInputs, account: AccountServices | undefined): Promise<dynamic.CheckFailure[]> {
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
    const result = await account.validate(configuration);
    if (result.kind === "invalid")
      return [{ property, reason: `the provisioning service refuses it: ${result.reason || "without a reason"}` }];
    if (result.kind === "refused") return [failureOf("account", result.failure)];
    if (result.kind === "unreachable")
      tell(type, resourceId(news), `warning: the configuration could not be tested at the service: ${result.failure.message}`);
    return [];
  }

  async diff(_id: string, olds: ProvisionOutputs, news: ProvisionInputs): Promise<dynamic.DiffResult> {
    this.#claims.hold(relayKey(journalKey(olds)), olds.__claim);
    const replaces = [
      ...(sameUrl(olds.serverUrl, news.serverUrl) ? [] : ["serverUrl"]),
      ...(sameValue(olds.tenantName, news.tenantName) ? [] : ["tenantName"]),
    ];
    if (replaces.length > 0) return { changes: true, replaces, deleteBeforeReplace: false };
    const known = orderFromState(olds);
    const order = await this.#mostRecentOrder(olds, known);
    const hash = await configurationHashOf(news, order);
    if (hash === undefined || !sameValue(olds.account, news.account)) return { changes: true, replaces };
    const account = this.#accounts.client(news.account);
    const next = decide(toDesiredOrder(news, hash), order, capabilitiesOf(account.sourceOf(order)));
    // The engine shows a diff of inputs, and this one is the same path as before.
    if (news.configurationFile !== undefined && hash !== order.configurationHash) {
      tell(type, resourceId(news), `${news.configurationFile} has other content than was ordered`);
    }
    if (next.do === "refuse")
      tell(type, resourceId(news), `${next.failure.reason}. \`pulumi up\` will refuse to send another order. ${next.failure.hint}`);
    return { changes: next.do !== "done" || order !== known, replaces };
  }

  async create(news: ProvisionInputs, { signal }: CallContext = uncancelled): Promise<dynamic.CreateResult<ProvisionOutputs>> {
    const id = resourceId(news);
    const thing = relayKey(journalKey(news));
    const __claim = randomUUID();
    if (!this.#claims.create(thing, __claim)) throw declaredTwice(news);
    try {
      const { order, failure } = await this.#reconcile(news, undefined, signal);
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
    this.#claims.hold(relayKey(journalKey(olds)), __claim);
    const { order, failure } = await this.#reconcile(news, orderFromState(olds), signal);
    if (!order) throw failure;
    const outs = this.#outputs({ ...news, __claim }, order);
    if (failure && !sameValue(order, orderFromState(olds))) throw new PartialFailure(id, outs, failure);
    if (failure) throw failure;
    return { outs };
  }

  async read(id: string, props = {} as ProvisionOutputs): Promise<dynamic.ReadResult<ProvisionOutputs>> {
    const account = this.#accounts.client(props.account);
    const known = orderFromState(props);
    let order = applyBuffered(await this.#mostRecentOrder(props, known));
    for (const lookout of account.pollableSources(order)) {
      try {
        order = applyEvents(order, await lookout.poll(order));
      } catch (error) {
        // It will never know it again, and what is known of the order is as true as before.
        if (!(error instanceof UcaasError) || error.code !== "RELAY_FORGOT") throw error;
        tell(type, id, `${describeOrder(order)} was last seen as ${order.status}: ${error.message}`);
      }
    }
    // What a state of an older release has stays as it is until something has changed.
    return { id, props: order === known ? props : { ...props, ...this.#outputs(props, order) } };
  }

  async delete(id: string, props: ProvisionOutputs): Promise<void> {
    const key = journalKey(props);
    const thing = relayKey(key);
    // Also for one that could not be created in this run: the next run's create would find nothing, and send a second order.
    if (this.#claims.release(thing, props.__claim) || this.#claims.isWanted(thing))
      return tell(type, id, "the tenant's order stays remembered, for the resource of this stack that has the tenant now");
    const order = await this.#mostRecentOrder(props, orderFromState(props));
    await this.#journal.drop(key);
    await this.#forget(props, order);
    const running =
      order.orderId === null || !isTerminal(order.status)
        ? ` ${describeOrder(order)} was last seen as ${order.status}: it may still be at work there.`
        : "";
    tell(
      type,
      id,
      `warning: only forgotten here. The service has no way to undo an order, so the tenant stays as it is configured.${running}`,
    );
  }

  /** Makes what is declared the last order of the tenant. */
  async #reconcile(news: ProvisionInputs, stateOrder: Order | undefined, signal: AbortSignal): Promise<{ order?: Order; failure?: Error }> {
    const { thing } = journalKey(news);
    if (this.#inFlight.has(thing)) return { failure: declaredTwice(news) };
    this.#inFlight.add(thing);
    try {
      const configuration = (await configurationOf(news)) as Configuration;
      const account = this.#accounts.client(news.account);
      const reconciler = new OrderReconciler({ account, journal: this.#journal, news, configuration, signal }, stateOrder);
      try {
        await reconciler.run();
        return { order: reconciler.order };
      } catch (error) {
        return { order: reconciler.order, failure: error as Error };
      }
    } finally {
      this.#inFlight.delete(thing);
    }
  }

  /**
   * The last order, by the state and the journal. Both the journal and the relay keep it as long as the resource lives: what is called
   * the state here may be the answer of a refresh that nobody saves, so it proves nothing.
   */
  async #mostRecentOrder(olds: ProvisionOutputs, known: Order): Promise<Order> {
    const key = journalKey(olds);
    if (this.#inFlight.has(key.thing)) return known;
    const entry = await this.#journal.find<Order>(key);
    return entry ? (mostRecent(known, parseOrder(entry.note, "journal")) as Order) : known;
  }

  /** At the relay, where it may have left the config together with the tenant. */
  async #forget(props: ProvisionOutputs, order: Order): Promise<void> {
    if (order.callback !== "relay") return;
    const keeps = (why: string) => tell(type, resourceId(props), `the relay keeps ${describeOrder(order)} until it expires: ${why}`);
    try {
      const { callback } = this.#accounts.client(props.account);
      if (callback?.kind !== "relay") return keeps("xelion:callback does not name it any more");
      // A run that was killed on another machine may have left a later one there.
      const last = await callback.findLastOrder(relayKey(journalKey(props)));
      if (last) await callback.deleteRecord(last);
    } catch (error) {
      keeps((error as Error).message);
    }
  }

  #outputs(inputs: Parameters<typeof outputsOf>[0], order: Order): ProvisionOutputs {
    return outputsOf(inputs, order, this.#accounts.client(inputs.account).service.baseUrl);
  }
}

/**
 * The hash of what is declared; undefined while it is not known. A refresh asks without having checked, and from another folder
 * than the program's, so a file that cannot be read there is taken for unchanged: `up` reads it again.
 */
async function configurationHashOf(inputs: ProvisionInputs, order: Order): Promise<string | undefined> {
  try {
    return (await configurationOf(inputs))?.hash;
  } catch (error) {
    if (error instanceof UcaasError && inputs.configurationFile !== undefined) return order.configurationHash;
    throw error;
  }
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

function declaredTwice({ serverUrl, tenantName }: ProvisionInputs): UcaasError {
  return new UcaasError(`another resource of this stack provisions ${tenantName} of ${serverUrl} as well`, {
    code: "DECLARED_TWICE",
    vendor: "xelion",
    operation: `provision ${tenantName}`,
    hint: "a tenant takes one order at a time: declare it once",
  });
}
