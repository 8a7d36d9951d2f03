import ms from "ms";
import type { UcaasError } from "../dynamic/errors.ts";
import type { Journal, JournalEntry, JournalKey } from "../dynamic/journal.ts";
import type { Submission } from "./client.ts";
import {
  absorb,
  absorbHeard,
  accepted,
  type Declared,
  decide,
  interrupted,
  isTerminal,
  latest,
  nameOf,
  newOrder,
  notFinished,
  orderOf,
  outcomeUnknown,
} from "./order.ts";
import type { News, Order } from "./schema.ts";
import type { Listening, OrderSource } from "./source.ts";
import type { TenantSession } from "./tenant-session.ts";

/** What a pursuit does its work with. */
export interface Means {
  readonly journal: Pick<Journal, "find" | "intend" | "annotate" | "complete" | "drop">;
  readonly key: JournalKey;
  /** The source that a new order is followed by, if there is any. */
  readonly source: OrderSource | undefined;
  /** The source that can tell of an order that was sent earlier. */
  sourceOf(order: Order): OrderSource | undefined;
  /** What can be asked for an order's status at once. */
  lookouts(order: Order): readonly OrderSource[];
  /** Throws what keeps the configuration from being sent. */
  test(): Promise<void>;
  logIn(): Promise<TenantSession>;
  submit(token: string, callbackUrl: string | undefined): Promise<Submission>;
  readonly timeout: string;
  readonly interrupted: AbortSignal;
  tell(text: string): void;
}

/**
 * Brings what is declared about: does what `decide` says until nothing is left to do. An order is sent in one place only, `#submit`,
 * after the journal has it; whatever ends this process at whatever moment, the next pursuit finds the order there, or in the relay, or in the state.
 */
export class Pursuit {
  /** What is known of the last order, also after a failure. */
  order: Order | undefined;
  readonly #declared: Declared;
  readonly #means: Means;
  #entry: JournalEntry<Order> | null = null;
  #listening: { to: string; by: Listening } | undefined;
  #session: TenantSession | undefined;
  /** While the POST is under way it cannot be told which order a callback is about. */
  #posting = false;
  /** News are taken one batch after the other. */
  #taking: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();

  /** @param stateOrder the order in the state, if there is one */
  constructor(declared: Declared, stateOrder: Order | undefined, means: Means) {
    this.#declared = declared;
    this.order = stateOrder;
    this.#means = means;
  }

  /** @throws {UcaasError} what keeps the order from being sent, or from being where it is wanted; `order` then says how far it came. */
  async run(): Promise<void> {
    try {
      await this.#recall();
      for (;;) {
        const next = decide(this.#declared, this.order, this.#reach());
        if (next.do === "done") return;
        if (next.do === "refuse") throw next.failure;
        if (next.do === "submit") await this.#submit(next.note);
        if (next.do === "follow") await this.#follow(next.why);
        if (next.do === "settle") await this.#settle();
        if (next.do === "adopt") await this.#adopt(next.orderId);
      }
    } finally {
      await this.#stopListening();
      await this.#endSession();
    }
  }

  #reach() {
    const source = this.order && this.#means.sourceOf(this.order);
    return { canFollow: source !== undefined, canSettle: source !== undefined && source.kind !== "polling" };
  }

  /** What is known: the state's, the journal's and the relay's order, whichever is the latest, and what sources can say of it now. */
  async #recall(): Promise<void> {
    const { journal, key, source } = this.#means;
    this.#entry = (await journal.find<Order>(key)) ?? null;
    const noted = this.#entry ? orderOf(this.#entry.note, "journal") : undefined;
    this.order = latest(latest(this.order, noted), await source?.recall?.(thingOf(key)));
    if (!this.order || this.order.status === "COMPLETED") return;
    if (this.order.heard.length > 0) await this.#keep(absorbHeard(this.order));
    await this.#look(this.order);
  }

  async #look(order: Order): Promise<void> {
    for (const lookout of this.#means.lookouts(order)) {
      try {
        await this.#take(await lookout.look(order));
      } catch (error) {
        this.#means.tell(`${nameOf(order)} cannot be looked at: ${(error as Error).message}`);
      }
    }
  }

  async #submit(note: string | undefined): Promise<void> {
    const { journal, key, source, test, tell, timeout } = this.#means;
    if (note) tell(note);
    const before = { order: this.order, entry: this.#entry };
    await this.#stopListening();
    await this.#endSession();
    await test();
    this.#session = await this.#means.logIn();
    const order = newOrder(this.#declared, source ? callbackBy[source.kind] : null, now());
    const forget = async () => {
      await source?.forget(order).catch(() => {});
      this.order = before.order;
      await this.#session?.close().catch(() => {});
      this.#session = undefined;
    };
    let callbackUrl: string | undefined;
    try {
      callbackUrl = await source?.prepare(thingOf(key), order);
      this.#requireGoingOn();
      this.#entry = await journal.intend(key, order.configurationHash, order, before.entry);
      this.order = order;
      this.#posting = true;
      await this.#listen();
    } catch (error) {
      this.#posting = false;
      if (this.order === order) await this.#unwrite(before.entry);
      await forget();
      throw error;
    }

    const submission = await this.#means.submit(this.#session.token, callbackUrl);
    await this.#taking;
    this.#posting = false;
    if (submission.kind === "refused") {
      await this.#stopListening();
      await this.#unwrite(before.entry);
      await forget();
      throw submission.failure;
    }
    if (submission.kind === "accepted") {
      await this.#keep(accepted(this.order, submission.orderId, "reply", now()));
      await source?.note?.(this.order).catch(() => {});
      const how = source
        ? `waiting up to ${timeout} for its end (${source.kind})`
        : "nothing follows it: neither a callback nor xelion:orderPath is configured";
      tell(`order ${submission.orderId} submitted; ${this.#declared.wait === "submitted" ? "not waiting for its end" : how}`);
    } else {
      tell(`${submission.failure.message}\n  It is not known whether the service has this order; it is not sent again`);
      await this.#keep(absorbHeard(this.order));
    }
  }

  async #follow(why: string): Promise<void> {
    const order = this.order as Order;
    if (this.#listening?.to !== order.intentId)
      this.#means.tell(`${nameOf(order)} is ${order.status}: ${why}, up to ${this.#means.timeout}`);
    await this.#waitUntil(
      () => isTerminal(this.order?.status ?? ""),
      () => notFinished(this.order as Order, this.#means.timeout),
    );
  }

  async #settle(): Promise<void> {
    this.#means.tell(`waiting up to ${this.#means.timeout} for a callback that names ${nameOf(this.order as Order)}`);
    await this.#waitUntil(
      () => this.order?.orderId !== null,
      () => outcomeUnknown(this.order as Order),
    );
  }

  async #adopt(orderId: number): Promise<void> {
    // Its callbacks, if any, come to the address that the unsettled order was sent with.
    const unsettled = this.order?.orderId === null ? this.order : newOrder(this.#declared, null, now());
    const order = { ...unsettled, givenOrderId: orderId, retryFailed: this.#declared.retryFailed };
    await this.#keep(accepted(order, orderId, "operator", now()));
    this.#means.tell(`order ${orderId} is taken for this tenant's, as declared by orderId; nothing is sent`);
    await this.#look(this.order as Order);
  }

  /** Listens to the order there is, until what is waited for has come, or the time is over, or the run is to end. */
  async #waitUntil(done: () => boolean, tooLate: () => UcaasError): Promise<void> {
    const listening = await this.#listen();
    const deadline = AbortSignal.timeout(ms(this.#means.timeout as ms.StringValue));
    const given = aborted(AbortSignal.any([deadline, this.#means.interrupted]));
    try {
      while (!done()) {
        this.#requireGoingOn();
        if (deadline.aborted) throw tooLate();
        await Promise.race([this.#changed.promise, given.promise, ...(listening ? [listening.failed] : [])]);
      }
    } finally {
      given.forget();
    }
  }

  async #listen(): Promise<Listening | undefined> {
    const order = this.order as Order;
    if (this.#listening?.to === order.intentId) return this.#listening.by;
    await this.#stopListening();
    const by = await this.#means.sourceOf(order)?.listen(
      () => this.order as Order,
      (news) => this.#take(news),
    );
    if (by) this.#listening = { to: order.intentId, by };
    return by;
  }

  async #stopListening(): Promise<void> {
    const { by } = this.#listening ?? {};
    this.#listening = undefined;
    await by?.stop();
  }

  /** Resolves when the news are in the journal. */
  #take(news: readonly News[]): Promise<void> {
    const taken = this.#taking.then(async () => {
      const before = this.order as Order;
      if (this.#posting) return this.#keep({ ...before, heard: [...before.heard, ...news] });
      const after = absorb(before, news);
      if (after === before) return;
      await this.#keep(after);
      for (const entry of after.statusHistory) {
        if (!before.statusHistory.includes(entry)) this.#means.tell(`${nameOf(after)}: ${entry.status} (${entry.source})`);
      }
    });
    this.#taking = taken.catch(() => {});
    return taken;
  }

  /** The order, as the journal has it from now on. */
  async #keep(order: Order): Promise<void> {
    const { journal, key } = this.#means;
    const isOurs = this.#entry?.note.intentId === order.intentId;
    const entry = isOurs ? (this.#entry as JournalEntry<Order>) : await journal.intend(key, order.configurationHash, order, this.#entry);
    this.#entry = isTerminal(order.status) ? await journal.complete(key, entry, order) : await journal.annotate(key, entry, order);
    this.order = order;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Nothing was sent: the journal is as it was before. */
  async #unwrite(before: JournalEntry<Order> | null): Promise<void> {
    const { journal, key } = this.#means;
    this.#entry = before ? await journal.annotate(key, before, before.note) : null;
    if (!before) await journal.drop(key);
  }

  #requireGoingOn(): void {
    if (this.#means.interrupted.aborted) throw interrupted(this.order);
  }

  /** The order works with the tenant's token until its end; a session is left to itself when the end is not known. */
  async #endSession(): Promise<void> {
    const session = this.#session;
    if (!session || !isTerminal(this.order?.status ?? "")) return;
    this.#session = undefined;
    await session
      .close()
      .catch((error: unknown) => this.#means.tell(`the tenant's session is left to expire: ${(error as Error).message}`));
  }
}

/** How callbacks of an order come when it is followed by a source. */
const callbackBy: Record<OrderSource["kind"], Order["callback"]> = { callback: "direct", relay: "relay", polling: null };

/** Whose order it is, for the relay: one of the same stack. */
function thingOf({ stack, thing }: JournalKey): string {
  return `${stack}\n${thing}`;
}

/** A promise that resolves when the signal is aborted, and that can be forgotten without leaving a listener behind. */
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
