/** Replies of the vendors' sandbox, recorded once and played again, one of them spoiled. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One reply, as the sandbox gave it. */
export interface RecordedReply {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

/** What becomes of one of the replies: other JSON, or bytes of any kind. */
export type Spoiled =
  | { readonly at: number; readonly body: string }
  | { readonly at: number; readonly answer: (socket: Socket, reply: RecordedReply) => void };

/** A server for each upstream. It records while it has no recording, and plays it otherwise. */
export class Player {
  readonly #servers: Server[] = [];
  readonly urls: Record<string, string> = {};
  /** What came in while playing, as `POST /path`. */
  readonly requests: string[] = [];
  readonly recorded: RecordedReply[] = [];
  readonly #recording: readonly RecordedReply[] | undefined;
  readonly #used = new Set<number>();
  readonly #spoiled: Spoiled | undefined;

  private constructor(recording?: readonly RecordedReply[], spoiled?: Spoiled) {
    this.#recording = recording;
    this.#spoiled = spoiled;
  }

  /** Records what the upstreams answer, by name. */
  static async record(upstreams: Readonly<Record<string, string>>): Promise<Player> {
    const player = new Player();
    for (const [name, url] of Object.entries(upstreams))
      await player.#listen(name, (...call) => player.#pass(name, url, ...call));
    return player;
  }

  static async play(
    names: readonly string[],
    recording: readonly RecordedReply[],
    spoiled?: Spoiled,
  ): Promise<Player> {
    const player = new Player(recording, spoiled);
    for (const name of names)
      await player.#listen(name, async (request, response) =>
        player.#play(name, request, response),
      );
    return player;
  }

  async #listen(
    name: string,
    handle: (request: IncomingMessage, response: ServerResponse, body: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("error", () => {});
      response.on("error", () => {});
      request.setEncoding("utf8").on("data", (text) => (body += text));
      request.on(
        "end",
        () => void handle(request, response, body).catch(() => response.socket?.destroy()),
      );
    });
    server.on("clientError", (_, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#servers.push(server);
    this.urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #pass(
    name: string,
    upstream: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const { method = "GET", url = "/" } = request;
    const headers = Object.entries(request.headers).filter(
      ([key]) => !["host", "connection", "content-length"].includes(key),
    );
    const answer = await fetch(upstream + url, {
      method,
      headers: Object.fromEntries(headers) as Record<string, string>,
      ...(method === "GET" ? {} : { body }),
    });
    const text = await answer.text();
    const type = answer.headers.get("content-type") ?? undefined;
    this.recorded.push({
      server: name,
      method,
      path: url,
      status: answer.status,
      type,
      body: text,
    });
    send(response, answer.status, type, text);
  }

  #play(name: string, request: IncomingMessage, response: ServerResponse): void {
    const recording = this.#recording ?? [];
    const { method = "GET", url = "/", socket } = request;
    this.requests.push(`${name} ${method} ${url}`);
    const at = this.#find(name, method, url);
    const reply = recording[at];
    if (!reply) {
      send(response, 404, "text/plain", "not recorded");
      return;
    }
    this.#used.add(at);
    if (this.#spoiled?.at !== at) {
      send(response, reply.status, reply.type, reply.body);
      return;
    }
    if ("body" in this.#spoiled) send(response, reply.status, reply.type, this.#spoiled.body);
    else this.#spoiled.answer(socket, reply);
  }

  /**
   * The next reply to this request, the last one when all were played, or that to the
   * request that is most like it.
   */
  #find(name: string, method: string, path: string): number {
    const recording = this.#recording ?? [];
    const indexes = [...recording.keys()].filter(
      (at) => recording[at]?.server === name && recording[at].method === method,
    );
    const same = indexes.filter((at) => recording[at]?.path === path);
    return (
      same.find((at) => !this.#used.has(at)) ??
      same.at(-1) ??
      indexes.find((at) => !this.#used.has(at)) ??
      indexes.at(-1) ??
      -1
    );
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }),
    );
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: string | undefined,
  body: string,
): void {
  response.writeHead(status, {
    ...(type === undefined ? {} : { "content-type": type }),
    ...(status === 204 ? {} : { "content-length": Buffer.byteLength(body) }),
  });
  response.end(status === 204 ? undefined : body);
}
