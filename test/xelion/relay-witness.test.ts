import { expect, test } from "vitest";
import type { StackUpdate } from "../../provider/runtime/stack-record.ts";
import { Relay } from "../../provider/xelion/relay.ts";
import { RelayWitness } from "../../provider/xelion/relay-witness.ts";

const relayAt = (relayUrl: string) => new Relay({ relayUrl, relayKey: "k".repeat(32) }, () => {});
const relay = relayAt("https://relay.example/xelion");
const hidden = {};
const shown = (value: unknown) => ({ value: JSON.stringify(value) });

const update = (config: StackUpdate["config"]): StackUpdate => ({
  startedAt: "2026-01-05T09:00:00.000Z",
  endedAt: "2026-01-05T09:00:03.000Z",
  failed: true,
  isLast: true,
  isBeforeDestroy: false,
  ...(config && { config }),
});
/** A tenant whose last order went by a relay. */
const tenant = (
  __relay: string | undefined,
  {
    account,
    submittedAt = "2026-01-04T09:00:00Z",
  }: { account?: string; submittedAt?: string } = {},
) => ({
  ...{ urn: "urn", type: "t" },
  inputs: { __relay },
  outputs: { account, intent: { callback: "relay", submittedAt } },
});

test("a run of another machine had the relay when its config shows the same one", () => {
  const witness = new RelayWitness(relay, undefined);
  const named = (relayUrl: string) => update({ "xelion:callback": shown({ relayUrl }) });
  expect(witness.servedUpdate(named("https://relay.example/xelion/"), [])).toBe(true);
  expect(witness.servedUpdate(named("https://other.example"), [])).toBe(false);
  expect(witness.servedUpdate(update({ "xelion:callback": shown({ listen: "8080" }) }), [])).toBe(
    false,
  );
});

test("a run without a relay in the stack's config counts as one that had none", () => {
  const witness = new RelayWitness(relay, undefined);
  const configs: StackUpdate["config"][] = [undefined, {}, { "xelion:accounts": hidden }];
  for (const config of configs)
    expect(witness.servedUpdate(update(config), [tenant(relay.mark)])).toBe(false);
});

test("which relay a hidden config named is known from orders before", () => {
  const { mark: other } = relayAt("https://other.example");
  const witness = new RelayWitness(relay, undefined);
  const served = (...tenants: ReturnType<typeof tenant>[]) =>
    witness.servedUpdate(update({ "xelion:callback": hidden }), tenants);
  expect(served()).toBe(true);
  // An earlier release marked none.
  expect(served(tenant(undefined))).toBe(true);
  expect(served(tenant(other))).toBe(false);
  expect(served(tenant(other), tenant(relay.mark))).toBe(true);
});

test("orders that the failed update itself sent by the relay tell that it had it", () => {
  const { mark: other } = relayAt("https://other.example");
  const sent = (mark: string | undefined, submittedAt: string, account?: string) =>
    tenant(mark, { submittedAt, ...(account !== undefined && { account }) });
  const witness = new RelayWitness(relay, undefined);
  const served = (...tenants: ReturnType<typeof tenant>[]) =>
    witness.servedUpdate(update({ "xelion:callback": hidden }), tenants);
  // The record's times are cut to the second.
  for (const during of ["2026-01-05T09:00:01Z", "2026-01-05T09:00:03.900Z"]) {
    expect(served(tenant(other), sent(relay.mark, during))).toBe(true);
    expect(served(tenant(relay.mark), sent(other, during))).toBe(false);
    expect(served(tenant(other), sent(undefined, during))).toBe(false);
  }
  expect(served(tenant(other), sent(relay.mark, "2026-01-05T09:00:04Z"))).toBe(false);
  // The update before may have ended in the second in which this one began.
  const before = sent(relay.mark, "2026-01-05T09:00:00.100Z");
  expect(served(before, sent(other, "2026-01-05T09:00:01Z"))).toBe(false);
  // A new stack, whose first update sent some orders and failed.
  const first = sent(relay.mark, "2026-01-05T09:00:01Z", "second");
  const accounts = update({ "xelion:accounts": hidden });
  expect(new RelayWitness(relay, "second").servedUpdate(accounts, [first])).toBe(true);
});

test("of an account's hidden section only its own earlier orders tell that it has a relay", () => {
  const witness = new RelayWitness(relay, "second");
  const served = (...tenants: ReturnType<typeof tenant>[]) =>
    witness.servedUpdate(update({ "xelion:accounts": hidden }), tenants);
  expect(served()).toBe(false);
  expect(served(tenant(relay.mark))).toBe(false);
  expect(served(tenant(relay.mark, { account: "second" }))).toBe(true);
  const section = shown({ second: { callback: { relayUrl: "https://relay.example/xelion" } } });
  expect(witness.servedUpdate(update({ "xelion:accounts": section }), [])).toBe(true);
});
