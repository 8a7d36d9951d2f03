import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ask,
  call,
  folder,
  messages,
  ReceiverProcess,
  register,
  statusChanged,
} from "./receiver-process.ts";

const cleanUp = new AsyncDisposableStack();
/**
 * One behind a proxy that it trusts, and one that trusts no proxy; both with limits that
 * are soon reached.
 */
let [trusting, plain]: [ReceiverProcess, ReceiverProcess] = [] as never;
beforeAll(async () => {
  const limits = ["--body-limit", "200", "--rate-limit", "30", "--callback-rate", "5"];
  const start = (args: string[]) =>
    ReceiverProcess.start(cleanUp.use(folder()).path, [...limits, ...args]);
  [trusting, plain] = await Promise.all([
    start(["--trust-proxy", "127.0.0.1,10.0.0.0/8"]),
    start([]),
  ]);
  for (const receiver of [trusting, plain]) cleanUp.use(receiver);
});
afterAll(() => cleanUp.disposeAsync());

const from = (address: string) => ({ "x-forwarded-for": address });

test("a callback of the maximum size is stored, and a larger one gets 413, also when chunked", async () => {
  const { id, callbackUrl } = await register(trusting.url);
  const body = (bytes: number) =>
    JSON.stringify({ mid: bytes, text: "x".repeat(bytes - `{"mid":${bytes},"text":""}`.length) });
  expect((await call(callbackUrl, body(200), from("192.0.2.1"))).status).toBe(200);
  expect((await call(callbackUrl, body(201), from("192.0.2.1"))).status).toBe(413);
  const inPieces = ReadableStream.from([Buffer.from(body(201))]);
  expect(
    (
      await fetch(callbackUrl, {
        method: "POST",
        headers: from("192.0.2.1"),
        body: inPieces,
        duplex: "half",
      } as RequestInit)
    ).status,
  ).toBe(413);
  expect((await messages(trusting.url, id)).map(({ body }) => body.mid)).toEqual([200]);
});

test("too many callbacks of one order get 429 with Retry-After, and other orders are unaffected", async () => {
  const [order, other] = [await register(trusting.url), await register(trusting.url)];
  for (let mid = 1; mid <= 5; mid++)
    expect((await call(order.callbackUrl, statusChanged(mid), from("192.0.2.2"))).status).toBe(200);
  const refused = await call(order.callbackUrl, statusChanged(6), from("192.0.2.3"));
  expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([
    429,
    expect.toSatisfy((seconds) => seconds > 0 && seconds <= 60),
  ]);
  expect((await call(other.callbackUrl, statusChanged(1), from("192.0.2.2"))).status).toBe(200);
});

test("too many requests from one address get 429, and other addresses and key holders do not", async () => {
  const { id, callbackUrl } = await register(trusting.url);
  const knock = async (address: string) =>
    (await fetch(`${trusting.url}/callback/guess`, { method: "POST", headers: from(address) }))
      .status;
  for (let request = 1; request <= 30; request++) expect(await knock("192.0.2.66")).toBe(404);
  expect(await knock("192.0.2.66")).toBe(429);
  const refused = await call(callbackUrl, statusChanged(1), from("192.0.2.66"));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([
    429,
    expect.stringMatching(/^\d+$/),
  ]);
  // The last address that is not a trusted proxy counts. A client can forge those before it.
  expect(await knock("192.0.2.4, 192.0.2.66, 10.1.2.3")).toBe(429);
  expect(await knock("192.0.2.66, 192.0.2.5")).toBe(404);
  expect((await call(callbackUrl, statusChanged(1), from("192.0.2.6"))).status).toBe(200);
  for (let request = 1; request <= 40; request++)
    expect((await ask(trusting.url, "GET", `/intents/${id}/messages`)).status).toBe(200);
});

test("X-Forwarded-For counts for nothing when no proxy is trusted", async () => {
  const statuses: number[] = [];
  for (let request = 1; request <= 31; request++)
    statuses.push(
      (
        await fetch(`${plain.url}/callback/guess`, {
          method: "POST",
          headers: from(`192.0.2.${request}`),
        })
      ).status,
    );
  expect(statuses).toEqual([...Array(30).fill(404), 429]);
});
