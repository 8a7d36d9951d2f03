import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { eventually } from "../eventually.ts";
import {
  catchError,
  customer,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

type Kind = "customer" | "subscription" | "user";
type Config = Record<string, string>;

let enablex: EnablexReseller;
let others: Config;
let customerId: string;
beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  enablex = await enablexReseller({ deletableDependents: true });
  others = {
    ...(await enablex.another()),
    "enablex:routes":
      '{"subscriptionDelete": "DELETE /subscriptions/{id}", "userDelete": "DELETE /users/{id}"}',
  };
  [customerId = ""] = await enablex.seed(1);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

const declarations: Record<Kind, () => EnableXInputs> = {
  customer: () => customer,
  subscription: () => ({ customerId, planId: 7 }),
  user: () => ({ customerId, userType: "moderator", firstName: "Ada", email: "ada@acme.test" }),
};
const declare = (kind: Kind) => ({
  ...declarations[kind](),
  __stack: "ucaas/test",
  __resource: "acme",
});

/** What the reseller of the config created. */
async function created(kind: Kind, journal = journalFolder()) {
  const { id, outs } = await providersOf(enablex.basic, journal)[kind].create(declare(kind));
  return { id: id as string, outs: outs as EnableXOutputs, journal };
}

/** The reseller gets another access ID: it sees what it saw, and the old one nothing. */
function rotate(): void {
  const { customers, subscriptions, users } = enablex.server.state;
  for (const rows of [customers, subscriptions, users])
    for (const row of Object.values(rows)) row.owner = others["enablex:accessId"] as string;
}

describe.each<Kind>(["customer", "subscription", "user"])("a %s in the state", (kind) => {
  test("stays there when a refresh has another reseller's credentials", async () => {
    const { id, outs } = await created(kind);
    const error = await catchError(providersOf(others)[kind].read(id, outs));
    expect(error).toMatchObject({
      code: "ACCOUNT_CHANGED",
      operation: `read ${kind} ${id}`,
      hint: expect.stringMatching(/enablex:accessId[\s\S]*pulumi state delete <urn of "acme">/),
    });
    expect((await providersOf(enablex.basic)[kind].read(id, outs)).id).toBe(id);
  });

  test("stays there when a destroy has another reseller's credentials", async () => {
    const { id, outs } = await created(kind);
    const error = await catchError(providersOf(others)[kind].delete(id, outs));
    expect(error).toMatchObject({ code: "ACCOUNT_CHANGED" });
    expect(enablex.calls(/^DELETE/)).toEqual([]);
  });

  test("has no drift after a rotation of the keys, and a read or update renews the proof", async () => {
    const { id, outs } = await created(kind);
    rotate();
    const provider = providersOf(others)[kind];
    const { props, inputs } = await provider.read(id, outs);
    expect(inputs).toEqual(declare(kind));
    expect(await provider.diff(id, props as EnableXOutputs, declare(kind))).toMatchObject({
      changes: false,
    });
    const updated = await provider.update(id, outs, { ...declare(kind), status: "suspended" });
    delete enablex.server.state[`${kind}s`][id];
    for (const state of [props, updated.outs])
      expect(
        (await providersOf(others)[kind].read(id, state as EnableXOutputs)).id,
      ).toBeUndefined();
  });

  test("can be deleted after a rotation of the keys", async () => {
    const { id, outs } = await created(kind);
    rotate();
    await providersOf(others)[kind].delete(id, outs);
    expect(enablex.server.state[`${kind}s`][id]).toBeUndefined();
  });

  test("is not created twice when its state was lost and the key is another reseller's", async () => {
    const { id, journal } = await created(kind);
    const sent = enablex.calls(/^POST/).length;
    const error = await catchError(providersOf(others, journal)[kind].create(declare(kind)));
    expect(error).toMatchObject({
      code: "ACCOUNT_CHANGED",
      hint: expect.stringMatching(
        /enablex:accessId[\s\S]*ucaas journal resolve [0-9a-f]{8} --stack/,
      ),
    });
    expect(enablex.calls(/^POST/)).toHaveLength(sent);
    expect((await providersOf(enablex.basic, journal)[kind].create(declare(kind))).id).toBe(id);
  });

  test("is taken over after a rotation of the keys when its state was lost", async () => {
    const { id, journal } = await created(kind);
    rotate();
    expect((await providersOf(others, journal)[kind].create(declare(kind))).id).toBe(id);
  });

  test("leaves it when it is gone, also if the state is of an earlier release", async () => {
    const { id, outs } = await created(kind);
    delete enablex.server.state[`${kind}s`][id];
    const { __seenBy: _, ...earlier } = outs;
    expect((await providersOf(enablex.basic)[kind].read(id, outs)).id).toBeUndefined();
    expect(
      (await providersOf(others)[kind].read(id, earlier as EnableXOutputs)).id,
    ).toBeUndefined();
  });
});

/** Another server with the same config keys, and an object of the same id. */
async function strangerOf(kind: Kind, id: string, identity: Partial<EnableXInputs>) {
  const other = await enablexReseller({ deletableDependents: true });
  await other.seed(1);
  const routes = others["enablex:routes"] as string;
  const config = { ...other.basic, "enablex:routes": routes };
  const stranger = { ...declarations[kind](), status: "active", ...identity };
  expect((await providersOf(config)[kind].create(stranger)).id).toBe(id);
  other.server.received = [];
  return { other, provider: providersOf(config)[kind] };
}

describe.each<[Kind, Partial<EnableXInputs>]>([
  ["customer", { customerCode: "STRANGER", contactEmail: "it@stranger.test" }],
  ["subscription", { planId: 8 }],
  ["user", { email: "eve@stranger.test" }],
])("a %s of the same id at another server", (kind, identity) => {
  test("is neither read into the state, changed nor deleted", async () => {
    const { id, outs } = await created(kind);
    const { other, provider } = await strangerOf(kind, id, identity);
    await using _ = other;
    const news = { ...declare(kind), status: "suspended" };
    for (const call of [
      () => provider.read(id, outs),
      () => provider.update(id, outs, news),
      () => provider.delete(id, outs),
    ])
      expect(await catchError(call())).toMatchObject({
        code: "ACCOUNT_CHANGED",
        hint: expect.stringMatching(
          /enablex:baseUrl[\s\S]*as the portal shows it[\s\S]*pulumi state delete <urn of "acme">/,
        ),
      });
    expect(other.calls(/^(PATCH|PUT|POST|DELETE)/)).toEqual([]);
    await providersOf(enablex.basic)[kind].update(id, outs, news);
    expect(enablex.server.state[`${kind}s`][id]?.fields).toMatchObject({ status: "S" });
  });

  test("is the same one where the server has moved with all that it has", async () => {
    const { id, outs } = await created(kind);
    const { other, provider } = await strangerOf(kind, id, {});
    await using _ = other;
    const { props } = await provider.read(id, outs);
    const news = { ...declare(kind), status: "suspended" };
    await provider.update(id, outs, news);
    await provider.delete(id, props as EnableXOutputs);
    expect(other.server.state[`${kind}s`][id]).toBeUndefined();
  });
});

describe.each<[Kind, EnableXInputs, Partial<EnableXInputs>, Record<string, unknown>]>([
  [
    "customer",
    { customerName: "Acme", contactEmail: "it@acme.test" },
    { contactEmail: "new@acme.test" },
    { contact_email: "new@acme.test" },
  ],
  ["subscription", {}, { planId: "8" }, { plan_id: "8" }],
  ["user", {}, { email: "new@acme.test" }, { email: "new@acme.test" }],
])("a %s that was changed in the portal in all that identifies it", (kind, only, portal, wire) => {
  const declared = () => ({
    ...(kind === "customer" ? only : declarations[kind]()),
    __stack: "ucaas/test",
    __resource: "acme",
  });
  async function changed() {
    const { id, outs } = await providersOf(enablex.basic)[kind].create(declared());
    await enablex.change(`${kind}s`, id as string, wire);
    return { id: id as string, outs: outs as EnableXOutputs };
  }

  test("is drift after a rotation of the keys, and an update with either value passes", async () => {
    const { id, outs } = await changed();
    rotate();
    const provider = () => providersOf(others)[kind];
    expect((await provider().read(id, outs)).inputs).toMatchObject(portal);
    await provider().update(id, outs, { ...declared(), ...portal });
    expect(enablex.server.state[`${kind}s`][id]?.fields).toMatchObject(wire);
    await provider().update(id, outs, declared());
    expect(enablex.server.state[`${kind}s`][id]?.fields).not.toMatchObject(wire);
    await provider().delete(id, outs);
    expect(enablex.server.state[`${kind}s`][id]).toBeUndefined();
  });

  test("is taken for the same at another address once the portal's value is declared", async () => {
    const { id, outs } = await changed();
    const moved = {
      ...enablex.basic,
      "enablex:baseUrl": enablex.basic["enablex:baseUrl"].replace("127.0.0.1", "localhost"),
    };
    const provider = providersOf(moved)[kind];
    expect(await catchError(provider.update(id, outs, declared()))).toMatchObject({
      code: "ACCOUNT_CHANGED",
      hint: expect.stringMatching(/If it is the same .* as the portal shows it/),
    });
    const { outs: updated } = await provider.update(id, outs, { ...declared(), ...portal });
    expect((await provider.read(id, updated as EnableXOutputs)).id).toBe(id);
  });
});

test("a stranger of the same name stays one when the code is declared no longer", async () => {
  const { id, outs } = await providersOf(enablex.basic).customer.create({
    customerName: "Acme",
    customerCode: "ACME",
  });
  const { other, provider } = await strangerOf("customer", id as string, { customerCode: "OTHER" });
  await using _ = other;
  const news = { customerName: "Acme", status: "suspended" };
  const error = await catchError(provider.update(id as string, outs as EnableXOutputs, news));
  expect(error).toMatchObject({ code: "ACCOUNT_CHANGED" });
  expect(other.calls(/^PATCH/)).toEqual([]);
});

test("an update at a moved server that was cut off after its new email is taken up", async () => {
  const { id, outs } = await created("user");
  const { other } = await strangerOf("user", id, {});
  await using _ = other;
  const journal = journalFolder();
  const update = (email: string) =>
    providersOf(other.basic, journal).user.update(id, outs, { ...declare("user"), email });
  other.server.fault({ kind: "hangAfter", method: "PATCH" });
  // Its process ends here: no test waits for it.
  await eventually(
    () => expect(other.server.state.users[id]?.fields).toMatchObject({ email: "second@acme.test" }),
    update("second@acme.test"),
  );
  await update("third@acme.test");
  expect(other.server.state.users[id]?.fields).toMatchObject({ email: "third@acme.test" });
});

test.each(["after a rotation of the keys", "at a moved server"])(
  "subscriptions are read %s where the list does not say whose they are",
  async (what) => {
    const one = await created("subscription");
    const two = await providersOf(enablex.basic).subscription.create({
      ...declare("subscription"),
      planId: 8,
      __resource: "second",
    });
    rotate();
    const config =
      what === "at a moved server"
        ? {
            ...others,
            "enablex:baseUrl": others["enablex:baseUrl"]?.replace("127.0.0.1", "localhost") ?? "",
          }
        : others;
    const rows = Object.entries(enablex.server.state.subscriptions).map(([id, { fields }]) => {
      const { customer_id: _, ...shown } = fields;
      return { subscription_id: id, ...shown };
    });
    enablex.server.fault({
      kind: "status",
      status: 200,
      method: "GET",
      path: "/subscriptions$",
      body: { result: 1, subscriptions: rows },
      times: 9,
    });
    enablex.server.received = [];
    const { subscription } = providersOf(config);
    const reads = await Promise.all([
      subscription.read(one.id, one.outs),
      subscription.read(two.id as string, two.outs as EnableXOutputs),
    ]);
    expect(reads.map(({ id }) => id)).toEqual([one.id, two.id]);
    expect(enablex.calls(/^GET \/subscriptions$/)).toHaveLength(1);
  },
);

test("a customer without code and email is known from a stranger by its name", async () => {
  const nameless = { customerName: "Acme", __stack: "ucaas/test", __resource: "acme" };
  const { id, outs } = await providersOf(enablex.basic).customer.create(nameless);
  const { other, provider } = await strangerOf("customer", id as string, {
    customerName: "Stranger",
  });
  await using _ = other;
  const state = outs as EnableXOutputs;
  expect(await catchError(provider.read(id as string, state))).toMatchObject({
    code: "ACCOUNT_CHANGED",
  });
  await other.change("customers", id as string, { customer_name: "Acme" });
  expect((await provider.read(id as string, state)).id).toBe(id);
});

test("a delete that was cut off is not taken for done with another reseller's credentials", async () => {
  const { id, outs, journal } = await created("customer");
  enablex.server.fault({ kind: "status", status: 500, method: "DELETE", times: 20 });
  await catchError(
    providersOf({ ...enablex.basic, "enablex:deadlineSeconds": "5" }, journal).customer.delete(
      id,
      outs,
    ),
  );
  const next = (config: Config) =>
    providersOf(config, journal).customer.diff(id, outs, declare("customer"));
  expect(await catchError(next(others))).toMatchObject({ code: "ACCOUNT_CHANGED" });
  expect(await next(enablex.basic)).toMatchObject({ replaces: [] });
});

test("another login at the same access ID is another account", async () => {
  const { id, outs } = await created("customer");
  const { "enablex:accessKey": _, ...byLogin } = enablex.login as Config;
  const seen = await providersOf(byLogin).customer.read(id, outs);
  delete enablex.server.state.customers[id];
  const state = seen.props as EnableXOutputs;
  expect((await providersOf(byLogin).customer.read(id, state)).id).toBeUndefined();
  expect(await catchError(providersOf(enablex.basic).customer.read(id, state))).toMatchObject({
    code: "ACCOUNT_CHANGED",
  });
});

test("a create without a clear answer is not sent again with another reseller's key", async () => {
  const journal = journalFolder();
  enablex.server.fault({ kind: "hangAfter", method: "POST", path: "/customers$" });
  const create = (config: Config) =>
    providersOf(config, journal).customer.create(declare("customer"));
  // Its process ends here: no test waits for it.
  await eventually(() => expect(enablex.calls(/^POST/)).toHaveLength(1), create(enablex.basic));
  expect(await catchError(create(others))).toMatchObject({ code: "ACCOUNT_CHANGED" });
  expect(enablex.calls(/^POST/)).toHaveLength(1);
});

test("customers of one code at two resellers of one server are created, one after the other", async () => {
  const journal = journalFolder();
  const one = await providersOf(enablex.basic, journal).customer.create(declare("customer"));
  enablex.server.setOptions({ uniqueCustomerCode: false });
  const two = { ...declare("customer"), contactEmail: "two@acme.test", __resource: "acme-two" };
  const other = await providersOf(others, journal).customer.create(two);
  expect(other.id).not.toBe(one.id);
});
