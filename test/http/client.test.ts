import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { HttpClient, type HttpRequest, NoResponseError } from "../../provider/http/client.ts";
import { type Limits, maxListBytes, maxReplyBytes } from "../../provider/http/pool.ts";
import { json } from "../../sandbox/http-types.ts";
import { commonOptions, SandboxServer } from "../../sandbox/server.ts";

/** A server that counts what it did, with the faults of the sandbox kernel. */
const options = z.strictObject(commonOptions);
const counter = () =>
  new SandboxServer<{ done: number }, z.output<typeof options>>({
    name: "counter",
    options,
    initialState: () => ({ done: 0 }),
    refuse: (status, message) => json(status, { message }),
    handle(request, { state }) {
      state.done += 1;
      return json(200, { path: request.path, body: request.body, done: state.done });
    },
  });
const server = counter();

const quick = { base: 1, cap: 2 };
const read: HttpRequest = {
  operation: "read it",
  method: "GET",
  path: "/things/{id}",
  params: { id: "1" },
  retry: "safe",
};
const order: HttpRequest = {
  operation: "order it",
  method: "POST",
  path: "/orders",
  retry: "if-unsent",
  buildRequest: () => ({ body: "{}" }),
};
const client = (retry = {}, limits: Limits = { concurrency: 8 }) =>
  new HttpClient({ vendor: "counter", baseUrl: server.url, limits, retry: { ...quick, ...retry } });
const failure = async (call: Promise<unknown>): Promise<NoResponseError> => {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(NoResponseError);
  return error as NoResponseError;
};

beforeAll(() => server.start());
afterAll(() => server.stop());
afterEach(() => {
  server.faults.clear();
  server.setOptions({ rateLimit: null, latencyMs: 0 });
  server.received.length = 0;
  server.state.done = 0;
});

describe("a call", () => {
  test("answers any status with its body read to the end", async () => {
    server.fault({ kind: "status", status: 418, body: { short: "stout" } });
    expect(await client().send(read)).toMatchObject({
      status: 418,
      json: { short: "stout" },
      attempts: 1,
    });
  });

  test.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}", "1"],
  ])("takes a reply of more than 64 nested %s for no JSON", async (_, left, right, inner = "") => {
    const nested = (levels: number) => left.repeat(levels) + inner + right.repeat(levels);
    for (const [levels, isJson] of [
      [64, true],
      [65, false],
      [100_000, false],
    ] as const) {
      server.fault({ kind: "status", status: 200, body: nested(levels) });
      const { json, text } = await client().send(read);
      expect(json !== undefined).toBe(isJson);
      expect(text).toHaveLength(nested(levels).length);
    }
  });

  test("does not count brackets within a text as levels", async () => {
    const body = { "[{": `\\"${"[".repeat(100)}`, list: Array(100).fill([]) };
    server.fault({ kind: "status", status: 200, body });
    expect((await client().send(read)).json).toEqual(body);
  });

  test("encodes path values, and omits undefined ones from the query", async () => {
    await client().send({
      ...read,
      params: { id: "a/b?c#d é" },
      query: { page: 2, name: "x&y", none: undefined },
    });
    expect(server.received[0]).toMatchObject({
      path: "/things/a%2Fb%3Fc%23d%20%C3%A9",
      query: { page: "2", name: "x&y" },
    });
  });

  test.each([[""], ["."], [".."], ["\ud800"]])(
    "is refused before it leaves when %j would lead to another route",
    async (id) => {
      await expect(
        client().send({ ...read, method: "DELETE", params: { id } }),
      ).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      expect(server.received).toEqual([]);
    },
  );

  test("is not sent with a line break in a header, and the header is not shown", async () => {
    const error = await failure(
      client().send({
        ...read,
        buildRequest: () => ({ headers: { authorization: "Bearer a-canary\nx: y" } }),
      }),
    );
    expect(error).toMatchObject({ code: "INVALID_REQUEST", sent: false });
    expect(error.message).not.toContain("canary");
    expect(server.received).toEqual([]);
  });

  test("has a connection of its own where one is asked for", async () => {
    const mine = client();
    await mine.send(read);
    await mine.send({ ...order, freshConnection: true });
    await mine.send({ ...order, freshConnection: true });
    expect(new Set(server.received.map(({ connection }) => connection)).size).toBe(3);
  });

  test("reuses connections", async () => {
    const one = client({}, { concurrency: 1 });
    for (let i = 0; i < 20; i++) await one.send(read);
    // undici takes a second one when the first has not yet settled after its reply.
    expect(new Set(server.received.map(({ connection }) => connection)).size).toBeLessThanOrEqual(
      2,
    );
  });

  test("does not follow a redirect, since credentials would travel along", async () => {
    server.fault({ kind: "status", status: 307, headers: { location: `${server.url}/elsewhere` } });
    expect(await client().send(order)).toMatchObject({ status: 307 });
    expect(server.received.map(({ path }) => path)).toEqual(["/orders"]);
  });
});

describe("a repeat", () => {
  test("follows a 5xx when saying it twice does no more than once", async () => {
    server.fault({ kind: "status", status: 503, times: 2 });
    expect(await client().send(read)).toMatchObject({ status: 200, attempts: 3 });
  });

  test("follows a cut connection when saying it twice does no more than once", async () => {
    server.fault({ kind: "cut" });
    expect(await client().send({ ...order, retry: "safe" })).toMatchObject({
      status: 200,
      attempts: 2,
      json: { done: 2 },
    });
  });

  test("never follows a cut connection, a 5xx or a timeout of a non-idempotent call", async () => {
    server.fault({ kind: "cut" });
    expect(await failure(client().send(order))).toMatchObject({
      code: "CONNECTION_LOST",
      sent: true,
    });
    server.fault({ kind: "statusAfter", status: 502 });
    expect(await client().send(order)).toMatchObject({ status: 502, attempts: 1 });
    server.fault({ kind: "hangAfter" });
    expect(await failure(client().send({ ...order, timeout: 1_000 }))).toMatchObject({
      code: "NO_REPLY_IN_TIME",
      sent: true,
    });
    expect(server.state.done).toBe(3);
  });

  test("follows a 429 even of an order, after the pause that the server asks for", async () => {
    server.fault({ kind: "status", status: 429, retryAfter: 1 });
    const begun = performance.now();
    expect(await client().send(order)).toMatchObject({ status: 200, attempts: 2 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  test("is not repeated once its client has to end, though the server asked for a pause", async () => {
    const end = new AbortController();
    server.fault({ kind: "statusAfter", status: 503, retryAfter: "60", times: 9 });
    const ending = new HttpClient({
      vendor: "counter",
      baseUrl: server.url,
      limits: { concurrency: 1 },
      retry: quick,
      signal: end.signal,
    });
    const reply = ending.send(read);
    await expect.poll(() => server.received.length).toBe(1);
    end.abort();
    expect(await reply).toMatchObject({ status: 503, attempts: 1 });
    expect(server.received).toHaveLength(1);
  });

  test("builds its request again", async () => {
    server.fault({ kind: "status", status: 500, times: 2 });
    let connections = 0;
    await client().send({
      ...order,
      retry: "safe",
      buildRequest: () => ({ body: `signature ${++connections}` }),
    });
    expect(server.received.map(({ body }) => body)).toEqual([
      "signature 1",
      "signature 2",
      "signature 3",
    ]);
  });

  test("ends after the last try with what came back then", async () => {
    server.fault({ kind: "status", status: 500, times: 9 });
    expect(await client({ attempts: 3 }).send(read)).toMatchObject({ status: 500, attempts: 3 });
  });
});

test("a repeat does not go to the end of the queue, while its deadline runs", async () => {
  server.fault({ kind: "status", status: 503 });
  server.setOptions({ latencyMs: 10 });
  const one = client({}, { concurrency: 1 });
  await Promise.all(
    Array.from({ length: 12 }, (_, id) => one.send({ ...read, params: { id: String(id) } })),
  );
  expect(server.received.map(({ path }) => path).lastIndexOf("/things/0")).toBeLessThan(5);
});

describe("a deadline", () => {
  test("ends a try that gets no answer, and one whose body stops in the middle", async () => {
    server.fault({ kind: "hang" });
    expect(await failure(client({ attempts: 1 }).send({ ...read, timeout: 100 }))).toMatchObject({
      code: "NO_REPLY_IN_TIME",
      sent: true,
    });
    server.fault({ kind: "drip", ms: 60_000 });
    expect(await failure(client({ attempts: 1 }).send({ ...read, timeout: 100 }))).toMatchObject({
      code: "NO_REPLY_IN_TIME",
    });
  });

  test("is all the time that a call has which must not be repeated", async () => {
    const impatient = new HttpClient({
      vendor: "counter",
      baseUrl: server.url,
      limits: { concurrency: 1 },
      retry: quick,
      tryTimeout: 2_000,
    });
    server.fault({ kind: "delay", ms: 3_000 });
    expect(await impatient.send(order)).toMatchObject({ status: 200, attempts: 1 });
    server.fault({ kind: "delay", ms: 3_000 });
    expect(await impatient.send(read)).toMatchObject({ status: 200, attempts: 2 });
  });

  test("is for the call with its repeats", async () => {
    server.fault({ kind: "hang", times: 99 });
    const error = await failure(
      client({ attempts: 99, deadline: 2_000 }).send({ ...read, timeout: 200 }),
    );
    expect(error.code).toBe("NO_REPLY_IN_TIME");
    expect(server.received.length).toBeGreaterThanOrEqual(2);
    expect(server.received.length).toBeLessThanOrEqual(11);
  });

  test("does not run while the call waits for its turn", async () => {
    server.setOptions({ latencyMs: 600 });
    // The last one has its first try after more than the deadline, and a second one after that.
    server.fault({ kind: "status", status: 503, skip: 9 });
    const one = client({ deadline: 5_000 }, { concurrency: 1 });
    const replies = await Promise.all(Array.from({ length: 10 }, () => one.send(read)));
    expect(replies.map(({ status, attempts }) => [status, attempts])).toEqual([
      ...Array(9).fill([200, 1]),
      [200, 2],
    ]);
  });

  test("can be set earlier by who calls: waiting for its turn, under way, or between two tries", async () => {
    const aborted = { code: "ABORTED" };
    server.fault({ kind: "hang" });
    const one = client({}, { concurrency: 1 });
    const running = new AbortController();
    const busy = failure(one.send({ ...read, signal: running.signal }));
    await expect.poll(() => server.received.length).toBe(1);
    const waiting = failure(one.send({ ...read, signal: AbortSignal.timeout(20) }));
    expect(await waiting).toMatchObject({ ...aborted, sent: false });
    running.abort();
    expect(await busy).toMatchObject({ ...aborted, sent: true });
    server.faults.clear();
    server.fault({ kind: "status", status: 503, times: 9, retryAfter: 30 });
    const pausing = new AbortController();
    const paused = failure(one.send({ ...read, signal: pausing.signal }));
    await expect.poll(() => server.received.at(-1)?.status).toBe(503);
    pausing.abort();
    expect(await paused).toMatchObject(aborted);
  });
});

describe("limits", () => {
  test("keep the number of calls under way", async () => {
    const idle = counter();
    await idle.start({ options: { latencyMs: 20 } });
    const three = new HttpClient({
      vendor: "counter",
      baseUrl: idle.url,
      limits: { concurrency: 3 },
    });
    await Promise.all(Array.from({ length: 12 }, () => three.send(read)));
    expect(Math.max(...idle.received.map(({ inFlight }) => inFlight))).toBe(3);
    await idle.stop();
  });

  test("keep each second's calls below the rate, so that a server with that limit never refuses", async () => {
    server.setOptions({ rateLimit: { requests: 5, seconds: 1 } });
    const slow = client({ attempts: 1 }, { concurrency: 8, requestsPerSecond: 4 });
    const replies = await Promise.all(Array.from({ length: 10 }, () => slow.send(read)));
    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });
});

describe("a reply", () => {
  const served: (() => void)[] = [];
  async function serve(listener: RequestListener): Promise<string> {
    const plain = createServer(listener);
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    served.push(() => {
      plain.close();
      plain.closeAllConnections();
    });
    return url;
  }
  afterAll(() => {
    for (const close of served) close();
  });
  const at = (baseUrl: string) =>
    new HttpClient({
      vendor: "plain",
      baseUrl,
      limits: { concurrency: 1 },
      retry: { attempts: 1 },
    });

  test("has each cookie for itself, which a comma would run together", async () => {
    const url = await serve(
      (_, response) => void response.setHeader("set-cookie", ["a=1; Path=/", "b=2; Path=/"]).end(),
    );
    expect((await at(url).send(read)).headers["set-cookie"]).toBe("a=1; Path=/\nb=2; Path=/");
  });

  test("is unpacked when it came as gzip or deflate", async () => {
    const url = await serve((request, response) => {
      expect(request.headers["accept-encoding"]).toContain("gzip");
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"unpacked":true}'));
    });
    expect(await at(url).send(read)).toMatchObject({ json: { unpacked: true } });
  });

  test.each([
    ["UTF-8 with a byte order mark", Buffer.from('\ufeff{"name":"Zoë"}')],
    ["UTF-16 with a byte order mark", Buffer.from('\ufeff{"name":"Zoë"}', "utf16le")],
    [
      "Latin-1 that is declared",
      Buffer.from('{"name":"Zoë"}', "latin1"),
      "application/json; charset=iso-8859-1",
    ],
  ])("is read as JSON from %s", async (_charset, bytes, type = "application/json") => {
    const url = await serve(
      (_request, response) => void response.writeHead(200, { "content-type": type }).end(bytes),
    );
    expect(await at(url).send(read)).toMatchObject({
      text: '{"name":"Zoë"}',
      json: { name: "Zoë" },
    });
  });

  test.each([
    ["as it is", (bytes: Buffer) => [bytes, {}] as const],
    ["unpacked", (bytes: Buffer) => [gzipSync(bytes), { "content-encoding": "gzip" }] as const],
  ])("is refused when it is larger than the limit %s", async (_, packed) => {
    const serving = async (size: number) => {
      const [bytes, headers] = packed(Buffer.alloc(size, "x"));
      return at(
        await serve((_request, response) => void response.writeHead(200, headers).end(bytes)),
      );
    };
    const larger = await serving(maxReplyBytes + 1);
    expect(await failure(larger.send(read))).toMatchObject({ code: "REPLY_TOO_LARGE", sent: true });
    expect(await larger.send({ ...read, list: true })).toMatchObject({ status: 200 });
    expect(
      await failure((await serving(maxListBytes + 1)).send({ ...read, list: true })),
    ).toMatchObject({ code: "REPLY_TOO_LARGE" });
  });

  test("that is no JSON has none", async () => {
    server.fault({ kind: "html" });
    expect(await client().send(read)).toMatchObject({ status: 200, json: undefined });
  });

  test("that never comes, since no server listens, is an error that says nothing was sent", async () => {
    const url = await serve(() => {});
    served.at(-1)!();
    await expect.poll(() => fetch(url).catch(() => "refused")).toBe("refused");
    const error = await failure(at(url).send(order));
    expect(error).toMatchObject({ code: "NOT_REACHED", sent: false });
    expect(error.message).toMatch(
      /plain order it: 127\.0\.0\.1:\d+ could not be reached \(ECONNREFUSED\) \[NOT_REACHED\]\n {2}What to do: .*nothing was sent/,
    );
  });
});

describe("a deadline that leaves the last try no time", () => {
  test.each([
    ["a read", read],
    ["an order", order],
  ])("does not hide the outcome of an earlier try: %s", async (_, call) => {
    let refuse = true;
    // The first try is refused before anything is sent, the second gets no answer.
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const message = async () => {
      if (!refuse) await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      refuse = false;
      return { body: call.method === "GET" ? undefined : "{}" };
    };
    const retry = { ...quick, attempts: 2, deadline: 300 };
    const client = new HttpClient({
      vendor: "plain",
      baseUrl: `http://127.0.0.1:${port}`,
      limits: { concurrency: 1 },
      retry,
    });
    try {
      const error = await failure(client.send({ ...call, buildRequest: message }));
      expect(error).toMatchObject({
        code: "NOT_REACHED",
        sent: true,
        reason: expect.stringContaining("ECONNREFUSED"),
      });
      expect(error.hint).not.toContain("nothing was sent");
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe("an earlier try that may have been acted on", () => {
  test.each([
    ["the connection was cut", { kind: "cut" }, true],
    ["the server failed", { kind: "statusAfter", status: 503 }, true],
    ["the server asked to wait", { kind: "status", status: 429, retryAfter: 0 }, false],
  ] as const)(
    "is reported with the reply to a later one: when %s",
    async (_, fault, earlierAttemptMayHaveSucceeded) => {
      server.fault(fault);
      expect(await client().send(read)).toMatchObject({
        status: 200,
        attempts: 2,
        earlierAttemptMayHaveSucceeded,
      });
    },
  );

  test("is not forgotten when the server stops listening", async () => {
    const once = createServer((request) => {
      once.close();
      request.socket.destroy();
    });
    await new Promise<void>((resolve) => once.listen(0, "127.0.0.1", resolve));
    const baseUrl = `http://127.0.0.1:${(once.address() as AddressInfo).port}`;
    const error = await failure(
      new HttpClient({
        vendor: "plain",
        baseUrl,
        limits: { concurrency: 1 },
        retry: { ...quick, attempts: 3 },
      }).send(read),
    );
    expect(error).toMatchObject({ code: "NOT_REACHED", sent: true });
    expect(error.message).not.toContain("nothing was sent");
    expect(error.message).toContain("an earlier try");
  });
});

describe("the base URL", () => {
  const at = (baseUrl: string) =>
    new HttpClient({ vendor: "xima", baseUrl, limits: { concurrency: 1 } }).baseUrl;

  test.each([
    ["https://licensing.example/v1/", "https://licensing.example/v1"],
    ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"],
    ["http://[::1]:8080", "http://[::1]:8080"],
    ["http://localhost", "http://localhost"],
  ])("%s is taken", (url, expected) => expect(at(url)).toBe(expected));

  test.each([
    ["http://licensing.example/v1", "INSECURE_URL"],
    ["http://127.0.0.1.example", "INSECURE_URL"],
    ["http://127.0.0.2", "INSECURE_URL"],
    ["ftp://licensing.example", "INVALID_URL"],
    ["licensing.example", "INVALID_URL"],
    ["", "INVALID_URL"],
    ["https://user:canary@licensing.example", "INVALID_URL"],
    ["user:canary@licensing.example", "INVALID_URL"],
  ])("%s is refused as %s", (url, code) => {
    expect(() => at(url)).toThrow(
      expect.objectContaining({ code, message: expect.not.stringContaining("canary") }),
    );
  });
});
