/** What a server, or something on the way, can answer instead of the reply: bytes, by name. */
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { RecordedReply } from "./recording.ts";

type Answer = (socket: Socket, reply: RecordedReply) => void;

const crlf = "\r\n";
const bytesOf = (body: string | Buffer) => (typeof body === "string" ? Buffer.from(body) : body);

function raw(head: string[], body: string | Buffer = ""): Answer {
  return (socket) => {
    socket.write([...head, "", ""].join(crlf));
    socket.end(bytesOf(body));
  };
}

function answer(status: number | string, headers: string[], body: string | Buffer): Answer {
  return raw(
    [
      `HTTP/1.1 ${status} X`,
      `content-length: ${bytesOf(body).length}`,
      "connection: close",
      ...headers,
    ],
    body,
  );
}

const json = "content-type: application/json";
const asIs = (change: (body: string) => string | Buffer, headers: string[] = [json]): Answer => {
  return (socket, reply) => answer(reply.status, headers, change(reply.body))(socket, reply);
};
/** In place of the reply's head, with the right body. */
const headed = (head: (length: number, status: number) => string[]): Answer => {
  return (socket, reply) =>
    raw(head(Buffer.byteLength(reply.body), reply.status), reply.body)(socket, reply);
};

function drip(socket: Socket, next: () => string, pause: number): void {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(next());
  }, pause);
  socket.on("error", () => {}).on("close", () => clearInterval(timer));
}

const redirects = [300, 301, 302, 303, 305, 307, 308].flatMap((status): [string, Answer][] => [
  [
    `redirect ${status} elsewhere`,
    (socket, reply) =>
      answer(status, [`location: ${elsewhereUrl}`, json], reply.body)(socket, reply),
  ],
]);

const statuses = [
  199, 203, 204, 205, 206, 304, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
  413, 414, 415, 417, 418, 421, 422, 423, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504,
  505, 507, 508, 511, 520, 599, 600, 999,
].map((status): [string, Answer] => [`status ${status} without a body`, answer(status, [], "")]);

const retryAfters = [
  "86400",
  "-1",
  "0",
  "1e9",
  "NaN",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "9".repeat(400),
].flatMap((value): [string, Answer][] =>
  [429, 503].map((status) => [
    `${status} with Retry-After ${value.slice(0, 30)}`,
    answer(status, [`retry-after: ${value}`, json], "{}"),
  ]),
);

const heads: Record<string, Answer> = {
  "closed without a byte": (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  "half a status line": (socket) => socket.end("HTTP/1."),
  "no HTTP at all": (socket) => socket.end("220 mail.example ESMTP\r\n"),
  "TLS in place of HTTP": (socket) => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 40])),
  "HTTP/2 in place of HTTP/1.1": (socket) => socket.end(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])),
  "no end of the head": (socket) => drip(socket, () => `x-${Math.random()}: 1${crlf}`, 20),
  "a head of 1 MB": headed((length, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    `content-length: ${length}`,
    `x-long: ${"a".repeat(1e6)}`,
  ]),
  "5,000 headers": headed((length, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    `content-length: ${length}`,
    ...Array(5000).fill("x: y"),
  ]),
  "a negative length": headed((_, status) => [`HTTP/1.1 ${status} X`, json, "content-length: -1"]),
  "a length that is no number": headed((_, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    "content-length: much",
  ]),
  "two lengths": headed((length, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    `content-length: ${length}`,
    "content-length: 1",
  ]),
  "a length too long": headed((length, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    `content-length: ${length + 10}`,
  ]),
  "a length too short": headed((length, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    `content-length: ${Math.max(0, length - 5)}`,
  ]),
  "a length of 10^15": headed((_, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    "content-length: 1000000000000000",
  ]),
  "chunks that are none": headed((_, status) => [
    `HTTP/1.1 ${status} X`,
    json,
    "transfer-encoding: chunked",
  ]),
  "a chunk of 2^63": (socket) =>
    socket.end(
      `HTTP/1.1 200 X${crlf}${json}${crlf}transfer-encoding: chunked${crlf}${crlf}7fffffffffffffff${crlf}a`,
    ),
  "HTTP/1.0": headed((_, status) => [`HTTP/1.0 ${status} X`, json]),
  "no reason phrase": headed((length, status) => [
    `HTTP/1.1 ${status}`,
    json,
    `content-length: ${length}`,
  ]),
  "a reason phrase of control characters": headed((length, status) => [
    `HTTP/1.1 ${status} \u0001\u001b[31m`,
    json,
    `content-length: ${length}`,
  ]),
  "a hundred replies 100": (socket, reply) => {
    socket.write(`HTTP/1.1 100 Continue${crlf}${crlf}`.repeat(100));
    answer(reply.status, [json], reply.body)(socket, reply);
  },
  "two replies in one": (socket, reply) => {
    const one = `HTTP/1.1 ${reply.status} X${crlf}${json}${crlf}content-length: ${Buffer.byteLength(reply.body)}${crlf}${crlf}${reply.body}`;
    socket.end(one + one);
  },
};

const bodies: Record<string, Answer> = {
  "an empty body": asIs(() => ""),
  "half a body": asIs((body) => body.slice(0, body.length / 2)),
  "a byte order mark": asIs((body) => `\ufeff${body}`),
  "UTF-16": asIs((body) => Buffer.from(body, "utf16le")),
  "bytes that are not UTF-8": asIs((body) =>
    Buffer.concat([Buffer.from(body.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])]),
  ),
  "JSON twice": asIs((body) => body + body),
  "JSON and garbage": asIs((body) => `${body} trailing`),
  "JSON with comments": asIs((body) => `/* hello */ ${body}`),
  NaN: asIs(() => "NaN"),
  "a JSON text": asIs(() => '"a text"'),
  "a JSON number": asIs(() => "1e999"),
  "a JSON list": asIs((body) => `[${body || "null"}]`),
  "JSON in JSON": asIs((body) => JSON.stringify(body)),
  "a list 100,000 deep": asIs(() => "[".repeat(100_000) + "]".repeat(100_000)),
  "an HTML page": asIs(
    () => "<!doctype html><title>\u001b[31mMaintenance</title>",
    ["content-type: text/html"],
  ),
  "an HTML page as JSON": asIs(() => "<html></html>"),
  "a portal's login page": asIs(
    () => '<html><form action="http://127.0.0.1:9/login"></form></html>',
    ["content-type: text/html", "refresh: 0; url=http://127.0.0.1:9"],
  ),
  XML: asIs(
    () => '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ["content-type: application/xml"],
  ),
  "no content type": asIs((body) => body, []),
  "another content type": asIs((body) => body, ["content-type: image/png"]),
  "a content type of 10,000 characters": asIs(
    (body) => body,
    [`content-type: application/json; x=${"y".repeat(10_000)}`],
  ),
  "gzip that is none": asIs((body) => body, [json, "content-encoding: gzip"]),
  "gzip unasked": asIs((body) => gzipSync(body), [json, "content-encoding: gzip"]),
  "an encoding that is unknown": asIs((body) => body, [json, "content-encoding: rot13"]),
  "a gzip bomb": asIs(
    () => gzipSync(Buffer.alloc(50_000_000, " ")),
    [json, "content-encoding: gzip"],
  ),
  "a body of 20 MB": asIs(() => Buffer.alloc(20_000_000, "a")),
  "a body without end": (socket) => {
    socket.write(`HTTP/1.1 200 X${crlf}${json}${crlf}${crlf}`);
    drip(socket, () => "a".repeat(100_000), 1);
  },
  "a body a byte at a time": (socket, reply) => {
    socket.write(
      `HTTP/1.1 ${reply.status} X${crlf}${json}${crlf}content-length: 100000${crlf}${crlf}`,
    );
    drip(socket, () => " ", 50);
  },
  cookies: asIs(
    (body) => body,
    [json, "set-cookie: a=b; domain=127.0.0.1", "set-cookie: __proto__=1"],
  ),
  "a strange clock": asIs((body) => body, [json, "date: Thu, 01 Jan 1970 00:00:00 GMT"]),
  "a date that is none": asIs((body) => body, [json, "date: yesterday"]),
};

/** Filled by the trial before it begins: where no request may ever arrive. */
let elsewhereUrl = "http://127.0.0.1:9/";
export function sendElsewhere(url: string): void {
  elsewhereUrl = url;
}

export const transportFaults: readonly (readonly [name: string, answer: Answer])[] = [
  ...Object.entries(heads),
  ...Object.entries(bodies),
  ...redirects,
  ...retryAfters,
  ...statuses,
];
