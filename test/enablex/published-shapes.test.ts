import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseReply } from "../../provider/enablex/envelope.ts";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import {
  catchError,
  type EnablexReseller,
  enablexReseller,
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

const bodies = (method: string) =>
  enablex.server.received
    .filter((call) => call.method === method)
    .map(({ body }) => JSON.parse(body));
const providers = (routes: object = {}) =>
  providersOf({ ...enablex.basic, "enablex:routes": JSON.stringify(routes) });
const ada = () => ({ customerId, userType: "moderator", firstName: "Ada", email: "ada@acme.test" });

describe.each(["nested", "flat"] as const)(
  "a subscription whose reply has its status %s",
  (subscriptionStatus) => {
    beforeEach(() => enablex.server.setOptions({ subscriptionStatus }));

    test.each(["status", "subscription.status"])(
      "is created, compared and suspended with status sent as %s",
      async (status) => {
        const { subscription } = providers({ subscriptionFields: { status } });
        const inputs = { customerId, planId: "7", status: "active" };
        const { id, outs } = await subscription.create(inputs);
        expect(outs).toMatchObject({ status: "active", statusText: "Active" });
        await enablex.change("subscriptions", id, { status: "S" });
        const { props } = await subscription.read(id, outs as EnableXOutputs);
        expect(props).toMatchObject({ status: "suspended", statusText: "Suspended" });
        expect((await subscription.update(id, props as EnableXOutputs, inputs)).outs).toMatchObject(
          { status: "active" },
        );
        expect(enablex.server.state.subscriptions[id]?.fields).toMatchObject({ status: "A" });
      },
    );
  },
);

describe("further fields within objects", () => {
  const inputs = (qty: number) => ({
    customerId,
    planId: "7",
    fields: {
      user_license: { qty },
      settings: { recording: true, participants: 50 },
      subscription: { trial: false },
    },
  });

  test("are created, compared by their paths, and written when they differ", async () => {
    const { subscription } = providers();
    const { id, outs } = await subscription.create(inputs(25));
    expect(bodies("POST")).toEqual([
      { customer_id: customerId, plan_id: "7", ...inputs(25).fields },
    ]);
    await enablex.change("subscriptions", id, {
      user_license: { qty: 500 },
      settings: { recording: false },
    });
    const { inputs: seen, props } = await subscription.read(id, outs as EnableXOutputs);
    expect(seen?.fields).toEqual({
      ...inputs(500).fields,
      settings: { recording: false, participants: 50 },
    });
    await subscription.update(id, props as EnableXOutputs, inputs(25));
    expect(enablex.server.state.subscriptions[id]?.fields).toMatchObject({
      user_license: { qty: 25 },
      settings: { recording: true },
    });
  });

  test("are named by path with both values when an existing subscription differs", async () => {
    await providers().subscription.create(inputs(25));
    const error = await catchError(providers().subscription.create(inputs(30)));
    expect(error.message).toContain("fields.user_license.qty: declared 30, on the server 25");
  });

  test.each([
    ["whole", { user_license: { qty: 30, unit: 2 } }],
    ["changed", { user_license: { qty: 30 } }],
  ])("are updated with objectUpdate %s", async (objectUpdate, body) => {
    const { subscription } = providers({ objectUpdate });
    const { id, outs } = await subscription.create(inputs(25));
    await enablex.change("subscriptions", id, {
      user_license: { unit: 2, unit_ex: "label", price: { currency: 1 } },
    });
    await subscription.update(id, outs as EnableXOutputs, inputs(30));
    expect(bodies("PATCH")).toEqual([body]);
  });

  test("that have an argument of their own are refused at any depth", async () => {
    const { failures } = await providers().subscription.check(
      {},
      { ...inputs(1), fields: { subscription: { status: "A" }, a: { b_ex: 1 } } },
    );
    expect(failures).toEqual([
      {
        property: "fields.subscription.status",
        reason: "is a property of its own: declare status",
      },
      { property: "fields.a.b_ex", reason: "is assigned by the server" },
    ]);
  });

  test("that are no value and no object are refused with their path", async () => {
    const { failures } = await providers().subscription.check(
      {},
      { ...inputs(1), fields: { settings: { list: [1] } } },
    );
    expect(failures).toMatchObject([{ property: expect.stringContaining("fields.settings.list") }]);
  });
});

test("ids and types that are declared as numbers are sent as text, as published", async () => {
  const { customer, subscription, user } = providers();
  const { id } = await customer.create({ customerName: "A", customerCode: "A", customerType: 2 });
  await subscription.create({ customerId: Number(id), planId: 7 });
  enablex.server.fault({ kind: "status", status: 406, method: "POST", path: "/users$" });
  await catchError(user.create({ ...ada(), userType: 3 }));
  expect(bodies("POST")).toMatchObject([
    { customer_type: "2" },
    { customer_id: id, plan_id: "7" },
    { user_type: "3" },
  ]);
});

test("a user's customer_id is omitted if the config says so, and a new one replaces the user", async () => {
  const { user } = providers({ userFields: { customerId: "none" } });
  const { outs } = await user.create(ada());
  expect(bodies("POST")[0]).not.toHaveProperty("customer_id");
  const news = { ...ada(), customerId: "77" } as EnableXInputs;
  expect(await user.diff("1", outs as EnableXOutputs, news)).toMatchObject({
    replaces: ["customerId"],
  });
});

test.each([
  [{ result: "1504", msg: "Duplicate data", desc: "Email Address is already registered" }],
  [{ result: "1504", error: "Duplicate data", description: "Email Address is already registered" }],
  [{ result: "1504", Error: "Duplicate data", Description: "Email Address is already registered" }],
  [{ error: "Duplicate data", description: "Email Address is already registered" }],
])("a refusal keeps the server's reason: %j", (json) => {
  const answer = parseReply({ status: 406, text: JSON.stringify(json), json });
  expect(answer).toMatchObject({
    ok: false,
    failure: { reason: expect.stringContaining("Email Address is already registered") },
  });
});

describe("a user's published fields", () => {
  const full = () => ({
    ...ada(),
    middleName: "Augusta",
    password: "first-secret",
    department: "Sales",
    designation: "Head",
    sendWelcomeMail: true,
  });

  test("are created, and the password is sent again only when its declaration changes", async () => {
    const { user } = providers();
    const { id, outs } = await user.create(full());
    expect(bodies("POST")).toMatchObject([
      {
        middle_name: "Augusta",
        password: "first-secret",
        department: "Sales",
        designation: "Head",
        send_welcome_mail: true,
      },
    ]);
    expect((await user.read(id, outs as EnableXOutputs)).inputs).toEqual(full());
    const changed = { ...full(), department: "Support", sendWelcomeMail: false };
    const { outs: after } = await user.update(id, outs as EnableXOutputs, changed);
    await user.update(id, after as EnableXOutputs, { ...changed, password: "second-secret" });
    expect(bodies("PATCH")).toEqual([{ department: "Support" }, { password: "second-secret" }]);
  });

  test("a password that is declared no longer is not blanked, and one warning says so", async () => {
    const { user } = providers();
    const { id, outs } = await user.create({ ...ada(), password: "first-secret" });
    await user.update(id, outs as EnableXOutputs, ada());
    expect(bodies("PATCH")).toEqual([]);
    expect(messages.filter((line) => line.includes("no longer declared"))).toEqual([
      expect.stringContaining("password is no longer declared and stays as it is on the server"),
    ]);
  });

  test("that the server never had or never shows are not emptied when they are removed", async () => {
    const { user } = providers({
      userFields: { department: "none" },
      userWriteOnly: ["designation"],
    });
    const { password: _, ...declared } = full();
    const { id, outs } = await user.create(declared);
    await user.update(id, outs as EnableXOutputs, ada());
    expect(bodies("PATCH")).toEqual([{ middle_name: "" }]);
    expect(messages.filter((line) => line.includes("no longer declared"))).toEqual([
      expect.stringContaining("designation is no longer declared"),
    ]);
  });

  test("of an existing user leave its password as it is, and say so, unless adopt is always", async () => {
    await providers().user.create(ada());
    await providers().user.create({ ...ada(), password: "declared-secret" });
    expect(messages.join()).toContain(
      "password cannot be compared and stays as it is on the server",
    );
    expect(bodies("PATCH")).toEqual([]);
    await providers().user.create({ ...ada(), password: "declared-secret", adopt: "always" });
    expect(bodies("PATCH")).toEqual([{ password: "declared-secret" }]);
  });

  test("that moved from fields to arguments of their own are no change", async () => {
    const { user } = providers();
    const olds = {
      ...ada(),
      fields: { password: "first-secret", department: "Sales" },
      schemaVersion: 1,
    } as unknown as EnableXOutputs;
    expect(
      await user.diff("1", olds, { ...ada(), password: "first-secret", department: "Sales" }),
    ).toMatchObject({ changes: false });
  });

  test("may stay in fields, as 0.1.0 had them, but not in both places", async () => {
    const { user } = providers();
    const fields = { password: "first-secret" };
    expect((await user.check({}, { ...ada(), fields })).failures).toEqual([]);
    const both = await user.check({}, { ...ada(), fields, password: "first-secret" });
    expect(both.failures).toEqual([
      { property: "fields.password", reason: "is a property of its own: declare password" },
    ]);
  });

  test("that a server never shows are not compared where the config says so", async () => {
    const { user } = providers({ userWriteOnly: ["department"] });
    const { id, outs } = await user.create(full());
    await enablex.change("users", id, { department: "Other" });
    expect((await user.read(id, outs as EnableXOutputs)).inputs).toEqual(full());
  });
});
