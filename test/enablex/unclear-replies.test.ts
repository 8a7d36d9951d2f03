import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import { eventually } from "../eventually.ts";
import { type FaultyReply, refusals, unclear } from "../http/unclear-replies.ts";
import {
  customer,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

const acme = {
  ...customer,
  contactName: "Ada",
  __stack: "ucaas/one@file",
  __resource: "acme",
} satisfies EnableXInputs;
const changed = { ...acme, contactName: "Grace" };
/** EnableX also refuses in the body of a 200. */
const refused: typeof refusals = [
  ...refusals,
  ["a refusal in a 200", { kind: "status", status: 200, body: { result: 1505 } }],
];

let enablex: EnablexReseller;
beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  enablex = await enablexReseller();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

/** A customer in the state, and the providers of one run after the other. */
async function createResource() {
  const journal = journalFolder();
  const nextRun = () => providersOf(enablex.basic, journal).customer;
  const { id, outs } = await nextRun().create(acme);
  const state = outs as EnableXOutputs;
  const isUnderWay = async (now = state) => (await nextRun().diff(id, now, acme)).changes;
  return { id, state, journal, nextRun, isUnderWay };
}
const order = (method: string, replies: readonly FaultyReply[]) => {
  for (const reply of replies) enablex.server.fault({ ...reply, method } as FaultOrder);
};

describe("an update that is answered with", () => {
  test.each(unclear)("%s is undone when the program goes back", async (_, ...replies) => {
    const { id, state, nextRun, isUnderWay } = await createResource();
    order("PATCH", replies);
    await expect(nextRun().update(id, state, changed)).rejects.toThrow(/What to do/);
    expect(enablex.customers()).toMatchObject([{ contact_name: "Grace" }]);
    expect(await isUnderWay()).toBe(true);
    const { outs: after } = await nextRun().update(id, state, acme);
    expect(enablex.customers()).toMatchObject([{ contact_name: "Ada" }]);
    expect(await isUnderWay(after as EnableXOutputs)).toBe(false);
  });

  test("a refused token is undone too, if the try before was done and no login works", async () => {
    const { id, state, journal, isUnderWay } = await createResource();
    order("PATCH", [
      { kind: "statusAfter", status: 503, body: "<html>", retryAfter: 0 },
      { kind: "status", status: 403, body: "<html>" },
    ]);
    const refusedLogin = { kind: "status", status: 403, skip: 1, times: 9 } as const;
    enablex.server.fault({ ...refusedLogin, method: "POST", path: "/login$" });
    const run = providersOf(enablex.login, journal).customer;
    await expect(run.update(id, state, changed)).rejects.toThrow(/What to do/);
    expect(enablex.customers()).toMatchObject([{ contact_name: "Grace" }]);
    enablex.server.faults.clear();
    expect(await isUnderWay()).toBe(true);
  });

  test.each(refused)("%s leaves nothing to do", async (_, ...replies) => {
    const { id, state, nextRun, isUnderWay } = await createResource();
    order("PATCH", replies);
    await expect(nextRun().update(id, state, changed)).rejects.toThrow(/What to do/);
    expect(await isUnderWay()).toBe(false);
  });
});

describe("a delete that is answered with", () => {
  test.each(unclear)("%s creates it again when it is declared again", async (_, ...replies) => {
    const { id, state, nextRun, isUnderWay } = await createResource();
    order("DELETE", replies);
    const deleted = nextRun().delete(id, state);
    // A second try finds it gone where the first one was done, and no refusal comes.
    await deleted.catch((error: Error) => expect(error.message).toMatch(/What to do/));
    expect(enablex.customers()).toEqual([]);
    expect(await isUnderWay()).toBe(true);
    await nextRun().create(acme);
    expect(enablex.customers()).toHaveLength(1);
  });

  test.each(refused)("%s leaves nothing to do", async (_, ...replies) => {
    const { id, state, nextRun, isUnderWay } = await createResource();
    order("DELETE", replies);
    await expect(nextRun().delete(id, state)).rejects.toThrow(/What to do/);
    expect(enablex.customers()).toHaveLength(1);
    expect(await isUnderWay()).toBe(false);
  });
});

describe("a create that is answered with", () => {
  test.each(unclear.slice(0, -1))("%s is made once", async (_, ...replies) => {
    const { customer } = providersOf(enablex.basic);
    order(
      "POST",
      replies.map((reply) => ({ ...reply, path: "/customers$" })),
    );
    await customer.create(acme);
    expect(enablex.customers()).toHaveLength(1);
    expect(enablex.calls(/^POST \/customers$/)).toHaveLength(1);
  });

  test("a cut connection stays in the journal when the server is gone after it", async () => {
    const journal = journalFolder();
    enablex.server.fault({ kind: "cut", method: "POST", path: "/customers$" });
    const created = providersOf(enablex.basic, journal).customer.create(acme);
    await eventually(() => expect(enablex.customers()).toHaveLength(1), created);
    await enablex.server.stop();
    await expect(created).rejects.toThrow(/What to do/);
    expect((await openJournal(journal).list()).entries).toHaveLength(1);
  });

  test("a cut connection stays in the journal when a second request is refused", async () => {
    const journal = journalFolder();
    // The first one arrives after the provider has looked for it.
    enablex.server.fault({ kind: "late", ms: 600_000, method: "POST", path: "/customers$" });
    enablex.server.fault({ kind: "status", status: 406, method: "POST", path: "/customers$" });
    const config = { ...enablex.basic, "enablex:settleSeconds": "0" };
    await expect(providersOf(config, journal).customer.create(acme)).rejects.toThrow(/What to do/);
    expect((await openJournal(journal).list()).entries).toHaveLength(1);
  });

  test.each(refused)("%s leaves nothing in the journal", async (_, ...replies) => {
    const journal = journalFolder();
    order(
      "POST",
      replies.map((reply) => ({ ...reply, path: "/customers$" })),
    );
    await expect(providersOf(enablex.basic, journal).customer.create(acme)).rejects.toThrow();
    expect((await openJournal(journal).list()).entries).toEqual([]);
  });
});

const openJournal = (folder: string) =>
  new Journal({ get: (key) => (key === "ucaas:journalDir" ? folder : undefined) as never }, {});
