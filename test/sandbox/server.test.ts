import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import type { FaultOrder } from "../../sandbox/fault-injection.ts";
import { ControlError, json } from "../../sandbox/http-types.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { commonOptions, SandboxServer } from "../../sandbox/server.ts";
import { eventually } from "../eventually.ts";

const options = z.strictObject({
  ...commonOptions,
  shout: z.boolean().default(false).describe("answers in capitals"),
});

/** A guest book: POST signs it, GET reads it. */
const guestBook = () =>
  new SandboxServer<{ names: string[] }, z.output<typeof options>>({
    name: "guest book",
    basePath: "/v1",
    options,
    initialState: () => ({ names: [] }),
    refuse: (status, message) => json(status, { message }),
    handle(request, server) {
      if (request.body === "crash") throw new Error("the guest book is on fire");
      if (request.method === "POST") server.state.names.push(request.body);
      const names = server.state.names.map((name) =>
        server.options.shout ? name.toUpperCase() : name,
      );
      return json(200, { names, at: server.now() });
    },
    control: {
      sign(body, server) {
        const asked = z.strictObject({ name: z.string() }).safeParse(body);
        if (!asked.success) throw new ControlError("expected {name}");
        server.state.names.push(asked.data.name);
        return { signed: server.state.names.length };
      },
    },
  });

let server: ReturnType<typeof guestBook>;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-kernel-"));
  server = guestBook();
  await server.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sign = (name: string, init: RequestInit = {}) =>
  fetch(`${server.baseUrl}/names`, { method: "POST", body: name, ...init });
const control = (method: string, route: string, body?: unknown) =>
  fetch(`${server.control}/${route}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

describe("the log", () => {
  it("keeps every request with its headers, its very body and the status that was answered", async () => {
    await sign("Zoë 🦄", { headers: { authorization: "Bearer abc" } });
    expect(server.received).toMatchObject([
      {
        seq: 1,
        method: "POST",
        path: "/v1/names",
        query: {},
        headers: { authorization: "Bearer abc" },
        body: "Zoë 🦄",
        status: 200,
        inFlight: 1,
      },
    ]);
  });

  it("is read and emptied through the control address, whose own requests are not in it", async () => {
    await fetch(`${server.baseUrl}/names?page=2`);
    expect(await (await control("GET", "received")).json()).toMatchObject([
      { method: "GET", query: { page: "2" } },
    ]);
    await control("DELETE", "received");
    expect(await (await control("GET", "received")).json()).toEqual([]);
  });

  it("counts the requests that are under way at once", async () => {
    server.setOptions({ latencyMs: 50 });
    await Promise.all(["a", "b", "c"].map((name) => sign(name)));
    expect(server.received.map((line) => line.inFlight).sort()).toEqual([1, 2, 3]);
  });
});

describe("a fault", () => {
  it("with a status is answered before any change, with Retry-After and the vendor's message", async () => {
    server.fault({ kind: "status", status: 429, retryAfter: 7 });
    const refused = await sign("Ada");
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      429,
      "7",
      { message: "fault on demand: 429" },
    ]);
    expect(server.state.names).toEqual([]);
    expect(server.received[0]).toMatchObject({ status: 429, fault: "status" });
    expect((await sign("Ada")).status).toBe(200);
  });

  it("of status carries the body that was ordered, text as text and the rest as JSON", async () => {
    server.fault({ kind: "status", status: 400, body: { error: "no" } });
    server.fault({ kind: "status", status: 502, body: "bad gateway" });
    const [first, second] = [await sign("a"), await sign("b")];
    expect([await first.json(), first.headers.get("content-type")]).toEqual([
      { error: "no" },
      "application/json; charset=utf-8",
    ]);
    expect([await second.text(), second.headers.get("content-type")]).toEqual([
      "bad gateway",
      "text/plain",
    ]);
  });

  it.each<[FaultOrder, string[]]>([
    [{ kind: "statusAfter", status: 503 }, ["Ada"]],
    [{ kind: "cut" }, ["Ada"]],
    [{ kind: "cutBefore" }, []],
    [{ kind: "malformed" }, ["Ada"]],
    [{ kind: "html" }, ["Ada"]],
    [{ kind: "empty" }, ["Ada"]],
    [{ kind: "contentType", type: "text/html" }, ["Ada"]],
    [{ kind: "drip", ms: 1 }, ["Ada"]],
    [{ kind: "delay", ms: 1 }, ["Ada"]],
    [{ kind: "delayAfter", ms: 1 }, ["Ada"]],
  ])("%o leaves %o behind", async (order, names) => {
    server.fault(order);
    const seen = await sign("Ada").then(
      async (response) =>
        `${response.status} ${response.headers.get("content-type")} ${await response.text()}`,
      () => "cut",
    );
    expect(server.state.names).toEqual(names);
    const right = /^200 application\/json; charset=utf-8 \{"names":\["Ada"\],"at":\d+\}$/;
    const expected: Record<string, RegExp> = {
      statusAfter: /^503 .*fault on demand/,
      cut: /^cut$/,
      cutBefore: /^cut$/,
      malformed: /^200 application\/json; charset=utf-8 \{"names":\["Ada"\],"?$/,
      html: /^200 text\/html.*<h1>/s,
      empty: /^200 null $/,
      contentType: /^200 text\/html \{"names":\["Ada"\]/,
    };
    expect(seen).toMatch(expected[order.kind] ?? right);
  });

  it("of holding is let go when all faults are dropped", async () => {
    server.fault({ kind: "hold" });
    const held = sign("Ada");
    await eventually(() => expect(server.received).toHaveLength(1));
    expect(server.state.names).toEqual([]);
    server.faults.clear();
    expect((await held).status).toBe(200);
    expect(server.state.names).toEqual(["Ada"]);
  });

  it("of hanging is never answered: before the change, or after it", async () => {
    server.fault({ kind: "hang" });
    server.fault({ kind: "hangAfter" });
    const patience = new AbortController();
    const waiting = [
      sign("Ada", { signal: patience.signal }),
      sign("Bob", { signal: patience.signal }),
    ];
    await expect.poll(() => server.state.names.length + server.received.length).toBe(3);
    patience.abort();
    expect((await Promise.allSettled(waiting)).map((end) => end.status)).toEqual([
      "rejected",
      "rejected",
    ]);
    expect(server.received.map((line) => line.status)).toEqual([null, null]);
  });

  it("of lateness cuts the connection, and the change appears afterwards", async () => {
    server.fault({ kind: "late" });
    await expect(sign("Ada")).rejects.toThrow();
    expect(server.state.names).toEqual([]);
    server.faults.clear();
    await eventually(() => expect(server.state.names).toEqual(["Ada"]));
    server.fault({ kind: "late", ms: 60 });
    await expect(sign("Bob")).rejects.toThrow();
    await eventually(() => expect(server.state.names).toEqual(["Ada", "Bob"]));
  });

  it("applies to matching requests only, for the given count, after those to skip", async () => {
    server.fault({
      kind: "status",
      status: 500,
      method: "post",
      path: "/names$",
      bodyMatches: "^A",
      skip: 1,
      times: 2,
    });
    const statuses = [];
    for (const name of ["Ada", "Bob", "Alan", "Anna", "Abe"])
      statuses.push((await sign(name)).status);
    expect(statuses).toEqual([200, 200, 500, 500, 200]);
  });
});

describe("the control address", () => {
  it("takes one fault or a list, shows those that wait, and drops them", async () => {
    await control("POST", "faults", [{ kind: "cut" }, { kind: "status", status: 500, times: 3 }]);
    expect(await (await control("GET", "faults")).json()).toMatchObject([
      { kind: "cut", times: 1 },
      { kind: "status", times: 3 },
    ]);
    await control("DELETE", "faults");
    expect((await sign("Ada")).status).toBe(200);
  });

  it("reads, replaces and merges the state", async () => {
    await control("PUT", "state", { names: ["Bob"], mood: "good" });
    await control("PATCH", "state", { names: ["Eve"], mood: null, size: { x: 1 } });
    await control("PATCH", "state", { size: { y: 2 } });
    expect(await (await control("GET", "state")).json()).toEqual({
      names: ["Eve"],
      size: { x: 1, y: 2 },
    });
  });

  it("sets the vendor's switches", async () => {
    expect(await (await control("POST", "options", { shout: true })).json()).toMatchObject({
      shout: true,
      latencyMs: 0,
    });
    expect(await (await sign("Ada")).json()).toMatchObject({ names: ["ADA"] });
  });

  it("has the vendor's own routes", async () => {
    expect(await (await control("POST", "sign", { name: "Ada" })).json()).toEqual({ signed: 1 });
  });

  it("lists its routes and switches", async () => {
    expect(await (await fetch(server.control)).json()).toMatchObject({
      vendor: "guest book",
      baseUrl: server.baseUrl,
      routes: expect.arrayContaining(["/_sandbox/received", "/_sandbox/sign"]),
      options: { shout: { description: "answers in capitals" } },
    });
  });

  it.each([
    ["POST", "faults", "{", /not JSON/],
    ["POST", "faults", { kind: "explode" }, /kind/],
    ["POST", "faults", [{ kind: "cut" }, { kind: "cut", path: "(" }], /regular expression/],
    ["POST", "faults", { kind: "delay" }, /ms/],
    ["PUT", "state", [], /object/],
    ["POST", "options", { shuot: true }, /shuot/],
    ["POST", "options", { shout: "yes" }, /shout/],
    ["POST", "sign", {}, /expected \{name\}/],
    ["POST", "nothing", {}, /no control request/],
    ["PATCH", "received", {}, /no control request/],
  ])(
    "answers 400 and says why to %s %s %o, and changes nothing",
    async (method, route, body, why) => {
      const before = JSON.stringify([server.state, server.options, server.faults.list()]);
      const answer = await control(method, route, body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: expect.stringMatching(why) });
      expect(JSON.stringify([server.state, server.options, server.faults.list()])).toBe(before);
    },
  );
});

describe("the switches of every vendor", () => {
  it("shift the server's clock, in its data and in the Date header", async () => {
    server.setOptions({ clockOffsetSeconds: 3600 });
    const answer = await sign("Ada");
    const { at } = (await answer.json()) as { at: number };
    expect(at - Date.now()).toBeGreaterThan(3_590_000);
    expect(Date.parse(answer.headers.get("date")!) - Date.now()).toBeGreaterThan(3_590_000);
  });

  it("limit the rate, with 429 and Retry-After", async () => {
    server.setOptions({ rateLimit: { requests: 2, seconds: 60 } });
    const answers = await Promise.all(["a", "b", "c"].map((name) => sign(name)));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused).toHaveLength(1);
    expect(Number(refused[0]!.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(server.state.names).toHaveLength(2);
  });
});

describe("over a restart", () => {
  const restarted = async (dataFile: string, again: Parameters<typeof server.start>[0] = {}) => {
    await server.stop();
    server = guestBook();
    await server.start({ dataFile, ...again });
  };

  it("state and switches are kept, and the port can be the same", async () => {
    const dataFile = join(folder, "data.json");
    const port = await reservePort();
    await restarted(dataFile, { port });
    const { url } = server;
    await sign("Ada");
    await control("POST", "options", { shout: true });
    await restarted(dataFile, { port });
    expect([server.url, server.state.names, server.options.shout]).toEqual([url, ["Ada"], true]);
    expect(readdirSync(folder)).toEqual(["data.json"]);
  });

  it("a change is on the disk before it is answered", async () => {
    const dataFile = join(folder, "data.json");
    await restarted(dataFile);
    server.fault({ kind: "hangAfter" });
    const patience = new AbortController();
    const waiting = sign("Ada", { signal: patience.signal }).catch(() => {});
    await expect.poll(() => server.state.names).toEqual(["Ada"]);
    patience.abort();
    await waiting;
    const other = guestBook();
    await other.start({ dataFile });
    expect(other.state.names).toEqual(["Ada"]);
    await other.stop();
  });

  it("a data file that holds something else is refused and left as it is", async () => {
    const dataFile = join(folder, "data.json");
    writeFileSync(dataFile, "[]");
    await expect(restarted(dataFile)).rejects.toThrow(
      /data\.json does not hold the data of the guest book sandbox/,
    );
    expect(readdirSync(folder)).toEqual(["data.json"]);
  });
});

it("a stop ends connections that wait for an answer", async () => {
  server.fault({ kind: "hang" });
  const waiting = sign("Ada").catch(() => "cut");
  await eventually(() => expect(server.received.length).toBe(1), waiting);
  await server.stop();
  expect(await waiting).toBe("cut");
});

it("an error in a vendor's own code is answered 500 and logged on stderr, and service goes on", async () => {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => stderr.mockRestore());
  expect((await sign("crash")).status).toBe(500);
  expect((await sign("Ada")).status).toBe(200);
  expect(stderr.mock.calls.join()).toMatch(/guest book sandbox: Error: the guest book is on fire/);
});
