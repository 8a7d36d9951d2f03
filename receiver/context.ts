import type { Health } from "./health.ts";
import type { LongPolls } from "./long-polls.ts";
import type { Metrics } from "./metrics.ts";
import type { RelayKeys } from "./relay-key.ts";
import type { Store } from "./store.ts";

export interface Limits {
  /** Bytes of a callback's body. */
  readonly bodyBytes: number;
  /** Requests without the key a minute, from one address. */
  readonly perAddress: number;
  /** Callbacks a minute, of one order. */
  readonly perCallbackPath: number;
  /** Open connections. */
  readonly connections: number;
}

/** What the routes work with. */
export interface ServerContext {
  readonly store: Store;
  readonly polls: LongPolls;
  readonly keys: RelayKeys;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly limits: Limits;
  /** An order's callback address, as Xelion sees it. Known once the server listens. */
  readonly callbackUrl: (token: string) => string;
}
