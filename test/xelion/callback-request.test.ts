import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CallbackListener } from "../../provider/xelion/callback.ts";
import { newOrder } from "../../provider/xelion/order.ts";
import type { StatusEvent } from "../../provider/xelion/schema.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { folder, messages, ReceiverProcess, register } from "../receiver/receiver-process.ts";

/**
 * The request of a caller. Its path contains `{token}`, and is sent without further
 * encoding.
 */
interface Request {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
}

const text =
  '{"mid":7,"type":"orderStatusChanged","data":{"id":42,"status":"COMPLETED"},"by":"Zoë"}';
const utf8 = Buffer.from(text);
const bom = Buffer.from([0xef, 0xbb, 0xbf]);
const utf16le = Buffer.from(text, "utf16le");
const utf16be = Buffer.from(utf16le).swap16();
const latin1 = Buffer.from(text, "latin1");
const prefix = "/hooks/callback";

const kept: [string, Request][] = [
  ["as the guide shows it", {}],
  ["with a byte order mark", { body: Buffer.concat([bom, utf8]) }],
  ["with two byte order marks", { body: Buffer.concat([bom, bom, utf8]) }],
  ["with white space around the object", { body: Buffer.from(`\r\n\t ${text} \r\n`) }],
  [
    "in UTF-16 with a byte order mark",
    { body: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le]) },
  ],
  [
    "in big-endian UTF-16 with a byte order mark",
    { body: Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]) },
  ],
  ["in UTF-16 without a byte order mark", { body: utf16le }],
  ["in big-endian UTF-16 that is declared", type("application/json; charset=utf-16be", utf16be)],
  ["in Latin-1 that is declared", type('application/json;charset="ISO-8859-1"', latin1)],
  ["in UTF-8 with a charset in capitals", type("APPLICATION/JSON; Charset=UTF-8", utf8)],
  ["in UTF-8 with a charset that does not exist", type("application/json; charset=utf8mb4", utf8)],
  ["in UTF-8 although UTF-16 is declared", type("application/json; charset=utf-16", utf8)],
  ["with the type text/plain", type("text/plain", utf8)],
  ["with the type of a form", type("application/x-www-form-urlencoded", utf8)],
  ["with a vendor's JSON type", type("application/vnd.xelion.order+json", utf8)],
  ["with a type that is none", type("no type at all", utf8)],
  ["with an empty type", type("", utf8)],
  ["compressed by gzip", { body: gzipSync(utf8), headers: { "content-encoding": "gzip" } }],
  [
    "compressed by deflate",
    { body: deflateSync(utf8), headers: { "content-encoding": "deflate" } },
  ],
  [
    "compressed by Brotli",
    { body: brotliCompressSync(utf8), headers: { "content-encoding": "br" } },
  ],
  ["declared as compressed but plain", { headers: { "content-encoding": "gzip" } }],
  ["in pieces without a length", { headers: { "transfer-encoding": "chunked" } }],
  ["after it asked whether it may", { headers: { expect: "100-continue" } }],
  ["with a slash behind the path", { path: `${prefix}/{token}/` }],
  ["with several slashes behind the path", { path: `${prefix}/{token}///` }],
  ["with an escaped slash behind the path", { path: `${prefix}/{token}%2F` }],
  ["with a doubled slash before the token", { path: `${prefix}//{token}` }],
  ["with a doubled slash at the front", { path: `/${prefix}/{token}` }],
  ["with the path before the token in capitals", { path: `${prefix.toUpperCase()}/{token}` }],
  ["with a path that a proxy cut", { path: "/{token}" }],
  ["with a path that a proxy made longer", { path: `/proxy/7${prefix}/{token}` }],
  ["with a dot in the path", { path: `${prefix}/./{token}` }],
  ["with a query", { path: `${prefix}/{token}?source=xelion&x=/y` }],
  ["with an empty query behind a slash", { path: `${prefix}/{token}/?` }],
  ["with a path parameter", { path: `${prefix}/{token};v=1` }],
  ["with a token in escapes", { path: `${prefix}/{escaped}` }],
  ["with a whole URL as target", { path: `http://relay.example${prefix}/{token}` }],
];

const refused: [string, number, Request][] = [
  ["text that is no JSON", 400, { body: Buffer.from("mid=1") }],
  ["nothing", 400, { body: Buffer.alloc(0) }],
  ["only a byte order mark", 400, { body: bom }],
  ["a list", 400, { body: Buffer.from(`[${text}]`) }],
  [
    "an object of more levels than the relay could pass on",
    400,
    { body: Buffer.from(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`) },
  ],
  ["half an object", 400, { body: utf8.subarray(0, 20) }],
  ["Latin-1 that is not declared", 400, { body: latin1 }],
  [
    "a body over the limit",
    413,
    { body: Buffer.from(JSON.stringify({ text: "x".repeat(65_536) })) },
  ],
  [
    "a small body that unpacks to a huge one",
    413,
    gzip(JSON.stringify({ text: "x".repeat(100_000) })),
  ],
  ["another method", 404, { method: "PUT" }],
  ["a path without a token", 404, { path: prefix }],
  ["a token that is too long", 404, { path: `${prefix}/{token}x` }],
  ["something behind the token", 404, { path: `${prefix}/{token}/x` }],
  ["a broken escape", 404, { path: `${prefix}/%E0%A4%A` }],
  ["a path of 20 KB", 404, { path: `/${"x".repeat(20_000)}` }],
];

function type(contentType: string, body: Uint8Array): Request {
  return { body, headers: { "content-type": contentType } };
}

function gzip(body: string): Request {
  return { body: gzipSync(body), headers: { "content-encoding": "gzip" } };
}

function post(
  address: string,
  { path = `${prefix}/{token}`, method = "POST", headers, body = utf8 }: Request,
): Promise<number> {
  const { hostname, port, pathname } = new URL(address);
  const token = pathname.split("/").at(-1)!;
  const escaped = [...token]
    .map((character) => `%${character.charCodeAt(0).toString(16)}`)
    .join("");
  return new Promise((resolve, reject) => {
    const target = path.replace("{token}", token).replace("{escaped}", escaped);
    const call = request({
      hostname,
      port,
      method,
      path: target,
      headers: { "content-type": "application/json", ...headers },
    });
    call.on("response", (response) => resolve(response.resume().statusCode!)).on("error", reject);
    call.end(body);
  });
}

interface Side {
  address: string;
  /** What is known of the order after the calls so far: its statuses. */
  heard(): Promise<unknown[]>;
}

const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());
let receiver: ReceiverProcess;
beforeAll(async () => {
  receiver = cleanUp.use(await ReceiverProcess.start(cleanUp.use(folder()).path));
});

async function receiverSide(): Promise<Side> {
  const { id, callbackUrl } = await register(receiver.url);
  return {
    address: callbackUrl,
    heard: async () => (await messages(receiver.url, id)).map(({ body }) => body),
  };
}

async function listenerSide(): Promise<Side & AsyncDisposable> {
  const port = await reservePort();
  const listener = new CallbackListener(
    { listen: { host: "127.0.0.1", port }, url: `http://127.0.0.1:${port}${prefix}` },
    "key",
  );
  const declared = {
    configurationHash: "a",
    retryFailed: null,
    givenOrderId: null,
    wait: "completed",
  } as const;
  const order = newOrder(declared, "direct", "2025-01-31T02:00:00.000Z");
  const address = await listener.prepare("thing", order);
  const taken: StatusEvent[] = [];
  const { stop } = await listener.listen(
    () => order,
    async (news) => void taken.push(...news),
  );
  return { address, heard: async () => taken, [Symbol.asyncDispose]: stop };
}

describe.each(["receiver", "listener"])("the %s", (which) => {
  let side: Side;
  beforeEach(async () => {
    if (which === "receiver") side = await receiverSide();
    else {
      const own = await listenerSide();
      side = own;
      return () => own[Symbol.asyncDispose]();
    }
  });

  test.each(kept)("keeps a callback %s", async (_how, call) => {
    expect(await post(side.address, call)).toBe(200);
    const whole = { mid: 7, data: { id: 42, status: "COMPLETED" }, by: "Zoë" };
    expect(await side.heard()).toMatchObject([
      which === "receiver" ? whole : { mid: 7, orderId: 42, status: "COMPLETED" },
    ]);
  });

  test.each(refused)("refuses %s with %i, and keeps nothing", async (_what, status, call) => {
    expect(await post(side.address, call)).toBe(status);
    expect(await side.heard()).toEqual([]);
  });

  test("answers data that is not HTTP with 400", async () => {
    const { hostname, port } = new URL(side.address);
    const socket = connect(Number(port), hostname).setEncoding("utf8");
    socket.end("this is no request\r\n\r\n");
    expect((await once(socket, "data"))[0]).toMatch(/^HTTP\/1\.1 400 /);
  });
});
