import type { Reach } from "./order.ts";
import type { News, Order } from "./schema.ts";

/**
 * Where news of an order come from. There are three: a callback to this process (`callback.ts`), callbacks that a relay has kept
 * (`relay.ts`), looks at the order (`polling.ts`). The first that is configured, in this order, follows an order.
 */
export interface OrderSource {
  readonly kind: "callback" | "relay" | "polling";

  /** What the source itself remembers of the last order about a thing, wherever it was sent from. */
  recall?(thing: string): Promise<Order | undefined>;

  /**
   * Makes everything ready for an order that is about to be sent. What fails here keeps the order from being sent.
   *
   * @returns the address for `X-Callback-Url`
   */
  prepare(thing: string, order: Order): Promise<string | undefined>;

  /**
   * Hears of an order from now on; resolves when nothing will be missed any more. `take` resolves when the news is safe on the disk.
   * `order` gives the order as it is known at that moment.
   */
  listen(order: () => Order, take: (news: News[]) => Promise<void>): Promise<Listening>;

  /** All that can be said at once, without waiting. */
  look(order: Order): Promise<News[]>;

  /** Passes on what is known of the order now, for other machines. */
  note?(order: Order): Promise<void>;

  /** The order was never sent, or the resource that it belongs to is deleted. */
  forget(order: Order): Promise<void>;
}

/** What can be done about an order by the source that tells of it, if there is one. To be looked at, an order must have an id. */
export function reachOf(source: OrderSource | undefined): Reach {
  return { canFollow: source !== undefined, canSettle: source !== undefined && source.kind !== "polling" };
}

export interface Listening {
  /** Never resolves; rejects when nothing more can be heard, with the reason. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Listening by a loop of our own, which ends when it is stopped. */
export function loop(work: (stopped: AbortSignal) => Promise<void>): Listening {
  const stopped = new AbortController();
  const running = work(stopped.signal);
  const failed = running.then(() => new Promise<never>(() => {}));
  // Who stops listening may never have waited for it.
  failed.catch(() => {});
  return {
    failed,
    async stop() {
      stopped.abort();
      await running.catch(() => {});
    },
  };
}
