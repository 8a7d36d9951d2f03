import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  alone,
  ask,
  folder,
  messages,
  ReceiverProcess,
  register,
  statusChanged,
} from "./receiver-process.ts";

async function start(args: string[], command = alone): Promise<ReceiverProcess> {
  const files = folder();
  const receiver = await ReceiverProcess.start(files.path, args, {}, command);
  onTestFinished(async () => {
    await receiver[Symbol.asyncDispose]();
    files[Symbol.dispose]();
  });
  return receiver;
}

/** Opens connections one after the other. Each sends `text`, and no more. */
async function open(url: string, count: number, text = ""): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let number = 0; number < count; number++) {
    const socket = connect(Number(port), hostname).on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    if (text) socket.write(text);
  }
  return sockets;
}

/**
 * Calls on a connection of its own. One that a client keeps open may be closed while it
 * is used again.
 */
function callOnce(url: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const calling = request(url, { method: "POST", agent: false }, (response) =>
      resolve(response.resume().statusCode!),
    );
    calling.on("error", reject).end(JSON.stringify(body));
  });
}

const halfRequest = "POST /callback/x HTTP/1.1\r\nhost: x\r\n";

test.each([
  ["are silent", ""],
  ["have sent half a request", halfRequest],
])(
  "400 connections that %s turn no callback away where 256 files may be open",
  async (_how, text) => {
    const receiver = await start([], ["sh", "-c", 'ulimit -n 256 && exec "$0" "$@"', ...alone]);
    expect(receiver.output).toContain('"connections":192');
    const { id, callbackUrl } = await register(receiver.url);
    await open(receiver.url, 400, text);
    for (let mid = 1; mid <= 3; mid++)
      expect(await callOnce(callbackUrl, statusChanged(mid))).toBe(200);
    // Through the connection that the client has kept, or through another.
    await expect.poll(() => messages(receiver.url, id).catch(() => [])).toHaveLength(3);
  },
);

test("a poll that waits keeps its connection, however many idle ones come", async () => {
  const receiver = await start(["--max-connections", "10"]);
  const { id, callbackUrl } = await register(receiver.url);
  const poll = messages(receiver.url, id, 0, 60);
  await expect
    .poll(async () => (await ask(receiver.url, "GET", "/metrics")).text())
    .toContain("xelion_receiver_polls_waiting 1\n");
  const idle = await open(receiver.url, 30);
  expect(await callOnce(callbackUrl, statusChanged(1))).toBe(200);
  expect(await poll).toHaveLength(1);
  await expect.poll(() => idle.filter((socket) => socket.closed).length).toBeGreaterThanOrEqual(20);
});
