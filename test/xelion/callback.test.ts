import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallbackListener } from "../../provider/xelion/callback.ts";
import { newOrder } from "../../provider/xelion/order.ts";
import type { StatusEvent } from "../../provider/xelion/schema.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { eventually } from "../eventually.ts";

const order = newOrder(
  { configurationHash: "a", retryFailed: null, givenOrderId: null, wait: "completed" },
  "direct",
  "2025-01-31T02:00:00.000Z",
);
const message = { mid: 1, type: "orderStatusChanged", data: { id: 42, status: "IN_PROGRESS" } };

let port: number;
let listener: CallbackListener;
let url: string;
let taken: StatusEvent[][];
let stop: () => Promise<void>;
beforeEach(async () => {
  port = await reservePort();
  listener = newListener();
  url = (await listener.prepare("thing", order)) as string;
  taken = [];
  ({ stop } = await listener.listen(
    () => order,
    async (news) => void taken.push(news),
  ));
});
afterEach(() => stop());

const newListener = (apiKey = "key") =>
  new CallbackListener(
    { listen: { host: "127.0.0.1", port }, url: `http://127.0.0.1:${port}/hooks/xelion/` },
    apiKey,
  );
const post = (to: string, body: unknown, init: RequestInit = {}) =>
  fetch(to, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json" },
    ...init,
  });

describe("the callback listener", () => {
  test("accepts news of its order, on a path that cannot be guessed", async () => {
    expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/hooks/xelion/[\\w-]{43}$`));
    expect((await post(url, message)).status).toBe(200);
    expect(taken).toEqual([
      [
        {
          orderId: 42,
          status: "IN_PROGRESS",
          mid: 1,
          source: "callback",
          time: expect.any(String),
        },
      ],
    ]);
  });

  test("has the same path in the next process, and another with another key or order", async () => {
    const later = newListener();
    await stop();
    expect(await later.prepare("thing", order)).toBe(url);
    expect(await later.prepare("thing", { ...order, intentId: "other" })).not.toBe(url);
    await later.deleteRecord();
    const rotated = newListener("another key");
    expect(await rotated.prepare("thing", order)).not.toBe(url);
    await rotated.deleteRecord();
  });

  test("answers strangers 404 and says nothing", async () => {
    for (const [to, init] of [
      [url.replace(/.$/, "~"), {}],
      [`http://127.0.0.1:${port}/`, {}],
      [url, { method: "GET", body: undefined }],
      [url, { method: "PUT" }],
    ] as const) {
      const answer = await post(to, message, init);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe("");
    }
    expect(taken).toEqual([]);
  });

  test("answers other types, and refuses a body that is not JSON or too large", async () => {
    expect((await post(url, { ...message, type: "tenantRenamed" })).status).toBe(200);
    expect((await post(url, { ...message, data: { id: "42", status: 1 } })).status).toBe(200);
    expect((await post(url, "mid=1")).status).toBe(400);
    expect(
      (await post(url, JSON.stringify({ ...message, padding: "x".repeat(70_000) }))).status,
    ).toBe(413);
    expect(taken).toEqual([]);
  });

  test("answers 200 only when the news is stored, and 503 when it cannot be", async () => {
    await stop();
    const safe = Promise.withResolvers<void>();
    ({ stop } = await listener.listen(
      () => order,
      () => safe.promise,
    ));
    let answered = false;
    const answer = post(url, message).finally(() => (answered = true));
    await post(`http://127.0.0.1:${port}/elsewhere`, message);
    expect(answered).toBe(false);
    safe.resolve();
    expect((await answer).status).toBe(200);
    await stop();
    ({ stop } = await listener.listen(
      () => order,
      async () => {
        throw new Error("no space left");
      },
    ));
    expect((await post(url, message)).status).toBe(503);
  });

  test("keeps few of the connections that strangers leave idle, and answers a callback", async () => {
    const idle: Socket[] = [];
    for (let number = 0; number < 400; number++) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      idle.push(socket);
      await once(socket, "connect");
    }
    expect((await post(url, message)).status).toBe(200);
    await eventually(() =>
      expect(idle.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(400 - 64),
    );
    for (const socket of idle) socket.destroy();
  });

  test("releases the port when the last order is over, in spite of open connections", async () => {
    const idler = connect(port, "127.0.0.1");
    await eventually(() => expect(idler.readyState).toBe("open"));
    const other = { ...order, intentId: "other" };
    const second = await listener.listen(
      () => other,
      async () => {},
    );
    await stop();
    expect((await post(url, message)).status).toBe(404);
    await second.stop();
    await expect(post(url, message)).rejects.toThrow("fetch failed");
    idler.destroy();
  });
});
