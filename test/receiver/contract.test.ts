import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Postgres } from "./postgres.ts";
import {
  ask,
  call,
  folder,
  type Intent,
  messages,
  newId,
  newKey,
  ReceiverProcess,
  register,
  relayKey,
  statusChanged,
} from "./receiver-process.ts";

// docs/xelion-relay.md, sentence by sentence, on both databases.
describe.each(["SQLite", "PostgreSQL"])("with %s,", (kind) => {
  const cleanUp = new AsyncDisposableStack();
  let receiver: ReceiverProcess;
  let url: string;
  beforeAll(async () => {
    const files = cleanUp.use(folder());
    const env: Record<string, string> =
      kind === "SQLite"
        ? {}
        : { XELION_RECEIVER_DATABASE_URL: await cleanUp.use(await Postgres.start()).database() };
    receiver = cleanUp.use(await ReceiverProcess.start(files.path, [], env));
    url = receiver.url;
  });
  afterAll(() => cleanUp.disposeAsync());

  const put = async (id: string, body: unknown) => {
    const reply = await ask(url, "PUT", `/intents/${id}`, body);
    return {
      status: reply.status,
      ...((await reply.json()) as { intent: Intent | null; error?: string; message?: string }),
    };
  };
  const current = async (key: string) =>
    ((await (await ask(url, "GET", `/intents?key=${key}`)).json()) as { intent: Intent | null })
      .intent;
  const patch = async (id: string, changes: unknown) => {
    const reply = await ask(url, "PATCH", `/intents/${id}`, changes);
    return {
      status: reply.status,
      ...((await reply.json()) as { intent?: Intent; error?: string; message?: string }),
    };
  };

  describe("an intent", () => {
    test("that is registered becomes its key's current one, with an unguessable callback address", async () => {
      const [id, key] = [newId(), newKey()];
      expect(await current(key)).toBeNull();
      const note = { tenant: "Zoë 🦄", "__proto__ ": [1, { a: null }] };
      const { status, intent } = await put(id, { key, replaces: null, note });
      expect([status, intent]).toEqual([
        201,
        {
          id,
          key,
          note,
          acknowledged: 0,
          registeredAt: expect.stringMatching(/^\d{4}-.*Z$/),
          callbackUrl: expect.any(String),
        },
      ]);
      expect(intent?.callbackUrl).toMatch(new RegExp(`^${url}/callback/[A-Za-z0-9_-]{43}$`));
      expect(await current(key)).toEqual(intent);
      expect((await register(url)).callbackUrl).not.toBe(intent?.callbackUrl);
    });

    test("that is registered once more after a lost reply stays as it was, and so does its note", async () => {
      const first = await register(url, { note: { a: 1 } });
      const again = await put(first.id, { key: first.key, replaces: null, note: { a: 2 } });
      expect([again.status, again.intent]).toEqual([200, first]);
    });

    test("keeps its key: the same id for another one is refused", async () => {
      const first = await register(url);
      expect(await put(first.id, { key: newKey(), replaces: null, note: {} })).toMatchObject({
        status: 400,
        message: expect.stringContaining("id"),
      });
      expect(await current(first.key)).toEqual(first);
    });

    test("replaces the intent that it names, which still accepts callbacks and is no longer current", async () => {
      const first = await register(url);
      const second = await register(url, { key: first.key, replaces: first.id });
      expect(await current(first.key)).toEqual(second);
      expect((await call(first.callbackUrl, statusChanged(1))).status).toBe(200);
      expect(await messages(url, first.id)).toHaveLength(1);
      await ask(url, "DELETE", `/intents/${second.id}`);
      expect(await current(first.key)).toBeNull();
    });

    test("is refused when another one is current than it says, with the one that is", async () => {
      const first = await register(url);
      const refused = { status: 409, error: "NOT_CURRENT" };
      expect(await put(newId(), { key: first.key, replaces: null, note: {} })).toMatchObject({
        ...refused,
        intent: first,
      });
      expect(await put(newId(), { key: first.key, replaces: newId(), note: {} })).toMatchObject({
        ...refused,
        intent: first,
      });
      expect(await put(newId(), { key: newKey(), replaces: first.id, note: {} })).toMatchObject({
        ...refused,
        intent: null,
      });
      expect(await current(first.key)).toEqual(first);
    });

    test.each([["none"], ["one"]])(
      "is accepted once when twenty machines register at the same moment and replace %s",
      async (which) => {
        const key = newKey();
        const replaces = which === "one" ? (await register(url, { key })).id : null;
        const replies = await Promise.all(
          Array.from({ length: 20 }, () => put(newId(), { key, replaces, note: {} })),
        );
        const [winner, ...others] = replies.filter(({ status }) => status === 201);
        expect([others, replies.filter(({ status }) => status === 409)]).toEqual([
          [],
          expect.objectContaining({ length: 19 }),
        ]);
        expect(await current(key)).toEqual(winner?.intent);
      },
    );

    test("that one machine registers twice at once is registered once, with one address", async () => {
      const [id, key] = [newId(), newKey()];
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => put(id, { key, replaces: null, note: {} })),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
      expect(new Set(replies.map(({ intent }) => intent?.callbackUrl)).size).toBe(1);
    });

    test.each<[string, string, object]>([
      ["id", "ABC", {}],
      ["key", newId(), { key: "abc" }],
      ["replaces", newId(), { replaces: "abc" }],
      ["replaces", newId(), { replaces: undefined }],
      ["note", newId(), { note: [1] }],
      ["note", newId(), { note: { text: "x".repeat(65_536) } }],
      ["colour", newId(), { colour: "red" }],
    ])("with a wrong %s is refused, and the answer says which", async (what, id, wrong) => {
      const { status, error, message } = await put(id, {
        key: newKey(),
        replaces: null,
        note: {},
        ...wrong,
      });
      expect([status, error, message]).toEqual([400, "MALFORMED", expect.stringContaining(what)]);
    });

    test("keeps a note of 64 KB, and one that came with more white space and escapes", async () => {
      const note = { text: "é".repeat(32_000) };
      expect((await register(url, { note })).note).toEqual(note);
      const id = newId();
      const body = JSON.stringify({ key: newKey(), replaces: null, note }, null, 8).replaceAll(
        "é",
        "\\u00e9",
      );
      const headers = { authorization: `Bearer ${relayKey}`, "content-type": "application/json" };
      const reply = await fetch(`${url}/intents/${id}`, { method: "PUT", body, headers });
      expect([reply.status, ((await reply.json()) as { intent: Intent }).intent.note]).toEqual([
        201,
        note,
      ]);
    });

    test("gets a new note, and its count of taken callbacks never decreases nor exceeds the total", async () => {
      const { id, callbackUrl } = await register(url, { note: { a: 1 } });
      for (const mid of [1, 2, 3]) await call(callbackUrl, statusChanged(mid));
      expect((await patch(id, { acknowledged: 2 })).intent).toMatchObject({
        acknowledged: 2,
        note: { a: 1 },
      });
      expect((await patch(id, { note: { b: 2 }, acknowledged: 1 })).intent).toMatchObject({
        acknowledged: 2,
        note: { b: 2 },
      });
      expect((await patch(id, { acknowledged: 99 })).intent).toMatchObject({
        acknowledged: 3,
        note: { b: 2 },
      });
      expect(await patch(id, { acknowledged: -1 })).toMatchObject({
        status: 400,
        message: expect.stringContaining("acknowledged"),
      });
    });

    test("is deleted with its messages and callback address when forgotten, and its polls end", async () => {
      const { id, key, callbackUrl } = await register(url);
      await call(callbackUrl, statusChanged(1));
      const poll = ask(url, "GET", `/intents/${id}/messages?after=1&wait=60`);
      await waitingPolls(1);
      expect([await forget(id), await forget(id)]).toEqual([204, 204]);
      expect((await poll).status).toBe(410);
      expect((await call(callbackUrl, statusChanged(2))).status).toBe(404);
      expect(await current(key)).toBeNull();
      for (const [method, path, body] of [
        ["GET", "/messages", undefined],
        ["PATCH", "", { acknowledged: 1 }],
      ] as const) {
        const reply = await ask(url, method, `/intents/${id}${path}`, body);
        expect([reply.status, await reply.json()]).toEqual([
          410,
          { error: "UNKNOWN_INTENT", message: expect.any(String) },
        ]);
      }
    });
  });

  const forget = async (id: string) => (await ask(url, "DELETE", `/intents/${id}`)).status;
  const metrics = async () => (await ask(url, "GET", "/metrics")).text();
  const waitingPolls = (count: number) =>
    expect.poll(metrics).toContain(`xelion_receiver_polls_waiting ${count}\n`);

  describe("a callback", () => {
    test("is stored unchanged, numbered by arrival, with any content and any content type", async () => {
      const { id, callbackUrl } = await register(url);
      const bodies = [
        `{"mid":7,"type":"orderStatusChanged","data":{"id":42,"status":"COMPLETED"}}`,
        `{ "type": "somethingElse", "big": 12345678901234567890, "z": 1, "a": "\\u0000é 🦄", "__proto__": {} }`,
        `{"mid":2,"data":{"id":99,"status":"ON_HOLD"}}`,
        "{}",
      ];
      const types = ["application/json", "text/plain; charset=utf-8", "", "no type at all"];
      for (const [index, body] of bodies.entries()) {
        const type: Record<string, string> = types[index] ? { "content-type": types[index] } : {};
        const reply = await post(callbackUrl, body, type);
        expect(reply).toEqual({ status: 200, body: "" });
      }
      const kept = await (await ask(url, "GET", `/intents/${id}/messages`)).text();
      const numbered = bodies.map(
        (body, index) => `{"sequence":${index + 1},"receivedAt":"…","body":${body}}`,
      );
      expect(kept.replaceAll(/"receivedAt":"\d{4}-[^"]+Z"/g, '"receivedAt":"…"')).toBe(
        `{"messages":[${numbered.join(",")}]}`,
      );
    });

    test("that is repeated is answered 200 and stored once, even if taken or sent concurrently", async () => {
      const { id, callbackUrl } = await register(url);
      const statuses = await Promise.all(
        Array.from({ length: 10 }, async () => (await call(callbackUrl, statusChanged(5))).status),
      );
      await patch(id, { acknowledged: 1 });
      statuses.push(
        (await call(callbackUrl, statusChanged(5, "COMPLETED"))).status,
        (await call(callbackUrl, statusChanged(4))).status,
      );
      expect(statuses).toEqual(Array(12).fill(200));
      expect((await messages(url, id)).map(({ sequence, body }) => [sequence, body.mid])).toEqual([
        [1, 5],
        [2, 4],
      ]);
    });

    test("without a mid that can be compared exactly is kept each time", async () => {
      const { id, callbackUrl } = await register(url);
      const bodies = [
        "{}",
        "{}",
        '{"mid":"1"}',
        '{"mid":"1"}',
        '{"mid":9007199254740993}',
        '{"mid":9007199254740992}',
        '{"mid":null}',
      ];
      for (const body of bodies) expect((await call(callbackUrl, body)).status).toBe(200);
      expect(await messages(url, id)).toHaveLength(bodies.length);
    });

    test("of one order is no repeat of another's with the same mid", async () => {
      const intents = [await register(url), await register(url)];
      for (const { callbackUrl } of intents) await call(callbackUrl, statusChanged(1));
      for (const { id } of intents) expect(await messages(url, id)).toHaveLength(1);
    });

    test.each([
      ["text", "COMPLETED"],
      ["nothing", ""],
      ["an array", "[1]"],
      ["null", "null"],
      ["half an object", '{"mid": 1'],
      ["no UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ])("whose body is %s is refused with 400 and not kept", async (_what, body) => {
      const { id, callbackUrl } = await register(url);
      expect((await fetch(callbackUrl, { method: "POST", body })).status).toBe(400);
      expect(await messages(url, id)).toEqual([]);
    });
  });

  describe("a poll", () => {
    test("shows what comes after a sequence, a hundred at most, and takes nothing away", async () => {
      const { id, callbackUrl } = await register(url);
      for (let mid = 1; mid <= 103; mid++) await call(callbackUrl, statusChanged(mid));
      const mids = async (after: number) =>
        (await messages(url, id, after)).map(({ body }) => body.mid);
      expect(await mids(0)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect([await mids(100), await mids(101), await mids(103)]).toEqual([
        [101, 102, 103],
        [102, 103],
        [],
      ]);
      expect(await mids(0)).toHaveLength(100);
    });

    test("is held back until a message comes, and several polls of one order each get it", async () => {
      const { id, callbackUrl } = await register(url);
      const polls = [
        messages(url, id, 0, 60),
        messages(url, id, 0, 1_000),
        messages(url, id, 0, 60),
      ];
      await waitingPolls(3);
      await call(callbackUrl, statusChanged(1));
      for (const found of await Promise.all(polls))
        expect(found).toMatchObject([{ sequence: 1, body: statusChanged(1) }]);
      await waitingPolls(0);
    });

    test("without news ends with an empty list, and is dropped when its client disconnects", async () => {
      const { id } = await register(url);
      expect(await messages(url, id, 0, 0.2)).toEqual([]);
      const leaving = new AbortController();
      const poll = fetch(`${url}/intents/${id}/messages?wait=60`, {
        headers: { authorization: `Bearer ${relayKey}` },
        signal: leaving.signal,
      });
      await waitingPolls(1);
      leaving.abort();
      await expect(poll).rejects.toThrow("aborted");
      await waitingPolls(0);
    });

    test.each(["after=x", "after=-1", "after=1.5", "wait=soon", "colour=red"])(
      "with %s is refused",
      async (query) => {
        const { id } = await register(url);
        expect((await ask(url, "GET", `/intents/${id}/messages?${query}`)).status).toBe(400);
      },
    );
  });

  describe("a stranger", () => {
    const strange: [string, string, string, Record<string, string>?, string?][] = [
      ["without the key", "GET", `/intents?key=${newKey()}`],
      [
        "with a wrong key",
        "GET",
        `/intents?key=${newKey()}`,
        { authorization: `Bearer ${relayKey}x` },
      ],
      [
        "with half the key",
        "GET",
        `/intents?key=${newKey()}`,
        { authorization: `Bearer ${relayKey.slice(0, -1)}` },
      ],
      [
        "with the key in another scheme",
        "GET",
        `/intents?key=${newKey()}`,
        { authorization: `Basic ${relayKey}` },
      ],
      ["who writes", "PUT", `/intents/${newId()}`, { "content-type": "application/json" }, "{}"],
      [
        "who writes nonsense",
        "PATCH",
        `/intents/${newId()}`,
        { "content-type": "application/json" },
        "{",
      ],
      ["who polls", "GET", `/intents/${newId()}/messages?wait=60`],
      ["who deletes", "DELETE", `/intents/${newId()}`],
      ["who guesses a callback path", "POST", `/callback/${"A".repeat(43)}`, {}, "{}"],
      [
        "with nonsense for a callback",
        "POST",
        "/callback/A",
        { "content-type": "a b c" },
        "no JSON",
      ],
      ["with a long path", "POST", `/callback/${"A".repeat(5_000)}`, {}, "{}"],
      ["with a path that is none", "POST", "/callback/%zz", {}, "{}"],
      ["with an endless body", "POST", "/callback/A", {}, "x".repeat(300_000)],
      ["at the metrics", "GET", "/metrics"],
      ["at the root", "GET", "/"],
      ["elsewhere", "POST", "/login", { "content-type": "application/json" }, "{"],
    ];
    test.each(strange)(
      "%s is answered 404, and nothing else",
      async (_who, method, path, headers = {}, body = undefined) => {
        const reply = await fetch(url + path, { method, headers, body });
        expect([reply.status, await reply.text(), reply.headers.get("content-type")]).toEqual([
          404,
          "",
          null,
        ]);
      },
    );

    test.each(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])(
      "with %s on a real callback path is answered 404 too",
      async (method) => {
        const { callbackUrl } = await register(url);
        const reply = await fetch(callbackUrl, { method });
        expect([reply.status, await reply.text()]).toEqual([404, ""]);
      },
    );
  });

  test("health is public and checks the database, and metrics for key holders count callbacks", async () => {
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
    const text = await metrics();
    for (const line of [
      /^xelion_receiver_callback_seconds_count\{result="kept"\} \d+$/m,
      /^xelion_receiver_callback_seconds_count\{result="repeat"\} \d+$/m,
      /^xelion_receiver_callback_seconds_count\{result="unknown_path"\} \d+$/m,
      /^xelion_receiver_intents [1-9]\d*$/m,
      /^xelion_receiver_messages_unacknowledged [1-9]\d*$/m,
      /^xelion_receiver_requests_total\{route="\/intents\/:id",status="201"\} \d+$/m,
    ])
      expect(text).toMatch(line);
  });

  test("the log has a line a callback, without its address, a key or any content", async () => {
    const { id, callbackUrl } = await register(url, { note: { tenant: "Fairy Tail" } });
    await call(callbackUrl, statusChanged(1, "ON_HOLD"));
    await call(callbackUrl, "broken");
    await expect
      .poll(() => receiver.output)
      .toMatch(new RegExp(`"intent":"${id}","mid":"1","outcome":"kept","sequence":1`));
    const tokens = receiver.output.match(/[A-Za-z0-9_-]{43}/g) ?? [];
    expect(tokens.filter((text) => !/^[0-9a-f]+$/.test(text))).toEqual([]);
    for (const secret of [
      relayKey,
      callbackUrl,
      callbackUrl.slice(-43),
      "/callback/A",
      "ON_HOLD",
      "Fairy Tail",
      "ExperimentalWarning",
    ])
      expect(receiver.output).not.toContain(secret);
  });
});

/** As a caller does that sends no content type of its own. */
function post(
  address: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(address, { method: "POST", headers }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part: string) => (text += part));
      reply.on("end", () => resolve({ status: reply.statusCode, body: text }));
    });
    outgoing.on("error", reject).end(body);
  });
}
