/**
 * A server between a client and a vendor's sandbox that notes every request and its reply.
 *
 * ```
 * await using recorder = await recordTraffic(server.url);
 * const client = new XimaClient({ ...config, baseUrl: `${recorder.url}/v1` });
 * ```
 */
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Exchange } from "./document.ts";

export interface Recorder extends AsyncDisposable {
  /** `http://127.0.0.1:port`, to be used in place of the target's. */
  readonly url: string;
  readonly exchanges: Exchange[];
}

export async function recordTraffic(target: string): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const url = new URL(incoming.url ?? "/", "http://recorder");
    const forwarded = send(
      `${target}${incoming.url}`,
      { method: incoming.method, headers: incoming.headers },
      async (reply: IncomingMessage) => {
        const replyBody = await buffer(reply);
        exchanges.push({
          method: incoming.method ?? "GET",
          path: url.pathname,
          query: url.searchParams,
          headers: incoming.headers,
          body: body.toString("utf8"),
          status: reply.statusCode ?? 0,
          replyHeaders: reply.headers,
          replyBody: replyBody.toString("utf8"),
        });
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers).end(replyBody);
      },
    );
    // As the target does it: a connection that it cuts is cut here too.
    forwarded.on("error", () => outgoing.destroy());
    forwarded.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await ended;
    },
  };
}
