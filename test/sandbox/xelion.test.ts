import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScenario, type ScenarioName } from "../../sandbox/xelion/scenarios.ts";
import { xelionProvisioningServer, xelionTenantServer } from "../../sandbox/xelion/server.ts";
import { eventually } from "../eventually.ts";

let tenant: ReturnType<typeof xelionTenantServer>;
let service: ReturnType<typeof xelionProvisioningServer>;
let receiver: Receiver;
beforeEach(async () => {
  [tenant, service, receiver] = [xelionTenantServer(), xelionProvisioningServer(), new Receiver()];
  await Promise.all([
    tenant.start(),
    service.start({ options: { courseMs: 2 } }),
    receiver.start(),
  ]);
});
afterEach(() => Promise.all([tenant.stop(), service.stop(), receiver.stop()]));

interface Callback {
  mid: number;
  type: string;
  data: { id: number; status: string };
}

/** The server at the callback address. */
class Receiver {
  got: Callback[] = [];
  answer = 200;
  #http!: Server;
  url = "";
  async start(): Promise<void> {
    this.#http = createServer(async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      if (request.method === "POST" && request.headers["content-type"] === "application/json")
        this.got.push(JSON.parse(body));
      response.writeHead(this.answer).end();
    });
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/callback`;
  }
  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
  statuses(): string[] {
    return this.got.map(({ data }) => data.status);
  }
}

const settled = (id: number) =>
  eventually(() => expect(service.state.orders[id]).toMatchObject({ steps: [] }));

const post = (base: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${base}/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const fairyTail = { version: 1, organization: { name: "Fairy Tail" } };
const logIn = async (userSpace = "a", more: object = {}) =>
  post(tenant.url, "pbx1/me/login", {
    userName: "provisioning",
    password: "Sandbox-tenant-1",
    userSpace,
    ...more,
  });
const session = async (userSpace?: string) =>
  (await (await logIn(userSpace)).json()) as {
    authentication: string;
    renewalToken: string;
    validUntil: string;
  };

const headers = async (more: Record<string, string> = {}) => ({
  "x-auth-key": "Sandbox-xelion-key-1",
  "xelion-server-url": tenant.url,
  "xelion-tenant-name": "pbx1",
  "xelion-tenant-token": (await session(Math.random().toString())).authentication,
  "x-callback-url": receiver.url,
  ...more,
});
const order = async (more: Record<string, string> = {}, body: unknown = fairyTail) =>
  post(service.url, "provision", body, await headers(more));
const orderId = async (more?: Record<string, string>) =>
  ((await (await order(more)).json()) as { id: number }).id;
const proceed = async (id: number) =>
  (await fetch(`${service.control}/proceed`, { method: "POST", body: JSON.stringify({ id }) }))
    .status;
const next = (course: ScenarioName, ms = 2) =>
  service.state.courses.push(readScenario({ course, ms }));

describe("an order", () => {
  it("is answered with its id, runs, and announces each status with a rising mid", async () => {
    const answer = await order();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ id: 1 });
    await eventually(() => expect(receiver.got).toHaveLength(3));
    expect(receiver.got).toEqual([
      { mid: 1, type: "orderStatusChanged", data: { id: 1, status: "NOT_STARTED" } },
      { mid: 2, type: "orderStatusChanged", data: { id: 1, status: "IN_PROGRESS" } },
      { mid: 3, type: "orderStatusChanged", data: { id: 1, status: "COMPLETED" } },
    ]);
    expect(service.state.orders[1]?.history.map(({ status }) => status)).toEqual([
      "NOT_STARTED",
      "IN_PROGRESS",
      "COMPLETED",
    ]);
  });

  it("is kept with who, what and when, so that a second one for the same configuration is seen", async () => {
    await order();
    await order();
    const orders = Object.values(service.state.orders);
    expect(orders).toMatchObject(
      [1, 2].map((id) => ({
        id,
        organization: "reseller",
        tenantName: "pbx1",
        configuration: JSON.stringify(fairyTail),
      })),
    );
    expect(orders[0]!.configurationSha256).toBe(orders[1]!.configurationSha256);
    expect(Date.parse(orders[0]!.submittedAt)).not.toBeNaN();
  });

  it("is refused without a key, a header or a valid configuration, and then nothing is kept", async () => {
    expect((await order({ "x-auth-key": "wrong" })).status).toBe(401);
    for (const missing of ["xelion-server-url", "xelion-tenant-name", "xelion-tenant-token"]) {
      const answer = await order({ [missing]: "" });
      expect(answer.status).toBe(400);
      expect((await answer.text()).toLowerCase()).toContain(missing);
    }
    expect((await order({ "xelion-server-url": "ftp://pbx" })).status).toBe(400);
    expect((await order({ "x-callback-url": "nowhere" })).status).toBe(400);
    expect((await order({ "content-type": "text/plain" })).status).toBe(400);
    expect((await order({}, { version: 2 })).status).toBe(400);
    expect(service.state.orders).toEqual({});
  });

  it("needs no callback address, and may be accepted with another 2xx", async () => {
    service.setOptions({ acceptedStatus: 202 });
    expect((await order({ "x-callback-url": "" })).status).toBe(202);
    await eventually(() => expect(service.state.orders[1]?.status).toBe("COMPLETED"));
    expect(service.state.messages).toEqual([]);
  });

  it("is created although the connection is cut after it, and runs to its end", async () => {
    service.fault({ kind: "cut", method: "POST", path: "/provision$" });
    await expect(order()).rejects.toThrow("fetch failed");
    await eventually(() =>
      expect(receiver.statuses()).toEqual(["NOT_STARTED", "IN_PROGRESS", "COMPLETED"]),
    );
    expect(Object.keys(service.state.orders)).toEqual(["1"]);
  });

  it("fails when its tenant's session was ended before it ran, or while it ran", async () => {
    for (const steps of [1, 2]) {
      const token = (await session(`ended-${steps}`)).authentication;
      service.state.courses.push(
        readScenario({
          steps: [
            ...(steps === 1 ? [] : [{ do: "status", status: "IN_PROGRESS" } as const]),
            { do: "reply" },
            { do: "hold" },
            { do: "status", status: steps === 1 ? "IN_PROGRESS" : "COMPLETED" },
            { do: "status", status: "COMPLETED" },
          ],
        }),
      );
      const id = await orderId({ "xelion-tenant-token": token });
      expect(service.state.orders[id]!.status).toBe(steps === 1 ? "NOT_STARTED" : "IN_PROGRESS");
      const out = await post(tenant.url, "pbx1/me/logout", "", {
        authorization: `xelion ${token}`,
      });
      expect(out.status).toBe(204);
      await proceed(id);
      await settled(id);
      expect(service.state.orders[id]!.history.at(-1)).toMatchObject({
        status: "FAILED",
        reason: "the tenant answered 401 to the token",
      });
      await eventually(() => expect(receiver.got.at(-1)?.data).toEqual({ id, status: "FAILED" }));
    }
  });

  it("fails when its Xelion server is unreachable or lacks the tenant, unless checks are off", async () => {
    const unreachable = await orderId({ "xelion-server-url": "http://127.0.0.1:1" });
    const unknown = await orderId({ "xelion-tenant-name": "pbx2" });
    await settled(unreachable);
    await settled(unknown);
    expect(service.state.orders[unreachable]!.history.at(-1)!.reason).toContain(
      "could not be reached",
    );
    expect(service.state.orders[unknown]!.history.at(-1)!.reason).toContain("404");
    service.setOptions({ checkTenant: false });
    const unchecked = await orderId({ "xelion-server-url": "http://127.0.0.1:1" });
    await eventually(() => expect(service.state.orders[unchecked]!.status).toBe("COMPLETED"));
  });

  it("is readable only by its organization and that one's parent, where a route exists", async () => {
    const id = await orderId({ "x-auth-key": "Sandbox-xelion-key-2" });
    const above = await orderId();
    const read = async (order: number, key: string) => {
      const answer = await fetch(`${service.url}/api/v1/orders/${order}`, {
        headers: { "x-auth-key": key },
      });
      return answer.status === 200 ? ((await answer.json()) as object) : answer.status;
    };
    await Promise.all([settled(id), settled(above)]);
    expect(await read(id, "Sandbox-xelion-key-1")).toBe(404);
    service.setOptions({ orderRoute: true });
    expect(await read(id, "Sandbox-xelion-key-1")).toEqual({ id, status: "COMPLETED" });
    expect(await read(id, "Sandbox-xelion-key-2")).toEqual({ id, status: "COMPLETED" });
    expect(await read(above, "Sandbox-xelion-key-2")).toBe(404);
    expect(await read(99, "Sandbox-xelion-key-1")).toBe(404);
    expect(await read(id, "wrong")).toBe(401);
  });
});

describe("courses", () => {
  /**
   * Orders one and waits for the end of its course: its last status, and the callbacks as
   * `mid status`.
   */
  async function follow(course: ScenarioName, expected: number) {
    next(course);
    const id = await orderId();
    await settled(id);
    await eventually(() => expect(receiver.got).toHaveLength(expected));
    return {
      status: service.state.orders[id]!.status,
      callbacks: receiver.got.map(({ mid, data }) => `${mid} ${data.status}`),
    };
  }

  it.each<[ScenarioName, string, string[]]>([
    ["fails", "FAILED", ["1 NOT_STARTED", "2 IN_PROGRESS", "3 FAILED"]],
    ["failsAtOnce", "FAILED", ["1 FAILED"]],
    ["hangs", "IN_PROGRESS", ["1 NOT_STARTED", "2 IN_PROGRESS"]],
    ["neverStarts", "NOT_STARTED", ["1 NOT_STARTED"]],
    [
      "repeats",
      "COMPLETED",
      [
        "1 NOT_STARTED",
        "1 NOT_STARTED",
        ...Array(3).fill("2 IN_PROGRESS"),
        ...Array(3).fill("3 COMPLETED"),
      ],
    ],
    ["reordered", "COMPLETED", ["3 COMPLETED", "2 IN_PROGRESS", "1 NOT_STARTED"]],
    ["losesAll", "COMPLETED", []],
    ["losesTheLast", "COMPLETED", ["1 NOT_STARTED", "2 IN_PROGRESS"]],
    [
      "unknownWords",
      "COMPLETED",
      ["1 NOT_STARTED", "2 COMPLETED", "3 ON_HOLD", "4 IN_PROGRESS", "5 COMPLETED"],
    ],
  ])("%s: ends as %s and sends %j", async (course, status, callbacks) => {
    expect(await follow(course, callbacks.length)).toEqual({ status, callbacks });
  });

  it("callbackBeforeReply and allBeforeReply: callbacks have arrived when the POST is answered", async () => {
    next("callbackBeforeReply");
    await order();
    expect(receiver.statuses().slice(0, 2)).toEqual(["NOT_STARTED", "IN_PROGRESS"]);
    await eventually(() => expect(receiver.statuses()).toHaveLength(3));
    receiver.got = [];
    next("allBeforeReply");
    await order();
    expect(receiver.statuses()).toEqual(["NOT_STARTED", "IN_PROGRESS", "COMPLETED"]);
  });

  it("unknownWords and namesAnotherOrder: other types and other orders come to the same address", async () => {
    await follow("unknownWords", 5);
    expect(receiver.got[1]).toMatchObject({ type: "tenantRenamed", data: { id: 1 } });
    receiver.got = [];
    next("namesAnotherOrder");
    await orderId();
    await eventually(() => expect(receiver.got).toHaveLength(4));
    expect(receiver.got.map(({ data }) => data.id)).toEqual([2, 1002, 2, 2]);
  });

  it("are set through the control address, for a tenant or the next order, and are used once", async () => {
    tenant.state.tenants.pbx2 = tenant.state.tenants.pbx1!;
    const control = (body: object) =>
      fetch(`${service.control}/course`, { method: "POST", body: JSON.stringify(body) });
    expect((await control({ tenantName: "pbx2", course: "failsAtOnce" })).status).toBe(200);
    const steps = [{ do: "reply" }, { do: "status", status: "FAILED", callback: "never" }];
    expect((await control({ tenantName: "pbx1", steps })).status).toBe(200);
    expect(await (await control({ course: "explodes" })).json()).toMatchObject({
      error: expect.stringContaining("at course"),
    });
    expect((await control({})).status).toBe(400);
    const first = await orderId();
    const second = await orderId();
    await Promise.all([settled(first), settled(second)]);
    expect([first, second].map((id) => service.state.orders[id]!.status)).toEqual([
      "FAILED",
      "COMPLETED",
    ]);
    expect(service.state.courses).toMatchObject([{ tenantName: "pbx2" }]);
  });

  it("mids are unique and rise over all orders of the server", async () => {
    await Promise.all(Array.from({ length: 5 }, () => order()));
    await eventually(() => expect(receiver.got).toHaveLength(15));
    expect(new Set(receiver.got.map(({ mid }) => mid)).size).toBe(15);
    for (const id of [1, 2, 3, 4, 5]) {
      const mids = receiver.got.filter(({ data }) => data.id === id).map(({ mid }) => mid);
      expect(mids).toEqual(mids.toSorted((a, b) => a - b));
    }
  });
});

describe("a callback", () => {
  it("that is not taken is not sent again, unless retries are switched on", async () => {
    receiver.answer = 503;
    next("failsAtOnce");
    await settled(await orderId());
    await eventually(() =>
      expect(service.state.messages).toMatchObject([{ left: 0, attempts: [{ answered: 503 }] }]),
    );
    service.setOptions({ callbackRetries: 2, callbackRetryMs: 1 });
    next("failsAtOnce");
    await settled(await orderId());
    await eventually(() =>
      expect(service.state.messages[1]).toMatchObject({
        left: 0,
        attempts: Array(3).fill({ answered: 503 }),
      }),
    );
  });

  it("to an address without a server is noted and does not stop the order", async () => {
    await receiver.stop();
    const id = await orderId();
    await settled(id);
    expect(service.state.orders[id]!.status).toBe("COMPLETED");
    await eventually(() =>
      expect(service.state.messages.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1]),
    );
    expect(service.state.messages[0]!.attempts[0]!.answered).toContain("ECONNREFUSED");
  });
});

it("a message that was not taken before a restart of the service is sent after it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "xelion-"));
  const dataFile = join(folder, "data.json");
  try {
    await service.stop();
    await service.start({ dataFile });
    service.setOptions({ callbackRetries: 1, callbackRetryMs: 3_600_000 });
    receiver.answer = 503;
    service.state.courses.push(
      readScenario({
        steps: [
          { do: "reply" },
          { do: "status", status: "IN_PROGRESS" },
          { do: "wait", ms: 0 },
          { do: "status", status: "FAILED", callback: "never" },
        ],
      }),
    );
    await order();
    await eventually(() =>
      expect(service.state.messages[0]).toMatchObject({ left: 1, attempts: [{ answered: 503 }] }),
    );
    await settled(1);
    await service.stop();
    receiver.got = [];
    receiver.answer = 200;
    service = xelionProvisioningServer();
    await service.start({ dataFile });
    await eventually(() => expect(receiver.statuses()).toEqual(["IN_PROGRESS"]));
    expect(service.state.orders[1]?.status).toBe("FAILED");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("an order continues after a restart of the service", async () => {
  const folder = mkdtempSync(join(tmpdir(), "xelion-"));
  const dataFile = join(folder, "data.json");
  try {
    await service.stop();
    await service.start({ dataFile });
    service.state.courses.push(
      readScenario({
        steps: [
          { do: "status", status: "IN_PROGRESS" },
          { do: "reply" },
          { do: "hold" },
          { do: "status", status: "COMPLETED" },
        ],
      }),
    );
    await order();
    await service.stop();
    expect(receiver.statuses()).toEqual(["IN_PROGRESS"]);
    service = xelionProvisioningServer();
    await service.start({ dataFile });
    expect(await proceed(1)).toBe(200);
    await eventually(() => expect(receiver.statuses()).toEqual(["IN_PROGRESS", "COMPLETED"]));
    expect(receiver.got.map(({ mid }) => mid)).toEqual([1, 2]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("/provision/test", () => {
  const test = (body: unknown, more: Record<string, string> = {}) =>
    post(service.url, "provision/test", body, more);
  const cause = async (changes: {
    organization?: object;
    departments?: unknown;
    version?: unknown;
  }) =>
    (
      await test({ ...fairyTail, ...changes, organization: { name: "F", ...changes.organization } })
    ).text();

  it("answers a valid configuration 200 without a body, wants no key, and orders nothing", async () => {
    const answer = await test(fairyTail);
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(service.state.orders).toEqual({});
  });

  it("gives the cause of a 400 as text or as JSON", async () => {
    const text = await test({ version: 2, organization: {} });
    expect(text.status).toBe(400);
    expect(await text.text()).toMatch(/^version: .*\norganization\.name: /);
    service.setOptions({ errorBody: "json" });
    expect(await (await test("{")).json()).toEqual({ error: expect.stringMatching(/^not JSON/) });
  });

  it("remembers whether a key came along, and a tenant token, which never should", async () => {
    await test(fairyTail);
    await test({}, { "x-auth-key": "k", "xelion-tenant-token": "t" });
    expect(service.state.tests).toMatchObject([
      { withApiKey: false, withTenantToken: false, valid: true },
      { withApiKey: true, withTenantToken: true, valid: false },
    ]);
  });

  const department = (more: object) => ({ departments: [{ name: "Sales", ...more }] });
  const external = { new: false, value: "+31201234567" };
  it.each<[string, Parameters<typeof cause>[0], string]>([
    [
      "a country is ISO 3166-1 alpha-2",
      { organization: { country: "NLD" } },
      "organization.country",
    ],
    ["an e-mail address is one", { organization: { email: "guild" } }, "organization.email"],
    [
      "users are e-mail addresses",
      department({ users: ["natsu@fairytail.example", "happy"] }),
      "departments[0].users[1]",
    ],
    [
      "internal numbers are text",
      department({ internalNumbers: [200] }),
      "departments[0].internalNumbers[0]",
    ],
    [
      "internal numbers do not start with 0",
      department({ internalNumbers: ["012"] }),
      "departments[0].internalNumbers[0]",
    ],
    [
      "internal numbers do not start with 1",
      department({ internalNumbers: ["112"] }),
      "departments[0].internalNumbers[0]",
    ],
    [
      "internal numbers have at most 4 digits",
      department({ internalNumbers: ["20000"] }),
      "departments[0].internalNumbers[0]",
    ],
    [
      "internal numbers are unique over all departments",
      {
        departments: [
          { name: "A", internalNumbers: ["200"] },
          { name: "B", internalNumbers: ["201", "200"] },
        ],
      },
      "departments[1].internalNumbers[1]",
    ],
    [
      "call recording is a boolean",
      department({ enableCallRecording: "yes" }),
      "departments[0].enableCallRecording",
    ],
    [
      "a fallback is voicemail, dept or user",
      department({ fallback: { type: "fax" } }),
      "departments[0].fallback.type",
    ],
    [
      "a fallback to a user says which",
      department({ fallback: { type: "user" } }),
      "departments[0].fallback.value",
    ],
    ["a department has a name", { departments: [{}] }, "departments[0].name"],
    [
      "an external number wants a central one",
      department({ externalNumbers: [external] }),
      "organization.centralPhoneNumber: is required",
    ],
    [
      "the central number equals an external one",
      {
        organization: { centralPhoneNumber: { new: false, value: "+3120" } },
        ...department({ externalNumbers: [external] }),
      },
      "organization.centralPhoneNumber: must equal",
    ],
    [
      "the central number is as new as that external one",
      {
        organization: { centralPhoneNumber: { ...external, new: true } },
        ...department({ externalNumbers: [external] }),
      },
      "organization.centralPhoneNumber: must equal",
    ],
    [
      "a new number has country and area",
      {
        organization: { centralPhoneNumber: { new: true, value: "a" } },
        ...department({ externalNumbers: [{ new: true, value: "a", country: "NL" }] }),
      },
      "departments[0].externalNumbers[0].area",
    ],
  ])("%s", async (_, changes, expected) => {
    const lines = (await cause(changes)).split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
  });

  it("accepts all that the rules allow, and keys that they do not know", async () => {
    expect(
      await cause({
        organization: {
          email: "guild@fairytail.example",
          street: "Main Street",
          number: "1",
          numberAddition: "a",
          zipCode: "1234 AB",
          city: "Magnolia",
          country: "NL",
          centralPhoneNumber: external,
          colour: { red: 1 },
        },
        departments: [
          {
            name: "Sales",
            users: ["natsu@fairytail.example"],
            enableCallRecording: true,
            fallback: { type: "voicemail" },
            internalNumbers: ["2", "20", "9999"],
            externalNumbers: [
              external,
              { new: true, value: "b", country: "NL", area: "Amsterdam" },
            ],
            callFlows: [],
          },
          { name: "Support", fallback: { type: "dept", value: "Sales" } },
        ],
      }),
    ).toBe("");
  });
});

describe("a Xelion server", () => {
  const call = (path: string, token: string, method = "GET") =>
    fetch(`${tenant.url}/api/v1/pbx1/${path}`, { method, headers: { authorization: token } });

  it("returns its version to every client, and an error to unknown tenants", async () => {
    expect((await call("server/version", "")).status).toBe(200);
    expect((await fetch(`${tenant.url}/api/v1/pbx9/server/version`)).status).toBe(404);
  });

  it("gives a session with its end, which the token opens until then", async () => {
    const before = Date.now();
    const { authentication, renewalToken, validUntil } = await session();
    expect(authentication).not.toBe(renewalToken);
    expect(Date.parse(validUntil) - before).toBeGreaterThanOrEqual(3_600_000);
    expect((await call("me", `xelion ${authentication}`)).status).toBe(200);
    expect((await call("me", `Bearer ${authentication}`)).status).toBe(401);
    tenant.setOptions({ clockOffsetSeconds: 3700 });
    expect((await call("me", `xelion ${authentication}`)).status).toBe(401);
    tenant.setOptions({ clockOffsetSeconds: 0, tokenLifetimeSeconds: 5 });
    expect(Date.parse((await session("short")).validUntil) - Date.now()).toBeLessThanOrEqual(5000);
  });

  it.each([
    ["an unknown user", { userName: "nobody" }, {}, 10004],
    ["a wrong password", { password: "x" }, {}, 10004],
    ["a disabled user", {}, { disabled: true }, 10006],
    ["an expired password", {}, { passwordExpired: true }, 10007],
    ["a user with a second factor", {}, { mfa: true }, 10013],
  ])("refuses %s", async (_, asked, trait, errorCode) => {
    Object.assign(tenant.state.tenants.pbx1!.provisioning!, trait);
    const answer = await logIn("a", asked);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ errorCode, message: expect.any(String), info: "" });
    expect(tenant.state.logins).toMatchObject([{ answered: errorCode }]);
  });

  it("refuses a second login of the same user space until the first is logged out or has ended", async () => {
    const { authentication } = await session("a");
    const second = await logIn("a");
    expect([second.status, ((await second.json()) as { errorCode: number }).errorCode]).toEqual([
      401, 10005,
    ]);
    expect((await logIn("b")).status).toBe(200);
    expect((await call("me/logout", `xelion ${authentication}`, "POST")).status).toBe(204);
    expect((await call("me/logout", `xelion ${authentication}`, "POST")).status).toBe(401);
    expect((await logIn("a")).status).toBe(200);
    tenant.setOptions({ clockOffsetSeconds: 3700 });
    expect((await logIn("a")).status).toBe(200);
  });

  it("replaces both tokens at a renewal", async () => {
    const old = await session();
    const renew = (token: unknown) => post(tenant.url, "pbx1/me/renew", JSON.stringify(token));
    expect((await renew({ renewalToken: old.renewalToken })).status).toBe(400);
    const answer = await renew(old.renewalToken);
    const fresh = (await answer.json()) as typeof old;
    expect((await call("me", `xelion ${old.authentication}`)).status).toBe(401);
    expect((await call("me", `xelion ${fresh.authentication}`)).status).toBe(200);
    expect((await renew(old.renewalToken)).status).toBe(401);
    expect((await renew(fresh.renewalToken)).status).toBe(200);
  });

  it("takes exactly the three fields of a login", async () => {
    expect((await logIn("a", { tenant: "pbx1" })).status).toBe(400);
    expect((await logIn("")).status).toBe(400);
  });

  it("says too many requests in its own words", async () => {
    tenant.fault({ kind: "status", status: 429 });
    tenant.fault({
      kind: "status",
      status: 429,
      body: { errorCode: 10402, message: "Too many logins", info: "" },
    });
    expect(await (await logIn()).json()).toMatchObject({ errorCode: 10400 });
    expect(await (await logIn()).json()).toMatchObject({ errorCode: 10402 });
    expect((await logIn()).status).toBe(200);
  });
});
