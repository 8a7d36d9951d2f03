import { setTimeout as pause } from "node:timers/promises";
import { UcaasError } from "../runtime/errors.ts";
import type { XelionClient } from "./client.ts";
import type { Order, StatusEvent } from "./schema.ts";
import { type StatusSource, type Subscription, startPolling } from "./status-source.ts";

/** Looks at an order again and again, where the operator has said by `xelion:orderPath` how to. */
export class OrderPoller implements StatusSource {
  readonly kind = "polling";
  readonly #service: XelionClient;
  readonly #interval: number;
  readonly #tell: (text: string) => void;

  constructor(service: XelionClient, pollSeconds: number, tell: (text: string) => void) {
    this.#service = service;
    this.#interval = pollSeconds * 1000;
    this.#tell = tell;
  }

  async prepare(): Promise<undefined> {
    return undefined;
  }

  async listen(
    order: () => Order,
    take: (news: StatusEvent[]) => Promise<void>,
  ): Promise<Subscription> {
    return startPolling((stopped) => this.#poll(order, take, stopped));
  }

  async poll({ orderId }: Order): Promise<StatusEvent[]> {
    return orderId === null ? [] : [await this.#news(orderId)];
  }

  async deleteRecord(): Promise<void> {}

  async #news(orderId: number, signal?: AbortSignal): Promise<StatusEvent> {
    const status = await this.#service.status(orderId, signal);
    return { orderId, status, time: new Date().toISOString(), source: "polling" };
  }

  async #poll(
    order: () => Order,
    take: (news: StatusEvent[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let complained = false;
    while (!signal.aborted) {
      const { orderId } = order();
      try {
        if (orderId !== null) await take([await this.#news(orderId, signal)]);
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error)) throw error;
        if (!complained)
          this.#tell(`${(error as Error).message}. Looking again every ${this.#interval / 1000} s`);
        complained = true;
      }
      await pause(this.#interval, undefined, { signal }).catch(() => {});
    }
  }
}

/** A fault of the service or of the way to it, after which the next look may succeed. */
function mayPass(error: unknown): boolean {
  return (
    error instanceof UcaasError &&
    (error.status === undefined || error.status === 429 || error.status >= 500)
  );
}
