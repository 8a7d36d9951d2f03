import { vi } from "vitest";
import { hangLimit } from "./hang-limit.ts";

/**
 * Waits until something holds, and gives what it returns. Its bound is only that of a test
 * that hangs: Vitest's own bound of one second fails on a busy machine.
 */
export const eventually = <T>(holds: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(holds, { timeout: hangLimit, interval: 5 });
