import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { UcaasError } from "../../provider/runtime/errors.ts";
import {
  describeWriteOfLostStack,
  intentsOfLostStacks,
  openIntents,
  openIntentsOfOthers,
} from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { adoptedOrder } from "../../provider/xelion/order.ts";
import { orderFromState, toOutputs } from "../../provider/xelion/outputs.ts";
import type { Order, ProvisionInputs, ProvisionOutputs } from "../../provider/xelion/schema.ts";
import type { ScenarioName } from "../../sandbox/xelion/scenarios.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";
import { eventually } from "../eventually.ts";
import { inputsOf, provider as newProvider, newStack, outcome, runs } from "./handlers.ts";
import { apiKey, fairyTail, login, type World, world } from "./world.ts";

let w: World;
let printed: MockInstance<typeof console.log>;
beforeEach(async () => {
  w = await world();
  printed = vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(async () => {
  printed.mockRestore();
  await w[Symbol.asyncDispose]();
});

const provider = (more?: Record<string, unknown>) => newProvider(w, more);
const inputs = (more?: Partial<ProvisionInputs>) => inputsOf(w, more);
const noCallback = { "xelion:callback": undefined };
const printedText = () => printed.mock.calls.map(([line]) => String(line)).join("\n");
/** The journal's entries of orders, without those of the stack. */
const journal = () =>
  readdirSync(w.journalDir)
    .filter((file) => !file.startsWith("ucaas-"))
    .map((file) => readFileSync(join(w.journalDir, file), "utf8"));

const create = (more: Partial<ProvisionInputs> = {}, config?: Record<string, unknown>) =>
  runs(w, config).create(more);
const update = (
  olds: ProvisionOutputs,
  more?: Partial<ProvisionInputs>,
  config?: Record<string, unknown>,
) => runs(w, config).update(olds, more);
/** The state after a run that gave up an order, and a refresh that saw it IN_PROGRESS. */
async function interrupted(config: Record<string, unknown>): Promise<ProvisionOutputs> {
  const { code, outs } = await create({ timeout: "300ms" }, config);
  expect(code).toBe("NOT_FINISHED");
  await eventually(() => expect(w.orders().at(-1)?.status).toBe("IN_PROGRESS"));
  const refreshed = await runs(w, config).read(outs);
  expect(refreshed).toMatchObject({ orderId: outs.orderId, status: "IN_PROGRESS" });
  return refreshed;
}
const changes = (
  olds: ProvisionOutputs | undefined,
  more?: Partial<ProvisionInputs>,
  config?: Record<string, unknown>,
) => runs(w, config).changes(olds as ProvisionOutputs, more);
const statuses = ({ statusHistory }: ProvisionOutputs) => statusHistory.map(({ status }) => status);
const cut = () => w.service.fault({ kind: "cut", method: "POST", path: "/provision$" });

describe("an order", () => {
  test("is sent once, followed to its end, and then nothing is left to do", async () => {
    const created = await provider().create(inputs());
    expect(created).toMatchObject({
      id: `${new URL(w.tenant.url).host}/pbx1`,
      outs: { orderId: 1, status: "COMPLETED", schemaVersion: 2 },
    });
    expect(statuses(created.outs as ProvisionOutputs)).toEqual([
      "SUBMITTED",
      "NOT_STARTED",
      "IN_PROGRESS",
      "COMPLETED",
    ]);
    for (const status of ["NOT_STARTED", "IN_PROGRESS", "COMPLETED"])
      expect(printedText()).toContain(`order 1: ${status} (callback)`);
    expect(w.orders()).toMatchObject([
      { serverUrl: w.tenant.url, tenantName: "pbx1", configuration: JSON.stringify(fairyTail) },
    ]);
    expect(await changes(created.outs)).toBe(false);
  });

  test("is in the journal as long as its resource lives", async () => {
    const { outs } = await create();
    await changes(outs);
    await runs(w).read(outs);
    expect(journal()).toEqual([expect.stringContaining('"orderId": 1')]);
    await provider().delete("pbx", outs);
    expect(journal()).toEqual([]);
  });

  test("leaves neither token nor password in outputs, journal and printed lines", async () => {
    const { outs } = await create({ tenantLogin: undefined, tenantToken: await token() });
    const order = w.orders()[0];
    const loggedIn = await create({ tenantName: "pbx2" });
    for (const secret of [
      order?.tenantToken,
      w.orders()[1]?.tenantToken,
      login.password,
      "Sandbox-xelion-key-1",
    ]) {
      expect(secret).toBeTruthy();
      for (const text of [JSON.stringify([outs, loggedIn.outs]), ...journal(), printedText()])
        expect(text).not.toContain(secret);
    }
    expect(outs).not.toHaveProperty("configuration");
  });

  const courses: [ScenarioName, string, string | undefined][] = [
    ["completes", "COMPLETED", undefined],
    ["fails", "FAILED", "ORDER_FAILED"],
    ["failsAtOnce", "FAILED", "ORDER_FAILED"],
    ["hangs", "IN_PROGRESS", "NOT_FINISHED"],
    ["neverStarts", "NOT_STARTED", "NOT_FINISHED"],
    ["callbackBeforeReply", "COMPLETED", undefined],
    ["allBeforeReply", "COMPLETED", undefined],
    ["repeats", "COMPLETED", undefined],
    ["reordered", "COMPLETED", undefined],
    ["losesAll", "SUBMITTED", "NOT_FINISHED"],
    ["losesTheLast", "IN_PROGRESS", "NOT_FINISHED"],
    ["unknownWords", "COMPLETED", undefined],
    ["namesAnotherOrder", "COMPLETED", undefined],
  ];
  test.each(courses)(
    "that takes the course %s ends as %s (%s), and is never followed by a second one",
    async (course, status, code) => {
      w.next(course, 2);
      const timeout = code !== "NOT_FINISHED" ? "10m" : course === "losesAll" ? "400ms" : "3s";
      const first = await create({ timeout });
      expect(first).toMatchObject({ outs: { orderId: 1, status } });
      expect(first.code).toBe(code);
      // What an `up` after it does, whether the state was saved or not.
      const again = await create({ timeout: "100ms" });
      expect([status, "COMPLETED"]).toContain(again.outs.status);
      await update(first.outs, { timeout: "100ms" });
      expect(w.orders()).toHaveLength(1);
    },
  );

  test("that is not waited for is submitted, and a later look finds its end", async () => {
    const polled = { ...noCallback, "xelion:orderPath": "/api/v1/orders/{id}" };
    w.service.setOptions({ orderRoute: true });
    const { outs, code } = await create({ wait: "submitted" }, polled);
    expect({ status: outs.status, code }).toEqual({ status: "SUBMITTED", code: undefined });
    await eventually(() => expect(w.orders()[0]?.status).toBe("COMPLETED"));
    const read = await provider(polled).read("id", outs);
    expect(read.props).toMatchObject({ status: "COMPLETED", orderId: 1 });
    expect(read.props?.statusHistory.at(-1)).toMatchObject({
      status: "COMPLETED",
      source: "polling",
    });
    expect(await changes(read.props as ProvisionOutputs, { wait: "submitted" }, polled)).toBe(
      false,
    );
  });

  test("is polled where only orderPath is configured", async () => {
    w.service.setOptions({ orderRoute: true });
    const { outs } = await create(
      {},
      { ...noCallback, "xelion:orderPath": "/api/v1/orders/{id}", "xelion:pollSeconds": "0.1" },
    );
    expect(outs.status).toBe("COMPLETED");
    expect(
      w.service.received.find(({ path }) => path === "/api/v1/provision")?.headers,
    ).not.toHaveProperty("x-callback-url");
  });

  test("stays SUBMITTED if no run follows it, and the output says so", async () => {
    const { outs, code } = await create({}, noCallback);
    expect({ status: outs.status, code }).toEqual({ status: "SUBMITTED", code: undefined });
    expect(printedText()).toContain(
      "nothing follows it: neither a callback nor xelion:orderPath is configured",
    );
    expect(await changes(outs, {}, noCallback)).toBe(false);
  });

  test("has the callback address of one's own, where one is declared", async () => {
    const { outs } = await create({ callback: "http://127.0.0.1:9/mine" });
    expect(outs.status).toBe("SUBMITTED");
    expect(w.orders()[0]?.callbackUrl).toBe("http://127.0.0.1:9/mine");
  });

  test("continues after the timeout, and the next run waits for the same order", async () => {
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "hold" },
        { do: "status", status: "COMPLETED", callback: "now", times: 1 },
      ],
    });
    const first = await create({ timeout: "200ms" });
    expect(first).toMatchObject({ code: "NOT_FINISHED", outs: { status: "SUBMITTED" } });
    expect(await changes(first.outs)).toBe(true);
    const second = update(first.outs);
    await eventually(
      () => expect(printedText()).toContain("order 1 is SUBMITTED: waiting for its end"),
      second,
    );
    await w.proceed(1);
    expect((await second).outs).toMatchObject({ status: "COMPLETED", orderId: 1 });
    expect(w.orders()).toHaveLength(1);
  });
});

describe("a failed order", () => {
  test("is sent again only when retryFailed has changed, and then once", async () => {
    w.next("fails");
    const failed = (await create({ retryFailed: "monday" })).outs;
    expect(await update(failed, { retryFailed: "monday" })).toMatchObject({
      code: "ORDER_FAILED",
      message: expect.stringContaining("retryFailed"),
    });
    w.next("fails");
    const second = await update(failed, { retryFailed: "tuesday" });
    expect(second).toMatchObject({ code: "ORDER_FAILED", outs: { orderId: 2 } });
    expect(await update(second.outs, { retryFailed: "tuesday" })).toMatchObject({
      code: "ORDER_FAILED",
    });
    expect(w.orders()).toHaveLength(2);
    expect((await update(second.outs, { retryFailed: "wednesday" })).outs).toMatchObject({
      status: "COMPLETED",
      orderId: 3,
    });
  });

  test("shows in every preview until the user decides", async () => {
    w.next("fails");
    const { outs } = await create();
    expect(await changes(outs)).toBe(true);
    expect(printedText()).toContain("`pulumi up` will refuse to send another order");
    expect(await changes(outs, { retryFailed: 1 })).toBe(true);
  });

  test("may be followed by a changed configuration", async () => {
    w.next("fails");
    const { outs } = await create();
    const next = await update(outs, {
      configuration: { version: 1, organization: { name: "Sabertooth" } },
    });
    expect(next.outs).toMatchObject({ status: "COMPLETED", orderId: 2 });
  });

  test("is announced by preview and run before a changed configuration follows it", async () => {
    w.next("fails");
    const { outs } = await create();
    const changed = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    const warning = `warning: XelionTenantProvision ${w.tenant.url.slice("http://".length)}/pbx1: order 1 FAILED at ${outs.finishedAt}: parts of it may be at the tenant`;
    for (const act of [() => changes(outs, changed), () => update(outs, changed)]) {
      printed.mockClear();
      await act();
      expect(printedText()).toContain(warning);
      expect(printedText()).toContain("sends the changed configuration as a new order");
    }
    expect(w.orders()).toHaveLength(2);
  });

  test("is not announced again to who allows another order by retryFailed", async () => {
    w.next("fails");
    const { outs } = await create();
    const configuration = { version: 1, organization: { name: "Sabertooth" } };
    printed.mockClear();
    await changes(outs, { configuration, retryFailed: "looked" });
    expect((await update(outs, { configuration, retryFailed: "looked" })).outs.orderId).toBe(2);
    expect(printedText()).not.toContain("warning:");
  });
});

describe("when the account leads to another service", () => {
  const second = xelionProvisioningServer();
  const other = { account: "other" };
  const orderPath = "/api/v1/orders/{id}";
  const changed = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
  const config = (key = apiKey) => ({
    ...{ ...noCallback, "xelion:orderPath": orderPath, "xelion:pollSeconds": "0.1" },
    "xelion:accounts": {
      other: { baseUrl: second.baseUrl, apiKey: key, orderPath, testProvision: false },
    },
  });
  const sentThere = () => Object.values(second.state.orders).map(({ tenantName }) => tenantName);
  /** The state of a run, on a machine without the journal. */
  const recorded = (outs: object) => {
    const type = "pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";
    const urn = `urn:pulumi:live::shop::${type}::acme`;
    for (const file of readdirSync(w.journalDir)) rmSync(join(w.journalDir, file));
    return { ...newStack, resources: [{ urn, type, outputs: { ...outs } }] };
  };
  beforeEach(async () => {
    w.service.setOptions({ orderRoute: true });
    await second.start({ options: { orderRoute: true } });
  });
  afterEach(async () => {
    await second.stop();
    second.state.orders = {};
    second.state.nextOrder = 1;
  });

  test("the order of a killed run is not sent again, neither there nor after the way back", async () => {
    await create({}, config());
    expect(await create(other, config())).toMatchObject({
      outs: { orderId: 1, status: "COMPLETED" },
      message: "",
    });
    expect(printedText()).toContain(`nothing sent: order 1 at ${w.service.baseUrl} (COMPLETED,`);
    const refused = await create({ ...other, ...changed }, config("a-wrong-key-of-the-other"));
    expect(refused.code).toBe("HTTP_401");
    expect(await create({}, config())).toMatchObject({ outs: { orderId: 1 }, message: "" });
    expect([w.orders().length, sentThere()]).toEqual([1, []]);
  });

  test("the tenant of the state is not ordered again, on a machine without its journal", async () => {
    const { outs } = await create({}, config());
    const taken = await outcome(
      newProvider(w, config(), recorded(outs)).create(
        inputs({ ...other, __resource: "acme" } as never),
      ),
    );
    expect(taken).toMatchObject({ outs: { orderId: 1, ...other }, message: "" });
    expect([w.orders().length, sentThere()]).toEqual([1, []]);
    const run = newProvider(w, config(), recorded(taken.outs));
    const copied = await outcome(run.create(inputs({ tenantName: "pbx2", orderId: 1 })));
    expect(copied.code).toBe("ORDER_OF_ANOTHER_TENANT");
  });

  test("an order of the state that may still run is neither looked up there nor sent again", async () => {
    await create({ ...other, tenantName: "pbx2" }, config());
    w.next("hangs");
    const outs = await interrupted(config());
    // As 0.1.0 wrote it.
    const { service: _, ...intent } = outs.intent;
    for (const each of [outs, { ...outs, intent }]) {
      const record = recorded(each);
      const refused = await outcome(newProvider(w, config(), record).create(inputs(other)));
      expect(refused.code).toBe("ORDER_AT_OTHER_SERVICE");
      expect(refused.message).toContain(w.service.baseUrl);
    }
    expect(sentThere()).toEqual(["pbx2"]);
    const { outs: sent } = await create({ ...other, retryFailed: "looked" }, config());
    expect(sent).toMatchObject({ orderId: 2, status: "COMPLETED" });
  });

  test("the replacement takes the order over, and the delete of the old one forgets nothing", async () => {
    const { outs } = await create({}, config());
    recorded(outs);
    // The engine's record cannot be read.
    const run = newProvider(w, config(), newStack);
    const id = `${new URL(w.tenant.url).host}/pbx1`;
    const news = inputs({ ...other, __resource: "acme" } as never);
    expect(await run.diff(id, outs, news)).toMatchObject({ replaces: ["account"] });
    expect(await outcome(run.create(news))).toMatchObject({ outs: { orderId: 1 }, message: "" });
    expect(sentThere()).toEqual([]);
    const next = newProvider(w, config(), newStack);
    const again = { ...news, ...changed };
    const replaced = await outcome(next.create(again));
    expect(replaced.outs).toMatchObject({ orderId: 1, ...other });
    expect(sentThere()).toEqual(["pbx1"]);
    await next.delete(id, outs);
    expect(journal().join()).toContain(second.baseUrl);
    expect((await create(again, config())).outs).toMatchObject({ orderId: 1, ...other });
    expect(sentThere()).toEqual(["pbx1"]);
  });
});

describe("when the service's address changes", () => {
  const polled = {
    ...noCallback,
    "xelion:orderPath": "/api/v1/orders/{id}",
    "xelion:pollSeconds": "0.1",
  };
  const elsewhere = xelionProvisioningServer();
  const there = () => ({ ...polled, "xelion:baseUrl": elsewhere.baseUrl });
  beforeEach(async () => {
    w.service.setOptions({ orderRoute: true });
    await elsewhere.start({ options: { orderRoute: true } });
    // Order 1 there is another tenant's, and completes.
    await create({ tenantName: "pbx2" }, there());
  });
  afterEach(async () => {
    await elsewhere.stop();
    elsewhere.state.orders = {};
    elsewhere.state.nextOrder = 1;
  });

  test("a failed order stays failed, whatever has its number at the new address", async () => {
    w.next("fails");
    const failed = await create({}, polled);
    expect(failed).toMatchObject({ code: "ORDER_FAILED", outs: { orderId: 1 } });
    expect(await runs(w, there()).read(failed.outs)).toEqual(failed.outs);
    expect(await changes(failed.outs, {}, there())).toBe(true);
    const refused = await update(failed.outs, {}, there());
    expect(refused.code).toBe("ORDER_FAILED");
    expect(refused.message).toContain(`order 1 at ${w.service.baseUrl} FAILED`);
  });

  test("an order that was running is neither completed nor sent again", async () => {
    w.next("hangs");
    const running = await interrupted(polled);
    expect(await runs(w, there()).read(running)).toEqual(running);
    printed.mockClear();
    expect(await changes(running, {}, there())).toBe(true);
    expect(printedText()).toContain(`order 1 is at ${w.service.baseUrl}, and may still run`);
    const configuration = { version: 1, organization: { name: "Sabertooth" } };
    for (const more of [{}, { configuration }, { orderId: 1 }]) {
      const refused = await update(running, more, there());
      expect(refused.code).toBe("ORDER_AT_OTHER_SERVICE");
      expect(refused.message).toContain(elsewhere.baseUrl);
    }
    expect(await update(running, { wait: "submitted" }, there())).toMatchObject({
      outs: { orderId: 1, status: "IN_PROGRESS" },
      message: "",
    });
    expect(Object.keys(elsewhere.state.orders)).toEqual(["1"]);
    const sent = await update(running, { retryFailed: "looked" }, there());
    expect(sent.outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
  });

  test("a tenant whose orders nothing follows stays as it is, and is not ordered again", async () => {
    const { outs } = await create({}, noCallback);
    expect(outs).toMatchObject({ orderId: 1, status: "SUBMITTED" });
    const renamed = { ...noCallback, "xelion:baseUrl": elsewhere.baseUrl };
    expect(await changes(outs, {}, renamed)).toBe(false);
    expect(await update(outs, {}, renamed)).toMatchObject({
      outs: { orderId: 1, status: "SUBMITTED" },
      message: "",
    });
    expect(Object.keys(elsewhere.state.orders)).toEqual(["1"]);
  });

  test("an orderId of the new service is free for its tenant, though a state has that number", async () => {
    const { outs } = await create({}, polled);
    const type = "pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";
    const urn = `urn:pulumi:live::shop::${type}::acme`;
    const record = { ...newStack, resources: [{ urn, type, outputs: { ...outs } }] };
    const third = inputs({ tenantName: "pbx3", orderId: 1 });
    for (const file of readdirSync(w.journalDir)) rmSync(join(w.journalDir, file));
    const taken = await outcome(newProvider(w, there(), record).create(third));
    expect(taken).toMatchObject({ outs: { orderId: 1 }, message: "" });
  });

  test("an order of an earlier release, which names no service, is looked up as before", async () => {
    const { outs } = await create({ wait: "submitted" }, polled);
    const { service, ...intent } = outs.intent;
    expect(service).toBe(w.service.baseUrl);
    for (const file of readdirSync(w.journalDir)) rmSync(join(w.journalDir, file));
    await eventually(() => expect(w.orders()[0]?.status).toBe("COMPLETED"));
    const earlier = { ...outs, intent } as ProvisionOutputs;
    expect(await runs(w, polled).read(earlier)).toMatchObject({ orderId: 1, status: "COMPLETED" });
  });
});

describe("a POST whose outcome is not known", () => {
  test("is settled by a callback, which names the order", async () => {
    cut();
    w.next("completes", 20);
    expect((await create()).outs).toMatchObject({ status: "COMPLETED", orderId: 1 });
    expect(printedText()).toContain(
      "It is not known whether the service has this order; it is not sent again",
    );
  });

  test("is settled by a callback that came before the connection was lost", async () => {
    w.next("callbackBeforeReply", 200);
    w.service.fault({ kind: "malformed", method: "POST", path: "/provision$" });
    expect((await create()).outs).toMatchObject({ status: "COMPLETED", orderId: 1 });
  });

  test("is no refusal when callbacks contradict it", async () => {
    w.next("callbackBeforeReply", 50);
    w.service.fault({ kind: "statusAfter", status: 404, method: "POST", path: "/provision$" });
    expect((await create()).outs).toMatchObject({ status: "COMPLETED", orderId: 1 });
    expect(printedText()).toContain("Callbacks say that the service has it as order 1");
  });

  test.each([
    ["cut", { kind: "cut" }],
    ["answered by a gateway's 502 after it was done", { kind: "statusAfter", status: 502 }],
    ["answered with no id", { kind: "empty" }],
    ["redirected by 303", { kind: "statusAfter", status: 303 }],
  ] as const)(
    "and was %s keeps the next runs from sending, until the operator settles it",
    async (_, fault) => {
      w.service.fault({ ...fault, method: "POST", path: "/provision$" });
      w.next("losesAll");
      const first = await create({ timeout: "200ms" });
      expect(first).toMatchObject({ code: "OUTCOME_UNKNOWN", outs: { status: "UNKNOWN" } });
      expect(first.outs.orderId).toBeUndefined();
      expect(first.outs.adminHint).toContain("for an order of pbx1, submitted about");
      expect(await create({ timeout: "100ms" })).toMatchObject({ code: "OUTCOME_UNKNOWN" });
      const changed = {
        timeout: "100ms",
        configuration: { version: 1, organization: { name: "Other" } },
      };
      expect(await update(first.outs, changed)).toMatchObject({ code: "OUTCOME_UNKNOWN" });
      expect(w.orders()).toHaveLength(1);

      w.service.setOptions({ orderRoute: true });
      const known = await update(
        first.outs,
        { orderId: 1 },
        { "xelion:orderPath": "/api/v1/orders/{id}" },
      );
      expect(known.outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
      expect(w.orders()).toHaveLength(1);
    },
  );

  test("is shown by the preview as refused by up, where orders are readable only by id", async () => {
    const polled = { ...noCallback, "xelion:orderPath": "/api/v1/orders/{id}" };
    cut();
    const { outs, code } = await create({}, polled);
    expect(code).toBe("OUTCOME_UNKNOWN");
    printed.mockClear();
    expect(await changes(outs, {}, polled)).toBe(true);
    expect(printedText()).toContain("`pulumi up` will refuse to send another order");
    expect(await update(outs, {}, polled)).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  test("is settled by a changed retryFailed, which sends one more", async () => {
    w.service.fault({ kind: "cutBefore", method: "POST", path: "/provision$" });
    const first = await create({ timeout: "100ms" });
    expect(first).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect((await update(first.outs, { retryFailed: "none in the Admin UI" })).outs).toMatchObject({
      orderId: 1,
      status: "COMPLETED",
    });
  });

  test("because this process was killed in the middle is found in the journal", async () => {
    w.service.fault({ kind: "hangAfter", method: "POST", path: "/provision$" });
    w.next("losesAll");
    const killed = create({ timeout: "100ms" });
    await eventually(() => expect(w.orders()).toHaveLength(1), killed);
    expect(
      await create(
        { timeout: "100ms" },
        { "xelion:callback": { listen: 0, url: "http://127.0.0.1:1/x" } },
      ),
    ).toMatchObject({
      code: "OUTCOME_UNKNOWN",
    });
    expect(w.orders()).toHaveLength(1);
  });
});

describe("nothing is sent, and no order or session is left,", () => {
  test.each([
    [
      "when the service refuses the order",
      () => w.service.fault({ kind: "status", status: 403, method: "POST", path: "/provision$" }),
      "HTTP_403",
    ],
    [
      "when the service answers with a redirect",
      () => w.service.fault({ kind: "status", status: 307, method: "POST", path: "/provision$" }),
      "REDIRECTED",
    ],
    [
      "when the tenant's session is shorter than the wait",
      () => w.tenant.setOptions({ tokenLifetimeSeconds: 5 }),
      "SESSION_TOO_SHORT",
    ],
    [
      "when the login is wrong",
      () =>
        ((w.tenant.state.tenants.pbx1 as Record<string, { password: string }>).provisioning = {
          password: "other",
        }),
      "LOGIN_REFUSED",
    ],
    [
      "when the login needs a second factor",
      () =>
        ((w.tenant.state.tenants.pbx1 as Record<string, object>).provisioning = {
          password: login.password,
          mfa: true,
        }),
      "LOGIN_REFUSED",
    ],
    ["when the Xelion server cannot be reached", () => w.tenant.stop(), "NOT_REACHED"],
    [
      "when the service cannot test the configuration",
      () => w.service.fault({ kind: "status", status: 401, path: "/test$" }),
      "HTTP_401",
    ],
    [
      "when the service refuses the configuration",
      () => w.service.fault({ kind: "status", status: 400, path: "/test$", body: "no such trunk" }),
      "CONFIGURATION_REFUSED",
    ],
  ])("%s", async (_, spoil, code) => {
    await spoil();
    const short = { "xelion:deadlineSeconds": "2" };
    const result = await create({}, code === "NOT_REACHED" ? short : {});
    expect(result).toMatchObject({ code, outs: undefined });
    expect(w.orders()).toEqual([]);
    expect(journal()).toEqual([]);
    if (code !== "NOT_REACHED") expect(w.sessions()).toEqual([]);
  });

  test("when the callback address cannot be opened", async () => {
    const taken = createServer().listen(w.port, "127.0.0.1");
    await eventually(() => expect(taken.listening).toBe(true));
    expect(await create()).toMatchObject({
      code: "CALLBACK_NOT_READY",
      message: expect.stringContaining("EADDRINUSE"),
    });
    expect(w.orders()).toEqual([]);
    await new Promise((resolve) => taken.close(resolve));
  });

  test("when the service is down for the POST itself, and the next run sends", async () => {
    const test = { "xelion:testProvision": "false" };
    const gone = { ...test, "xelion:baseUrl": "http://127.0.0.1:9" };
    expect(await create({}, gone)).toMatchObject({ code: "NOT_REACHED", outs: undefined });
    expect(journal()).toEqual([]);
    expect((await create({}, test)).outs.status).toBe("COMPLETED");
  });

  test("when two resources of one stack name the same tenant at once", async () => {
    const one = provider();
    const both = await Promise.all([outcome(one.create(inputs())), outcome(one.create(inputs()))]);
    expect(both.map(({ code }) => code).sort()).toEqual(["DECLARED_TWICE", undefined]);
    expect(w.orders()).toHaveLength(1);
  });

  test("when a second resource of one stack names a tenant that the run has just provisioned", async () => {
    const one = provider();
    await one.create(inputs());
    const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    expect(await outcome(one.create(inputs(other)))).toMatchObject({
      code: "DECLARED_TWICE",
      outs: undefined,
    });
    expect(w.orders()).toHaveLength(1);
  });
});

describe("a changed configuration", () => {
  const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };

  test("is one new order in place; moved keys are no change", async () => {
    const { outs } = await create();
    expect(await provider().diff("id", outs, inputs(other))).toMatchObject({
      changes: true,
      replaces: [],
    });
    expect(
      await changes(outs, { configuration: { organization: { name: "Fairy Tail" }, version: 1 } }),
    ).toBe(false);
    expect(
      await changes(outs, { configuration: '{"organization":{"name":"Fairy Tail"},"version":1}' }),
    ).toBe(false);
    expect((await update(outs, other)).outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(2);
  });

  test("waits for the end of the order before it", async () => {
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "hold" },
        { do: "status", status: "COMPLETED", callback: "now", times: 1 },
      ],
    });
    const { outs } = await create({ timeout: "200ms" });
    expect(await update(outs, { ...other, timeout: "100ms" })).toMatchObject({
      code: "NOT_FINISHED",
    });
    printed.mockClear();
    const second = update(outs, other);
    await eventually(
      () => expect(printedText()).toContain("a new order is sent when this one has ended"),
      second,
    );
    expect(w.orders()).toHaveLength(1);
    await w.proceed(1);
    expect((await second).outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
  });

  test("that was ordered by a killed run, and then taken back, is not forgotten", async () => {
    const first = (await create()).outs;
    // The state never heard of the second order, the journal did.
    await update(first, other);
    expect(await changes(first)).toBe(true);
    expect((await update(first)).outs).toMatchObject({
      orderId: 3,
      configurationHash: first.configurationHash,
    });
  });
});

describe("a create that finds the tenant ordered already", () => {
  const nothing = "nothing sent: order 1 (";
  const destroyedElsewhere = async () => {
    const { outs } = await create();
    const elsewhere = await mkdtemp(join(tmpdir(), "ucaas-elsewhere-"));
    const there = runs(w, { "ucaas:journalDir": elsewhere });
    const updated = await there.update(outs, {
      configuration: { version: 1, organization: { name: "Sabertooth" } },
    });
    await there.delete(updated.outs);
    await rm(elsewhere, { recursive: true });
    printed.mockClear();
  };

  test("sends nothing, and says which order that is, of when, and how to order again", async () => {
    await destroyedElsewhere();
    const { outs } = await create();
    expect(outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(printedText()).toContain(
      `nothing sent: order 1 (COMPLETED, submitted at ${outs.submittedAt}) already has this configuration`,
    );
    expect(printedText()).toContain("change retryFailed and run `pulumi up --replace");
    expect(w.orders()).toHaveLength(2);
  });

  test("says so as well if no run follows orders to their end", async () => {
    await create({}, noCallback);
    await create({}, noCallback);
    expect(printedText()).toContain("nothing sent: order 1 (SUBMITTED");
    expect(w.orders()).toHaveLength(1);
  });

  test("sends one for a changed retryFailed, and never a second one, in any later run", async () => {
    await destroyedElsewhere();
    const again = await create({ retryFailed: "again" });
    expect(again.outs).toMatchObject({ orderId: 3, status: "COMPLETED" });
    expect(printedText()).not.toContain(nothing);
    // Killed before the state was saved: the engine creates again.
    expect((await create({ retryFailed: "again" })).outs.orderId).toBe(3);
    expect(await changes(again.outs, { retryFailed: "again" })).toBe(false);
    expect((await update(again.outs, { retryFailed: "again" })).outs.orderId).toBe(3);
    expect((await create()).outs.orderId).toBe(3);
    expect(w.orders()).toHaveLength(3);
  });

  test("by `up --replace` sends one for a changed retryFailed, which outlives the old resource", async () => {
    const { outs } = await create();
    const replace = async (news: ProvisionInputs) => {
      const run = provider();
      await run.diff("id", outs, news);
      const replaced = await run.create(news);
      await run.delete("id", outs);
      return replaced.outs;
    };
    expect(await replace(inputs())).toMatchObject({ orderId: 1 });
    expect(printedText()).toContain(nothing);
    expect(await replace(inputs({ retryFailed: "again" }))).toMatchObject({
      orderId: 2,
      status: "COMPLETED",
    });
    expect(await replace(inputs({ retryFailed: "again" }))).toMatchObject({ orderId: 2 });
    expect(w.orders()).toHaveLength(2);
  });

  test("under a new name sends none for a retryFailed changed after the order completed", async () => {
    const { outs } = await create();
    const more = { retryFailed: "for all tenants, since one had failed" };
    expect(await changes(outs, more)).toBe(true);
    const known = await update(outs, more);
    expect(known.outs).toMatchObject({ orderId: 1, intent: { retryFailed: more.retryFailed } });
    expect(printedText()).toContain(nothing);
    expect(await changes(known.outs, more)).toBe(false);
    expect((await create(more)).outs.orderId).toBe(1);
    expect(w.orders()).toHaveLength(1);
  });
});

describe("a refresh that is not saved", () => {
  const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };

  test("leaves the order of a killed run to the next up, which sends no second one", async () => {
    const saved = (await create()).outs;
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "hold" },
        { do: "status", status: "COMPLETED", callback: "now", times: 1 },
      ],
    });
    // Killed: the state never hears of order 2.
    expect(await update(saved, { ...other, timeout: "200ms" })).toMatchObject({
      code: "NOT_FINISHED",
    });
    for (let time = 0; time < 2; time++) {
      const preview = provider();
      const { props } = await preview.read("id", saved);
      expect(props).toMatchObject({ orderId: 2 });
      expect(await preview.diff("id", props as ProvisionOutputs, inputs(other))).toMatchObject({
        changes: true,
      });
    }
    const up = update(saved, other);
    await eventually(
      () => expect(printedText()).toContain("order 2 is SUBMITTED: waiting for its end, up to 10m"),
      up,
    );
    await w.proceed(2);
    expect((await up).outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(2);
  });

  test("of what adopt makes up for a tenant leaves a killed create's order to the next up", async () => {
    w.next("hangs");
    await create({ timeout: "200ms" });
    const adopted = toOutputs(
      inputs(),
      { ...orderFromState((await create({ tenantName: "pbx2" })).outs), intentId: "adopted" },
      w.service.baseUrl,
    );
    await runs(w).read(adopted);
    await create({ timeout: "100ms" });
    expect(w.orders().filter(({ tenantName }) => tenantName === "pbx1")).toHaveLength(1);
  });
});

describe("diff", () => {
  test("ignores token, wait, timeout, callback and login, and replaces on server and tenant", async () => {
    const { outs } = await create();
    for (const more of [
      { tenantLogin: undefined, tenantToken: "another" },
      { tenantLogin: { userName: "x", password: "y" } },
      { wait: "submitted" as const },
      { timeout: "1h" },
      { callback: false },
      { serverUrl: `${w.tenant.url}/` },
    ]) {
      expect(await provider().diff("id", outs, inputs(more)), JSON.stringify(more)).toMatchObject({
        changes: false,
        replaces: [],
      });
    }
    expect(
      await provider().diff("id", outs, inputs({ serverUrl: "https://other.example" })),
    ).toMatchObject({
      changes: true,
      replaces: ["serverUrl"],
    });
    expect(await provider().diff("id", outs, inputs({ tenantName: "pbx2" }))).toMatchObject({
      changes: true,
      replaces: ["tenantName"],
    });
  });

  test("accepts outputs as the engine returns them, without nulls", async () => {
    const { outs } = await create();
    const kept = JSON.parse(JSON.stringify(outs, (_, value) => value ?? undefined));
    expect(await changes(kept)).toBe(false);
    expect(await changes(kept, { orderId: 1 })).toBe(false);
  });

  test("detects changed file content, and ignores a file that a refresh cannot find", async () => {
    const configurationFile = join(w.journalDir, "..", `${basename(w.journalDir)}.json`);
    const more = { configuration: undefined, configurationFile };
    writeFileSync(configurationFile, JSON.stringify(fairyTail));
    const { outs } = await create(more);
    expect(outs.status).toBe("COMPLETED");
    expect(await changes(outs, more)).toBe(false);
    expect(await changes(outs, { ...more, configurationFile: "not/here.json" })).toBe(false);
    writeFileSync(configurationFile, JSON.stringify({ ...fairyTail, departments: [] }));
    expect(await changes(outs, more)).toBe(true);
    expect(printedText()).toContain("has other content than was ordered");
    rmSync(configurationFile);
  });

  test("orders nothing for a file whose change is ignored, whatever else changes", async () => {
    const configurationFile = join(w.journalDir, "..", `${basename(w.journalDir)}.json`);
    const more = { configuration: undefined, configurationFile };
    writeFileSync(configurationFile, JSON.stringify(fairyTail));
    const { outs } = await create(more);
    writeFileSync(configurationFile, JSON.stringify({ ...fairyTail, departments: [] }));
    const ignoring = { ...more, __ignoreChanges: ["configurationFile"] };
    expect(await changes(outs, ignoring)).toBe(false);
    expect(printedText()).not.toContain("has other content than was ordered");
    const after = await update(outs, { ...ignoring, retryFailed: 2 });
    expect(after.outs).toMatchObject({ status: "COMPLETED", orderId: 1 });
    expect(w.orders()).toHaveLength(1);
    // The option is gone, and the file still differs from what was ordered.
    expect(await changes(after.outs, more)).toBe(true);
    rmSync(configurationFile);
  });

  test("reports a change when a killed run is ahead of the state, if only to save it", async () => {
    const ended = (await create()).outs;
    const submitted = {
      ...ended.intent,
      status: "SUBMITTED",
      finishedAt: null,
      lastMid: null,
      endMid: null,
    };
    const before = toOutputs(
      inputs(),
      { ...submitted, statusHistory: ended.statusHistory.slice(0, 1) },
      w.service.baseUrl,
    );
    expect(await changes(before)).toBe(true);
    const update = await runs(w).update(before);
    expect(update).toMatchObject({ outs: { status: "COMPLETED", orderId: 1 } });
    expect(await changes(update.outs)).toBe(false);
    expect(w.orders()).toHaveLength(1);
  });

  test("refuses a state without the ordered configuration, which would look changed", async () => {
    const { outs } = await create();
    await expect(changes({ ...outs, configurationHash: undefined as never })).rejects.toThrow(
      "STATE_INCOMPLETE",
    );
  });
});

describe("an orderId", () => {
  test("takes over a tenant that was provisioned elsewhere, without a session and without an order", async () => {
    const taken = await create(
      { orderId: 77, tenantLogin: undefined, tenantToken: undefined },
      noCallback,
    );
    expect(taken.outs).toMatchObject({ orderId: 77, status: "SUBMITTED" });
    expect(taken.code).toBeUndefined();
    expect(w.orders()).toEqual([]);
    expect(await changes(taken.outs, { orderId: 77 }, noCallback)).toBe(false);
  });

  test("that the state has for another tenant is refused, though the journal has none", async () => {
    const adopted = (tenantName: string, givenOrderId: number) => {
      const declared = { configurationHash: "a", retryFailed: null, givenOrderId } as const;
      const order = adoptedOrder({ ...declared, wait: "completed" }, new Date().toISOString());
      return toOutputs(inputs({ tenantName }), order, w.service.baseUrl);
    };
    const type = "pulumi-nodejs:dynamic/ucaas:XelionTenantProvision";
    const urn = `urn:pulumi:live::shop::${type}::acme`;
    const resources = [{ urn, type, outputs: { ...adopted("pbx1", 42) } }];
    const inRun = () => newProvider(w, noCallback, { ...newStack, resources });
    const wrong = inputs({ tenantName: "pbx2", orderId: 42 });
    const refused = { code: "ORDER_OF_ANOTHER_TENANT" };
    expect(await outcome(inRun().create(wrong))).toMatchObject(refused);
    expect(await outcome(inRun().update("id", adopted("pbx2", 43), wrong))).toMatchObject(refused);
    expect(journal()).toEqual([]);
    // The same tenant under another name in the program.
    const renamed = await outcome(inRun().create(inputs({ orderId: 42 })));
    expect(renamed).toMatchObject({ outs: { orderId: 42 }, message: "" });
    expect(w.orders()).toEqual([]);
  });

  test("that was copied to another tenant is refused, and the reason says what its removal does", async () => {
    const inRun = provider(noCallback);
    const first = inputs({ orderId: 1 });
    const copied = inputs({ orderId: 1, tenantName: "pbx2" });
    expect((await inRun.check({}, first)).failures).toEqual([]);
    const orders = expect.stringContaining("Without an orderId, `pulumi up` orders the tenant");
    expect((await inRun.check({}, copied)).failures).toEqual([
      { property: "orderId", reason: orders },
    ]);
  });

  test("an order of that id at another service does not keep an orderId from being taken", async () => {
    // The stack of the sandbox, with the same journal and a config of its own.
    const sandbox = { __stack: "shop/dev", tenantName: "pbx2" };
    const elsewhere = xelionProvisioningServer();
    await elsewhere.start();
    try {
      const there = { ...noCallback, "xelion:baseUrl": elsewhere.baseUrl };
      expect((await create({ ...sandbox, wait: "submitted" }, there)).outs.orderId).toBe(1);
    } finally {
      await elsewhere.stop();
    }
    expect(await create({ orderId: 1 }, noCallback)).toMatchObject({
      outs: { orderId: 1 },
      message: "",
    });
    const refused = await create({ __stack: "shop/dev", tenantName: "pbx3", orderId: 1 });
    expect(refused.code).toBe("ORDER_OF_ANOTHER_TENANT");
    expect(refused.message).toContain("of stack shop/live");
    expect(w.orders()).toEqual([]);
  });

  test("that an earlier release noted counts for its own stack alone", async () => {
    await create();
    const [file = ""] = readdirSync(w.journalDir).filter((name) => !name.startsWith("ucaas-"));
    const entry = JSON.parse(readFileSync(join(w.journalDir, file), "utf8"));
    expect(entry.service).toBe(w.service.baseUrl);
    delete entry.service;
    writeFileSync(join(w.journalDir, file), JSON.stringify(entry));
    const same = { tenantName: "pbx2", orderId: 1 };
    expect((await create(same)).code).toBe("ORDER_OF_ANOTHER_TENANT");
    expect((await create({ ...same, __stack: "shop/dev" })).code).toBeUndefined();
  });

  test("that stays while the server's name changes is refused in the preview", async () => {
    const olds = inputs({ orderId: 1 });
    const news = { ...olds, serverUrl: "https://new.example" };
    const { failures } = await provider(noCallback).check(olds, news);
    expect(failures).toEqual([
      { property: "orderId", reason: expect.stringContaining("--tenant new.example/pbx1") },
    ]);
    const same = await provider(noCallback).check(olds, {
      ...olds,
      serverUrl: `${olds.serverUrl}/`,
    });
    expect(same.failures).toEqual([]);
  });

  test("of two tenants of one program is refused before anything is sent", async () => {
    const one = provider(noCallback);
    const tenants = ["pbx1", "pbx1", "pbx2"].map((tenantName) =>
      inputs({ tenantName, orderId: 42 }),
    );
    const checked = await Promise.all(tenants.map((tenant) => one.check({}, tenant)));
    expect(checked.map(({ failures }) => failures?.map(({ property }) => property))).toEqual([
      [],
      [],
      ["orderId"],
    ]);
  });

  test("that was adopted as completed is still looked up, since only the operator said so", async () => {
    w.next("fails");
    await create();
    w.service.setOptions({ orderRoute: true });
    const declared = {
      configurationHash: "a",
      retryFailed: null,
      givenOrderId: 1,
      wait: "completed",
    } as const;
    const adopted = toOutputs(
      inputs({ tenantName: "pbx2" }),
      adoptedOrder(declared, new Date().toISOString()),
      w.service.baseUrl,
    );
    const read = await runs(w, { ...noCallback, "xelion:orderPath": "/api/v1/orders/{id}" }).read(
      adopted,
    );
    expect(read).toMatchObject({ orderId: 1, status: "FAILED" });
  });
});

describe("delete", () => {
  test("warns that the tenant stays, and that an order is still at work", async () => {
    w.next("hangs");
    const { outs } = await create({ timeout: "200ms" });
    await provider().delete("pbx", outs);
    expect(printedText()).toContain("the tenant stays as it is configured");
    expect(printedText()).toContain("it may still be at work there");
    expect(journal()).toEqual([]);
  });

  const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };

  test.each([
    ["took its order up", {}, 1],
    ["has one of its own", other, 2],
  ])(
    "of a resource that was renamed leaves the journal to the new one, which %s",
    async (_, more, orderId) => {
      const old = (await create()).outs;
      const renaming = provider();
      const { outs } = await renaming.create(inputs(more));
      expect(outs).toMatchObject({ orderId });
      await renaming.delete("pbx", old);
      expect(printedText()).toContain("is kept: another resource of this stack has it now");
      expect(journal()).toEqual([expect.stringContaining(`"orderId": ${orderId}`)]);
    },
  );

  test.each([
    ["this release", (outs: ProvisionOutputs) => outs],
    ["an earlier release", ({ __claim, ...outs }: ProvisionOutputs) => outs],
  ])(
    "of a renamed resource of %s leaves the journal to the new one, and the last empties it",
    async (_, kept) => {
      const old = kept((await create()).outs);
      const renamed = (await create()).outs;
      const later = provider();
      await later.diff("pbx", renamed, inputs());
      await later.delete("pbx", old);
      expect(journal()).toHaveLength(1);
      const updated = (await update((await runs(w).read(renamed)) as ProvisionOutputs, other)).outs;
      const last = provider();
      await last.diff("pbx", updated, inputs(other));
      await last.delete("pbx", updated);
      expect(journal()).toEqual([]);
    },
  );

  test("of a renamed resource leaves the journal to the new one, even if that was not created yet", async () => {
    const old = (await create()).outs;
    const file = readdirSync(w.journalDir).find((name) => name.startsWith("xelion-")) as string;
    const [entry] = journal() as [string];
    writeFileSync(join(w.journalDir, file), "{}");
    const renaming = provider();
    expect(await outcome(renaming.create(inputs()))).toMatchObject({
      code: "JOURNAL_UNREADABLE",
      outs: undefined,
    });
    writeFileSync(join(w.journalDir, file), entry);
    await renaming.delete("pbx", old);
    expect((await create()).outs.orderId).toBe(1);
    expect(w.orders()).toHaveLength(1);
  });

  test("forgets what a killed run ordered as well, so that the tenant can be ordered again", async () => {
    const saved = (await create()).outs;
    await update(saved, other);
    await provider().delete("pbx", saved);
    expect(journal()).toEqual([]);
    expect((await create(other)).outs.orderId).toBe(3);
  });

  test("needs no account, which may have left the config together with the tenant", async () => {
    const { outs } = await create();
    await runs(w, { "xelion:baseUrl": undefined, "xelion:apiKey": undefined }).delete(outs);
    expect(printedText()).toContain("the tenant stays as it is configured");
    expect(journal()).toEqual([]);
  });
});

describe("check", () => {
  const check = async (more: Record<string, unknown>, config?: Record<string, unknown>) =>
    (await provider(config).check({}, inputs(more as never))).failures?.map(
      ({ property, reason }) => `${property}: ${reason}`,
    ) ?? [];

  test("asks the service once for each configuration, never with a token", async () => {
    const one = provider();
    for (let time = 0; time < 3; time++)
      expect((await one.check({}, inputs())).failures).toEqual([]);
    expect(w.service.state.tests).toMatchObject([
      { withApiKey: true, withTenantToken: false, valid: true },
    ]);
  });

  test("shows the service's words at the configuration", async () => {
    w.service.fault({
      kind: "status",
      status: 400,
      path: "/test$",
      body: "trunk 7 is not known\u001b[31m",
    });
    expect(await check({})).toEqual([
      "configuration: the provisioning service refuses it: trunk 7 is not known\\u001b[31m",
    ]);
  });

  test("shows a wrong key at the account, and where to set it", async () => {
    w.service.fault({ kind: "status", status: 401, path: "/test$" });
    expect((await check({})).join()).toMatch(
      /^account: .*HTTP_401.*[\s\S]*pulumi config set --secret xelion:apiKey/,
    );
  });

  test("only warns when the service cannot be reached, and asks again", async () => {
    const one = provider({ "xelion:deadlineSeconds": "1" });
    w.service.fault({ kind: "status", status: 503, path: "/test$", times: 50 });
    expect((await one.check({}, inputs())).failures).toEqual([]);
    expect(printedText()).toMatch(
      /warning: XelionTenantProvision .*: the configuration could not be tested at the service/,
    );
    w.service.faults.clear();
    await one.check({}, inputs());
    expect(w.service.state.tests).toHaveLength(1);
  });

  test("sends no request when disabled, when a value is unknown, or when a local rule is broken", async () => {
    await check({}, { "xelion:testProvision": "false" });
    await check({
      configuration: { ...fairyTail, phones: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" },
    });
    expect(await check({ configuration: { version: 1, organization: {} } })).toEqual([
      expect.stringMatching(/^configuration\.organization\.name: is missing/),
    ]);
    expect(w.service.received).toEqual([]);
  });

  test("reports all errors at once, each with its path", async () => {
    const failures = await check(
      {
        serverUrl: "http://pbx.example",
        tenantName: "pbx 1",
        tenantToken: "a\n",
        timeout: "soon",
        wait: "yes",
        retries: 1,
        configurationFile: "x",
      },
      { "xelion:apiKey": undefined },
    );
    for (const property of [
      "serverUrl",
      "tenantName",
      "tenantToken",
      "timeout",
      "wait",
      "retries",
      "tenantLogin",
      "configurationFile",
      "",
    ]) {
      expect(
        failures.filter((failure) => failure.startsWith(`${property}:`)),
        property,
      ).toHaveLength(1);
    }
  });

  test("wants one source of the session and one of the configuration, unless nothing is to be sent", async () => {
    expect(await check({ tenantLogin: undefined })).toEqual([
      expect.stringMatching(/^tenantToken: is missing/),
    ]);
    expect(await check({ tenantLogin: undefined, orderId: 3 })).toEqual([]);
    expect(await check({ configuration: undefined })).toEqual([
      expect.stringMatching(/^configuration: is missing/),
    ]);
  });

  test.each([
    [
      "a callback of both kinds",
      { "xelion:callback": { listen: 1, relayUrl: "https://r.example" } },
      "must be {listen, url} or {relayUrl, relayKey}",
    ],
    [
      "an orderPath without a place for the id",
      { "xelion:orderPath": "/orders" },
      "must contain {id}",
    ],
    [
      "a baseUrl over plain http",
      { "xelion:baseUrl": "http://provision.example" },
      "would show credentials to the network",
    ],
  ])("names the error in the config: %s", async (_, config, words) => {
    expect((await check({}, config)).join()).toContain(words);
  });
});

describe("the tenant's session", () => {
  test("is one of the order's own, and ends with it", async () => {
    await create();
    await create({ tenantName: "pbx2" });
    const spaces = w.tenant.state.logins.map(({ userSpace }) => userSpace);
    expect(new Set(spaces).size).toBe(2);
    expect(w.sessions()).toEqual([]);
  });

  test("is left alone while the order may still be at work", async () => {
    w.next("hangs");
    await create({ timeout: "200ms" });
    expect(w.sessions()).toHaveLength(1);
  });

  test("that was given is not ended", async () => {
    await create({ tenantLogin: undefined, tenantToken: await token() });
    expect(w.sessions()).toHaveLength(1);
  });
});

test("a new order for the tenant is not sent while the journal cannot be written", async () => {
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address));
    });
  });
  const config = {
    "ucaas:journalDir": "/dev/null/journal",
    "xelion:callback": { listen: port, url: `http://127.0.0.1:${port}` },
  };
  expect(await create({}, config)).toMatchObject({ code: "JOURNAL_UNAVAILABLE" });
  expect(w.orders()).toEqual([]);
  expect(w.sessions()).toEqual([]);
});

test("a resource that takes over another one's order overwrites nothing that was noted meanwhile", async () => {
  await create({ __resource: "before" } as never);
  const journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? w.journalDir : undefined) as never,
  });
  const locate = Journal.prototype.locate;
  const looked = vi.spyOn(Journal.prototype, "locate");
  looked.mockImplementation(async function (this: Journal, ...args) {
    const located = await locate.apply(this, args);
    const { key, entry } = located;
    // The run has told what it takes over, so the next look is for the entry alone.
    if (!entry || !printedText().includes("nothing sent:")) return located as never;
    looked.mockRestore();
    await journal.annotate(key, entry, { ...(entry.note as Order), lastMid: 99 });
    return located as never;
  });
  try {
    expect((await create({ __resource: "after" } as never)).outs.orderId).toBe(1);
  } finally {
    looked.mockRestore();
  }
  const [entry] = (await journal.list("xelion")).entries;
  expect(entry).toMatchObject({ resource: "after", note: { orderId: 1, lastMid: 99 } });
});

/** A session token from elsewhere. */
async function token(): Promise<string> {
  const answer = await fetch(`${w.tenant.url}/api/v1/pbx1/me/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...login, userSpace: `elsewhere-${Math.random()}` }),
  });
  return ((await answer.json()) as { authentication: string }).authentication;
}

test("keeps the id of an order in the state when the journal's disk is full as the reply arrives", async () => {
  w.service.fault({ kind: "hold", method: "POST", path: "/provision$" });
  const creating = create();
  await eventually(
    () => expect(w.service.received.some(({ path }) => path.endsWith("/provision"))).toBe(true),
    creating,
  );
  rmSync(w.journalDir, { recursive: true });
  writeFileSync(w.journalDir, "no folder");
  w.service.faults.clear();
  const { outs, code } = await creating;
  expect(code).toBe("JOURNAL_UNAVAILABLE");
  expect(outs).toMatchObject({ orderId: w.orders()[0]?.id });
  rmSync(w.journalDir);
});

test("a refusal is reported also when the journal cannot take the order back", async () => {
  const { outs } = await create();
  const annotate = vi.spyOn(Journal.prototype, "annotate");
  const code = "JOURNAL_UNAVAILABLE";
  annotate.mockRejectedValueOnce(new UcaasError("the database is gone", { code, hint: "wait" }));
  w.service.fault({ kind: "status", status: 401, path: "/provision$" });
  const changed = { configuration: { version: 1, organization: { name: "Changed" } } };
  const refused = await update(outs, changed);
  annotate.mockRestore();
  // The state keeps the order that it has.
  expect(refused).toMatchObject({ code: "HTTP_401", outs: undefined });
  expect(printedText()).toContain("Set retryFailed then");
  expect(w.sessions()).toEqual([]);
});

test("refuses to order for a stack renamed during an order, and names the command to move it", async () => {
  w.service.fault({ kind: "cut", method: "POST", path: "/provision$" });
  await create();
  const renamed = await create({ __stack: "shop/renamed" } as never);
  expect(renamed).toMatchObject({ code: "JOURNAL_OTHER_STACK" });
  expect(renamed.message).toContain("ucaas journal move shop/live shop/renamed");
  expect(w.orders()).toHaveLength(1);
});

test("finds its order under the identity that it was created with when the stack is renamed", async () => {
  const { outs } = await create();
  const renamed = { __stack: "shop/renamed" } as never;
  expect(await runs(w).changes(outs, renamed)).toBe(false);
  const updated = await update(outs, {
    configuration: { version: 1, organization: { name: "Renamed" } },
    ...(renamed as object),
  } as never);
  // The state of the update is lost.
  expect(await runs(w).read(outs)).toMatchObject({ orderId: updated.outs.orderId });
  await provider().delete("pbx", outs);
  expect(journal()).toEqual([]);
});

const openJournal = () =>
  new Journal({
    get: (name) => (name === "ucaas:journalDir" ? w.journalDir : undefined) as never,
  });
const resource = (name: string, outputs: object) => ({
  type: "XelionTenantProvision",
  name,
  outputs: { ...outputs },
});

test("the order of a tenant that was moved to another stack is reported by neither of the two", async () => {
  const [mine, other] = ["acme", "bakery"];
  const north = { __stack: "shop/north", __resource: mine } as never;
  const { outs } = await create({ __resource: mine } as never);
  await create({ __resource: other, tenantName: "pbx2" } as never);
  const reported = async () => {
    const { entries } = await openJournal().list();
    return [
      ...openIntents(entries, "shop/live", [resource(other, { __stack: "shop/live" })]),
      ...openIntents(entries, "shop/north", [resource(mine, outs)], ["live", "north"]),
    ].map(({ resource }) => resource);
  };
  // Only a run of the other stack can know it.
  expect(await reported()).toEqual([mine]);
  expect(await changes(outs, north)).toBe(false);
  expect(await reported()).toEqual([]);
  const configuration = { version: 1, organization: { name: "North" } };
  await update(outs, { configuration, ...(north as object) } as never);
  expect(await reported()).toEqual([]);
});

test("a customer that was moved back is reported by neither stack", async () => {
  const mine = { __resource: "acme" } as never;
  const theirs = { __resource: "bakery", __stack: "shop/north" } as never;
  const { outs } = await create(mine);
  await changes(outs, theirs);
  await changes(outs, mine);
  // A refresh and a delete do not say whose the resource is.
  await runs(w).read(outs);
  const { entries } = await openJournal().list();
  const names = ["live", "north"];
  expect(openIntents(entries, "shop/live", [resource("acme", outs)], names)).toEqual([]);
  expect(openIntents(entries, "shop/north", [], names)).toEqual([]);
});

test("a stack that got its name back is lost to no other", async () => {
  const { outs } = await create({ __resource: "acme" } as never);
  const seen = async (stack: string) => {
    await changes(outs, { __resource: "acme", __stack: stack } as never);
    const { entries } = await openJournal().list();
    return intentsOfLostStacks(openIntentsOfOthers(entries, "shop/third"), ["live", "third"]);
  };
  const [lost] = await seen("shop/renamed");
  // Never the entries of the stack that is there.
  expect(lost && describeWriteOfLostStack(lost, "shop/third")).toMatch(
    /of the stack shop\/renamed, which .* ucaas journal move shop\/renamed shop\/third /,
  );
  expect(await seen("shop/live")).toEqual([]);
});

test("a stack that got its name back keeps its orders, also where the journal kept the other", async () => {
  const mine = { __resource: "acme" } as never;
  const { outs } = await create(mine);
  await openJournal().move("shop/live", "shop/renamed");
  await changes(outs, mine);
  const configuration = { version: 1, organization: { name: "North" } };
  for (const step of [
    () => changes(outs, mine),
    () => update(outs, { configuration, ...(mine as object) }),
  ]) {
    await step();
    expect(openIntentsOfOthers((await openJournal().list()).entries, "shop/live")).toEqual([]);
  }
});

test("a look that notes the new stack keeps the order's latest news", async () => {
  const { outs } = await create();
  const { locate } = Journal.prototype;
  const another = openJournal();
  let isQuicker = true;
  // The run that is at work is quicker by a moment.
  const slow = vi.spyOn(Journal.prototype, "locate").mockImplementation(async function (
    this: Journal,
    ...args
  ) {
    const found = await locate.apply(this, args);
    const { key, entry } = found;
    if (entry && isQuicker)
      await another.annotate(key, entry, { ...(entry.note as object), orderId: 4711 });
    isQuicker &&= !entry;
    return found as never;
  });
  await changes(outs, { __stack: "shop/renamed" } as never);
  slow.mockRestore();
  const { entries } = await openJournal().list("xelion");
  expect(entries).toMatchObject([{ note: { orderId: 4711 } }]);
});

test("finds the order of a killed run after two moves of the stack, and orders nothing twice", async () => {
  const names = ["shop/live", "shop/second", "shop/third"] as const;
  const move = (from: string, to: string) =>
    new Journal({
      get: (name) => (name === "ucaas:journalDir" ? w.journalDir : undefined) as never,
    }).move(from, to);
  const { outs } = await create();
  await move(names[0], names[1]);
  const changed = { configuration: { version: 1, organization: { name: "Changed" } } };
  // The state of the update is lost.
  await update(outs, { ...changed, __stack: names[1] } as never);
  await move(names[1], names[2]);
  const third = { ...changed, __stack: names[2] } as never;
  const again = await update(outs, third);
  expect(again).toMatchObject({ outs: { orderId: 2, status: "COMPLETED" } });
  expect(again.code).toBeUndefined();
  expect(w.orders()).toHaveLength(2);
  await provider().delete("pbx", outs);
  expect(journal()).toEqual([]);
});

test("refuses an order id that stayed when the tenant changed", async () => {
  const olds = inputs({ orderId: 1 } as never);
  const { failures } = await provider().check(olds, { ...olds, tenantName: "another" } as never);
  const orders = expect.stringContaining("Without an orderId, `pulumi up` orders the tenant");
  expect(failures).toEqual([{ property: "orderId", reason: orders }]);
  await create();
  expect(await create({ tenantName: "another", orderId: 1 } as never)).toMatchObject({
    code: "ORDER_OF_ANOTHER_TENANT",
  });
});
