import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { HttpResponse } from "../../provider/http/client.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";
import { XelionClient } from "../../provider/xelion/client.ts";
import { reasonIn } from "../../provider/xelion/errors.ts";
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";
import { apiKey, fairyTail } from "./world.ts";

const server = xelionProvisioningServer();
beforeAll(() => server.start({ options: { checkTenant: false, orderRoute: true } }));
afterAll(() => server.stop());
afterEach(() => {
  server.faults.clear();
  server.received.length = 0;
  server.state.orders = {};
  server.setOptions({ acceptedStatus: 200, errorBody: "text" });
});

const service = (more: object = {}) =>
  new XelionClient({
    baseUrl: server.baseUrl,
    apiKey,
    concurrency: 8,
    deadlineSeconds: 5,
    orderPath: "/api/v1/orders/{id}",
    ...more,
  } as ConstructorParameters<typeof XelionClient>[0]);
const body = JSON.stringify(fairyTail);
const destination = {
  serverUrl: "https://pbx.example",
  tenantName: "pbx1",
  token: "token-of-the-tenant",
};
const submit = () => service().submit(body, destination);
const orders = () => Object.keys(server.state.orders).length;

describe("the POST of an order", () => {
  test("carries what the guide says, and the callback address when there is one", async () => {
    await service().submit(body, { ...destination, callbackUrl: "http://127.0.0.1:9/path" });
    await submit();
    expect(server.received).toMatchObject([
      {
        method: "POST",
        path: "/api/v1/provision",
        body,
        headers: {
          "content-type": "application/json",
          "x-auth-key": apiKey,
          "xelion-server-url": "https://pbx.example",
          "xelion-tenant-name": "pbx1",
          "xelion-tenant-token": "token-of-the-tenant",
          "x-callback-url": "http://127.0.0.1:9/path",
        },
      },
      { body },
    ]);
    expect(server.received[1]?.headers).not.toHaveProperty("x-callback-url");
  });

  test("goes over a connection that nothing else has used", async () => {
    const one = service();
    for (let time = 0; time < 4; time++) await one.test(body);
    await one.submit(body, destination);
    for (let time = 0; time < 4; time++) await one.test(body);
    const connections = server.received.map(({ connection }) => connection);
    expect(new Set(connections).size).toBeLessThan(6);
    expect(connections.filter((connection) => connection === connections[4])).toHaveLength(1);
  });

  test("is accepted when the id is written as text, as that of a callback may be", async () => {
    const body = { id: "42" };
    server.fault({ kind: "statusAfter", path: "/provision$", status: 200, body });
    expect(await submit()).toEqual({ kind: "accepted", orderId: 42 });
  });

  test.each([200, 201, 202] as const)("may be accepted with %i", async (acceptedStatus) => {
    server.setOptions({ acceptedStatus });
    expect(await submit()).toMatchObject({ kind: "accepted", orderId: expect.any(Number) });
  });

  test.each<[string, FaultOrder, "refused" | "unknown", number]>([
    ["a refusal proves that nothing was made", { kind: "status", status: 400 }, "refused", 0],
    ["so does too many requests", { kind: "status", status: 429 }, "refused", 0],
    [
      "and a redirect that would have it sent elsewhere",
      { kind: "status", status: 308 },
      "refused",
      0,
    ],
    ["a fault proves nothing", { kind: "status", status: 500 }, "unknown", 0],
    [
      "nor does a gateway that has waited too long",
      { kind: "statusAfter", status: 504 },
      "unknown",
      1,
    ],
    ["nor a request time-out", { kind: "statusAfter", status: 408 }, "unknown", 1],
    [
      "nor a status that HTTP does not define, as a proxy sends it when its client has gone",
      { kind: "statusAfter", status: 499 },
      "unknown",
      1,
    ],
    [
      "nor a redirect to somewhere else to look",
      { kind: "statusAfter", status: 303 },
      "unknown",
      1,
    ],
    ["nor a connection cut after it was sent", { kind: "cut" }, "unknown", 1],
    ["nor one cut before anything was done", { kind: "cutBefore" }, "unknown", 0],
    ["nor a reply without an id", { kind: "empty" }, "unknown", 1],
    ["nor a page in place of JSON", { kind: "html" }, "unknown", 1],
    ["nor half a reply", { kind: "malformed" }, "unknown", 1],
  ])("%s, and it is never repeated", async (_, fault, kind, attempts) => {
    server.fault({ ...fault, times: 5 } as FaultOrder);
    expect(await submit()).toMatchObject({
      kind,
      failure: { vendor: "xelion", operation: "provision pbx1" },
    });
    expect(server.received).toHaveLength(1);
    expect(orders()).toBe(attempts);
  });

  test("proves that nothing was made when nothing was reached", async () => {
    expect(
      await service({ baseUrl: "http://127.0.0.1:9" }).submit(body, destination),
    ).toMatchObject({
      kind: "refused",
      failure: { code: "NOT_REACHED" },
    });
  });
});

describe("the test of a configuration", () => {
  test.each(["text", "json"] as const)(
    "has the service's own words, reported as %s",
    async (errorBody) => {
      server.setOptions({ errorBody });
      expect(await service().test("{}")).toEqual({
        kind: "invalid",
        reason: expect.stringContaining("version"),
      });
      expect(await service().test(body)).toEqual({ kind: "valid" });
    },
  );

  test("does not take a page or a flood of text for words", async () => {
    server.fault({
      kind: "status",
      status: 400,
      headers: { "content-type": "text/html" },
      body: "<h1>Bad</h1>",
    });
    expect(await service().test(body)).toEqual({ kind: "invalid", reason: "" });
    server.fault({ kind: "status", status: 400, body: "x".repeat(50_000) });
    const validate = await service().test(body);
    expect(validate.kind === "invalid" && validate.reason.length).toBeLessThan(2_100);
  });

  test("distinguishes a service that is down from one that refuses the request", async () => {
    server.fault({ kind: "status", status: 503, times: 50 });
    expect(await service({ deadlineSeconds: 0.2 }).test(body)).toMatchObject({
      kind: "unreachable",
    });
    server.faults.clear();
    // The call that was given up may still be on its way.
    server.fault({ kind: "status", status: 403, times: 50 });
    expect(await service().test(body)).toMatchObject({
      kind: "refused",
      failure: { code: "HTTP_403", hint: expect.stringContaining("apiKey") },
    });
  });
});

describe("a look at an order", () => {
  test("goes where orderPath leads, and wants a status there", async () => {
    const { orderId } = (await submit()) as { orderId: number };
    expect(await service().status(orderId)).toMatch(/^[A-Z_]+$/);
    await expect(service().status(999)).rejects.toMatchObject({ code: "HTTP_404" });
    server.fault({ kind: "empty", method: "GET" });
    await expect(service().status(orderId)).rejects.toMatchObject({
      code: "MALFORMED_REPLY",
      message: expect.stringContaining("xelion:orderPath"),
    });
  });
});

test("the reason in a reply shows no part of a secret, at any position of the cut", () => {
  const secret = "Fairy-Tale-0123456789-abcdef";
  rememberSecret(secret);
  fc.assert(
    fc.property(fc.integer({ min: 1_900, max: 2_100 }), (before) => {
      const text = `${"x".repeat(before)}${secret}`;
      const reply = { status: 400, headers: {}, text, json: undefined };
      expect(reasonIn(reply as unknown as HttpResponse)).not.toMatch(/Fai|Tale|0123/);
    }),
  );
});
