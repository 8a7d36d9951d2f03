import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import type { StackState } from "../../provider/runtime/stack-record.ts";
import {
  catchError,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

let enablex: EnablexReseller;
let messages: string[];
beforeEach(async () => {
  messages = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void messages.push(line));
  enablex = await enablexReseller({ uniqueCustomerCode: false });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

type Kind = "customer" | "subscription";
interface InState {
  readonly id: string;
  readonly outs: EnableXOutputs;
}

/** What the programs declare: of a customer its code is "old" or "new", of a subscription its plan. */
const declare = (kind: Kind, name: string, value: "old" | "new"): EnableXInputs => ({
  ...(kind === "customer"
    ? { customerName: "Acme", customerCode: value }
    : { customerId, planId: value === "old" ? 12 : 13 }),
  __stack: "ucaas/test",
  __resource: name,
});
let customerId: string;

const recorded = (kind: Kind, id: string, name: string, more: object = {}) => {
  const type = `pulumi-nodejs:dynamic/ucaas:EnableX${kind === "customer" ? "Customer" : "Subscription"}`;
  return { urn: `urn:pulumi:test::ucaas::${type}::${name}`, type, id, ...more };
};

/** A run of the stack whose state has these resources. */
const runOf = (kind: Kind, journal: string, resources: StackState["resources"]) =>
  providersOf(enablex.basic, journal, undefined, { resources, pending: [] })[kind];
type Run = ReturnType<typeof runOf>;

/** The engine's calls for a resource of the state that the program declares. */
async function update(run: Run, { id, outs }: InState, news: EnableXInputs): Promise<InState> {
  await run.check(outs, news);
  const { changes } = await run.diff(id, outs, news);
  if (!changes) return { id, outs };
  return { id, outs: (await run.update(id, outs, news)).outs as EnableXOutputs };
}

/** The engine's calls for a new resource. */
async function create(run: Run, news: EnableXInputs): Promise<InState> {
  await run.check({}, news);
  const { id, outs } = await run.create(news);
  return { id, outs: outs as EnableXOutputs };
}

describe.each<Kind>(["subscription", "customer"])("a %s that another resource has", (kind) => {
  let journal: string;
  let a: InState;
  let next: (more?: StackState["resources"]) => Run;
  beforeEach(async () => {
    [customerId = ""] = await enablex.seed(1);
    journal = journalFolder();
    a = await create(runOf(kind, journal, []), declare(kind, "a", "old"));
    next = (more = []) => runOf(kind, journal, [recorded(kind, a.id, "a"), ...more]);
  });
  const values = () =>
    Object.values(enablex.server.state[`${kind}s`])
      .map(({ fields }) => (kind === "customer" ? fields.customer_code : fields.plan_id))
      .filter((value) => value !== "C-1");

  test("and is about to change is not taken over; the next up creates another one", async () => {
    const run = next();
    await run.check(a.outs, declare(kind, "a", "new"));
    const refused = await catchError(create(run, declare(kind, "b", "old")));
    expect(refused).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: expect.stringContaining(`resource "a" still has ${kind} ${a.id}`),
      hint: expect.stringContaining("Run pulumi up again"),
    });
    const changed = await update(run, a, declare(kind, "a", "new"));
    const b = await create(next(), declare(kind, "b", "old"));
    expect(b.id).not.toBe(changed.id);
    expect(values()).toHaveLength(2);
  });

  test("and has changed before is created, and both are as declared", async () => {
    const run = next();
    await update(run, a, declare(kind, "a", "new"));
    const b = await create(run, declare(kind, "b", "old"));
    expect(b.id).not.toBe(a.id);
    expect(values()).toHaveLength(2);
  });

  test("is not changed under the resource that took it over before; one is to be removed", async () => {
    const run = next();
    const b = await create(run, declare(kind, "b", "old"));
    expect(b.id).toBe(a.id);
    const refused = await catchError(update(run, a, declare(kind, "a", "new")));
    expect(refused).toMatchObject({
      code: "DECLARED_TWICE",
      reason: expect.stringContaining(`resources "b" and "a" have the same ${kind}`),
      hint: expect.stringMatching(new RegExp(`the ${kind} stays[^]*must differ`)),
    });
    const both = [recorded(kind, b.id, "b")];
    const again = next(both);
    await update(again, b, declare(kind, "b", "old"));
    expect(await catchError(update(again, a, declare(kind, "a", "new")))).toMatchObject({
      code: "DECLARED_TWICE",
    });
    expect(enablex.calls(/^PATCH/)).toEqual([]);

    // The remedy: without b, and then with it.
    const without = next(both);
    const changed = await update(without, a, declare(kind, "a", "new"));
    await without.delete(b.id, b.outs);
    expect((await create(next(), declare(kind, "b", "old"))).id).not.toBe(changed.id);
    expect(values()).toHaveLength(2);
  });

  test("and keeps as it is, is declared twice, in either order", async () => {
    const run = next();
    await update(run, a, declare(kind, "a", "old"));
    const copy = await catchError(create(run, declare(kind, "b", "old")));
    expect(copy).toMatchObject({ code: "DECLARED_TWICE" });
    const other = next();
    await create(other, declare(kind, "b", "old"));
    const kept = await catchError(update(other, a, declare(kind, "a", "old")));
    expect(kept).toMatchObject({ code: "DECLARED_TWICE" });
    expect(values()).toHaveLength(1);
  });

  test("is kept from a second one even if the state cannot be read", async () => {
    const run = runOf(kind, journal, []);
    await run.check(a.outs, declare(kind, "a", "new"));
    await run.diff(a.id, a.outs, declare(kind, "a", "new"));
    const refused = await catchError(create(run, declare(kind, "b", "old")));
    expect(refused).toMatchObject({ code: "ALREADY_EXISTS" });
  });

  test("goes over to its new name in one up, also after a replacement that was cut off", async () => {
    const run = next();
    expect((await create(run, declare(kind, "renamed", "old"))).id).toBe(a.id);
    await run.delete(a.id, a.outs);
    expect(messages.join()).toContain("another resource of this stack has it now");

    const replaced = runOf(kind, journal, [recorded(kind, a.id, "a", { delete: true })]);
    await replaced.check({}, declare(kind, "a", "new"));
    expect((await create(replaced, declare(kind, "b", "old"))).id).toBe(a.id);
  });
});

test("a customer that only has the id of one at another server is taken over", async () => {
  const journal = journalFolder();
  const a = await create(runOf("customer", journal, []), declare("customer", "a", "old"));
  await using other = await enablexReseller();
  await other.seed(1, { customer_code: "old", customer_name: "Acme" });
  const uk = {
    accessKey: other.basic["enablex:accessKey"],
    accessId: other.basic["enablex:accessId"],
    baseUrl: other.basic["enablex:baseUrl"],
  };
  const config = { ...enablex.basic, "enablex:accounts": JSON.stringify({ uk }) };
  const resources = [recorded("customer", a.id, "a", { inputs: {} })];
  const run = providersOf(config, journal, undefined, { resources, pending: [] }).customer;
  await update(run, a, declare("customer", "a", "old"));
  const b = await create(run, { ...declare("customer", "b", "old"), account: "uk" });
  expect(b.id).toBe(a.id);
  expect(messages.join()).toContain("took over");
});

test("a replacement beside the old customer keeps it, and says how to delete it first", async () => {
  const journal = journalFolder();
  const declared = declare("customer", "a", "old");
  const old = await create(runOf("customer", journal, []), declared);
  const run = runOf("customer", journal, [recorded("customer", old.id, "a")]);
  const taken = await create(run, declared);
  await run.delete(old.id, old.outs);
  expect(taken.id).toBe(old.id);
  expect(enablex.calls(/^DELETE/)).toEqual([]);
  expect(messages.join("\n")).toContain(
    `customer ${old.id} is kept, since this resource has it already. What to do`,
  );
});
