import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toOutputs as asState } from "../../provider/runtime/outputs.ts";
import { toStatusEvent } from "../../provider/xelion/callback.ts";
import {
  accepted,
  applyBuffered,
  applyEvents,
  type DesiredOrder,
  decide,
  heard,
  mostRecent,
  newOrder,
  parseOrder,
} from "../../provider/xelion/order.ts";
import { orderFromState, toOutputs } from "../../provider/xelion/outputs.ts";
import {
  type Order,
  type ProvisionOutputs,
  polledSchema,
  type StatusEvent,
} from "../../provider/xelion/schema.ts";

const at = (second: number) => new Date(Date.UTC(2025, 0, 31, 2, 0, second)).toISOString();
const declared: DesiredOrder = {
  configurationHash: "a",
  retryFailed: null,
  givenOrderId: null,
  wait: "completed",
};
const sent = newOrder(declared, "direct", at(0));
const submitted = accepted(sent, 42, "reply", at(1));
const order = (status: string, extra: Partial<Order> = {}): Order => ({
  ...submitted,
  status,
  ...extra,
});
const news = (mid: number, status: string, orderId = 42): StatusEvent => ({
  mid,
  status,
  orderId,
  time: at(mid),
  source: "callback",
});

const followed = { canFollow: true, canConfirm: true };
const deaf = { canFollow: false, canConfirm: false };
const polled = { canFollow: true, canConfirm: false };

describe("what to do next", () => {
  test("without an order there is one to send", () => {
    expect(decide(declared, undefined, followed)).toEqual({ do: "submit" });
  });

  const changed = { ...declared, configurationHash: "b" };
  const allowed = { ...declared, retryFailed: "again" };
  test.each<[string, DesiredOrder, Order, typeof followed, object]>([
    ["a completed order is left alone", declared, order("COMPLETED"), followed, { do: "done" }],
    [
      "retryFailed does not repeat a completed order, now or later",
      allowed,
      order("COMPLETED"),
      followed,
      { do: "recordRetryToken" },
    ],
    [
      "a changed configuration is a new order",
      changed,
      order("COMPLETED"),
      followed,
      { do: "submit" },
    ],
    [
      "a failed order is not sent again",
      declared,
      order("FAILED"),
      followed,
      { do: "refuse", failure: { code: "ORDER_FAILED" } },
    ],
    [
      "a changed retryFailed sends one more after a failure",
      allowed,
      order("FAILED"),
      followed,
      { do: "submit" },
    ],
    [
      "a changed configuration may follow a failed order",
      changed,
      order("FAILED"),
      followed,
      { do: "submit" },
    ],
    ["a running order is followed", declared, order("IN_PROGRESS"), followed, { do: "follow" }],
    [
      "an unknown status is a running order",
      declared,
      order("ON_HOLD"),
      followed,
      { do: "follow" },
    ],
    [
      "a running order is not waited for when that is not wanted",
      { ...declared, wait: "submitted" },
      submitted,
      followed,
      { do: "done" },
    ],
    [
      "without a source a submitted order is all that can be had",
      declared,
      submitted,
      deaf,
      { do: "done" },
    ],
    [
      "a changed configuration waits for the running order's end",
      { ...changed, wait: "submitted" },
      submitted,
      followed,
      { do: "follow" },
    ],
    [
      "a changed configuration does not wait for what cannot be known",
      changed,
      submitted,
      deaf,
      { do: "submit" },
    ],
    [
      "a changed retryFailed overrides an order that hangs",
      allowed,
      order("IN_PROGRESS"),
      followed,
      { do: "submit" },
    ],
    [
      "an unknown outcome waits for a callback",
      declared,
      sent,
      followed,
      { do: "awaitConfirmation" },
    ],
    [
      "an unknown outcome is settled before a changed configuration is sent",
      changed,
      sent,
      followed,
      { do: "awaitConfirmation" },
    ],
    [
      "polling cannot settle what has no id",
      declared,
      sent,
      polled,
      { do: "refuse", failure: { code: "OUTCOME_UNKNOWN" } },
    ],
    [
      "an unknown outcome that no source can settle is refused",
      changed,
      sent,
      deaf,
      { do: "refuse", failure: { code: "OUTCOME_UNKNOWN" } },
    ],
    ["a changed retryFailed settles an unknown outcome", allowed, sent, followed, { do: "submit" }],
    [
      "an orderId settles an unknown outcome",
      { ...declared, givenOrderId: 7 },
      sent,
      followed,
      { do: "adopt", orderId: 7 },
    ],
    [
      "the id of the order there is changes nothing",
      { ...declared, givenOrderId: 42 },
      order("COMPLETED"),
      followed,
      { do: "done" },
    ],
    [
      "an orderId that was heeded once is not heeded again",
      { ...declared, givenOrderId: 7 },
      order("COMPLETED", { givenOrderId: 7 }),
      followed,
      { do: "done" },
    ],
  ])("%s", (_, want, known, reach, next) => {
    expect(decide(want, known, reach)).toMatchObject(next);
  });

  describe("about an order of another service", () => {
    const here = { ...declared, service: "https://b.example" };
    const there = (status: string) => order(status, { service: "https://a.example" });
    const lost = { ...sent, service: "https://a.example" };
    const submittedOnly = { ...here, wait: "submitted" } as const;
    const changedHere = { ...here, configurationHash: "b" };
    const refused = { do: "refuse", failure: { code: "ORDER_AT_OTHER_SERVICE" } };

    test.each<[string, DesiredOrder, Order, typeof followed, boolean, object]>([
      [
        "an orderId of the same number is an order of this service",
        { ...changedHere, givenOrderId: 42 },
        there("COMPLETED"),
        deaf,
        true,
        { do: "adopt", orderId: 42 },
      ],
      ["a completed one is left alone", here, there("COMPLETED"), deaf, true, { do: "done" }],
      [
        "a completed one is followed by a changed configuration",
        changedHere,
        there("COMPLETED"),
        deaf,
        false,
        { do: "submit" },
      ],
      [
        "a running one is followed where callbacks come",
        here,
        there("IN_PROGRESS"),
        followed,
        true,
        { do: "follow" },
      ],
      [
        "a running one is waited for before a changed configuration",
        { ...changedHere, wait: "submitted" },
        there("IN_PROGRESS"),
        followed,
        true,
        { do: "follow" },
      ],
      [
        "one that was seen running is refused where nothing tells of its end",
        here,
        there("IN_PROGRESS"),
        deaf,
        false,
        refused,
      ],
      [
        "one that nothing has ever told of stays as it is known",
        here,
        there("SUBMITTED"),
        deaf,
        false,
        { do: "done" },
      ],
      [
        "a new resource is not done by one that nothing tells of",
        here,
        there("SUBMITTED"),
        deaf,
        true,
        refused,
      ],
      [
        "nothing is sent beside one that may run",
        changedHere,
        there("SUBMITTED"),
        deaf,
        false,
        refused,
      ],
      [
        "a new resource does not take one that may run for its own",
        submittedOnly,
        there("SUBMITTED"),
        followed,
        true,
        refused,
      ],
      [
        "one that is not waited for stays as it is known",
        submittedOnly,
        there("SUBMITTED"),
        deaf,
        false,
        { do: "done" },
      ],
      [
        "a lost reply is waited for where callbacks come",
        here,
        lost,
        followed,
        false,
        { do: "awaitConfirmation" },
      ],
      ["a lost reply that nothing settles is refused", here, lost, polled, false, refused],
      [
        "its number as orderId confirms nothing",
        { ...here, givenOrderId: 42 },
        there("IN_PROGRESS"),
        deaf,
        false,
        refused,
      ],
      [
        "retryFailed allows one here",
        { ...here, retryFailed: "again" },
        there("SUBMITTED"),
        deaf,
        false,
        { do: "submit" },
      ],
    ])("%s", (_, want, known, reach, isNew, next) => {
      expect(decide(want, known, reach, isNew)).toMatchObject(next);
    });

    const adviceOn = (...args: Parameters<typeof decide>) => {
      const next = decide(...args);
      if (next.do !== "refuse") throw new Error(`${next.do} instead of a refusal`);
      return (next.failure.hint ?? "").split("\n").map((line) => line.trim());
    };

    test.each<[string, DesiredOrder, Order, typeof followed, boolean, string]>([
      ["a resource", here, there("IN_PROGRESS"), deaf, false, 'wait: "submitted"'],
      ["a new resource", here, there("SUBMITTED"), deaf, true, "ucaas adopt xelion"],
      [
        "a new one with callbacks",
        submittedOnly,
        there("SUBMITTED"),
        followed,
        true,
        "ucaas adopt",
      ],
    ])("the advice for %s orders nothing after COMPLETED", (_, want, known, reach, isNew, keep) => {
      const advice = adviceOn(want, known, reach, isNew);
      const completed = advice.filter((line) => /COMPLETED|has ended:/.test(line));
      expect(completed).toEqual([expect.stringContaining("order nothing")]);
      expect(completed[0]).toContain(keep);
      expect(advice.filter((line) => line.includes("retryFailed"))).toEqual([
        expect.stringContaining("If it FAILED, or had another configuration:"),
      ]);
    });

    test("the advice for a changed configuration names no way that is refused again", () => {
      const advice = adviceOn(changedHere, there("SUBMITTED"), deaf).join("\n");
      expect(advice).toContain("If it FAILED, or had another configuration: set retryFailed");
      expect(advice).not.toContain("wait:");
      expect(advice).not.toContain("back");
    });

    test("the advice for a lost reply orders only what does not exist", () => {
      const advice = adviceOn(here, lost, polled);
      expect(advice.filter((line) => line.includes("retryFailed"))).toEqual([
        expect.stringContaining("If it does not exist:"),
      ]);
      expect(advice.find((line) => line.includes("If it exists:"))).toContain("orderId");
    });

    test("another spelling of the address is no other service", () => {
      const running = order("IN_PROGRESS", { service: "https://B.example:443/" });
      expect(decide(here, running, deaf)).toEqual({ do: "done" });
    });
  });

  test("an order with a declared id is resumed without a request", () => {
    expect(decide({ ...declared, givenOrderId: 7 }, undefined, followed)).toEqual({
      do: "adopt",
      orderId: 7,
    });
  });

  test("a create repeats a completed order for a changed retryFailed only, never with an orderId", () => {
    const create = (want: DesiredOrder) => decide(want, order("COMPLETED"), followed, true).do;
    expect(create(declared)).toBe("done");
    expect(create(allowed)).toBe("submit");
    expect(create({ ...allowed, givenOrderId: 42 })).toBe("recordRetryToken");
  });

  test("the same declaration never sends a second order, in any phase, on create or update", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          "UNKNOWN",
          "SUBMITTED",
          "NOT_STARTED",
          "IN_PROGRESS",
          "ON_HOLD",
          "FAILED",
          "COMPLETED",
        ),
        fc.constantFrom(null, "once", 3, true),
        fc.constantFrom("completed" as const, "submitted" as const),
        fc.constantFrom(followed, deaf, polled),
        fc.boolean(),
        fc.constantFrom("https://a.example", "https://b.example"),
        (status, retryFailed, wait, reach, isNew, service) => {
          const want = { ...declared, service: "https://b.example", retryFailed, wait };
          const known = {
            ...newOrder({ ...want, service }, "direct", at(0)),
            status,
            orderId: status === "UNKNOWN" ? null : 42,
          };
          expect(decide(want, known, reach, isNew).do).not.toBe("submit");
          // Taking retryFailed away allows nothing either.
          expect(decide({ ...want, retryFailed: null }, known, reach, isNew).do).not.toBe("submit");
        },
      ),
    );
  });
});

describe("news of an order", () => {
  test("are its history, in the words of the service", () => {
    const end = applyEvents(submitted, [
      news(1, "NOT_STARTED"),
      news(2, "IN_PROGRESS"),
      news(3, "COMPLETED"),
    ]);
    expect(end).toMatchObject({ status: "COMPLETED", finishedAt: at(3), orderId: 42 });
    expect(end.statusHistory.map(({ status, source }) => `${status} ${source}`)).toEqual([
      "SUBMITTED reply",
      "NOT_STARTED callback",
      "IN_PROGRESS callback",
      "COMPLETED callback",
    ]);
  });

  test("of another order are none, and neither are repeats", () => {
    expect(applyEvents(submitted, [news(1, "FAILED", 1042)])).toBe(submitted);
    const running = applyEvents(submitted, [news(1, "IN_PROGRESS")]);
    expect(applyEvents(running, [news(1, "IN_PROGRESS")])).toBe(running);
  });

  test("that come late do not bring an order back to life, but a later end does count", () => {
    const failed = applyEvents(submitted, [news(3, "FAILED")]);
    expect(applyEvents(failed, [news(2, "IN_PROGRESS")])).toBe(failed);
    expect(applyEvents(failed, [news(1, "COMPLETED")])).toBe(failed);
    expect(applyEvents(failed, [news(9, "COMPLETED")]).status).toBe("COMPLETED");
  });

  test("that come before the reply are used once the id is known, and give the id of a lost reply", () => {
    const heard = { ...sent, heard: [news(2, "IN_PROGRESS"), news(1, "FAILED", 1042)] };
    expect(accepted(heard, 42, "reply", at(5))).toMatchObject({
      orderId: 42,
      status: "IN_PROGRESS",
      heard: [],
    });
    expect(applyBuffered({ ...sent, heard: [news(2, "IN_PROGRESS")] })).toMatchObject({
      orderId: 42,
      status: "IN_PROGRESS",
      heard: [],
    });
    expect(applyBuffered(sent)).toBe(sent);
  });

  const message = fc.record({
    mid: fc.integer({ min: 1, max: 12 }),
    orderId: fc.constantFrom(42, 42, 42, 43),
    source: fc.constant("callback" as const),
  });
  /** What the service says under one mid is always the same. */
  const statusOf = (mid: number) =>
    ["NOT_STARTED", "IN_PROGRESS", "ON_HOLD", "FAILED", "COMPLETED", "IN_PROGRESS"][
      mid % 6
    ] as string;

  test("have the same result in any order, number and batches", () => {
    fc.assert(
      fc.property(
        fc
          .array(message, { maxLength: 12 })
          .chain((list) =>
            fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
          ),
        ([first, second]) => {
          const full = (list: typeof first) =>
            list.map((each) => ({ ...each, status: statusOf(each.mid), time: at(each.mid) }));
          const inOneBatch = applyEvents(submitted, full(first));
          const oneByOne = [...full(second), ...full(first)].reduce(
            (known, each) => applyEvents(known, [each]),
            submitted,
          );
          for (const key of ["orderId", "status", "endMid", "lastMid"] as const)
            expect(oneByOne[key]).toBe(inOneBatch[key]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("are never too much for the state to be read again, however long a status is", () => {
    const message = (id: number, mid: number) => ({
      ...{ type: "orderStatusChanged", mid },
      data: { id, status: `${mid} ${"long \u0007".repeat(50_000)}` },
    });
    const all = Array.from(
      { length: 300 },
      (_, mid) => toStatusEvent(message(42, mid), "callback", at(mid))!,
    );
    for (const full of [applyEvents(submitted, all), heard(sent, all)]) {
      const outputs = toOutputs(
        { serverUrl: "https://a.example", tenantName: "acme" },
        full,
        "https://b.example",
      );
      expect(orderFromState(asState(outputs, {}) as unknown as ProvisionOutputs)).toEqual(full);
    }
    expect(polledSchema.parse({ status: "x".repeat(1_000) }).status).toHaveLength(83);
  });

  test("keep the history to fifty entries", () => {
    const many = Array.from({ length: 80 }, (_, index) =>
      news(index + 1, index % 2 ? "IN_PROGRESS" : "ON_HOLD"),
    );
    expect(applyEvents(submitted, many).statusHistory).toHaveLength(50);
  });
});

describe("two records of the last order", () => {
  test("of the same order: the one that knows more counts", () => {
    const running = applyEvents(submitted, [news(1, "IN_PROGRESS")]);
    const ended = applyEvents(running, [news(2, "COMPLETED")]);
    for (const [less, more] of [
      [sent, submitted],
      [submitted, running],
      [running, ended],
    ] as const) {
      expect(mostRecent(less, more)).toBe(more);
      expect(mostRecent(more, less)).toBe(more);
    }
  });

  test("of different orders: the later one counts", () => {
    const later = newOrder(declared, null, at(9));
    expect(mostRecent(submitted, later)).toBe(later);
    expect(mostRecent(later, submitted)).toBe(later);
    expect(mostRecent(undefined, later)).toBe(later);
  });

  test("the retryFailed that was written down last counts, whichever record knows more", () => {
    const first = order("COMPLETED", { lastMid: 2, retryFailed: "x", retryNotes: 1 });
    const second = order("COMPLETED", { retryFailed: "y", retryNotes: 2 });
    for (const last of [mostRecent(first, second), mostRecent(second, first)])
      expect(last).toEqual({ ...second, lastMid: 2 });
    const none = order("COMPLETED", { lastMid: 2 });
    expect(mostRecent(none, second)).toEqual({ ...second, lastMid: 2 });
    // Any other record stays the same object, which tells that nothing has changed.
    expect(mostRecent(none, order("COMPLETED"))).toBe(none);
  });

  test("a record of 0.1.0, which names no service, has that of the other one", () => {
    const { service: _, ...without } = order("IN_PROGRESS", { lastMid: 2 });
    const placed = order("SUBMITTED", { service: "https://a.example" });
    expect(mostRecent(without, placed)).toEqual({ ...without, service: "https://a.example" });
  });

  test("of different orders: the one sent with the other's recencyKey is later, despite clocks", () => {
    const fromAMachineThatIsAhead = newOrder(declared, null, at(50));
    const next = newOrder(declared, null, at(9), fromAMachineThatIsAhead);
    expect(mostRecent(fromAMachineThatIsAhead, next)).toBe(next);
    expect(mostRecent(next, fromAMachineThatIsAhead)).toBe(next);
  });

  test("that cannot be read are an error, and never no order", () => {
    expect(parseOrder(JSON.parse(JSON.stringify(submitted)), "journal")).toEqual(submitted);
    expect(() => parseOrder({ ...submitted, orderId: "42" }, "journal")).toThrow("NOTE_UNREADABLE");
  });
});
