import type { Capabilities } from "./order.ts";
import type { RelayKey } from "./resource-id.ts";
import type { Order, StatusEvent } from "./schema.ts";

/** An order that a source remembers, and the stack that sent it; 0.1.0 noted none. */
export interface KeptOrder {
  readonly order: Order;
  readonly stack?: string;
}

/**
 * Where news of an order come from. There are three: a callback to this process
 * (`callback.ts`), callbacks that a relay has kept (`relay.ts`), looks at the order
 * (`polling.ts`). The first that is configured, in this order, follows an order.
 */
export interface StatusSource {
  readonly kind: "callback" | "relay" | "polling";

  /**
   * What the source itself remembers of the last order about a thing, wherever it was
   * sent from.
   */
  findLastOrder?(key: RelayKey): Promise<KeptOrder | undefined>;

  /**
   * Makes everything ready for an order that is about to be sent. What fails here keeps
   * the order from being sent.
   *
   * @returns the address for `X-Callback-Url`
   */
  prepare(key: RelayKey, order: Order): Promise<string | undefined>;

  /**
   * Hears of an order from now on; resolves when nothing will be missed any more. `take`
   * resolves when the news is safe on the disk. `order` gives the order as it is known at
   * that moment.
   */
  listen(order: () => Order, take: (news: StatusEvent[]) => Promise<void>): Promise<Subscription>;

  /** All that can be said at once, without waiting. */
  poll(order: Order): Promise<StatusEvent[]>;

  /** Passes on what is known of the order now, for other machines. */
  saveRecord?(order: Order): Promise<void>;

  /** The order was never sent, or the resource that it belongs to is deleted. */
  deleteRecord(order: Order): Promise<void>;
}

/**
 * What can be done about an order by the source that tells of it, if there is one. To be
 * looked at, an order must have an id.
 */
export function capabilitiesOf(source: StatusSource | undefined): Capabilities {
  return {
    canFollow: source !== undefined,
    canConfirm: source !== undefined && source.kind !== "polling",
  };
}

export interface Subscription {
  /** Never resolves; rejects when nothing more can be heard, with the reason. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Subscription by a loop of our own, which ends when it is stopped. */
export function startPolling(work: (stopped: AbortSignal) => Promise<void>): Subscription {
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
