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
  type Next,
  nameOf,
  newOrder,
  notFinished,
  nothingSent,
  orderOf,
  outcomeUnknown,
} from "./order.ts";
import type { News, Order } from "./schema.ts";
import { type Listening, type OrderSource, reachOf } from "./source.ts";
import type { TenantSession } from "./tenant-session.ts";

/** What a pursuit does its work with. */
export interface Means {
  readonly journal: Pick<Journal, "find" | "intend" | "annotate" | "drop">;
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
  /** Whether the resource is created. */
  readonly #isNew: boolean;
  readonly #means: Means;
  #entry: JournalEntry<Order> | null = null;
  #listening: { to: string; by: Listening } | undefined;
  #session: TenantSession | undefined;
  /** While the POST is under way it cannot be told which order a callback is about. */
  #posting = false;
  /** What changes the order does so one after the other, up to the journal's disk: news may come at any moment. */
  #changing: Promise<unknown> = Promise.resolve();
  #changed = Promise.withResolvers<void>();

  /** @param stateOrder the order in the state, if there is one */
  constructor(declared: Declared, stateOrder: Order | undefined, means: Means) {
    this.#declared = declared;
    this.order = stateOrder;
    this.#isNew = stateOrder === undefined;
    this.#means = means;
  }

  /** @throws {UcaasError} what keeps the order from being sent, or from being where it is wanted; `order` then says how far it came. */
  async run(): Promise<void> {
    try {
      await this.#recall();
      let next = this.#next();
      // Nothing is in the state yet, so nobody expects that all was done before.
      if (this.#isNew && this.order && next.do === "done") this.#means.tell(nothingSent(this.order));
      for (; next.do !== "done"; next = this.#next()) {
        if (next.do === "refuse") throw next.failure;
        if (next.do === "submit") await this.#submit(next.note);
        if (next.do === "follow") await this.#follow(next.why);
        if (next.do === "settle") await this.#settle();
        if (next.do === "remember") await this.#remember();
        if (next.do === "adopt") await this.#adopt(next.orderId);
      }
    } finally {
      await this.#stopListening();
      await this.#endSession();
    }
  }

  #next(): Next {
    return decide(this.#declared, this.order, reachOf(this.order && this.#means.sourceOf(this.order)), this.#isNew);
  }

  /** What is known: the state's, the journal's and the relay's order, whichever is the latest, and what sources can say of it now. */
  async #recall(): Promise<void> {
    const { journal, key, source } = this.#means;
    this.#entry = (await journal.find<Order>(key)) ?? null;
    const noted = this.#entry ? orderOf(this.#entry.note, "journal") : undefined;
    this.order = latest(latest(this.order, noted), await source?.recall?.(thingOf(key)));
    if (!this.order || this.order.status === "COMPLETED") return;
    await this.#change(absorbHeard);
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

  /** Everything that has to be ready, then the journal, then the one POST. */
  async #submit(note: string | undefined): Promise<void> {
    const { journal, key, source, test, tell } = this.#means;
    if (note) tell(note);
    await this.#stopListening();
    await this.#endSession();
    await test();
    this.#session = await this.#means.logIn();
    const before = { order: this.order, entry: this.#entry };
    const order = newOrder(this.#declared, source ? callbackBy[source.kind] : null, now(), this.order);
    let callbackUrl: string | undefined;
    try {
      callbackUrl = await source?.prepare(thingOf(key), order);
      this.#requireGoingOn();
      this.#entry = await journal.intend(key, order.configurationHash, order, before.entry);
      this.order = order;
      this.#posting = true;
      await this.#listen();
    } catch (error) {
      await this.#takeBack(order, before);
      throw error;
    }
    await this.#read(await this.#means.submit(this.#session.token, callbackUrl), before);
  }

  /** What the POST came to. */
  async #read(submission: Submission, before: Before): Promise<void> {
    const { source, tell, timeout } = this.#means;
    await this.#change((sent) => {
      this.#posting = false;
      if (submission.kind === "accepted") return accepted(sent, submission.orderId, "reply", now());
      return absorbHeard(sent);
    });
    const order = this.order as Order;
    // A refusal that callbacks contradict came from something between here and the service.
    if (submission.kind === "refused" && order.orderId === null) {
      await this.#takeBack(order, before);
      throw submission.failure;
    }
    if (submission.kind !== "accepted") {
      const known =
        order.orderId === null
          ? "It is not known whether the service has this order"
          : `Callbacks say that the service has it as ${nameOf(order)}`;
      return tell(`${submission.failure.message}\n  ${known}; it is not sent again`);
    }
    await source?.note?.(order).catch(() => {});
    const how = source
      ? `waiting up to ${timeout} for its end (${source.kind})`
      : "nothing follows it: neither a callback nor xelion:orderPath is configured";
    tell(`order ${submission.orderId} submitted; ${this.#declared.wait === "submitted" ? "not waiting for its end" : how}`);
  }

  /** It is certain that nothing was sent: all is as it was before. */
  async #takeBack(order: Order, before: Before): Promise<void> {
    const { journal, key, source } = this.#means;
    this.#posting = false;
    await this.#stopListening();
    if (this.#entry?.note.intentId === order.intentId) {
      if (before.entry) await journal.annotate(key, before.entry, before.entry.note);
      else await journal.drop(key);
    }
    this.order = before.order;
    this.#entry = before.entry;
    await source?.forget(order).catch(() => {});
    await this.#session?.close().catch(() => {});
    this.#session = undefined;
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

  async #remember(): Promise<void> {
    await this.#change((order) => ({ ...order, retryFailed: this.#declared.retryFailed }));
    const order = this.order as Order;
    this.#means.tell(nothingSent(order));
    await this.#means
      .sourceOf(order)
      ?.note?.(order)
      .catch(() => {});
  }

  async #adopt(orderId: number): Promise<void> {
    // Its callbacks, if any, come to the address that the unsettled order was sent with.
    await this.#change((order) => {
      const unsettled = order?.orderId === null ? order : newOrder(this.#declared, null, now(), order);
      return accepted({ ...unsettled, givenOrderId: orderId, retryFailed: this.#declared.retryFailed }, orderId, "operator", now());
    });
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
    return this.#change((order) => (this.#posting ? { ...order, heard: [...order.heard, ...news] } : absorb(order, news)));
  }

  /** Replaces the order by what `next` makes of it. Resolves when the journal has it. */
  #change(next: (order: Order) => Order): Promise<void> {
    const changing = this.#changing.then(async () => {
      const before = this.order as Order;
      const after = next(before);
      if (after === before) return;
      await this.#keep(after);
      for (const { status, source } of after.statusHistory.filter((entry) => !before?.statusHistory.includes(entry))) {
        if (status !== "SUBMITTED") this.#means.tell(`${nameOf(after)}: ${status} (${source})`);
      }
    });
    this.#changing = changing.catch(() => {});
    return changing;
  }

  async #keep(order: Order): Promise<void> {
    const { journal, key } = this.#means;
    const isOurs = this.#entry?.note.intentId === order.intentId;
    const entry = isOurs ? (this.#entry as JournalEntry<Order>) : await journal.intend(key, order.configurationHash, order, this.#entry);
    this.#entry = await journal.annotate(key, entry, order);
    this.order = order;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
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

/** What was known before an order was about to be sent. */
interface Before {
  readonly order: Order | undefined;
  readonly entry: JournalEntry<Order> | null;
}

/** How callbacks of an order come when it is followed by a source. */
const callbackBy: Record<OrderSource["kind"], Order["callback"]> = { callback: "direct", relay: "relay", polling: null };

/** Whose order it is, beyond this process: one of the same stack. */
export function thingOf({ stack, thing }: JournalKey): string {
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
