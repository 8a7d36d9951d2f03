import { setTimeout as pause } from "node:timers/promises";
import { Agent, request } from "undici";
import { newId, newKey, statusChanged } from "../../test/receiver/receiver-process.ts";

/** Xelion calls this often in a second, for all orders together. */
const perSecond = 60;
const orderCount = 60;

interface Order {
  readonly id: string;
  readonly path: string;
  /** The callbacks that were answered with 2xx. */
  readonly acknowledged: number[];
}

/**
 * Plays Xelion and `pulumi up` at a receiver's address: orders, and their callbacks one
 * after the other. Each has a connection of its own, so that a Service distributes them. A
 * callback that is not acknowledged is sent again with the same `mid`.
 */
export class Callbacks {
  readonly #url: string;
  readonly #relayKey: string;
  // Without pipelining, undici closes each connection after its reply.
  readonly #connections = new Agent({ pipelining: 0, headersTimeout: 10_000 });
  readonly #orders: Order[] = [];
  readonly #end = new AbortController();
  #sending: Promise<unknown> = Promise.resolve();
  /** Attempts that were not acknowledged. */
  failures = 0;

  constructor(url: string, relayKey: string) {
    this.#url = url;
    this.#relayKey = relayKey;
  }

  get acknowledged(): number {
    return this.#orders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  async start(): Promise<void> {
    for (let count = 0; count < orderCount; count++) {
      const id = newId();
      const registration = { key: newKey(), replaces: null, note: {} };
      const { intent } = (await this.#relay("PUT", `/intents/${id}`, registration)) as {
        intent: { callbackUrl: string };
      };
      this.#orders.push({ id, path: new URL(intent.callbackUrl).pathname, acknowledged: [] });
    }
    this.#sending = Promise.all(this.#orders.map((order) => this.#send(order)));
  }

  /** Ends when the callbacks that are under way are acknowledged. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#sending;
  }

  /** What the relay does not have exactly once, in words. */
  async judge(): Promise<string[]> {
    const findings: string[] = [];
    for (const { id, acknowledged } of this.#orders) {
      const { messages } = (await this.#relay("GET", `/intents/${id}/messages`)) as {
        messages: { body: { mid: number } }[];
      };
      const kept = messages.map(({ body }) => body.mid);
      if (kept.join() !== acknowledged.join())
        findings.push(`order ${id}: acknowledged ${acknowledged.join()}, kept ${kept.join()}`);
    }
    return findings;
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#connections.destroy();
  }

  async #send({ path, acknowledged }: Order): Promise<void> {
    const { signal } = this.#end;
    for (let mid = 1; !signal.aborted; mid++) {
      while (!(await this.#isAcknowledged(path, mid))) {
        this.failures++;
        await pause(500);
      }
      acknowledged.push(mid);
      await pause((1000 * orderCount) / perSecond, undefined, { signal }).catch(() => {});
    }
  }

  async #isAcknowledged(path: string, mid: number): Promise<boolean> {
    try {
      const { statusCode, body } = await request(this.#url + path, {
        dispatcher: this.#connections,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(statusChanged(mid)),
      });
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }

  async #relay(method: "GET" | "PUT", path: string, content?: object): Promise<unknown> {
    const { statusCode, body } = await request(this.#url + path, {
      dispatcher: this.#connections,
      method,
      headers: {
        authorization: `Bearer ${this.#relayKey}`,
        ...(content && { "content-type": "application/json" }),
      },
      body: content && JSON.stringify(content),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
    return JSON.parse(text);
  }
}
