/** Long polls that wait for a message of their intent. */
export class LongPolls {
  readonly #polls = new Map<string, Set<{ after: number; wake: () => void }>>();
  #closed = false;

  get intents(): string[] {
    return [...this.#polls.keys()];
  }

  get count(): number {
    return [...this.#polls.values()].reduce((sum, polls) => sum + polls.size, 0);
  }

  /** No poll waits any more: the receiver is stopping. */
  close(): void {
    this.#closed = true;
    for (const intent of this.intents) this.notify(intent, Number.POSITIVE_INFINITY);
  }

  /** The intent has messages up to this sequence now. Infinity: look again in any case. */
  notify(intent: string, lastSequence: number): void {
    for (const poll of this.#polls.get(intent) ?? []) if (lastSequence > poll.after) poll.wake();
  }

  /**
   * Reads until there is something above `after`, or `milliseconds` have passed, or the
   * client has gone. It listens before it reads, so that no message that arrives in
   * between is missed.
   */
  async wait<T extends readonly unknown[]>(
    intent: string,
    {
      after,
      milliseconds,
      gone,
      read,
    }: {
      after: number;
      milliseconds: number;
      gone: AbortSignal;
      read: () => Promise<T | undefined>;
    },
  ): Promise<T | undefined> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const woken = Promise.withResolvers<void>();
      const poll = { after, wake: () => woken.resolve() };
      const polls = this.#polls.get(intent) ?? new Set();
      this.#polls.set(intent, polls.add(poll));
      const timer = setTimeout(poll.wake, Math.max(0, deadline - performance.now()));
      gone.addEventListener("abort", poll.wake, { once: true });
      try {
        const found = await read();
        if (
          !found ||
          found.length > 0 ||
          this.#closed ||
          gone.aborted ||
          performance.now() >= deadline
        )
          return found;
        await woken.promise;
      } finally {
        clearTimeout(timer);
        gone.removeEventListener("abort", poll.wake);
        polls.delete(poll);
        if (polls.size === 0) this.#polls.delete(intent);
      }
    }
  }
}
