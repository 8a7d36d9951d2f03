import type { dynamic } from "@pulumi/pulumi";
import { baseUrlOf } from "../http/pool.ts";
import { Accounts } from "../runtime/accounts.ts";
import type { CallContext } from "../runtime/cancellation.ts";
import { type Doubt, EarlierRuns } from "../runtime/earlier-runs.ts";
import { isEqual, isSameUrl } from "../runtime/equality.ts";
import { PartialFailure, UcaasError } from "../runtime/errors.ts";
import { Journal, type JournalEntry } from "../runtime/journal.ts";
import {
  type DiffSituation,
  type LifecycleDescriptor,
  type Replaced,
  type ResourceHandlers,
  withLifecycle,
} from "../runtime/lifecycle.ts";
import { logInfo, logWarning } from "../runtime/log.ts";
import type { Operation } from "../runtime/operation.ts";
import { OwnRuns } from "../runtime/own-runs.ts";
import { type PendingOperation, readNoted } from "../runtime/pending-operations.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isSameOnAnyMachine } from "../runtime/stack-identity.ts";
import type { StackRecord } from "../runtime/stack-record.ts";
import { hasUnknownArgument, isUnknown } from "../runtime/unknown.ts";
import { propertyPath, validate } from "../runtime/validation.ts";
import { AccountServices } from "./account-services.ts";
import { xelionConfig } from "./config.ts";
import { type Configuration, configurationOf } from "./configuration.ts";
import { configurationFailures } from "./configuration-rules.ts";
import {
  declaredTwice,
  describeOrder,
  orderedElsewhere,
  relayOtherStack,
  withoutOrderId,
} from "./errors.ts";
import {
  applyBuffered,
  applyEvents,
  decide,
  isSameConfiguration,
  isTerminal,
  mostRecent,
  parseOrder,
  toDesiredOrder,
  workLeft,
} from "./order.ts";
import { OrderReconciler } from "./order-reconciler.ts";
import { orderFromState, ownOutputs, toOutputs } from "./outputs.ts";
import { journalKey, relayKey, resourceId } from "./resource-id.ts";
import { ruleFailures } from "./rules.ts";
import {
  type Order,
  type ProvisionInputs,
  type ProvisionOutputs,
  provisionSchema,
  schemaVersion,
} from "./schema.ts";
import { capabilitiesOf } from "./status-source.ts";
import { TenantOrders, type XelionAccounts } from "./tenant-orders.ts";

const type = "XelionTenantProvision";

type Tenant = Pick<ProvisionInputs, "serverUrl" | "tenantName" | "account" | "__stack"> & {
  readonly __resource?: string;
};
type Managed = Pick<Tenant, "__stack" | "__resource">;
/** What a create or an update knows beside the declaration. */
interface Situation {
  readonly stack?: string | undefined;
  /** The resources that a create is to replace. */
  readonly replaced?: readonly ProvisionOutputs[];
}
/** What an order's way depends on; the state has no `callback`. */
type Ordered = Pick<
  ProvisionInputs,
  "serverUrl" | "tenantName" | "account" | "callback" | "__stack" | "__organization"
>;

/**
 * The provider of `XelionTenantProvision`: a vendor's handlers inside the lifecycle that
 * all resources have.
 */
export function xelionTenantProvisionProvider(
  source: dynamic.Config,
  context?: CallContext,
  readRecord?: (stack: string) => Promise<StackRecord>,
) {
  const accounts: XelionAccounts = new Accounts(
    xelionConfig,
    source,
    (config, account) => new AccountServices(config, account, context?.signal),
  );
  const journal = new Journal(source);
  return withLifecycle(
    new ProvisionHandlers(
      accounts,
      journal,
      new EarlierRuns(journal, new OwnRuns(source), readRecord),
    ),
    tenantDescriptor(accounts),
    journal,
    context,
  );
}

function tenantDescriptor(accounts: XelionAccounts): LifecycleDescriptor<Tenant> {
  return {
    type,
    vendor: "xelion",
    noun: "tenant",
    schemaVersion,
    identity: "tenantName",
    label: resourceId,
    remoteId: (tenant) =>
      isUnknown(tenant.serverUrl) || isUnknown(tenant.tenantName)
        ? undefined
        : journalKey(tenant).thing,
    servers: ({ account }) => ({
      account: isUnknown(account) ? undefined : accounts.config(account).baseUrl,
    }),
    keepsEntries: true,
  };
}

/**
 * Orders of the provisioning service. What is known of an order is what its callbacks
 * said, or what was looked up by the operator's `orderPath`.
 */
class ProvisionHandlers implements ResourceHandlers<ProvisionInputs, ProvisionOutputs> {
  readonly ownOutputs = ownOutputs;
  readonly #accounts: XelionAccounts;
  readonly #journal: Journal;
  readonly #earlierRuns: EarlierRuns;
  readonly #orders: TenantOrders;
  /** By an identity of the stack, whether a name in the inputs is of a run with this journal. */
  readonly #isOwnRun = new Map<string, Promise<(name: unknown) => boolean>>();
  /** Tenants whose order is being reconciled in this process. */
  readonly #inFlight = new Set<string>();
  /** By service and order id, the tenant that declares it in this run. */
  readonly #declaredOrders = new Map<string, string>();

  constructor(accounts: XelionAccounts, journal: Journal, earlierRuns: EarlierRuns) {
    this.#accounts = accounts;
    this.#journal = journal;
    this.#earlierRuns = earlierRuns;
    this.#orders = new TenantOrders(accounts, journal, earlierRuns);
  }

  async validate(
    olds: Partial<ProvisionInputs>,
    news: ProvisionInputs,
  ): Promise<dynamic.CheckFailure[]> {
    rememberSecret(news.tenantToken);
    rememberSecret(news.tenantLogin?.password);
    const failures = validate(provisionSchema, news);
    const wellFormed = (...properties: string[]) =>
      !failures.some(({ property }) => properties.includes(property.split(/[.[]/)[0] as string));
    failures.push(...ruleFailures(olds, news));
    try {
      if (wellFormed("serverUrl") && !isUnknown(news.serverUrl))
        baseUrlOf("xelion", news.serverUrl);
    } catch (error) {
      // The whole message would name the config's URL.
      if (!(error instanceof UcaasError)) throw error;
      failures.push({
        property: "serverUrl",
        reason: `${error.reason}: write the Xelion server's https URL`,
      });
    }
    if (wellFormed("configuration", "configurationFile"))
      failures.push(...(await this.#checkConfiguration(news, undefined)));
    return failures;
  }

  async validateWithAccount(
    olds: Partial<ProvisionInputs>,
    news: ProvisionInputs,
  ): Promise<dynamic.CheckFailure[]> {
    const account = this.#accounts.client(news.account);
    const failures = [
      ...this.#orderOfEarlierService(olds, news),
      ...this.#orderDeclaredTwice(news, account),
    ];
    const isSound =
      validate(provisionSchema, news).length === 0 &&
      (await this.#checkConfiguration(news, undefined)).length === 0;
    if (isSound) failures.push(...(await this.#checkConfiguration(news, account)));
    return failures;
  }

  /** Another service has another order of that number. */
  #orderOfEarlierService(
    olds: Partial<ProvisionInputs>,
    news: ProvisionInputs,
  ): dynamic.CheckFailure[] {
    const { orderId, account } = news;
    if (orderId === undefined || orderId !== olds.orderId) return [];
    if (!this.#accounts.differsBetween("baseUrl", olds.account, account)) return [];
    const [earlier, here] = [olds.account, account].map(
      (each) => this.#accounts.config(each).baseUrl,
    );
    const reason = [
      `is the order of this tenant at ${earlier}: set the one at ${here}, or remove orderId.`,
      `Without an orderId, that order stays the tenant's last one: \`pulumi up\` sends none with the same configuration.`,
      `If ${here} is a new address of ${earlier}, set account back, and edit baseUrl where that account has it`,
    ].join(" ");
    return [{ property: "orderId", reason }];
  }

  /** A resource that was copied, and whose `orderId` was not changed. */
  #orderDeclaredTwice(news: ProvisionInputs, { service }: AccountServices): dynamic.CheckFailure[] {
    if (news.orderId === undefined || hasUnknownArgument(news)) return [];
    const order = `${service.baseUrl} ${news.orderId}`;
    const tenant = resourceId(news);
    const other = this.#declaredOrders.get(order) ?? tenant;
    this.#declaredOrders.set(order, other);
    if (other === tenant) return [];
    const reason = `is declared for ${other} too: set this tenant's own. ${withoutOrderId}`;
    return [{ property: "orderId", reason }];
  }

  /**
   * The names of journal and relay, for a later run that finds this one's pending operation.
   * Looks at what earlier runs left before this run has operations of its own.
   */
  async addedInputs(
    olds: Partial<ProvisionInputs>,
    news: ProvisionInputs,
  ): Promise<Partial<ProvisionInputs>> {
    const isNew = olds.tenantName === undefined;
    const { __journal, __relay } = olds;
    const kept = { __journal, ...(__relay !== undefined && { __relay }) };
    try {
      const { entry } = isKnown(news) ? await this.#located(news) : {};
      const doubt = entry ? undefined : await this.#doubt(news);
      if (doubt && isNew)
        logWarning(type, resourceId(news), `\`pulumi up\` will not send an order: ${doubt.reason}`);
      if (news.__stack === undefined) return kept;
      const isOwn = await this.#ownRuns(news.__stack, olds.__stack);
      const work = isNew ? "order" : await this.#workLeft(olds, news, isOwn, entry);
      // Another run's name would change a state that stays as it is.
      if (work === "nothing") return kept;
      // What sends nothing may keep the name of an earlier run.
      if (work === "follow" && isOwn(__journal)) return kept;
      // The program of a preview passes a name that is not known, which a saved plan keeps.
      const journal = isUnknown(news.__journal)
        ? news.__journal
        : await this.#journal.runName(news.__stack);
      // The last order went by the relay that it names, also where another one is followed by.
      if (work === "follow") return { ...kept, __journal: journal };
      const { mark } = this.#accounts.client(news.account).witnessOf(news) ?? {};
      return { __journal: journal, ...(mark !== undefined && { __relay: mark }) };
    } catch (error) {
      // A journal that cannot be written stops a write, but no look.
      if (!(error instanceof UcaasError)) throw error;
      return kept;
    }
  }

  /** Read once: each tenant asks, and what other processes note meanwhile does not matter here. */
  #ownRuns(stack: string, earlier = stack): Promise<(name: unknown) => boolean> {
    const known = this.#isOwnRun.get(earlier);
    if (known) return known;
    const read = this.#journal.ownRuns([stack, earlier]);
    this.#isOwnRun.set(earlier, read);
    // A journal that did not answer once is asked again.
    read.catch(() => this.#isOwnRun.delete(earlier));
    return read;
  }

  /** What an update may have to do. The comparison comes later, and cannot add inputs. */
  async #workLeft(
    olds: Partial<ProvisionInputs>,
    news: ProvisionInputs,
    isOwn: (name: unknown) => boolean,
    entry: JournalEntry | undefined,
  ): Promise<ReturnType<typeof workLeft>> {
    const isElsewhere = !isEqual(olds.account, news.account);
    if (isElsewhere || !isKnown(news) || (await this.#notedOperation(news))) return "order";
    const noted = entry && parseOrder(entry.note, "journal");
    const isLatest = noted !== undefined && (olds.__journal === undefined || isOwn(olds.__journal));
    const last = isLatest ? noted : mostRecent(noted, await this.#orders.lastInState(news));
    const hash = last && (await configurationHashOf(news, last));
    const { baseUrl } = this.#accounts.config(news.account);
    const work = hash === undefined ? "order" : workLeft(toDesiredOrder(news, hash, baseUrl), last);
    const isChanged = !isEqual(ownArguments(olds), ownArguments(news));
    return isChanged && work === "nothing" ? "follow" : work;
  }

  /** What a killed run of another machine has begun of this resource. */
  async #notedOperation({
    __stack: stack,
    __resource: name,
  }: Managed): Promise<PendingOperation | undefined> {
    if (stack === undefined) return undefined;
    const noted = await readNoted(this.#journal, stack);
    return noted.find((each) => each.type === type && each.name === name);
  }

  /**
   * Why an order may be at the service of which neither journal nor relay knows. Whether
   * a tenant was ordered cannot be asked of the service.
   */
  async #doubt(news: Ordered): Promise<Doubt | undefined> {
    const { __stack: stack, __organization: organization } = news;
    if (stack === undefined || !isKnown(news)) return undefined;
    const witness = this.#accounts.client(news.account).witnessOf(news);
    return await this.#earlierRuns.doubt(type, stack, organization, witness);
  }

  /** A refresh may be the last that sees what another machine's killed run has begun. */
  async #keepDoubt(props: ProvisionOutputs): Promise<void> {
    const { __stack: stack } = props;
    if (stack === undefined) return;
    try {
      if ((await readNoted(this.#journal, stack)).length > 0) await this.#doubt(props);
    } catch (error) {
      // A journal that cannot be written stops a write, but no look.
      if (!(error instanceof UcaasError)) throw error;
    }
  }

  /** The rules that are known here, then the service's own. */
  async #checkConfiguration(
    news: ProvisionInputs,
    account: AccountServices | undefined,
  ): Promise<dynamic.CheckFailure[]> {
    let configuration: Configuration | undefined;
    try {
      configuration = await configurationOf(news);
    } catch (error) {
      return [
        failureOf(
          news.configurationFile === undefined ? "configuration" : "configurationFile",
          error,
        ),
      ];
    }
    if (typeof news.configuration === "object" && !configuration)
      return findingsIn("configuration", news.configuration);
    if (!configuration) return [];
    const { property } = configuration;
    const failures = findingsIn(property, configuration.value);
    if (failures.length > 0 || !account?.config.testProvision) return failures;
    const result = await account.validate(configuration);
    if (result.kind === "invalid")
      return [
        {
          property,
          reason: `the provisioning service refuses it: ${result.reason || "without a reason"}`,
        },
      ];
    if (result.kind === "refused") return [failureOf("account", result.failure)];
    if (result.kind === "unreachable")
      logWarning(
        type,
        resourceId(news),
        `the configuration could not be tested at the service: ${result.failure.message}`,
      );
    return [];
  }

  async diff(
    _id: string,
    olds: ProvisionOutputs,
    news: ProvisionInputs,
    { moved }: DiffSituation,
  ): Promise<dynamic.DiffResult> {
    const replaces = [
      ...(isSameUrl(olds.serverUrl, news.serverUrl) ? [] : ["serverUrl"]),
      ...(isEqual(olds.tenantName, news.tenantName) ? [] : ["tenantName"]),
    ];
    if (replaces.length + moved.length > 0)
      return { changes: true, replaces, deleteBeforeReplace: false };
    const known = orderFromState(olds);
    const order = await this.#mostRecentOrder(olds, known);
    const hash = await configurationHashOf(news, order);
    if (hash === undefined || !isEqual(olds.account, news.account))
      return { changes: true, replaces };
    const account = this.#accounts.client(news.account);
    const desired = toDesiredOrder(news, hash, account.config.baseUrl);
    const next = decide(desired, order, capabilitiesOf(account.sourceOf(order)));
    // The engine shows a diff of inputs, and this one is the same path as before.
    if (
      news.configurationFile !== undefined &&
      !desired.ignoresConfiguration &&
      !isSameConfiguration(order.configurationHash, hash)
    ) {
      logWarning(
        type,
        resourceId(news),
        `${news.configurationFile} has other content than was ordered`,
      );
    }
    if (next.do === "submit" && next.warning) logWarning(type, resourceId(news), next.warning);
    if (next.do === "refuse")
      logWarning(
        type,
        resourceId(news),
        `${next.failure.reason}. \`pulumi up\` will refuse to send another order. ${next.failure.hint}`,
      );
    return { changes: next.do !== "done" || order !== known, replaces };
  }

  async create(
    news: ProvisionInputs,
    operation: Operation,
    replaced: readonly Replaced<ProvisionOutputs>[],
  ): Promise<dynamic.CreateResult<ProvisionOutputs>> {
    const id = resourceId(news);
    // An order that the operator names is this tenant's, whichever stack had it before.
    if (news.orderId === undefined) await operation.recall();
    // The order of the replaced resource is taken over, and a later one would not be seen.
    const isAfterUpdate = (await this.#notedOperation(news))?.operation === "update";
    if (isAfterUpdate && news.orderId === undefined) await this.#requireNoOtherOrder(news);
    const { order, failure } = await this.#reconcile(news, undefined, operation, {
      replaced: replaced.map(({ state }) => state),
    });
    if (!order) throw failure;
    await this.#takeOver(news);
    const outs = this.#outputs(news, order);
    if (failure) throw new PartialFailure(id, outs, failure);
    return { id, outs };
  }

  /** The entry of an order that another resource sent is this resource's from now on. */
  async #takeOver(news: ProvisionInputs & { readonly __resource?: string }): Promise<void> {
    const { __resource: resource } = news;
    if (resource === undefined) return;
    for (const isLastTry of [false, true]) {
      try {
        const { entry } = await this.#located(news);
        if (!entry || (entry.resource === resource && !entry.abandoned)) return;
        return await this.#journal.claim(entry, { operation: "create", type, resource });
      } catch (error) {
        // The order is sent by now, and goes into the state.
        const { reason, code } = error instanceof UcaasError ? error : {};
        if (code === "JOURNAL_OUTDATED" && !isLastTry) continue;
        logWarning(
          type,
          resourceId(news),
          `the journal still has its order as another resource's (${reason ?? error}), so \`ucaas drift\` may report it`,
        );
        return;
      }
    }
  }

  async update(
    id: string,
    olds: ProvisionOutputs,
    news: ProvisionInputs,
    operation: Operation,
  ): Promise<dynamic.UpdateResult<ProvisionOutputs>> {
    const known = orderFromState(olds);
    // The order of another machine may have followed; the operator may say that none has.
    const mayBeOutdated = operation.isRepeated && known.orderId !== news.orderId;
    const isOutdated = mayBeOutdated && !(await this.#isKnownToRelay(news));
    const reconciled = await this.#reconcile(
      { ...news, __stack: olds.__stack ?? news.__stack },
      isOutdated ? { ...known, configurationHash: notKnown } : known,
      operation,
      { stack: news.__stack },
    );
    const { failure } = reconciled;
    const order =
      reconciled.order?.configurationHash === notKnown
        ? { ...reconciled.order, configurationHash: known.configurationHash }
        : reconciled.order;
    if (!order) throw failure;
    const outs = this.#outputs(news, order);
    if (failure && !isEqual(order, known)) throw new PartialFailure(id, outs, failure);
    if (failure) throw failure;
    return { outs };
  }

  /** Whether the relay has each order of the killed run that this one follows. */
  async #isKnownToRelay(news: ProvisionInputs): Promise<boolean> {
    const { relay } = (await this.#notedOperation(news)) ?? {};
    const { mark } = this.#accounts.client(news.account).witnessOf(news) ?? {};
    return relay !== undefined && relay === mark;
  }

  async read(id: string, props: ProvisionOutputs): Promise<dynamic.ReadResult<ProvisionOutputs>> {
    const account = this.#accounts.client(props.account);
    await this.#keepDoubt(props);
    const known = orderFromState(props);
    let order = applyBuffered(await this.#mostRecentOrder(props, known));
    for (const lookout of account.pollableSources(order)) {
      try {
        order = applyEvents(order, await lookout.poll(order));
      } catch (error) {
        // It will never know it again, and what is known of the order is as true as before.
        if (!(error instanceof UcaasError) || error.code !== "RELAY_FORGOT") throw error;
        logInfo(
          type,
          id,
          `${describeOrder(order)} was last seen as ${order.status}: ${error.message}`,
        );
      }
    }
    // What a state of an older release has stays as it is until something has changed.
    return { id, props: order === known ? props : { ...props, ...this.#outputs(props, order) } };
  }

  async delete(id: string, props: ProvisionOutputs): Promise<void> {
    const order = await this.#mostRecentOrder(props, orderFromState(props));
    const { key, entry } = await this.#located(props);
    if (entry) await this.#journal.drop(key, entry);
    await this.#forget(props, order);
    const running =
      order.orderId === null || !isTerminal(order.status)
        ? ` ${describeOrder(order)} was last seen as ${order.status}: it may still be at work there.`
        : "";
    logWarning(
      type,
      id,
      `only forgotten here. The service has no way to undo an order, so the tenant stays as it is configured.${running}`,
    );
  }

  /**
   * Makes what is declared the last order of the tenant.
   *
   * @param situation `stack`: the stack's identity today; the resource may have an earlier one
   */
  async #reconcile(
    declared: ProvisionInputs,
    stateOrder: Order | undefined,
    operation: Operation,
    { stack = declared.__stack, replaced = [] }: Situation,
  ): Promise<{ order?: Order; failure?: Error }> {
    const { key } = await this.#located(declared);
    const news = { ...declared, __stack: key.stack };
    if (this.#inFlight.has(key.thing)) return { failure: declaredTwice(news) };
    this.#inFlight.add(key.thing);
    try {
      if (news.orderId !== undefined && news.orderId !== stateOrder?.orderId)
        await this.#orders.requireOwnOrder(news);
      const configuration = (await configurationOf(news)) as Configuration;
      const account = this.#accounts.client(news.account);
      const journal = this.#journalOf(news, operation);
      const reconciler = new OrderReconciler(
        {
          account,
          journal,
          news,
          configuration,
          signal: operation.signal,
          requireNoOtherOrder: () => this.#requireNoOtherOrder({ ...news, __stack: stack }),
          orderOfAnotherResource: () => this.#orderInState(news, replaced),
          stack,
          requireOwnStack: async (sender) => {
            // An order that the operator names is this tenant's, whichever stack sent it.
            const isOwn = await this.#isOwnStack(sender, [stack, declared.__stack, key.stack]);
            if (news.orderId === undefined && !isOwn) throw relayOtherStack(news, sender, stack);
          },
        },
        stateOrder,
      );
      try {
        await reconciler.run();
        return { order: reconciler.order };
      } catch (error) {
        return { order: reconciler.order, failure: error as Error };
      }
    } finally {
      this.#inFlight.delete(key.thing);
    }
  }

  /** @throws {UcaasError} `JOURNAL_UNKNOWN_RUN` */
  async #requireNoOtherOrder(news: ProvisionInputs): Promise<void> {
    const doubt = await this.#doubt(news);
    if (news.__stack !== undefined) await this.#earlierRuns.noteRun(news.__stack);
    if (doubt) throw orderedElsewhere(news, doubt, this.#journal.location);
  }

  /** The journal, for one tenant's orders at whichever provisioning service. */
  #journalOf(
    news: ProvisionInputs,
    operation: Operation,
  ): ConstructorParameters<typeof OrderReconciler>[0]["journal"] {
    const journal = this.#journal;
    const { baseUrl } = this.#accounts.config(news.account);
    return {
      find: (key) => journal.find(key),
      intend: (key, args, note, seen) => {
        const { service = baseUrl } = note as Partial<Order>;
        return journal.intend(key, args, note, seen ?? null, operation.intentOptions(key, service));
      },
      annotate: (...args) => journal.annotate(...args),
      drop: (...args) => journal.drop(...args),
    };
  }

  /**
   * Where the journal has the tenant's order: a renamed stack has resources with its
   * earlier identity in the state.
   */
  async #located(tenant: Tenant) {
    const { vendor, stack, thing } = journalKey(tenant);
    return await this.#journal.locate<Order>(vendor, thing, [stack]);
  }

  /**
   * The order of another resource that is this tenant, as while one is renamed. The
   * journal of another machine may have it, but the state is on each.
   */
  async #orderInState(
    news: ProvisionInputs,
    replaced: readonly ProvisionOutputs[],
  ): Promise<Order | undefined> {
    // An order that the operator names is this tenant's.
    return news.orderId === undefined ? await this.#orders.lastInState(news, replaced) : undefined;
  }

  /** Whether a stack that sent an order is one of these, or was before it was moved. */
  async #isOwnStack(sender: string, stacks: readonly (string | undefined)[]): Promise<boolean> {
    const names = await this.#journal.identitiesOf(sender);
    // A relay serves any machine.
    return stacks.some((stack = "") => names.some((name) => isSameOnAnyMachine(name, stack)));
  }

  /**
   * The last order, by the state and the journal. The journal and the relay keep it as
   * long as the resource exists. The state alone proves nothing: it may be the result of
   * a refresh that is not saved.
   */
  async #mostRecentOrder(olds: ProvisionOutputs, known: Order): Promise<Order> {
    if (this.#inFlight.has(journalKey(olds).thing)) return known;
    const { entry } = await this.#located(olds);
    return entry ? (mostRecent(known, parseOrder(entry.note, "journal")) as Order) : known;
  }

  /** At the relay, where it may have left the config together with the tenant. */
  async #forget(props: ProvisionOutputs, order: Order): Promise<void> {
    if (order.callback !== "relay") return;
    const keeps = (why: string) =>
      logInfo(
        type,
        resourceId(props),
        `the relay keeps ${describeOrder(order)} until it expires: ${why}`,
      );
    try {
      const { callback } = this.#accounts.client(props.account);
      if (callback?.kind !== "relay") return keeps("xelion:callback does not name it any more");
      // A run that was killed on another machine may have left a later one there.
      const key = relayKey(journalKey(props));
      const last = await callback.findLastOrder(key);
      const isOwn =
        last?.stack === undefined ||
        last.order.intentId === order.intentId ||
        (await this.#isOwnStack(last.stack, [props.__stack]));
      if (last && isOwn) await callback.deleteRecord(last.order);
      await callback.deleteEarlierRecord(key);
    } catch (error) {
      keeps((error as Error).message);
    }
  }

  #outputs(inputs: Parameters<typeof toOutputs>[0], order: Order): ProvisionOutputs {
    return toOutputs(inputs, order, this.#accounts.client(inputs.account).service.baseUrl);
  }
}

/** In place of a hash: the tenant may have another configuration by now. */
const notKnown = "not known";

/**
 * The hash of what is declared; undefined while it is not known. A refresh asks without
 * having checked, and from another folder than the program's, so a file that cannot be
 * read there is taken for unchanged: `up` reads it again.
 */
async function configurationHashOf(
  inputs: ProvisionInputs,
  order: Order,
): Promise<string | undefined> {
  try {
    return (await configurationOf(inputs))?.hash;
  } catch (error) {
    if (error instanceof UcaasError && inputs.configurationFile !== undefined)
      return order.configurationHash;
    throw error;
  }
}

/** Whether what an order's way depends on is known: not so in some previews. */
function isKnown({ serverUrl, tenantName, callback }: Ordered): boolean {
  return ![serverUrl, tenantName, callback].some(isUnknown);
}

function ownArguments(inputs: object): object {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));
}

function findingsIn(
  property: Configuration["property"],
  configuration: Record<string, unknown>,
): dynamic.CheckFailure[] {
  return configurationFailures(configuration).map(({ path, reason }) =>
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
