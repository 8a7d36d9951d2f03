import { setTimeout as pause } from "node:timers/promises";
import type { Store } from "./store.ts";

/** Milliseconds. A probe writes, and everyone may ask. */
const probeAtMostEvery = 1_000;
const probeWithin = 5_000;
/** A load balancer that sends no callbacks to an unready receiver would never see it recover. */
const failureCountsFor = 10_000;

/** Whether a callback that arrives now would be kept. */
export class Health {
  readonly #store: Pick<Store, "probe">;
  readonly #probeBytes: number;
  #probe = {
    at: Number.NEGATIVE_INFINITY,
    running: false,
    reason: Promise.resolve<string | undefined>(undefined),
  };
  #failedAt: number | undefined;
  #isStopping = false;

  constructor(store: Pick<Store, "probe">, probeBytes: number) {
    this.#store = store;
    this.#probeBytes = probeBytes;
  }

  callbackKept(): void {
    this.#failedAt = undefined;
  }

  callbackFailed(): void {
    this.#failedAt = performance.now();
  }

  stopping(): void {
    this.#isStopping = true;
  }

  /** Why callbacks cannot be kept now; undefined when they can. */
  async problem(): Promise<string | undefined> {
    if (this.#isStopping) return "the receiver is stopping";
    const reason = await this.#probed();
    if (reason !== undefined) return reason;
    if (this.#failedAt === undefined || performance.now() - this.#failedAt > failureCountsFor)
      return undefined;
    return "a callback could not be kept a moment ago";
  }

  #probed(): Promise<string | undefined> {
    if (!this.#probe.running && performance.now() - this.#probe.at >= probeAtMostEvery) {
      const probe = { at: performance.now(), running: true, reason: this.#runProbe() };
      void probe.reason.then(() => (probe.running = false));
      this.#probe = probe;
    }
    return Promise.race([
      this.#probe.reason,
      pause(probeWithin, `the database did not answer within ${probeWithin / 1_000} s`, {
        ref: false,
      }),
    ]);
  }

  async #runProbe(): Promise<string | undefined> {
    try {
      await this.#store.probe(this.#probeBytes);
      return undefined;
    } catch (error) {
      // The message of a database's error may name hosts and users; these words of SQLite
      // and codes of PostgreSQL do not.
      const { errstr, code } = error as { errstr?: string; code?: string };
      const cause = errstr ?? code;
      return `the database cannot keep a callback${cause === undefined ? "" : ` (${cause})`}`;
    }
  }
}
