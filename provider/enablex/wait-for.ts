import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

/**
 * The pause before look number `look` (1 is the first), in milliseconds: 0.1 s, 0.2 s,
 * 0.4 s, … at most 3 s.
 */
export function pauseBefore(look: number): number {
  return Math.min(3_000, 100 * 2 ** (look - 1));
}

/**
 * Looks at once and then again with growing pauses, until there is something to see, the
 * time is up or the run is to end. The last look is at the end of the time.
 */
export async function waitFor<T>(
  seconds: number,
  look: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  // A time that is no number, such as one reckoned from a broken clock, is no time.
  const end = performance.now() + (seconds > 0 ? seconds * 1000 : 0);
  for (let number = 1; ; number++) {
    const seen = await look();
    if (seen !== undefined) return seen;
    const left = end - performance.now();
    if (left <= 0 || signal?.aborted) return undefined;
    await pause(Math.min(left, pauseBefore(number)), undefined, { signal }).catch(() => {});
    if (signal?.aborted) return undefined;
  }
}
