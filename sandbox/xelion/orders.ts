/**
 * Orders take their course by themselves, each change announced to its callback address,
 * over restarts of the server too.
 */
import { setImmediate as next, setTimeout as pause } from "node:timers/promises";
import type { SandboxServer } from "../server.ts";
import type { ProvisioningOptions } from "./options.ts";
import { isTerminal, type OrderStatus, type Scenario, type Step } from "./scenarios.ts";

export interface Order {
  id: number;
  /** Whose key ordered it. */
  organization: string;
  serverUrl: string;
  tenantName: string;
  tenantToken: string;
  callbackUrl?: string;
  /** The body as it was sent, and its SHA-256 in hex. */
  configuration: string;
  configurationSha256: string;
  /** ISO 8601, like all times here. */
  submittedAt: string;
  status: OrderStatus;
  history: { at: string; status: OrderStatus; reason?: string }[];
  /** What is still to come of its course. */
  steps: Step[];
}

/** One callback message: what is (to be) sent, and how each try went. */
export interface Message {
  mid: number;
  orderId: number;
  url: string;
  body: { mid: number; type: string; data: { id: number; status: string } };
  /** How often it is still to be sent. */
  left: number;
  /** Waits for a `release`. */
  held?: boolean;
  attempts: { at: string; answered: number | string }[];
}

export interface ProvisioningState {
  /** Organizations by name; a parent manages the orders of its children. */
  organizations: Record<string, { apiKey: string; parent?: string }>;
  /** All orders ever made, by id. */
  orders: Record<string, Order>;
  /** All callback messages, in the order of `mid`. */
  messages: Message[];
  /** Courses for orders to come. */
  courses: Scenario[];
  /** What `/provision/test` was asked. A tenant token has no business there. */
  tests: { at: string; withApiKey: boolean; withTenantToken: boolean; valid: boolean }[];
  nextOrder: number;
  nextMid: number;
}

export type ProvisioningServer = SandboxServer<ProvisioningState, ProvisioningOptions>;

export class OrderRunner {
  readonly #server: ProvisioningServer;
  readonly #stopping = new AbortController();
  /** The messages of one order go out one after the other. */
  readonly #sending = new Map<number, Promise<void>>();
  /** Orders that have come to a `hold`. */
  readonly #held = new Set<number>();

  constructor(server: ProvisioningServer) {
    this.#server = server;
  }

  /** Goes on where the last run of the server ended. */
  resume(): void {
    for (const message of this.#server.state.messages)
      if (message.left > 0 && !message.held) this.#send(message);
    for (const order of Object.values(this.#server.state.orders))
      if (order.steps.length > 0) void this.begin(order.id);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Lets an order take its course; done when the POST that made it may be answered. */
  begin(id: number): Promise<void> {
    const reply = Promise.withResolvers<void>();
    this.#run(id, reply.resolve)
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted)
          process.stderr.write(`xelion sandbox, order ${id}: ${String(error)}\n`);
      })
      .finally(reply.resolve);
    return reply.promise;
  }

  /**
   * Takes away the next `hold` of an order, whether it has come there or not; false when
   * there is none.
   */
  proceed(id: number): boolean {
    const steps = this.#server.state.orders[id]?.steps ?? [];
    const at = steps.findIndex((step) => step.do === "hold");
    if (at === -1) return false;
    steps.splice(at, 1);
    if (this.#held.delete(id)) void this.begin(id);
    return true;
  }

  async #run(id: number, reply: () => void): Promise<void> {
    const server = this.#server;
    if (!server.state.orders[id]!.steps.some((step) => step.do === "reply")) {
      reply();
      await next();
    }
    for (;;) {
      // Looked up each time: a test may have replaced the state.
      const order = server.state.orders[id];
      const step = order?.steps[0];
      if (order === undefined || step === undefined || this.#stopping.signal.aborted) return;
      if (step.do === "hold") {
        this.#held.add(id);
        return;
      }
      if (step.do === "wait") await pause(step.ms, undefined, { signal: this.#stopping.signal });
      if (step.do === "reply") {
        await this.#sending.get(id);
        reply();
        // What follows comes after the answer has left.
        await next();
      }
      let refusal: string | undefined;
      if (step.do === "status" && (step.status === "IN_PROGRESS" || step.status === "COMPLETED")) {
        refusal = await this.#tokenRefused(order);
        if (this.#stopping.signal.aborted) return;
      }
      order.steps.shift();
      if (refusal !== undefined) {
        order.steps = order.steps.filter((later) => later.do === "reply" || later.do === "release");
        this.#change(order, "FAILED", refusal);
        this.#announce(order, {
          type: "orderStatusChanged",
          status: "FAILED",
          orderIdOffset: 0,
          callback: "now",
          times: 1,
        });
      } else if (step.do === "status") {
        this.#change(order, step.status);
        this.#announce(order, { ...step, type: "orderStatusChanged", orderIdOffset: 0 });
      } else if (step.do === "message") this.#announce(order, step);
      else if (step.do === "release") this.#release(order);
      server.save();
    }
  }

  #change(order: Order, status: OrderStatus, reason?: string): void {
    if (order.status === status || isTerminal(order.status)) return;
    order.status = status;
    order.history.push({
      at: new Date().toISOString(),
      status,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /**
   * Why the tenant does not let the service in; undefined when it does. The work is done
   * through the tenant's own API, so the token is needed when the order runs, not when it
   * is made. That the service asks `/me` is this sandbox's own choice.
   */
  async #tokenRefused(order: Order): Promise<string | undefined> {
    if (!this.#server.options.checkTenant) return undefined;
    const url = `${order.serverUrl.replace(/\/+$/, "")}/api/v1/${encodeURIComponent(order.tenantName)}/me`;
    try {
      const answer = await fetch(url, {
        headers: { authorization: `xelion ${order.tenantToken}` },
        redirect: "error",
        signal: AbortSignal.any([
          this.#stopping.signal,
          AbortSignal.timeout(this.#server.options.tenantTimeoutMs),
        ]),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `the tenant answered ${answer.status} to the token`;
    } catch (error) {
      return `the tenant could not be reached: ${String((error as Error).cause ?? error)}`;
    }
  }

  #announce(order: Order, what: Omit<Extract<Step, { do: "message" }>, "do">): void {
    const { state } = this.#server;
    if (order.callbackUrl === undefined) return;
    const mid = state.nextMid++;
    const message: Message = {
      mid,
      orderId: order.id,
      url: order.callbackUrl,
      body: {
        mid,
        type: what.type,
        data: { id: order.id + what.orderIdOffset, status: what.status },
      },
      left: what.callback === "never" ? 0 : what.times,
      ...(what.callback === "later" ? { held: true } : {}),
      attempts: [],
    };
    state.messages.push(message);
    if (message.left > 0 && !message.held) this.#send(message);
  }

  #release(order: Order): void {
    for (const message of this.#server.state.messages.toReversed()) {
      if (message.orderId !== order.id || !message.held) continue;
      delete message.held;
      this.#send(message);
    }
  }

  #send(message: Message): void {
    const earlier = this.#sending.get(message.orderId) ?? Promise.resolve();
    this.#sending.set(
      message.orderId,
      earlier.then(() => this.#deliver(message)).catch(() => {}),
    );
  }

  async #deliver(message: Message): Promise<void> {
    const { options } = this.#server;
    const signal = this.#stopping.signal;
    let retries = options.callbackRetries;
    while (message.left > 0) {
      const answered = await this.#post(message);
      if (signal.aborted) return;
      message.attempts.push({ at: new Date().toISOString(), answered });
      const taken = typeof answered === "number" && answered >= 200 && answered < 300;
      if (taken || retries === 0) {
        message.left -= 1;
        retries = options.callbackRetries;
      } else retries -= 1;
      this.#server.save();
      if (!taken && message.left > 0) await pause(options.callbackRetryMs, undefined, { signal });
    }
  }

  /** The status that was answered, or why there was none. */
  async #post(message: Message): Promise<number | string> {
    try {
      const answer = await fetch(message.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message.body),
        redirect: "manual",
        signal: AbortSignal.any([
          this.#stopping.signal,
          AbortSignal.timeout(this.#server.options.callbackTimeoutMs),
        ]),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch (error) {
      return String((error as Error).cause ?? error);
    }
  }
}
