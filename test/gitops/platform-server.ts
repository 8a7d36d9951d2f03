import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface PlatformRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown> | undefined;
}

export interface PlatformReply {
  readonly status: number;
  readonly body?: unknown;
}

/** A small HTTP server that speaks JSON, for the few routes of a forge's API that a test needs. */
export async function platformServer(handle: (request: PlatformRequest) => PlatformReply) {
  const received: PlatformRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(incoming.url ?? "/", "http://localhost");
    const request: PlatformRequest = {
      method: incoming.method ?? "GET",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>),
    };
    received.push(request);
    const { status, body } = handle(request);
    outgoing
      .writeHead(status, { "content-type": "application/json; charset=utf-8" })
      .end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * One page of a list, by `page` and `per_page` as both forges have them: 1 and up, 20 or
 * 30 by default, 100 at most.
 */
export function pageOf<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  byDefault: number,
): Item[] {
  const perPage = Math.min(100, Number(query.get("per_page") ?? byDefault));
  const page = Number(query.get("page") ?? 1);
  return items.slice((page - 1) * perPage, page * perPage);
}

/** Keys that the route does not document. */
export function unknownKeys(
  body: Record<string, unknown> | undefined,
  known: readonly string[],
): string[] {
  return Object.keys(body ?? {}).filter((key) => !known.includes(key));
}

/** A route: method and path as a pattern, whose groups are handed over. */
export type Route = readonly [
  pattern: RegExp,
  handle: (groups: readonly string[], request: PlatformRequest) => PlatformReply,
];

/** What the first route says that fits, or nothing. */
export function routed(
  routes: readonly Route[],
  line: string,
  request: PlatformRequest,
): PlatformReply | undefined {
  for (const [pattern, handle] of routes) {
    const match = pattern.exec(line);
    if (match) return handle(match.slice(1), request);
  }
  return undefined;
}
