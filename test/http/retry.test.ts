import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Attempt,
  defaultRetry,
  type Outcome,
  type Repeatable,
  type RetryPolicy,
  retryAfter,
  retryDelay,
} from "../../provider/http/retry.ts";

const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: fc.integer({ min: 1, max: 10 }),
  base: fc.integer({ min: 1, max: 5_000 }),
  cap: fc.integer({ min: 1, max: 60_000 }),
  retryAfterCap: fc.integer({ min: 0, max: 600_000 }),
  deadline: fc.integer({ min: 0, max: 600_000 }),
});
const runs = { numRuns: 2_000 };
const retryAfters = fc.oneof(
  fc.nat(100_000).map(String),
  fc
    .date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true })
    .map((date) => date.toUTCString()),
  fc.string(),
);
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant("status" as const),
    status: fc.oneof(fc.constantFrom(408, 429, 500, 503), fc.integer({ min: 100, max: 599 })),
    retryAfter: fc.option(retryAfters, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("failure" as const), sent: fc.boolean(), transient: fc.boolean() }),
);
const attempts: fc.Arbitrary<Attempt> = fc.record({
  number: fc.integer({ min: 1, max: 11 }),
  elapsed: fc.integer({ min: 0, max: 300_000 }),
  now: fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2027-01-01") }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
const repeatables = fc.constantFrom<Repeatable>("safe", "if-unsent", "never");

const first: Attempt = {
  number: 1,
  elapsed: 0,
  now: Date.parse("2026-06-01T12:00:00Z"),
  random: 0.5,
};
const status = (code: number, after?: string): Outcome => ({
  kind: "status",
  status: code,
  retryAfter: after,
});

describe("the retry policy", () => {
  test("never repeats what must not be repeated", () => {
    fc.assert(
      fc.property(
        policies,
        outcomes,
        attempts,
        (policy, outcome, attempt) => retryDelay(policy, "never", outcome, attempt) === undefined,
      ),
    );
  });

  test("repeats a non-idempotent call only if the server received nothing or answered 429", () => {
    fc.assert(
      fc.property(policies, outcomes, attempts, (policy, outcome, attempt) => {
        if (retryDelay(policy, "if-unsent", outcome, attempt) === undefined) return;
        expect(outcome.kind === "status" ? outcome.status : outcome.sent).toBe(
          outcome.kind === "status" ? 429 : false,
        );
      }),
      runs,
    );
  });

  test("makes no more tries than allowed, and none after the deadline", () => {
    fc.assert(
      fc.property(
        policies,
        repeatables,
        outcomes,
        attempts,
        (policy, repeatable, outcome, attempt) => {
          const delay = retryDelay(policy, repeatable, outcome, attempt);
          if (delay === undefined) return;
          expect(attempt.number).toBeLessThan(policy.attempts);
          expect(attempt.elapsed + delay).toBeLessThanOrEqual(policy.deadline);
        },
      ),
      runs,
    );
  });

  test("pauses at least as long as the server asks, and never longer than the caps", () => {
    fc.assert(
      fc.property(
        policies,
        repeatables,
        outcomes,
        attempts,
        (policy, repeatable, outcome, attempt) => {
          const delay = retryDelay(policy, repeatable, outcome, attempt);
          if (delay === undefined) return;
          const asked =
            outcome.kind === "status" ? (retryAfter(outcome.retryAfter, attempt.now) ?? 0) : 0;
          expect(delay).toBeGreaterThanOrEqual(asked);
          expect(delay).toBeLessThanOrEqual(
            Math.max(asked, Math.min(policy.cap, policy.base * 2 ** (attempt.number - 1))),
          );
          expect(asked).toBeLessThanOrEqual(policy.retryAfterCap);
        },
      ),
      runs,
    );
  });

  test("repeats what may pass, and nothing else", () => {
    const repeated = Array.from({ length: 500 }, (_, index) => index + 100).filter(
      (code) => retryDelay(defaultRetry, "safe", status(code), first) !== undefined,
    );
    expect(repeated).toEqual([408, 425, 429, 500, 502, 503, 504]);
    expect(
      retryDelay(defaultRetry, "safe", { kind: "failure", sent: true, transient: true }, first),
    ).toBeDefined();
    expect(
      retryDelay(defaultRetry, "safe", { kind: "failure", sent: false, transient: false }, first),
    ).toBeUndefined();
  });

  test("doubles the longest pause with each try, up to the cap", () => {
    const longest = [1, 2, 3, 4, 5].map((number) =>
      retryDelay({ ...defaultRetry, cap: 1_500 }, "safe", status(503), {
        ...first,
        number,
        random: 1,
      }),
    );
    expect(longest).toEqual([250, 500, 1_000, 1_500, 1_500]);
  });

  test.each([
    ["3", 3_000],
    [" 0 ", 0],
    ["Mon, 01 Jun 2026 12:00:07 GMT", 7_000],
    ["Monday, 01-Jun-26 12:00:07 GMT", 7_000],
    ["Mon Jun  1 12:00:07 2026 GMT", 7_000],
    ["Mon, 01 Jun 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads Retry-After %j as %j ms", (header, expected) => {
    expect(retryAfter(header, first.now)).toBe(expected);
  });

  test("does not hurry through its tries when the server asks for no pause", () => {
    expect(
      retryDelay(defaultRetry, "safe", status(429, "0"), { ...first, number: 3, random: 0.9 }),
    ).toBe(900);
  });

  test("gives up at once when the server asks for a longer pause than allowed", () => {
    expect(retryDelay(defaultRetry, "safe", status(429, "61"), first)).toBeUndefined();
    expect(retryDelay(defaultRetry, "safe", status(429, "60"), first)).toBe(60_000);
  });
});
