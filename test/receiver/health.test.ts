import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Health } from "../../receiver/health.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const fine = { probe: async () => {} };

test("is fine when a callback of the largest size could be kept, and asks once a second at most", async () => {
  const probe = vi.fn(async () => {});
  const health = new Health({ probe }, 65_536);
  expect(await Promise.all([health.problem(), health.problem(), health.problem()])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(probe.mock.calls).toEqual([[65_536]]);
  vi.advanceTimersByTime(1_000);
  await health.problem();
  expect(probe).toHaveBeenCalledTimes(2);
});

test.each([
  [
    { errstr: "database or disk is full", message: "at /home/me" },
    "the database cannot keep a callback (database or disk is full)",
  ],
  [
    { code: "ECONNREFUSED", message: "connect to db.internal as me" },
    "the database cannot keep a callback (ECONNREFUSED)",
  ],
  [{ message: "who knows" }, "the database cannot keep a callback"],
])(
  "says why the database cannot be used, without the names of hosts and users",
  async (error, reason) => {
    const failing = { probe: async () => Promise.reject(error) };
    expect(await new Health(failing, 1).problem()).toBe(reason);
  },
);

test("is unhealthy when the database fails after the clock is set back by an hour", async () => {
  const probe = vi.fn(async () => {});
  const health = new Health({ probe }, 1);
  expect(await health.problem()).toBeUndefined();
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(1_000);
  probe.mockRejectedValue({ errstr: "database or disk is full" });
  expect(await health.problem()).toContain("disk is full");
});

test("is unhealthy when the database does not answer, without a second query meanwhile", async () => {
  const probe = vi.fn(() => new Promise<void>(() => {}));
  const health = new Health({ probe }, 1);
  for (let ask = 0; ask < 2; ask++) {
    const problem = health.problem();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await problem).toBe("the database did not answer within 5 s");
  }
  expect(probe).toHaveBeenCalledTimes(1);
});

test("is unhealthy after a callback is lost, until one is stored or ten seconds pass", async () => {
  const health = new Health(fine, 1);
  health.callbackFailed();
  expect(await health.problem()).toContain("a callback could not be kept");
  health.callbackKept();
  expect(await health.problem()).toBeUndefined();
  health.callbackFailed();
  vi.advanceTimersByTime(10_001);
  expect(await health.problem()).toBeUndefined();
});

test("is not fine while the receiver stops, so that a load balancer sends no more", async () => {
  const health = new Health(fine, 1);
  health.stopping();
  expect(await health.problem()).toBe("the receiver is stopping");
});
