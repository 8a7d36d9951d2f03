import { inspect } from "node:util";
import { vi } from "vitest";
import { hangLimit } from "./hang-limit.ts";

/**
 * Waits until something holds, and gives what it returns. Its bound is only that of a test
 * that hangs: Vitest's own bound of one second fails on a busy machine.
 *
 * `during` is the call that brings it about. When the call ends before, the wait fails at
 * once, and its error shows what the call ended with.
 */
export async function eventually<T>(
  holds: () => T | Promise<T>,
  during?: Promise<unknown>,
): Promise<T> {
  let failed = false;
  const waiting = vi.waitFor(() => (failed ? (undefined as T) : holds()), {
    timeout: hangLimit,
    interval: 5,
  });
  if (!during) return await waiting;
  const atItsEnd = during
    .catch((error: unknown) => error)
    .then(async (outcome) => {
      try {
        return await holds();
      } catch (error) {
        failed = true;
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`${message}\nThe call had ended by then: ${inspect(outcome)}`);
      }
    });
  return await Promise.race([waiting, atItsEnd]);
}
