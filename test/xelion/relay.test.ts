import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { Journal } from "../../provider/runtime/journal.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";
import { eventually } from "../eventually.ts";
import { ask, folder, messages, ReceiverProcess, relayKey } from "../receiver/receiver-process.ts";
import { inputsOf, provider, runs } from "./handlers.ts";
import { apiKey, type World, world } from "./world.ts";

let cleanUp: AsyncDisposableStack;
let w: World;
let files: ReturnType<typeof folder>;
let receiver: ReceiverProcess;
let printed: MockInstance<typeof console.log>;
beforeEach(async () => {
  cleanUp = new AsyncDisposableStack();
  w = cleanUp.use(await world({ callback: false }));
  files = cleanUp.use(folder());
  receiver = cleanUp.use(await ReceiverProcess.start(files.path));
  printed = vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(async () => {
  printed.mockRestore();
  await cleanUp.disposeAsync();
});

const config = (relay: object = {}) => ({
  "xelion:callback": { relayUrl: receiver.url, relayKey, ...relay },
});
const printedText = () => printed.mock.calls.map(([line]) => String(line)).join("\n");
/** Another machine: the stack's state may get there, this one's journal does not. */
const anotherFolder = () => {
  const journalDir = mkdtempSync(join(tmpdir(), "ucaas-elsewhere-"));
  cleanUp.defer(() => rmSync(journalDir, { recursive: true, force: true }));
  return journalDir;
};
const elsewhere = () => runs(w, { ...config(), "ucaas:journalDir": anotherFolder() });
const journalIn = (folder: string) =>
  new Journal({ get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never });
const here = () => runs(w, config());
const holding = (status: "COMPLETED" | "FAILED" = "COMPLETED") =>
  w.service.state.courses.push({
    steps: [{ do: "reply" }, { do: "hold" }, { do: "status", status, callback: "now", times: 1 }],
  });
const delivered = (count: number) =>
  eventually(() =>
    expect(
      w.service.state.messages.filter(({ attempts }) =>
        attempts.some(({ answered }) => answered === 200),
      ),
    ).toHaveLength(count),
  );

describe("by the relay", () => {
  test("an order is followed to its end", async () => {
    const { outs, code } = await here().create();
    expect({ code, status: outs.status }).toEqual({ code: undefined, status: "COMPLETED" });
    expect(outs.statusHistory.map(({ status, source }) => `${status} ${source}`)).toEqual([
      "SUBMITTED reply",
      "NOT_STARTED relay",
      "IN_PROGRESS relay",
      "COMPLETED relay",
    ]);
    const address = w.orders()[0]?.callbackUrl ?? "";
    expect(address).toContain(`${receiver.url}/callback/`);
    expect(maskSecrets(`no ${address}`)).toBe(`no ${receiver.url}/callback/[secret]`);
    expect(JSON.stringify(outs)).not.toContain("callback/");
  });

  test("an order of an interrupted run is resumed on another machine without its files", async () => {
    holding();
    expect(await here().create({ timeout: "300ms" })).toMatchObject({ code: "NOT_FINISHED" });
    const second = elsewhere().create();
    await eventually(
      () => expect(printedText()).toContain("order 1 is SUBMITTED: waiting for its end"),
      second,
    );
    await w.proceed(1);
    expect((await second).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(1);
  });

  test("an order is followed though larger callbacks wait than one reply of an order may have", async () => {
    holding();
    expect(await here().create({ timeout: "300ms" })).toMatchObject({ code: "NOT_FINISHED" });
    const other = JSON.stringify({ type: "other", text: "x".repeat(60_000) });
    const callback = () => fetch(w.orders()[0]!.callbackUrl!, { method: "POST", body: other });
    for (let number = 0; number < 20; number++) expect((await callback()).status).toBe(200);
    const second = here().create();
    await w.proceed(1);
    expect((await second).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
  });

  test("refresh finds the end of an order behind a hundred other callbacks", async () => {
    holding();
    const { outs } = await here().create({ wait: "submitted" });
    const other = JSON.stringify({ type: "other" });
    const callback = () => fetch(w.orders()[0]!.callbackUrl!, { method: "POST", body: other });
    for (let number = 0; number < 101; number++) expect((await callback()).status).toBe(200);
    await w.proceed(1);
    await delivered(1);
    expect(await here().read(outs)).toMatchObject({ orderId: 1, status: "COMPLETED" });
  });

  test("callbacks resolve an order without a reply to its POST, on another machine", async () => {
    const statuses = ["NOT_STARTED", "IN_PROGRESS", "COMPLETED"] as const;
    const callbacks = statuses.map(
      (status) => ({ do: "status", status, callback: "now", times: 1 }) as const,
    );
    w.service.state.courses.push({ steps: [{ do: "reply" }, { do: "hold" }, ...callbacks] });
    w.service.fault({ kind: "cut", method: "POST", path: "/provision$" });
    expect(await here().create({ timeout: "100ms" })).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await w.proceed(1);
    await delivered(3);
    expect((await elsewhere().create()).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
    expect(w.orders()).toHaveLength(1);
  });

  describe("when the stack is renamed in the middle of an order", () => {
    const renamed = { __stack: "shop/renamed@file:///state" };
    /** The order goes on at the service, and the run of the stack `shop/live` is over. */
    const interruptOrder = async () => {
      holding();
      expect(await here().create({ timeout: "300ms" })).toMatchObject({ code: "NOT_FINISHED" });
    };

    test("another machine sends none, and names the command that resumes the order", async () => {
      await interruptOrder();
      const journalDir = anotherFolder();
      const machine = runs(w, { ...config(), "ucaas:journalDir": journalDir });
      const refused = await machine.create(renamed);
      expect(refused.code).toBe("RELAY_OTHER_STACK");
      const [from, to] = /ucaas journal move (\S+) (\S+)/.exec(refused.message)?.slice(1) ?? [];
      expect([from, to]).toEqual(["shop/live", renamed.__stack]);
      await journalIn(journalDir).move(String(from), String(to));
      await w.proceed(1);
      expect((await machine.create(renamed)).outs).toMatchObject({
        orderId: 1,
        status: "COMPLETED",
      });
      // The relay now keeps it for the renamed stack, so a machine without the move finds it.
      await eventually(async () =>
        expect((await elsewhere().create(renamed)).outs).toMatchObject({ orderId: 1 }),
      );
      expect(w.orders()).toHaveLength(1);
    });

    test("an order that the operator names is taken", async () => {
      await interruptOrder();
      await w.proceed(1);
      const { outs } = await elsewhere().create({ ...renamed, orderId: 1 });
      expect(outs).toMatchObject({ orderId: 1 });
      expect(w.orders()).toHaveLength(1);
    });

    test("what is in the state goes on as it is", async () => {
      const { outs } = await here().create();
      const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
      const second = await elsewhere().update(outs, { ...renamed, ...other });
      expect(second.outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
      // This machine's state is behind, and it knows the stack by the new name.
      const again = await elsewhere().update(outs, { ...renamed, ...other });
      expect(again.outs).toMatchObject({ orderId: 2 });
      expect(w.orders()).toHaveLength(2);
    });
  });

  test("an order of another organization's stack of that name is no own one", async () => {
    const inOrganization = (name: string) => ({
      __stack: `shop/live@https://api.pulumi.com/${name}`,
    });
    holding();
    const sent = await elsewhere().create({ ...inOrganization("prod-org"), timeout: "300ms" });
    expect(sent).toMatchObject({ code: "NOT_FINISHED" });
    const refused = await elsewhere().create(inOrganization("test-org"));
    expect(refused).toMatchObject({ code: "RELAY_OTHER_STACK" });
    await w.proceed(1);
    for (const stack of [inOrganization("prod-org"), { __stack: "shop/live@s3://mirror" }])
      expect((await elsewhere().create(stack)).outs).toMatchObject({ orderId: 1 });
    expect(w.orders()).toHaveLength(1);
  });

  test("an order that 0.1.0 has registered is found, and forgotten with its resource", async () => {
    const { outs } = await here().create();
    const { intent } = outs;
    await here().delete(outs);
    const thing = `${w.tenant.url} pbx1`;
    const key = createHash("sha256").update(`xelion\nshop/live\n${thing}`).digest("hex");
    const body = { key, replaces: null, note: intent };
    expect((await ask(receiver.url, "PUT", `/intents/${intent.intentId}`, body)).status).toBe(201);
    const again = await elsewhere().create();
    expect(again.outs).toMatchObject({ orderId: 1 });
    const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    const second = await elsewhere().update(again.outs, other);
    expect(second.outs.orderId).toBe(2);
    await elsewhere().delete(second.outs);
    expect((await elsewhere().create()).outs.orderId).toBe(3);
  });

  test("an order that failed is not sent again on another machine either", async () => {
    w.next("fails");
    expect(await here().create()).toMatchObject({ code: "ORDER_FAILED" });
    expect(await elsewhere().create()).toMatchObject({ code: "ORDER_FAILED" });
    expect(w.orders()).toHaveLength(1);
  });

  test("a changed configuration is one new order on another machine, and replaces the relay's", async () => {
    const { outs } = await here().create();
    const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    expect((await elsewhere().update(outs, other)).outs).toMatchObject({
      orderId: 2,
      status: "COMPLETED",
    });
    // A machine whose state is behind finds the order at the relay.
    expect((await elsewhere().update(outs, other)).outs).toMatchObject({
      orderId: 2,
      status: "COMPLETED",
    });
    expect(w.orders()).toHaveLength(2);
  });

  test("of two machines that begin at once, one sends", async () => {
    holding();
    const both = [elsewhere().create(), elsewhere().create()];
    await eventually(() => expect(w.orders()).toHaveLength(1), Promise.all(both));
    await w.proceed(1);
    const codes = (await Promise.all(both)).map(({ code }) => code);
    // Who came a little later has seen the other's order, and follows it.
    expect(codes).toContain(undefined);
    expect(codes.every((code) => code === undefined || code === "ORDERED_ELSEWHERE")).toBe(true);
    expect(w.orders()).toHaveLength(1);
  });

  test("an order outlives a receiver that is killed and started again", async () => {
    const port = await reservePort();
    await receiver.kill();
    const again = async () => {
      receiver = cleanUp.use(
        await ReceiverProcess.start(files.path, [], {
          XELION_RECEIVER_LISTEN: `127.0.0.1:${port}`,
        }),
      );
    };
    await again();
    holding();
    const run = here().create();
    await eventually(() => expect(printedText()).toContain("order 1 submitted"), run);
    await receiver.kill();
    await again();
    await w.proceed(1);
    expect((await run).outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
  });

  test("refresh finds news that came while no run was active", async () => {
    const { outs } = await here().create({ wait: "submitted" });
    await delivered(3);
    expect(await elsewhere().read(outs)).toMatchObject({ status: "COMPLETED", orderId: 1 });
  });

  test("an order is known there until a destroy, after which the tenant can be ordered again", async () => {
    const { outs } = await here().create();
    const intent = outs.intent.intentId;
    expect(await here().changes(outs)).toBe(false);
    await here().read(outs);
    expect(await messages(receiver.url, intent)).toHaveLength(3);
    await elsewhere().delete(outs);
    await expect(messages(receiver.url, intent)).rejects.toThrow("410");
    expect((await elsewhere().create()).outs.orderId).toBe(2);
  });

  test("an order outlives its renamed resource, and the resource of the new name resumes it", async () => {
    const old = (await here().create()).outs;
    const renaming = provider(w, config());
    const { outs } = await renaming.create(inputsOf(w));
    await renaming.delete("id", old);
    expect(outs).toMatchObject({ orderId: 1, intent: { intentId: old.intent.intentId } });
    expect(await messages(receiver.url, old.intent.intentId)).toHaveLength(3);
    expect((await elsewhere().create()).outs.orderId).toBe(1);
  });

  test("a destroy ends an order of a run that was killed on another machine as well", async () => {
    const saved = (await here().create()).outs;
    const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    await elsewhere().update(saved, other);
    await here().delete(saved);
    const third = await elsewhere().create(other);
    expect(third.message).toBe("");
    expect(third.outs.orderId).toBe(3);
  });

  test("a destroy works when relay and tenant leave the config, and says that the order is kept", async () => {
    const { outs } = await here().create();
    await runs(w).delete(outs);
    expect(printedText()).toContain(
      "the relay keeps order 1 until it expires: xelion:callback does not name it any more",
    );
    await runs(w, { "xelion:apiKey": undefined }).delete(outs);
    expect(printedText()).toContain("the relay keeps order 1 until it expires: xelion");
    expect(printedText()).toContain("[CONFIG_MISSING]");
  });

  test("a retryFailed that had nothing to allow allows nothing on another machine either", async () => {
    const { outs } = await here().create();
    await here().update(outs, { retryFailed: "after a success" });
    expect((await elsewhere().create({ retryFailed: "after a success" })).outs.orderId).toBe(1);
    expect(w.orders()).toHaveLength(1);
  });

  test("a run that is killed while it takes a refused order back has no other one sent again", async () => {
    // The relay alone knows it: the state is lost.
    await here().create();
    w.service.fault({ kind: "status", status: 401, method: "POST", path: "/provision$" });
    w.tenant.fault({ kind: "hold", method: "POST", path: "/logout$" });
    const configuration = { version: 1, organization: { name: "Sabertooth" } };
    const refused = elsewhere().create({ configuration });
    await eventually(() => expect(w.tenant.received.at(-1)?.fault).toBe("hold"), refused);
    // It never goes on after a kill.
    const next = await elsewhere().create({ timeout: "300ms" });
    expect(next.code).toBe("OUTCOME_UNKNOWN");
    expect(w.orders()).toHaveLength(1);
    w.tenant.faults.clear();
    expect((await refused).code).toBe("HTTP_401");
  });

  test.each([
    ["that has ended is refreshed without a word", "COMPLETED", undefined],
    [
      "that was still running is refreshed to its last known status, and the loss is reported",
      "SUBMITTED",
      "RELAY_FORGOT",
    ],
  ] as const)("an order that the relay has forgotten and %s", async (_, status, code) => {
    if (status === "SUBMITTED") holding();
    const { outs } = await here().create(status === "SUBMITTED" ? { wait: "submitted" } : {});
    expect(outs.status).toBe(status);
    await ask(receiver.url, "DELETE", `/intents/${outs.intent.intentId}`);
    printed.mockClear();
    expect(await here().read(outs)).toEqual(outs);
    if (code)
      expect(printedText()).toContain(
        `order 1 was last seen as ${status}: xelion relay: fetch callbacks: the relay does not know this order`,
      );
    else expect(printedText()).toBe("");
  });

  test("an order that the relay forgot is left as known, or ordered again, as declared", async () => {
    holding();
    const { outs } = await here().create({ timeout: "300ms" });
    await ask(receiver.url, "DELETE", `/intents/${outs.intent.intentId}`);
    expect(await here().update(outs)).toMatchObject({
      code: "RELAY_FORGOT",
      message: expect.stringContaining('declare wait: "submitted"'),
    });
    expect(await here().update(outs, { wait: "submitted" })).toEqual({ outs, message: "" });
    expect((await here().update(outs, { retryFailed: "forgotten" })).outs).toMatchObject({
      orderId: 2,
      status: "COMPLETED",
    });
  });

  test("a refresh that is not saved leaves an ended order to the next up, which sends no other", async () => {
    const saved = (await here().create()).outs;
    const other = { configuration: { version: 1, organization: { name: "Sabertooth" } } };
    holding();
    expect(await here().update(saved, { ...other, timeout: "300ms" })).toMatchObject({
      code: "NOT_FINISHED",
    });
    await w.proceed(2);
    await delivered(4);
    const answer = await here().read(saved);
    expect(answer).toMatchObject({ orderId: 2, status: "COMPLETED" });
    expect(await here().changes(answer, other)).toBe(false);
    expect((await here().update(saved, other)).outs).toMatchObject({
      orderId: 2,
      status: "COMPLETED",
    });
    expect(w.orders()).toHaveLength(2);
  });

  describe("when the account moves to another provisioning service", () => {
    const orderPath = "/api/v1/orders/{id}";
    const other = { account: "other" };
    /** The account `other` has the same relay. Its service completes order 1 for another tenant. */
    const moved = async () => {
      const service = cleanUp.adopt(xelionProvisioningServer(), (server) => server.stop());
      await service.start({ options: { orderRoute: true } });
      w.service.setOptions({ orderRoute: true });
      const there = { ...config(), "xelion:orderPath": orderPath };
      const account = {
        ...{ baseUrl: service.baseUrl, apiKey, orderPath },
        callback: there["xelion:callback"],
      };
      const run = runs(w, { ...there, "xelion:accounts": { other: account } });
      await run.create({ ...other, tenantName: "pbx2" });
      holding();
      const { outs } = await run.create({ wait: "submitted" });
      expect(outs).toMatchObject({ orderId: 1, status: "SUBMITTED" });
      return { run, service, outs };
    };
    const ordered = ({ state }: ReturnType<typeof xelionProvisioningServer>) =>
      Object.values(state.orders).map(({ tenantName }) => tenantName);

    test("the same number there is no news of an order that still runs", async () => {
      const { run, service } = await moved();
      const refused = await run.create({ ...other, wait: "submitted" });
      expect(refused).toMatchObject({ code: "ORDER_AT_OTHER_SERVICE" });
      for (const words of [w.service.baseUrl, service.baseUrl, "retryFailed", 'wait: "completed"'])
        expect(refused.message).toContain(words);
      expect(ordered(service)).toEqual(["pbx2"]);
      const sent = await run.create({ ...other, retryFailed: "looked" });
      expect(sent.outs).toMatchObject({ orderId: 2, status: "COMPLETED" });
      expect(ordered(service)).toEqual(["pbx2", "pbx1"]);
    });

    test("the relay still tells how the order ends, and the run says where it is", async () => {
      const { run, service } = await moved();
      const second = run.create(other);
      const place = `order 1 at ${w.service.baseUrl}`;
      await eventually(
        () => expect(printedText()).toContain(`${place} is SUBMITTED: waiting for its end`),
        second,
      );
      await w.proceed(1);
      const { outs } = await second;
      expect(outs).toMatchObject({ orderId: 1, status: "COMPLETED" });
      expect(outs.statusHistory.at(-1)).toMatchObject({ source: "relay" });
      expect(outs.adminHint).toContain(w.service.baseUrl);
      expect((await run.create(other)).outs).toMatchObject({ orderId: 1 });
      expect(printedText()).toContain(`nothing sent: ${place} (COMPLETED,`);
      expect(ordered(service)).toEqual(["pbx2"]);
    });

    test("an orderId that stays is refused, since it names an order of the earlier service", async () => {
      const { service } = await moved();
      const accounts = { other: { baseUrl: service.baseUrl, apiKey } };
      const inRun = provider(w, { ...config(), "xelion:accounts": accounts });
      const olds = inputsOf(w, { orderId: 1 });
      const { failures } = await inRun.check(olds, { ...olds, ...other });
      expect(failures).toEqual([{ property: "orderId", reason: expect.any(String) }]);
      for (const words of [
        `is the order of this tenant at ${w.service.baseUrl}`,
        `set the one at ${service.baseUrl}, or remove orderId`,
        "sends none with the same configuration",
      ])
        expect(failures?.[0]?.reason).toContain(words);
      expect((await inRun.check(olds, { ...olds, ...other, orderId: 2 })).failures).toEqual([]);
    });
  });

  test("nothing is sent when the relay rejects the key, is missing, or is another server", async () => {
    expect(
      await runs(w, config({ relayKey: "a-wrong-key-canary-of-enough-characters" })).create(),
    ).toMatchObject({
      code: "RELAY_REFUSED",
    });
    expect(await runs(w, config({ relayUrl: w.tenant.url })).create()).toMatchObject({
      code: "RELAY_REFUSED",
    });
    const failing = createServer((_, response) => response.writeHead(503).end());
    await once(failing.listen(0, "127.0.0.1"), "listening");
    const relayUrl = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`;
    const impatient = { ...config({ relayUrl }), "xelion:deadlineSeconds": "2" };
    const down = await runs(w, impatient).create();
    expect(down.code).toBe("RELAY_HTTP_503");
    expect(down.message).toContain("the receiver's log");
    failing.close();
    // No other test can have this port by now, as it could a free one.
    expect(await runs(w, config({ relayUrl: "http://127.0.0.1:1" })).create()).toMatchObject({
      code: "NOT_REACHED",
    });
    expect(w.orders()).toEqual([]);
    expect(w.tenant.state.logins).toEqual([]);
    expect(printedText()).not.toContain("canary");
  });
});
