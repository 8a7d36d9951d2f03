import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import {
  catchError,
  type EnablexReseller,
  enablexReseller,
  journalFolder,
  providersOf,
} from "./enablex-server.ts";

let enablex: EnablexReseller;
let customerId: string;
let messages: string[];
beforeEach(async () => {
  messages = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void messages.push(line));
  enablex = await enablexReseller();
  [customerId = ""] = await enablex.seed(1);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

const ada = () => ({
  customerId,
  userType: "moderator",
  firstName: "Ada",
  lastName: "King",
  email: "ada@acme.test",
});
const patches = () =>
  enablex.server.received
    .filter(({ method }) => method === "PATCH")
    .map(({ path, body }) => [path.slice("/ucaas/v1".length), JSON.parse(body)]);

describe("a copied line, carried out at the same time", () => {
  const copies: [
    kind: "customer" | "subscription" | "user",
    one: () => EnableXInputs,
    copy: object,
  ][] = [
    [
      "customer",
      () => ({ customerName: "Acme", customerCode: "ACME" }),
      { customerName: "Acme Ltd", customerCode: " ACME" },
    ],
    ["subscription", () => ({ customerId, planId: 7 }), { planId: "7", fields: { seats: 5 } }],
    ["user", ada, { firstName: "Grace", email: "ADA@acme.test" }],
  ];

  test.each(copies)(
    "creates one %s, and the error says that it is declared twice",
    async (kind, one, copy) => {
      const kinds = `${kind}s` as const;
      enablex.server.setOptions({ uniqueCustomerCode: false });
      enablex.server.fault({ kind: "delay", method: "POST", ms: 200 });
      const before = Object.keys(enablex.server.state[kinds]).length;
      const provider = providersOf(enablex.basic)[kind];
      const [first, second] = await Promise.allSettled([
        provider.create(one()),
        provider.create({ ...one(), ...copy }),
      ]);
      expect(first.status).toBe("fulfilled");
      expect((second as PromiseRejectedResult).reason).toMatchObject({
        code: "DECLARED_TWICE",
        hint: expect.stringContaining("remove one"),
      });
      expect(Object.keys(enablex.server.state[kinds])).toHaveLength(before + 1);
      expect(enablex.calls(/^POST/)).toHaveLength(1);
    },
  );

  test("is created by the copy when the first one was refused", async () => {
    const { subscription } = providersOf(enablex.basic);
    enablex.server.fault({ kind: "status", status: 406, method: "POST" });
    expect(await catchError(subscription.create({ customerId, planId: 7 }))).toMatchObject({
      code: "VALIDATION_FAILED",
    });
    await subscription.create({ customerId, planId: 7 });
    expect(Object.keys(enablex.server.state.subscriptions)).toHaveLength(1);
  });

  test("in another process is refused, since the journal entry of the first counts", async () => {
    const journal = journalFolder();
    const inputs = { customerId, planId: 7, __stack: "ucaas/one" };
    enablex.server.fault({
      kind: "delay",
      method: "GET",
      path: "/subscriptions$",
      ms: 300,
      times: 2,
    });
    const results = await Promise.allSettled(
      [1, 2].map(() => providersOf(enablex.basic, journal).subscription.create(inputs)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(results.find((result) => result.status === "rejected")?.reason).toMatchObject({
      code: "JOURNAL_OUTDATED",
    });
    expect(Object.keys(enablex.server.state.subscriptions)).toHaveLength(1);
  });
});

describe("a rename whose adoption fails, in a run with --continue-on-error", () => {
  const renames: [kind: "subscription" | "user", one: () => EnableXInputs, change: object][] = [
    [
      "subscription",
      () => ({ customerId, planId: 7, fields: { seats: 5 } }),
      { fields: { seats: 6 } },
    ],
    ["user", ada, { firstName: "Grace" }],
  ];
  const servers = [
    { server: "a server without a delete", routes: "{}" },
    {
      server: "a server that deletes it",
      routes:
        '{"subscriptionDelete": "DELETE /subscriptions/{id}", "userDelete": "DELETE /users/{id}"}',
    },
  ];

  test.each(
    renames.flatMap(([kind, one, change]) =>
      servers.map((server) => ({ kind, one, change, ...server })),
    ),
  )(
    "keeps the $kind on $server, and the old resource in the state",
    async ({ kind, one, change, routes }) => {
      const { id, outs } = await providersOf(enablex.basic)[kind].create(one());
      const provider = providersOf({ ...enablex.basic, "enablex:routes": routes })[kind];
      expect(await catchError(provider.create({ ...one(), ...change }))).toMatchObject({
        code: "ALREADY_EXISTS",
      });
      expect(await catchError(provider.delete(id, outs as EnableXOutputs))).toMatchObject({
        code: "TAKE_OVER_OPEN",
      });
      expect(Object.keys(enablex.server.state[`${kind}s`])).toContain(id);
    },
  );
});

describe("a server with another route than the inferred one, which answers a bare 404", () => {
  beforeEach(() => enablex.server.setOptions({ errorsAs: "status" }));
  const wrong = (route: string, path: string) =>
    providersOf({ ...enablex.basic, "enablex:routes": JSON.stringify({ [route]: path }) });

  test("never empties the state on refresh: the list shows the user, and the error names the route", async () => {
    const { id, outs } = await providersOf(enablex.basic).user.create(ada());
    const { user } = wrong("userRead", "GET /members/{id}");
    expect(await catchError(user.read(id, outs as EnableXOutputs))).toMatchObject({
      code: "ROUTE_NOT_FOUND",
      operation: `read user ${id}`,
      reason: expect.stringContaining("GET /members/{id}"),
      hint: expect.stringContaining(
        'pulumi config set --path enablex:routes.userRead "GET /…/{id}"',
      ),
    });
  });

  test("works for many at once with one read a page; a missing one is gone", async () => {
    const created = await Promise.all(
      Array.from({ length: 30 }, (_, number) =>
        providersOf(enablex.basic).user.create({ ...ada(), email: `user-${number}@acme.test` }),
      ),
    );
    const [gone] = created;
    delete enablex.server.state.users[gone!.id];
    enablex.server.setOptions({ listRows: "short", longestPage: 10 });
    enablex.server.received = [];
    const { user } = wrong("userRead", "GET /members/{id}");
    const results = await Promise.allSettled(
      created.map(({ id, outs }) => user.read(id, outs as EnableXOutputs)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      ...Array(29).fill("rejected"),
    ]);
    expect(results[0]).toMatchObject({ value: { props: {} } });
    // Beside the reads themselves: one page of the batch, then all pages to the empty one.
    expect(enablex.calls(/^GET .users$/).length).toBeLessThanOrEqual(1 + 4);
  });

  test("creates no second user when the list shows it without an email", async () => {
    await providersOf(enablex.basic).user.create(ada());
    enablex.server.setOptions({ listRows: "short" });
    enablex.server.received = [];
    expect(
      await catchError(wrong("userRead", "GET /members/{id}").user.create(ada())),
    ).toMatchObject({ code: "ROUTE_NOT_FOUND" });
    expect(enablex.calls(/^POST/)).toEqual([]);
  });

  test("keeps a user whose delete did not arrive, and drops one that was already gone", async () => {
    enablex.server.setOptions({ deletableDependents: true });
    const { id, outs } = await providersOf(enablex.basic).user.create(ada());
    const error = await catchError(
      wrong("userDelete", "DELETE /members/{id}").user.delete(id, outs as EnableXOutputs),
    );
    expect(error).toMatchObject({
      code: "ROUTE_NOT_FOUND",
      hint: expect.stringContaining("enablex:routes.userDelete"),
    });
    const right = "DELETE /users/{id}";
    await wrong("userDelete", right).user.delete(id, outs as EnableXOutputs);
    await wrong("userDelete", right).user.delete(id, outs as EnableXOutputs);
    expect(enablex.server.state.users).toEqual({});
  });
});

describe("a server with another delete than the inferred one, which answers 404 in its own words", () => {
  const wrong = (route: string, path: string) =>
    providersOf({
      ...enablex.basic,
      "enablex:consistencySeconds": "0.2",
      "enablex:routes": JSON.stringify({ [route]: path }),
    });

  test("keeps the customer, which would be billed on, in the state", async () => {
    const { customer } = wrong("customerDelete", "DELETE /accounts/{id}");
    const state = { customerName: "Customer 1", customerCode: "C-1" } as EnableXInputs;
    const error = await catchError(customer.delete(customerId, state as EnableXOutputs));
    expect(error).toMatchObject({
      code: "ROUTE_NOT_FOUND",
      operation: `delete customer ${customerId}`,
      hint: expect.stringContaining("enablex:routes.customerDelete"),
    });
    expect(Object.keys(enablex.server.state.customers)).toEqual([customerId]);
  });

  test("keeps a user in the state too, and drops one that a read no longer finds", async () => {
    const { id, outs } = await providersOf(enablex.basic).user.create(ada());
    const { user } = wrong("userDelete", "DELETE /users/{id}");
    expect(await catchError(user.delete(id, outs as EnableXOutputs))).toMatchObject({
      code: "ROUTE_NOT_FOUND",
    });
    delete enablex.server.state.users[id];
    await user.delete(id, outs as EnableXOutputs);
  });
});

describe("a subscription", () => {
  test("is created once, updated by changed fields only, and leaves the state with a warning", async () => {
    const { subscription } = providersOf(enablex.basic);
    const inputs = { customerId, planId: 7, fields: { seats: 5 } };
    const { id, outs } = await subscription.create(inputs);
    expect(outs).toMatchObject({ ...inputs, subscriptionId: id, statusText: "Active" });
    await enablex.change("subscriptions", id, { seats: 9, status: "S" });
    expect((await subscription.read(id, outs as EnableXOutputs)).inputs).toEqual({
      ...inputs,
      fields: { seats: 9 },
    });
    await subscription.update(id, outs as EnableXOutputs, { ...inputs, planId: 8 });
    expect(patches()).toEqual([[`/subscriptions/${id}`, { plan_id: "8", seats: 5 }]]);
    await subscription.delete(id, outs as EnableXOutputs);
    expect(messages.join()).toMatch(
      new RegExp(
        `subscription ${id} \\(plan 7 of customer ${customerId}\\) leaves the state but stays at EnableX.*is billed until it is ended`,
      ),
    );
    expect(Object.keys(enablex.server.state.subscriptions)).toEqual([id]);
  });

  test("of another customer is another subscription; of another plan it is the same one", async () => {
    const { subscription } = providersOf(enablex.basic);
    const olds = { customerId: 1001, planId: 7, schemaVersion: 1 } as const;
    expect(await subscription.diff("1", olds, { customerId: "1002", planId: 7 })).toMatchObject({
      changes: true,
      replaces: ["customerId"],
    });
    expect(await subscription.diff("1", olds, { customerId: "1001", planId: "8" })).toMatchObject({
      changes: true,
      replaces: [],
    });
    expect(await subscription.diff("1", olds, { customerId: "1001", planId: "7" })).toMatchObject({
      changes: false,
    });
  });

  test("that the customer has already is found among those of other plans", async () => {
    const first = await providersOf(enablex.basic).subscription.create({ customerId, planId: 7 });
    const { subscription } = providersOf(enablex.basic);
    expect((await subscription.create({ customerId, planId: "7" })).id).toBe(first.id);
    expect((await subscription.create({ customerId, planId: "8" })).id).not.toBe(first.id);
  });

  test("and whose create got no answer exists once", async () => {
    enablex.server.fault({ kind: "cut", method: "POST" });
    const { id } = await providersOf(enablex.basic).subscription.create({ customerId, planId: 7 });
    expect(Object.keys(enablex.server.state.subscriptions)).toEqual([id]);
  });

  test("is deleted where the config says that the server can", async () => {
    enablex.server.setOptions({ deletableDependents: true });
    const { subscription } = providersOf({
      ...enablex.basic,
      "enablex:routes": '{"subscriptionDelete": "DELETE /subscriptions/{id}"}',
    });
    const { id, outs } = await subscription.create({ customerId, planId: 7 });
    await subscription.delete(id, outs as EnableXOutputs);
    expect(enablex.server.state.subscriptions).toEqual({});
    expect(messages).toEqual([]);
  });
});

describe("a user", () => {
  test("is created once, updated by changed fields only, and leaves the state with a warning", async () => {
    const { user } = providersOf(enablex.basic);
    const { id, outs } = await user.create(ada());
    expect(outs).toMatchObject({ ...ada(), userId: id });
    await enablex.change("users", id, { email: "ADA@acme.test", last_name: "Lovelace" });
    expect((await user.read(id, outs as EnableXOutputs)).inputs).toEqual({
      ...ada(),
      lastName: "Lovelace",
    });
    await user.update(id, outs as EnableXOutputs, { ...ada(), firstName: "Augusta" });
    expect(patches()).toEqual([[`/users/${id}`, { first_name: "Augusta", last_name: "King" }]]);
    await user.delete(id, outs as EnableXOutputs);
    expect(messages.join()).toMatch(
      new RegExp(
        `user ${id} \\(ada@acme.test\\) leaves the state but stays at EnableX.*it can go on logging in`,
      ),
    );
  });

  test("with a password, which the server never shows, has no drift, and sends a new password", async () => {
    const { user } = providersOf(enablex.basic);
    const inputs = { ...ada(), fields: { password: "first-Passw0rd" } };
    const { id, outs } = await user.create(inputs);
    const { inputs: read, props } = await user.read(id, outs as EnableXOutputs);
    expect(read).toEqual(inputs);
    const news = { ...ada(), fields: { password: "second-Passw0rd" } };
    expect(await user.diff(id, props as EnableXOutputs, news)).toMatchObject({
      changes: true,
      replaces: [],
    });
    await user.update(id, props as EnableXOutputs, news);
    expect(patches()).toEqual([[`/users/${id}`, { password: "second-Passw0rd" }]]);
  });

  test("whose create did not reach the state gets the password that is declared now", async () => {
    const journal = journalFolder();
    const declared = (password: string) => ({ ...ada(), password });
    const create = (password: string) =>
      providersOf(enablex.basic, journal).user.create(declared(password));
    const { id } = await create("first-Passw0rd");
    expect((await create("second-Passw0rd")).id).toBe(id);
    expect(patches()).toEqual([[`/users/${id}`, { password: "second-Passw0rd" }]]);
  });

  test("with a password that the server quotes in a refusal is refused without quoting it", async () => {
    enablex.server.fault({
      kind: "status",
      status: 406,
      method: "POST",
      body: JSON.stringify({ result: 406, desc: "too weak: canary-Passw0rd" }),
    });
    const error = await catchError(
      providersOf(enablex.basic).user.create({ ...ada(), fields: { password: "canary-Passw0rd" } }),
    );
    expect(maskSecrets(error.message)).toContain("too weak: [secret]");
  });

  test("with a field that the program marks as secret is refused without quoting the value", async () => {
    enablex.server.fault({
      kind: "status",
      status: 406,
      method: "POST",
      body: { result: 406, desc: "no: canary-Augusta, 471142, canary-hello" },
    });
    const __secretPaths = JSON.stringify([["lastName"], ["fields"]]);
    const fields = { greeting: "canary-hello", extension: 471142 };
    const error = await catchError(
      providersOf(enablex.basic).user.create({
        ...ada(),
        lastName: "canary-Augusta",
        fields,
        __secretPaths,
      }),
    );
    expect(maskSecrets(error.message)).toContain("no: [secret], [secret], [secret]");
  });

  test("of a newly and wrongly declared customer gets an error, and is not written", async () => {
    const { customerId: _, ...without } = ada();
    const { id, outs } = await providersOf(enablex.basic).user.create(ada());
    const { customerId: __, ...olds } = outs as EnableXOutputs;
    const { user } = providersOf({ ...enablex.basic, "enablex:consistencySeconds": "0" });
    const error = await catchError(
      user.update(id, olds as EnableXOutputs, { ...without, customerId: "4711" }),
    );
    expect(error).toMatchObject({
      code: "NOT_SHOWN",
      reason: expect.stringContaining(`customerId: declared "4711", on the server "${customerId}"`),
    });
    expect(patches()).toEqual([]);
  });

  test("with the email of another customer's user is never adopted, with any adopt value", async () => {
    const [other = ""] = await enablex.seed(1, {
      customer_code: "X-#",
      contact_email: "x-#@customers.test",
    });
    await providersOf(enablex.basic).user.create({ ...ada(), customerId: other });
    const error = await catchError(
      providersOf(enablex.basic).user.create({ ...ada(), adopt: "always" }),
    );
    expect(error).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: expect.stringContaining(
        `customerId: declared "${customerId}", on the server "${other}"`,
      ),
    });
    expect(patches()).toEqual([]);
  });

  test("replaced on a server that deletes users is deleted first, since its email is unique", async () => {
    const { user } = providersOf({
      ...enablex.basic,
      "enablex:routes": '{"userDelete": "DELETE /users/{id}"}',
    });
    expect(
      await user.diff("1", { ...ada(), schemaVersion: 1 }, { ...ada(), customerId: "9" }),
    ).toMatchObject({
      replaces: ["customerId"],
      deleteBeforeReplace: true,
    });
    const keeping = providersOf(enablex.basic).user;
    expect(
      await keeping.diff("1", { ...ada(), schemaVersion: 1 }, { ...ada(), customerId: "9" }),
    ).toMatchObject({
      deleteBeforeReplace: false,
    });
  });
});
