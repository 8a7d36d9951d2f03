import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { withoutSecrets } from "../../provider/dynamic/secrets.ts";
import type { EnableXOutputs } from "../../provider/enablex/schema.ts";
import { type EnablexReseller, enablexReseller, failureOf, providersOf } from "./enablex-server.ts";

let enablex: EnablexReseller;
let customerId: string;
let said: string[];
beforeEach(async () => {
  said = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
  enablex = await enablexReseller();
  [customerId = ""] = await enablex.seed(1);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await enablex.server.stop();
});

const ada = () => ({ customerId, userType: "moderator", firstName: "Ada", lastName: "King", email: "ada@acme.test" });
const patches = () =>
  enablex.server.received
    .filter(({ method }) => method === "PATCH")
    .map(({ path, body }) => [path.slice("/ucaas/v1".length), JSON.parse(body)]);

describe("a subscription", () => {
  test("is made once, read, changed by what changed, and leaves the state with a warning that says what stays and what it costs", async () => {
    const { subscription } = providersOf(enablex.basic);
    const inputs = { customerId, planId: 7, fields: { seats: 5 } };
    const { id, outs } = await subscription.create(inputs);
    expect(outs).toMatchObject({ ...inputs, subscriptionId: id, statusText: "Active" });
    await enablex.change("subscriptions", id, { seats: 9, status: "S" });
    expect((await subscription.read(id, outs as EnableXOutputs)).inputs).toEqual({ ...inputs, fields: { seats: "9" } });
    await subscription.update(id, outs as EnableXOutputs, { ...inputs, planId: 8 });
    expect(patches()).toEqual([[`/subscriptions/${id}`, { plan_id: 8, seats: 5 }]]);
    await subscription.delete(id, outs as EnableXOutputs);
    expect(said.join()).toMatch(
      new RegExp(
        `WARNING: subscription ${id} \\(plan 7 of customer ${customerId}\\) leaves the state but stays at EnableX.*is billed until it is ended`,
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
    expect(await subscription.diff("1", olds, { customerId: "1001", planId: "8" })).toMatchObject({ changes: true, replaces: [] });
    expect(await subscription.diff("1", olds, { customerId: "1001", planId: "7" })).toMatchObject({ changes: false });
  });

  test("that the customer has already is found among those of other plans", async () => {
    const first = await providersOf(enablex.basic).subscription.create({ customerId, planId: 7 });
    const { subscription } = providersOf(enablex.basic);
    expect((await subscription.create({ customerId, planId: "7" })).id).toBe(first.id);
    expect((await subscription.create({ customerId, planId: "8" })).id).not.toBe(first.id);
  });

  test("and whose create got no answer is there once", async () => {
    enablex.server.fault({ kind: "cut", method: "POST" });
    const { id } = await providersOf(enablex.basic).subscription.create({ customerId, planId: 7 });
    expect(Object.keys(enablex.server.state.subscriptions)).toEqual([id]);
  });

  test("is deleted where the config says that the server can", async () => {
    enablex.server.setOptions({ deletableDependents: true });
    const { subscription } = providersOf({ ...enablex.basic, "enablex:routes": '{"subscriptionDelete": "DELETE /subscriptions/{id}"}' });
    const { id, outs } = await subscription.create({ customerId, planId: 7 });
    await subscription.delete(id, outs as EnableXOutputs);
    expect(enablex.server.state.subscriptions).toEqual({});
    expect(said).toEqual([]);
  });
});

describe("a user", () => {
  test("is made once, read, changed by what changed, and leaves the state with a warning", async () => {
    const { user } = providersOf(enablex.basic);
    const { id, outs } = await user.create(ada());
    expect(outs).toMatchObject({ ...ada(), userId: id });
    await enablex.change("users", id, { email: "ADA@acme.test", last_name: "Lovelace" });
    expect((await user.read(id, outs as EnableXOutputs)).inputs).toEqual({ ...ada(), lastName: "Lovelace" });
    await user.update(id, outs as EnableXOutputs, { ...ada(), firstName: "Augusta" });
    expect(patches()).toEqual([[`/users/${id}`, { first_name: "Augusta", last_name: "King" }]]);
    await user.delete(id, outs as EnableXOutputs);
    expect(said.join()).toMatch(
      new RegExp(`WARNING: user ${id} \\(ada@acme.test\\) leaves the state but stays at EnableX.*it can go on logging in`),
    );
  });

  test("with a password, which the server never shows, is made and has no drift; a new password is sent", async () => {
    const { user } = providersOf(enablex.basic);
    const inputs = { ...ada(), fields: { password: "first-Passw0rd" } };
    const { id, outs } = await user.create(inputs);
    const { inputs: read, props } = await user.read(id, outs as EnableXOutputs);
    expect(read).toEqual(inputs);
    const news = { ...ada(), fields: { password: "second-Passw0rd" } };
    expect(await user.diff(id, props as EnableXOutputs, news)).toMatchObject({ changes: true, replaces: [] });
    await user.update(id, props as EnableXOutputs, news);
    expect(patches()).toEqual([[`/users/${id}`, { password: "second-Passw0rd" }]]);
  });

  test("with a password that the server quotes in a refusal is refused without quoting it", async () => {
    enablex.server.fault({
      kind: "status",
      status: 406,
      method: "POST",
      body: JSON.stringify({ result: 406, desc: "too weak: canary-Passw0rd" }),
    });
    const error = await failureOf(providersOf(enablex.basic).user.create({ ...ada(), fields: { password: "canary-Passw0rd" } }));
    expect(withoutSecrets(error.message)).toContain("too weak: [secret]");
  });

  test("with what the program marked as secret, a name or a number too, is refused without quoting it", async () => {
    enablex.server.fault({
      kind: "status",
      status: 406,
      method: "POST",
      body: { result: 406, desc: "no: canary-Augusta, 471142, canary-hello" },
    });
    const __secretPaths = JSON.stringify([["lastName"], ["fields"]]);
    const fields = { greeting: "canary-hello", extension: 471142 };
    const error = await failureOf(providersOf(enablex.basic).user.create({ ...ada(), lastName: "canary-Augusta", fields, __secretPaths }));
    expect(withoutSecrets(error.message)).toContain("no: [secret], [secret], [secret]");
  });

  test("of which the customer is declared for the first time, and wrongly, is told so and not written", async () => {
    const { customerId: _, ...without } = ada();
    const { id, outs } = await providersOf(enablex.basic).user.create(ada());
    const { customerId: __, ...olds } = outs as EnableXOutputs;
    const { user } = providersOf({ ...enablex.basic, "enablex:consistencySeconds": "0" });
    const error = await failureOf(user.update(id, olds as EnableXOutputs, { ...without, customerId: "4711" }));
    expect(error).toMatchObject({
      code: "NOT_SHOWN",
      reason: expect.stringContaining(`customerId: declared "4711", on the server "${customerId}"`),
    });
    expect(patches()).toEqual([]);
  });

  test("with the email of another customer's user is never taken over, whatever adopt says", async () => {
    const [other = ""] = await enablex.seed(1, { customer_code: "X-#", contact_email: "x-#@customers.test" });
    await providersOf(enablex.basic).user.create({ ...ada(), customerId: other });
    const error = await failureOf(providersOf(enablex.basic).user.create({ ...ada(), adopt: "always" }));
    expect(error).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: expect.stringContaining(`customerId: declared "${customerId}", on the server "${other}"`),
    });
    expect(patches()).toEqual([]);
  });

  test("replaced on a server that deletes users is deleted first, since its email is unique", async () => {
    const { user } = providersOf({ ...enablex.basic, "enablex:routes": '{"userDelete": "DELETE /users/{id}"}' });
    expect(await user.diff("1", { ...ada(), schemaVersion: 1 }, { ...ada(), customerId: "9" })).toMatchObject({
      replaces: ["customerId"],
      deleteBeforeReplace: true,
    });
    const keeping = providersOf(enablex.basic).user;
    expect(await keeping.diff("1", { ...ada(), schemaVersion: 1 }, { ...ada(), customerId: "9" })).toMatchObject({
      deleteBeforeReplace: false,
    });
  });
});
