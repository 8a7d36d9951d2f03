import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LongPolls } from "./long-polls.ts";
import type { Store } from "./store.ts";

/** What happened to a callback; the label `result` of its counter. */
export type CallbackResult =
  | "kept"
  | "repeat"
  | "unknown_path"
  | "malformed"
  | "too_large"
  | "too_many"
  | "not_durable";

/** Milliseconds: less than Prometheus waits for all metrics. */
const countsWithin = 3_000;

export interface Metrics {
  callback(result: CallbackResult, seconds: number): void;
  answered(route: string, status: number): void;
  /** Shows how many connections are open. */
  countConnections(connections: { readonly count: number }): void;
  /** Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function newMetrics(store: Store, polls: LongPolls): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const callbacks = new Histogram({
    name: "xelion_receiver_callback_seconds",
    help: "Time from a callback's arrival to its answer, by what became of it",
    labelNames: ["result"],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  });
  const requests = new Counter({
    name: "xelion_receiver_requests_total",
    help: "Answers, by route and status",
    labelNames: ["route", "status"],
    registers,
  });
  new Gauge({
    name: "xelion_receiver_polls_waiting",
    help: "Long polls that wait for a message",
    registers,
    collect() {
      this.set(polls.count);
    },
  });
  const intents = new Gauge({
    name: "xelion_receiver_intents",
    help: "Orders that are remembered",
    registers,
  });
  const unacknowledged = new Gauge({
    name: "xelion_receiver_messages_unacknowledged",
    help: "Callbacks that no client has taken over yet",
    registers,
  });
  return {
    callback: (result, seconds) => callbacks.observe({ result }, seconds),
    answered: (route, status) => requests.inc({ route, status }),
    countConnections(connections) {
      new Gauge({
        name: "xelion_receiver_connections",
        help: "Open connections",
        registers,
        collect() {
          this.set(connections.count);
        },
      });
    },
    async text() {
      const counts = await tryCount(store);
      if (counts) {
        intents.set(counts.intents);
        unacknowledged.set(counts.unacknowledged);
      } else {
        // While the database is away, the other metrics are needed most: they say so.
        intents.remove();
        unacknowledged.remove();
      }
      return await registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Undefined while the database does not answer. */
function tryCount(store: Store): Promise<Awaited<ReturnType<Store["counts"]>> | undefined> {
  return Promise.race([
    store.counts().catch(() => undefined),
    new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), countsWithin).unref();
    }),
  ]);
}
