import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LongPolls } from "../../receiver/long-polls.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a poll ends after its time, also when the clock is set back by an hour meanwhile", async () => {
  const ended = vi.fn();
  const { signal } = new AbortController();
  const query = { after: 0, milliseconds: 1_000, gone: signal, read: async () => [] };
  void new LongPolls().wait("intent", query).then(ended);
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(ended).toHaveBeenCalledWith([]);
});
