/**
 * The base of every vendor's sandbox server. It has HTTP on loopback, a log of requests,
 * faults on demand and state that survives a restart. Below `/_sandbox/` (control.ts) is
 * a control address for other processes and for people with curl.
 *
 * A vendor server is a {@link Vendor}: its options (a zod object made of {@link
 * commonOptions} and its own switches), its first state (plain JSON), and `handle`, which
 * answers one request:
 *
 * ```ts
 * const options = z.strictObject({ ...commonOptions, shout: z.boolean().default(false) });
 *
 * export const greeter = () =>
 *   new SandboxServer<{ names: string[] }, z.output<typeof options>>({
 *     name: "greeter",
 *     basePath: "/v1",
 *     options,
 *     initialState: () => ({ names: [] }),
 *     refuse: (status, message) => json(status, { message }),
 *     handle(request, server) {
 *       if (request.method !== "POST" || request.path !== "/v1/greet") return json(404, { message: "no such route" });
 *       server.state.names.push(request.body);
 *       return json(200, { greeting: server.options.shout ? "HELLO" : "hello" });
 *     },
 *   });
 *
 * const server = greeter();
 * await server.start({ port: 0 });
 * await fetch(server.baseUrl + "/greet", { method: "POST", body: "Ada" });
 * await server.stop();
 * ```
 *
 * `handle` changes `server.state` in place and the kernel writes it to the data file
 * before anything is answered. It may be async; other requests run while it waits, so a
 * change that must be whole is made without an `await` in its middle. Time is
 * `server.now()`, which honours the option `clockOffsetSeconds`. A change made outside a
 * request (a timer) is followed by `server.save()`.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { answerControl, controlPrefix } from "./control.ts";
import { type Fault, type FaultOrder, FaultQueue } from "./fault-injection.ts";
import { readIfThere, writeWhole } from "./files.ts";
import { html, json, type Reply, type SandboxRequest } from "./http-types.ts";

/** Switches that every vendor server has. */
export const commonOptions = {
  clockOffsetSeconds: z
    .number()
    .default(0)
    .describe("how far the server's clock is ahead of the true time"),
  latencyMs: z.number().min(0).default(0).describe("how long every answer takes at least"),
  rateLimit: z
    .strictObject({ requests: z.int().min(1), seconds: z.number().positive() })
    .nullable()
    .default(null)
    .describe("more requests than this in so many seconds are answered 429 with Retry-After"),
};

/** What all vendors' options have in common. */
export type CommonOptions = z.output<z.ZodObject<typeof commonOptions>>;

/** One line of the log of requests. Credentials are kept, so that tests can look at them. */
export interface Received {
  readonly seq: number;
  /** ISO 8601, true time. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Number of the connection on which it came: equal numbers show keep-alive. */
  readonly connection: number;
  /** How many requests were under way when it arrived, this one included. */
  readonly inFlight: number;
  /** The status answered; null when nothing was (yet) answered. */
  status: number | null;
  /** The kind of fault that it met. */
  fault?: Fault["kind"];
}

export interface Vendor<State extends object, Options extends CommonOptions> {
  readonly name: string;
  /** Path that the vendor's base URL has behind the host, such as `/v1`. */
  readonly basePath?: string;
  readonly options: z.ZodType<Options>;
  initialState(): State;
  handle(request: SandboxRequest, server: SandboxServer<State, Options>): Reply | Promise<Reply>;
  /**
   * The vendor's own way of saying no: for faults without a body, the rate limit, and a
   * handler that threw.
   */
  refuse(status: number, message: string): Reply;
  /**
   * Further control routes: `POST /_sandbox/<name>` with a JSON body. Throw a {@link
   * ControlError} for a wrong body.
   */
  readonly control?: Record<
    string,
    (body: unknown, server: SandboxServer<State, Options>) => unknown
  >;
  /** After the start, with the state as it was kept: the place to go on with timers. */
  started?(server: SandboxServer<State, Options>): void;
  /** Before the stop: the place to end timers. */
  stopped?(server: SandboxServer<State, Options>): void;
}

export interface StartOptions<Options> {
  /** 0, the default, takes any free port. */
  port?: number;
  /** Where state and options are kept over a restart. Default: nowhere. */
  dataFile?: string;
  /** Switches set from the start; they win over those of the data file. */
  options?: Partial<Options>;
}

const longestBody = 10 * 1024 * 1024;
const longestLog = 20_000;

export class SandboxServer<
  State extends object = object,
  Options extends CommonOptions = CommonOptions,
> {
  readonly vendor: Vendor<State, Options>;
  /** Every request since the start, oldest first; control requests are not among them. */
  received: Received[] = [];
  readonly faults: FaultQueue = new FaultQueue();
  /** The vendor's data. A test may read and change it in place. */
  state: State;
  options: Options;
  #http: Server | undefined;
  #port = 0;
  #dataFile: string | undefined;
  #written = "";
  #seq = 0;
  #inFlight = 0;
  #connections = new WeakMap<Socket, number>();
  #connectionCount = 0;
  #recent: number[] = [];
  #stopping = new AbortController();

  constructor(vendor: Vendor<State, Options>) {
    this.vendor = vendor;
    this.state = vendor.initialState();
    this.options = vendor.options.parse({});
  }

  /** `http://127.0.0.1:port`. */
  get url(): string {
    if (this.#http === undefined) throw new Error(`the ${this.vendor.name} sandbox is not started`);
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What a client takes as the vendor's base URL. */
  get baseUrl(): string {
    return this.url + (this.vendor.basePath ?? "");
  }

  /** The control address, without a slash at its end. */
  get control(): string {
    return this.url + controlPrefix;
  }

  /** The server's clock, in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.options.clockOffsetSeconds * 1000;
  }

  /** Starts to listen and gives `url`. */
  async start({ port = 0, dataFile, options }: StartOptions<Options> = {}): Promise<string> {
    if (this.#http !== undefined)
      throw new Error(`the ${this.vendor.name} sandbox is started already`);
    this.#stopping = new AbortController();
    this.#dataFile = dataFile;
    if (dataFile !== undefined) this.#load(dataFile);
    if (options !== undefined) this.setOptions(options);
    const http = createServer((request, response) => void this.#serve(request, response));
    http.on("connection", (socket) => {
      this.#connections.set(socket, ++this.#connectionCount);
    });
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(port, "127.0.0.1", resolve);
    });
    this.#http = http;
    this.#port = (http.address() as AddressInfo).port;
    this.save();
    this.vendor.started?.(this);
    return this.url;
  }

  /** Stops listening and closes every connection, waiting ones included. */
  async stop(): Promise<void> {
    const http = this.#http;
    if (http === undefined) return;
    this.vendor.stopped?.(this);
    this.save();
    this.#stopping.abort();
    this.#http = undefined;
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  }

  /** Puts a fault at the end of the queue. */
  fault(order: FaultOrder): void {
    this.faults.add(order);
  }

  /**
   * Changes some switches; an unknown one, or a wrong value, throws a ZodError and
   * changes nothing.
   */
  setOptions(changes: Partial<Options>): void {
    this.options = this.vendor.options.parse({ ...this.options, ...changes });
    this.save();
  }

  /** Writes state and options to the data file, if there is one and they have changed. */
  save(): void {
    if (this.#dataFile === undefined) return;
    const text = JSON.stringify({ options: this.options, state: this.state });
    if (text === this.#written) return;
    writeWhole(this.#dataFile, text);
    this.#written = text;
  }

  #load(dataFile: string): void {
    const text = readIfThere(dataFile);
    if (text === undefined) return;
    try {
      const kept = z
        .object({ options: z.looseObject({}), state: z.looseObject({}) })
        .parse(JSON.parse(text));
      this.options = this.vendor.options.parse(kept.options);
      this.state = kept.state as State;
    } catch (cause) {
      throw new Error(
        `${dataFile} does not hold the data of the ${this.vendor.name} sandbox: remove it to start with an empty one`,
        {
          cause,
        },
      );
    }
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = incoming;
    // A client that goes away in the middle is no error of the server.
    incoming.on("error", () => {});
    response.on("error", () => {});
    response.setHeader("date", new Date(this.now()).toUTCString());
    try {
      const url = new URL(incoming.url ?? "/", "http://sandbox");
      const body = await readBody(incoming);
      if (body === undefined) {
        response.setHeader("connection", "close");
        return send(response, this.vendor.refuse(413, "the request is too large"));
      }
      const request: SandboxRequest = {
        method: incoming.method ?? "GET",
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body,
      };
      if (url.pathname === controlPrefix || url.pathname.startsWith(`${controlPrefix}/`)) {
        return send(response, await answerControl(request, this));
      }
      const line: Received = {
        seq: ++this.#seq,
        at: new Date().toISOString(),
        method: request.method,
        path: request.path,
        query: Object.fromEntries(request.query),
        headers: request.headers,
        body,
        connection: this.#connections.get(socket) ?? 0,
        inFlight: ++this.#inFlight,
        status: null,
      };
      this.received.push(line);
      if (this.received.length > longestLog) this.received.shift();
      try {
        await this.#answer(request, line, response, socket);
      } finally {
        this.#inFlight -= 1;
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        process.stderr.write(
          `${this.vendor.name} sandbox: ${error instanceof Error ? error.stack : String(error)}\n`,
        );
      }
      socket.destroy();
    }
  }

  async #answer(
    request: SandboxRequest,
    line: Received,
    response: ServerResponse,
    socket: Socket,
  ): Promise<void> {
    const signal = this.#stopping.signal;
    const wait = (ms: number) => pause(ms, undefined, { signal });
    const give = (reply: Reply) => {
      // The log is complete before the client can know the answer.
      line.status = reply.status;
      send(response, reply);
    };
    if (this.options.latencyMs > 0) await wait(this.options.latencyMs);

    const fault = this.faults.take(request);
    line.fault = fault?.kind;
    if (fault === undefined) {
      const limited = this.#limit();
      if (limited !== undefined) return give(limited);
    }
    switch (fault?.kind) {
      case "delay":
        await wait(fault.ms);
        break;
      case "hold":
        await this.faults.cleared();
        break;
      case "status":
        return give(this.#ordered(fault));
      case "cutBefore":
        socket.destroy();
        return;
      case "hang":
        return;
      case "late":
        socket.destroy();
        await (fault.ms === undefined ? this.faults.cleared() : wait(fault.ms));
        await this.#handle(request);
        return;
    }

    const reply = await this.#handle(request);

    switch (fault?.kind) {
      case "delayAfter":
        await wait(fault.ms);
        return give(reply);
      case "statusAfter":
        return give(this.#ordered(fault));
      case "cut":
        socket.destroy();
        return;
      case "hangAfter":
        return;
      case "malformed": {
        const text = String(reply.body ?? "");
        return give({ ...reply, body: text.length < 2 ? "{" : text.slice(0, text.length / 2) });
      }
      case "html":
        return give(
          html(
            200,
            "<!doctype html>\n<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>\n",
          ),
        );
      case "empty":
        return give({ status: 200 });
      case "contentType":
        return give({ ...reply, headers: { ...reply.headers, "content-type": fault.type } });
      case "drip": {
        line.status = reply.status;
        const bytes = Buffer.from(reply.body ?? "");
        response.writeHead(reply.status, { ...reply.headers, "content-length": bytes.length });
        const piece = Math.max(1, Math.ceil(bytes.length / 10));
        for (let at = 0; at < bytes.length && !response.destroyed; at += piece) {
          if (at > 0) await wait(fault.ms);
          response.write(bytes.subarray(at, at + piece));
        }
        response.end();
        return;
      }
      default:
        return give(reply);
    }
  }

  async #handle(request: SandboxRequest): Promise<Reply> {
    let reply: Reply;
    try {
      reply = await this.vendor.handle(request, this);
    } catch (error) {
      // An error of the sandbox itself is shown where it runs, and not only to the
      // client.
      process.stderr.write(
        `${this.vendor.name} sandbox: ${error instanceof Error ? error.stack : String(error)}\n`,
      );
      reply = this.vendor.refuse(500, "internal error");
    }
    this.save();
    return reply;
  }

  #ordered(fault: Extract<Fault, { kind: "status" | "statusAfter" }>): Reply {
    const usual = this.vendor.refuse(fault.status, `fault on demand: ${fault.status}`);
    const ordered: Record<string, string> = { ...fault.headers };
    if (fault.retryAfter !== undefined) ordered["retry-after"] = fault.retryAfter;
    if (fault.body === undefined)
      return { ...usual, status: fault.status, headers: { ...usual.headers, ...ordered } };
    if (typeof fault.body === "string")
      return {
        status: fault.status,
        headers: { "content-type": "text/plain", ...ordered },
        body: fault.body,
      };
    return json(fault.status, fault.body, ordered);
  }

  #limit(): Reply | undefined {
    const limit = this.options.rateLimit;
    if (limit === null) return undefined;
    const now = Date.now();
    this.#recent = this.#recent.filter((at) => at > now - limit.seconds * 1000);
    if (this.#recent.length < limit.requests) {
      this.#recent.push(now);
      return undefined;
    }
    const free = this.#recent[0]! + limit.seconds * 1000 - now;
    const usual = this.vendor.refuse(429, "too many requests");
    return {
      ...usual,
      status: 429,
      headers: { ...usual.headers, "retry-after": String(Math.max(1, Math.ceil(free / 1000))) },
    };
  }
}

function send(response: ServerResponse, reply: Reply): void {
  const bytes = Buffer.from(reply.body ?? "");
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(reply.status === 204 || reply.status === 304 ? {} : { "content-length": bytes.length }),
  });
  response.end(bytes);
}

/** The whole body, or undefined when it is longer than any vendor would take. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > longestBody) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
