import { createHmac } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { ConnectionLimit, possibleConnections } from "../http/connections.ts";
import { oneOf, UcaasError } from "../runtime/errors.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import {
  callbackToken,
  defaultBodyLimit,
  readCallbackBody,
  refuseUnreadable,
} from "./callback-request.ts";
import { callbackSchema, type Order, type StatusEvent } from "./schema.ts";
import type { StatusSource, Subscription } from "./status-source.ts";

/** Where this process listens, and how that place is reached from outside. */
export interface CallbackAddress {
  readonly listen: { readonly host?: string; readonly port: number };
  readonly url: string;
}

const slowestBody = 10_000;
/** More than Xelion opens. Without a limit, idle ones could take all files of the process. */
const mostConnections = 64;

type Take = (news: StatusEvent[]) => Promise<void>;

/**
 * Takes callbacks in the provider process itself. Each order has a path that cannot be
 * guessed, since callbacks carry no signature.
 *
 * A callback is answered 200 when its status is in the journal. A path that no order has
 * now is answered 404. The path is made from the order's `intentId` and the API key, so
 * it is the same in the next run, and is stored nowhere.
 */
export class CallbackListener implements StatusSource {
  readonly kind = "callback";
  readonly #address: CallbackAddress;
  readonly #apiKey: string;
  readonly #takers = new Map<string, Take>();
  #server: Promise<Server> | undefined;

  constructor(address: CallbackAddress, apiKey: string) {
    this.#address = address;
    this.#apiKey = apiKey;
  }

  async prepare(_key: unknown, order: Order): Promise<string> {
    await this.#listening();
    const url = new URL(this.#address.url);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${this.#token(order)}`;
    return url.href;
  }

  async listen(order: () => Order, take: Take): Promise<Subscription> {
    await this.#listening();
    const token = this.#token(order());
    this.#takers.set(token, take);
    return {
      failed: new Promise<never>(() => {}),
      stop: async () => {
        this.#takers.delete(token);
        if (this.#takers.size === 0) await this.#close();
      },
    };
  }

  /** Callbacks that came while no process listened are lost. */
  async poll(): Promise<StatusEvent[]> {
    return [];
  }

  async deleteRecord(): Promise<void> {
    if (this.#takers.size === 0) await this.#close();
  }

  #token(order: Order): string {
    const token = createHmac("sha256", this.#apiKey)
      .update(`xelion callback ${order.intentId}`)
      .digest("base64url");
    // Who has it can report the order's end, so the service's words must not show it.
    rememberSecret(token);
    return token;
  }

  #listening(): Promise<Server> {
    this.#server ??= this.#start().catch((error: unknown) => {
      this.#server = undefined;
      throw error;
    });
    return this.#server;
  }

  #start(): Promise<Server> {
    // Not imported: see http/retry.ts.
    const { createServer } = process.getBuiltinModule("node:http");
    const { host, port } = this.#address.listen;
    const server = createServer(
      { requestTimeout: slowestBody, headersTimeout: slowestBody },
      (request, response) => {
        this.#answer(request, response).catch(() => end(response, 503));
      },
    );
    new ConnectionLimit(server, possibleConnections(mostConnections));
    server.on("clientError", refuseUnreadable);
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(cannotListen(host, port, error.code)),
      );
      server.listen(port, host, () => resolve(server));
    });
  }

  async #close(): Promise<void> {
    const server = await this.#server;
    // Another order may have come in the meantime.
    if (!server || this.#takers.size > 0) return;
    this.#server = undefined;
    await new Promise((resolve) => {
      // Who holds a connection without asking for anything is not waited for.
      const patience = setTimeout(() => server.closeAllConnections(), 1_000);
      server.close(() => {
        clearTimeout(patience);
        resolve(undefined);
      });
      server.closeIdleConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const take =
      request.method === "POST"
        ? this.#takers.get(callbackToken(request.url ?? "") ?? "")
        : undefined;
    if (!take) return end(response, 404);
    const bytes = await bodyOf(request);
    if (bytes === undefined) return end(response, 413);
    const body = await readCallbackBody(bytes, request.headers);
    if (body.kind === "tooLarge") return end(response, 413);
    if (body.kind === "malformed") return end(response, 400);
    const news = toStatusEvent(body.message, "callback", new Date().toISOString());
    if (news) await take([news]);
    end(response, 200);
  }
}

/** What a callback says of an order; undefined for other types of messages and for what is none. */
export function toStatusEvent(
  message: unknown,
  source: "callback" | "relay",
  time: string,
): StatusEvent | undefined {
  const result = callbackSchema.safeParse(message);
  if (!result.success) return undefined;
  const { mid, data } = result.data;
  return { orderId: data.id, status: data.status, mid, time, source };
}

function end(response: ServerResponse, status: number): void {
  // A kept connection would keep the server from closing.
  response.writeHead(status, { connection: "close" }).end();
}

/** The body, or undefined when it is larger than allowed. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > defaultBodyLimit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function cannotListen(
  host: string | undefined,
  port: number,
  code: string | undefined,
): UcaasError {
  return new UcaasError(`the callback address ${host ?? "*"}:${port} cannot be opened (${code})`, {
    code: "CALLBACK_NOT_READY",
    vendor: "xelion",
    operation: "listen for callbacks",
    hint:
      code === "EADDRINUSE"
        ? [
            "nothing was sent. Another run may be listening there",
            oneOf(
              "let it end",
              "name another port in xelion:callback.listen",
              "use a relay, which serves many runs at once",
            ),
          ].join("\n    ")
        : "nothing was sent. Check xelion:callback.listen",
  });
}
