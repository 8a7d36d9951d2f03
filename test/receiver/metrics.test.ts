import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LongPolls } from "../../receiver/long-polls.ts";
import { newMetrics } from "../../receiver/metrics.ts";
import type { Store } from "../../receiver/store.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const polls = { count: 2 } as LongPolls;
const fine = { intents: 7, unacknowledged: 3 };

test.each([
  ["refuses", () => Promise.reject(new Error("ECONNREFUSED"))],
  ["does not answer", () => new Promise<never>(() => {})],
])("metrics are served while the database %s, without its own two", async (_, away) => {
  const counts = vi.fn(async () => fine);
  const metrics = newMetrics({ counts } as unknown as Store, polls);
  metrics.callback("not_durable", 1);
  expect(await metrics.text()).toContain("xelion_receiver_intents 7\n");
  expect(counts).toHaveBeenCalledTimes(1);
  counts.mockImplementation(away);
  const text = metrics.text();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await text).toContain('xelion_receiver_callback_seconds_count{result="not_durable"} 1\n');
  expect(await text).toContain("xelion_receiver_polls_waiting 2\n");
  expect(await text).not.toMatch(/^xelion_receiver_(intents|messages_unacknowledged) /m);
  counts.mockImplementation(async () => fine);
  expect(await metrics.text()).toContain("xelion_receiver_messages_unacknowledged 3\n");
});
