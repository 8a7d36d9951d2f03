import ms from "ms";
import { baseUrlOf } from "../http/pool.ts";
import type { UcaasError } from "../runtime/errors.ts";
import type { Journal, JournalEntry, JournalKey } from "../runtime/journal.ts";
import { logInfo, logWarning } from "../runtime/log.ts";
import type { AccountServices } from "./account-services.ts";
import type { Submission } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import { configurationRefused, describeOrder, interrupted, notFinished } from "./errors.ts";
import {
  accepted,
  applyBuffered,
  applyEvents,
  type DesiredOrder,
  decide,
  describePlace,
  heard,
  isElsewhere,
  isTerminal,
  mostRecent,
  type Next,
  newOrder,
  nothingSentMessage,
  parseOrder,
  toDesiredOrder,
  unconfirmed,
} from "./order.ts";
import { journalKey, type RelayKey, relayKey, resourceId } from "./resource-id.ts";
import { defaultTimeout, type Order, type ProvisionInputs, type StatusEvent } from "./schema.ts";
import { capabilitiesOf, type StatusSource, type Subscription } from "./status-source.ts";
import { sessionFor, type TenantSession } from "./tenant-session.ts";

/** What an {@link OrderReconciler} works with. */
interface Dependencies {
  readonly account: Pick<
    AccountServices,
    "config" | "service" | "polling" | "callbackOf" | "sourceOf" | "pollableSources" | "validate"
  >;
  readonly journal: Pick<Journal, "find" | "intend" | "annotate" | "drop">;
  /** What is declared. */
  readonly news: ProvisionInputs;
  readonly configuration: Configuration;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
  /** Throws where a run of which this journal knows nothing may have sent a later order. */
  requireNoOtherOrder?(): Promise<void>;
  /** The order that another resource of the state has for this tenant. */
  orderOfAnotherResource?(): Promise<Order | undefined>;
  /** The stack's identity today; `news` may have the one that its entries are under. */
  readonly stack?: string;
  /** Throws when an order that the relay keeps is another stack's. */
  requireOwnStack?(sender: string): Promise<void>;
}

/**
 * Makes the service's last order for a tenant the one that is declared: it does what
 * `decide` says until nothing is left to do.
 *
 * An order is sent in one place only, `#submit`, after the journal has it. Whatever ends
 * this process at whatever moment, the next reconciler finds the order in the journal, in
 * the relay or in the state.
 */
export class OrderReconciler {
  /** What is known of the last order, also after a failure. */
  order: Order | undefined;
  readonly #account: Dependencies["account"];
  readonly #journal: Dependencies["journal"];
  readonly #news: ProvisionInputs;
  readonly #configuration: Configuration;
  readonly #signal: AbortSignal;
  readonly #requireNoOtherOrder: Dependencies["requireNoOtherOrder"];
  readonly #requireOwnStack: Dependencies["requireOwnStack"];
  readonly #orderOfAnotherResource: Dependencies["orderOfAnotherResource"];
  readonly #relayKey: RelayKey;
  readonly #desired: DesiredOrder;
  readonly #key: JournalKey;
  readonly #timeout: string;
  /** The source that a new order is followed by, if there is any. */
  readonly #source: StatusSource | undefined;
  /** Whether the resource is created. */
  readonly #isNew: boolean;
  #entry: JournalEntry<Order> | null = null;
  #subscription: { to: string; by: Subscription } | undefined;
  #session: TenantSession | undefined;
  /** While the POST is under way, it is not known which order a callback is about. */
  #requestInFlight = false;
  /** The journal does not have the order as it is known here. */
  #unsaved = false;
  /**
   * Changes of the order run one after the other, up to the journal's disk: events may
   * arrive at any moment.
   */
  #queue: Promise<unknown> = Promise.resolve();
  #onChange = Promise.withResolvers<void>();

  /** @param stateOrder the order in the state, if there is one */
  constructor(dependencies: Dependencies, stateOrder: Order | undefined) {
    const { account, journal, news, configuration, signal } = dependencies;
    this.#account = account;
    this.#journal = journal;
    this.#news = news;
    this.#configuration = configuration;
    this.#signal = signal;
    this.#requireNoOtherOrder = dependencies.requireNoOtherOrder;
    this.#requireOwnStack = dependencies.requireOwnStack;
    this.#orderOfAnotherResource = dependencies.orderOfAnotherResource;
    this.#desired = toDesiredOrder(news, configuration.hash, account.config.baseUrl);
    this.#key = journalKey(news);
    this.#relayKey = relayKey(this.#key, dependencies.stack);
    this.#timeout = news.timeout ?? defaultTimeout;
    this.#source = account.callbackOf(news) ?? account.polling;
    this.order = stateOrder;
    this.#isNew = stateOrder === undefined;
  }

  /**
   * @throws {UcaasError} what keeps the order from being sent, or from reaching the
   * declared state; `order` then says how far it came.
   */
  async run(): Promise<void> {
    try {
      await this.#findLastOrder();
      let next = this.#next();
      // Nothing is in the state yet, so the user expects an order to be sent.
      if (this.#isNew && this.order && next.do === "done")
        this.#tell(nothingSentMessage(this.order, this.#desired.service));
      for (; next.do !== "done"; next = this.#next()) {
        if (next.do === "refuse") throw next.failure;
        if (next.do === "submit") await this.#submit(next);
        if (next.do === "follow") await this.#follow(next.why);
        if (next.do === "awaitConfirmation") await this.#awaitConfirmation();
        if (next.do === "recordRetryToken") await this.#recordRetryToken();
        if (next.do === "adopt") await this.#adopt(next.orderId);
      }
    } finally {
      await this.#unsubscribe();
      await this.#endSession();
    }
  }

  #next(): Next {
    return decide(
      this.#desired,
      this.order,
      capabilitiesOf(this.order && this.#account.sourceOf(this.order)),
      this.#isNew,
    );
  }

  /** The order once there is one. */
  #current(): Order {
    if (!this.order) throw new Error("there is no order yet");
    return this.order;
  }

  #tell(text: string): void {
    logInfo("XelionTenantProvision", resourceId(this.#news), text);
  }

  /**
   * The state's, the journal's and the relay's order, whichever is the most recent, and
   * what sources say of it now.
   */
  async #findLastOrder(): Promise<void> {
    this.#entry = (await this.#journal.find<Order>(this.#key)) ?? null;
    const noted = this.#entry ? parseOrder(this.#entry.note, "journal") : undefined;
    const kept = await this.#source?.findLastOrder?.(this.#relayKey);
    const isKnown = [this.order, noted].some(
      (order) => order !== undefined && order.intentId === kept?.order.intentId,
    );
    if (kept?.stack !== undefined && !isKnown) await this.#requireOwnStack?.(kept.stack);
    this.order = mostRecent(mostRecent(this.order, noted), kept?.order);
    // Another machine may have sent a later one, of which neither journal nor relay knows.
    if (this.#isNew) this.order = mostRecent(this.order, await this.#orderOfAnotherResource?.());
    // Other machines know it as this stack's from now on.
    if (kept?.stack !== undefined && kept.stack !== this.#relayKey.stack)
      await this.#source?.saveRecord?.(kept.order).catch(() => {});
    if (!this.order || this.order.status === "COMPLETED") return;
    await this.#change(applyBuffered);
    await this.#poll();
  }

  async #poll(): Promise<void> {
    const order = this.#current();
    for (const source of this.#account.pollableSources(order)) {
      try {
        await this.#take(await source.poll(order));
      } catch (error) {
        this.#tell(`${describeOrder(order)} cannot be looked up: ${(error as Error).message}`);
      }
    }
  }

  /** Everything that has to be ready, then the journal, then the one POST. */
  async #submit({ note, warning }: { note?: string; warning?: string }): Promise<void> {
    const source = this.#source;
    if (note) this.#tell(note);
    if (warning) logWarning("XelionTenantProvision", resourceId(this.#news), warning);
    await this.#unsubscribe();
    await this.#endSession();
    await this.#requireNoOtherOrder?.();
    await this.#requireValid();
    const session = await this.#openSession();
    const before = { order: this.order, entry: this.#entry };
    const order = newOrder(
      this.#desired,
      source ? callbackBy[source.kind] : null,
      now(),
      this.order,
    );
    let callbackUrl: string | undefined;
    try {
      callbackUrl = await source?.prepare(this.#relayKey, order);
      this.#requireGoingOn();
      this.#entry = await this.#journal.intend(
        this.#key,
        order.configurationHash,
        order,
        before.entry,
      );
      this.order = order;
      this.#requestInFlight = true;
      await this.#subscribe(order);
    } catch (error) {
      await this.#takeBack(order, before);
      throw error;
    }
    const ownCallback = typeof this.#news.callback === "string" ? this.#news.callback : undefined;
    const destination = {
      serverUrl: this.#serverUrl,
      tenantName: this.#news.tenantName,
      token: session.token,
    };
    const url = callbackUrl ?? ownCallback;
    await this.#read(
      await this.#account.service.submit(this.#configuration.text, {
        ...destination,
        callbackUrl: url,
      }),
      before,
    );
  }

  get #serverUrl(): string {
    return baseUrlOf("xelion", this.#news.serverUrl);
  }

  /** @throws {UcaasError} what keeps the configuration from being sent */
  async #requireValid(): Promise<void> {
    if (!this.#account.config.testProvision) return;
    const result = await this.#account.validate(this.#configuration);
    if (result.kind === "invalid") throw configurationRefused(this.#news.tenantName, result.reason);
    if (result.kind !== "valid") throw result.failure;
  }

  async #openSession(): Promise<TenantSession> {
    const limits = { ...this.#account.config, signal: this.#signal };
    this.#session = await sessionFor(this.#news, this.#serverUrl, this.#timeout, limits);
    return this.#session;
  }

  /** What the POST came to. */
  async #read(submission: Submission, before: Before): Promise<void> {
    await this.#change((sent) => {
      this.#requestInFlight = false;
      if (submission.kind === "accepted") return accepted(sent, submission.orderId, "reply", now());
      return applyBuffered(sent);
    });
    const order = this.#current();
    // A refusal that callbacks contradict came from something between here and the service.
    if (submission.kind === "refused" && order.orderId === null) {
      await this.#takeBack(order, before);
      throw submission.failure;
    }
    if (submission.kind !== "accepted") {
      const known =
        order.orderId === null
          ? "It is not known whether the service has this order"
          : `Callbacks say that the service has it as ${describeOrder(order)}`;
      return this.#tell(`${submission.failure.message}\n  ${known}; it is not sent again`);
    }
    await this.#source?.saveRecord?.(order).catch(() => {});
    const how = this.#source
      ? `waiting up to ${this.#timeout} for its end (${this.#source.kind})`
      : "nothing follows it: neither a callback nor xelion:orderPath is configured";
    this.#tell(
      `order ${submission.orderId} submitted; ${this.#desired.wait === "submitted" ? "not waiting for its end" : how}`,
    );
  }

  /** It is certain that nothing was sent: all is as it was before. */
  async #takeBack(order: Order, before: Before): Promise<void> {
    const written = this.#entry?.note.intentId === order.intentId ? this.#entry : undefined;
    this.#requestInFlight = false;
    await this.#unsubscribe();
    this.order = before.order;
    this.#entry = before.entry;
    await this.#session?.close().catch(() => {});
    this.#session = undefined;
    // The relay then knows no order of the tenant. So no logout is waited for after it.
    await this.#source?.deleteRecord(order).catch(() => {});
    if (written) await this.#withdraw(written, before.entry);
  }

  /** Throws nothing: what kept the order from being sent is what the user has to know. */
  async #withdraw(written: JournalEntry<Order>, before: Before["entry"]): Promise<void> {
    try {
      if (before) await this.#journal.annotate(this.#key, before, before.note, written);
      else await this.#journal.drop(this.#key, written);
    } catch (error) {
      logWarning(
        "XelionTenantProvision",
        resourceId(this.#news),
        [
          "the journal still has an order that does not exist, and the next run takes it for unknown.",
          `Set retryFailed then. ${(error as Error).message}`,
        ].join(" "),
      );
    }
  }

  async #follow(why: string): Promise<void> {
    const order = this.#current();
    if (this.#subscription?.to !== order.intentId) {
      // Listen first: a callback may arrive right after the message.
      await this.#subscribe(order);
      const name = describePlace(order, this.#desired.service);
      this.#tell(`${name} is ${order.status}: ${why}, up to ${this.#timeout}`);
    }
    await this.#waitUntil(({ status }) => isTerminal(status), notFinished);
  }

  async #awaitConfirmation(): Promise<void> {
    const order = this.#current();
    await this.#subscribe(order);
    this.#tell(`waiting up to ${this.#timeout} for a callback that names ${describeOrder(order)}`);
    await this.#waitUntil(
      ({ orderId }) => orderId !== null,
      (last) => unconfirmed(this.#desired, last),
    );
  }

  async #recordRetryToken(): Promise<void> {
    const { retryFailed } = this.#desired;
    await this.#change((order) => {
      return { ...order, retryFailed, retryNotes: (order.retryNotes ?? 0) + 1 };
    });
    const order = this.#current();
    this.#tell(nothingSentMessage(order, this.#desired.service));
    await this.#account
      .sourceOf(order)
      ?.saveRecord?.(order)
      .catch(() => {});
  }

  async #adopt(orderId: number): Promise<void> {
    const { service, retryFailed } = this.#desired;
    // Its callbacks, if any, come to the address that the unsettled order was sent with.
    await this.#replace((order) => {
      const isUnsettled = order?.orderId === null && !isElsewhere(order, service);
      const known = isUnsettled ? order : newOrder(this.#desired, null, now(), order);
      return accepted(
        { ...known, ...(service && { service }), givenOrderId: orderId, retryFailed },
        orderId,
        "operator",
        now(),
      );
    });
    this.#tell(
      `order ${orderId} is taken for this tenant's, as declared by orderId; nothing is sent`,
    );
    await this.#poll();
  }

  /**
   * Listens to the order there is, until what is waited for has come, or the time is
   * over, or the run is to end.
   */
  async #waitUntil(
    isDone: (order: Order) => boolean,
    tooLate: (order: Order, timeout: string) => UcaasError,
  ): Promise<void> {
    const subscription = await this.#subscribe(this.#current());
    const deadline = AbortSignal.timeout(ms(this.#timeout as ms.StringValue));
    const ending = aborted(AbortSignal.any([deadline, this.#signal]));
    try {
      while (!isDone(this.#current())) {
        this.#requireGoingOn();
        if (deadline.aborted) throw tooLate(this.#current(), this.#timeout);
        await Promise.race([
          this.#onChange.promise,
          ending.promise,
          ...(subscription ? [subscription.failed] : []),
        ]);
      }
    } finally {
      ending.forget();
    }
  }

  async #subscribe(order: Order): Promise<Subscription | undefined> {
    if (this.#subscription?.to === order.intentId) return this.#subscription.by;
    await this.#unsubscribe();
    const by = await this.#account.sourceOf(order)?.listen(
      () => this.#current(),
      (events) => this.#take(events),
    );
    if (by) this.#subscription = { to: order.intentId, by };
    return by;
  }

  async #unsubscribe(): Promise<void> {
    const { by } = this.#subscription ?? {};
    this.#subscription = undefined;
    await by?.stop();
  }

  /** Resolves when the events are in the journal. */
  #take(events: readonly StatusEvent[]): Promise<void> {
    return this.#change((order) =>
      this.#requestInFlight ? heard(order, events) : applyEvents(order, events),
    );
  }

  #change(next: (order: Order) => Order): Promise<void> {
    return this.#replace(() => next(this.#current()));
  }

  /** Replaces the order by what `next` makes of it. Resolves when the journal has it. */
  #replace(next: (order: Order | undefined) => Order): Promise<void> {
    const changing = this.#queue.then(async () => {
      const before = this.order;
      const after = next(before);
      if (after === before && !this.#unsaved) return;
      await this.#save(after);
      for (const { status, source } of after.statusHistory.filter(
        (entry) => !before?.statusHistory.includes(entry),
      )) {
        if (status !== "SUBMITTED") this.#tell(`${describeOrder(after)}: ${status} (${source})`);
      }
    });
    this.#queue = changing.catch(() => {});
    return changing;
  }

  async #save(order: Order): Promise<void> {
    const own = this.#entry?.note.intentId === order.intentId ? this.#entry : undefined;
    const entry =
      own ?? (await this.#journal.intend(this.#key, order.configurationHash, order, this.#entry));
    // First, so that the state gets what was learnt even where the journal's disk is full.
    this.order = order;
    this.#unsaved = true;
    this.#entry = await this.#journal.annotate(this.#key, entry, order);
    this.#unsaved = false;
    this.#onChange.resolve();
    this.#onChange = Promise.withResolvers();
  }

  #requireGoingOn(): void {
    if (this.#signal.aborted) throw interrupted(this.order);
  }

  /**
   * The order works with the tenant's token until its end; a session whose order has no
   * known end expires by itself.
   */
  async #endSession(): Promise<void> {
    const session = this.#session;
    if (!session || !isTerminal(this.order?.status ?? "")) return;
    this.#session = undefined;
    await session
      .close()
      .catch((error: unknown) =>
        this.#tell(`the tenant's session is left to expire: ${(error as Error).message}`),
      );
  }
}

/** What was known before an order was about to be sent. */
interface Before {
  readonly order: Order | undefined;
  readonly entry: JournalEntry<Order> | null;
}

/** How callbacks of an order come when it is followed by a source. */
const callbackBy: Record<StatusSource["kind"], Order["callback"]> = {
  callback: "direct",
  relay: "relay",
  polling: null,
};

/**
 * A promise that resolves when the signal is aborted, and that can be forgotten without
 * leaving a listener behind.
 */
function aborted(signal: AbortSignal): { promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", onAbort, { once: true });
  return { promise, forget: () => signal.removeEventListener("abort", onAbort) };
}

function now(): string {
  return new Date().toISOString();
}
