import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { debuglog } from "node:util";
import type PQueue from "p-queue";
import { UcaasError, type UcaasErrorDetails } from "../runtime/errors.ts";
import { tryParseReply } from "../runtime/parse-json.ts";
import { maskSecrets } from "../runtime/secrets.ts";
import { acceptEncoding, decodeBody, readUpTo } from "./body.ts";
import { abortedError, classifyTransportError, type TransportError, transient } from "./errors.ts";
import {
  baseUrlOf,
  connections,
  createPool,
  createRateLimiter,
  type Limits,
  maxListBytes,
  maxReplyBytes,
} from "./pool.ts";
import {
  defaultRetry,
  mayHaveActed,
  type Outcome,
  type Repeatable,
  type RetryPolicy,
  retryDelay,
} from "./retry.ts";

/** Seen with `NODE_DEBUG=ucaas`: one line a call, without query, headers and body. */
const log = debuglog("ucaas");

export interface HttpClientOptions {
  /** For errors and log lines: `xima`. */
  readonly vendor: string;
  /** Where paths are resolved against; https, or http to this machine. */
  readonly baseUrl: string;
  readonly limits: Limits;
  /** Overrides of {@link defaultRetry}. */
  readonly retry?: Partial<RetryPolicy>;
  /**
   * Milliseconds after which a try that may be repeated is given up; default 60 000. One
   * that must not be has the whole deadline.
   */
  readonly tryTimeout?: number;
  /** Once it is aborted, no call is repeated: the try that is under way is the last. */
  readonly signal?: AbortSignal;
}

/** What is sent. Made again for each try, so that a signature or a token is never used twice. */
export interface RequestBody {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface HttpRequest {
  /** In words, for errors: `create licence acme/berlin`. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Below the base URL, with `{placeholders}` that `params` fill; it is the template that
   * is logged.
   */
  readonly path: string;
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string | number | undefined>;
  readonly retry: Repeatable;
  /** The status that decides on a repeat, of an API that has one in the body; default HTTP's. */
  readonly statusOf?: (reply: Pick<HttpResponse, "status" | "json">) => number;
  /**
   * On a connection of its own: one that was kept may be closing at the far end, and then
   * a failure would not prove that nothing was done.
   */
  readonly freshConnection?: boolean;
  readonly buildRequest?: () => RequestBody | Promise<RequestBody>;
  /**
   * Milliseconds for one try, from the connection to the last byte; default as {@link
   * HttpClientOptions.tryTimeout} says.
   */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** The reply is a list, which may be larger than the reply of one resource. */
  readonly list?: boolean;
}

/** What came back, read to its end. Any status: what it means is the vendor's business. */
export interface HttpResponse {
  readonly status: number;
  /**
   * Lower-case names; a repeated header's values are joined by a comma, cookies by a line
   * break.
   */
  readonly headers: Record<string, string>;
  readonly text: string;
  /** The body as JSON, or undefined when it is none, or has more levels than any API. */
  readonly json: unknown;
  /** Tries it took. */
  readonly attempts: number;
  /**
   * Whether an earlier try may have been acted on, though its answer was lost or an error
   * of the server.
   */
  readonly earlierAttemptMayHaveSucceeded: boolean;
}

/**
 * A call that got no reply. `sent` tells whether the server may have acted on it: false
 * only when it is certain that nothing left this machine.
 */
export class NoResponseError extends UcaasError {
  readonly sent: boolean;
  constructor(reason: string, details: UcaasErrorDetails & { sent: boolean }) {
    super(reason, { ...details, mayHaveActed: details.sent });
    this.sent = details.sent;
  }
}

/**
 * One HTTP client for all vendors: deadlines, limits, repeats by policy, nothing secret
 * in what it says. Redirects are not followed, since credentials would travel along; the
 * reply is handed back as it is.
 */
export class HttpClient {
  readonly baseUrl: string;
  readonly #vendor: string;
  readonly #host: string;
  readonly #retry: RetryPolicy;
  readonly #tryTimeout: number;
  readonly #queue: PQueue;
  readonly #signal: AbortSignal | undefined;

  constructor(options: HttpClientOptions) {
    this.#vendor = options.vendor;
    this.baseUrl = baseUrlOf(options.vendor, options.baseUrl);
    this.#host = new URL(this.baseUrl).host;
    this.#retry = { ...defaultRetry, ...options.retry };
    this.#tryTimeout = options.tryTimeout ?? 60_000;
    this.#queue = createRateLimiter(options.limits);
    this.#signal = options.signal;
  }

  /**
   * Sends one call, and repeats it as the policy allows.
   *
   * @throws {NoResponseError} when the last try ended without a reply.
   */
  async send(call: HttpRequest): Promise<HttpResponse> {
    let begun: number | undefined;
    let unheard = false;
    let lastFailure: NoResponseError | undefined;
    for (let number = 1; ; number++) {
      const start = () => {
        // The deadline is for the call itself: a call that waited long for its turn has
        // had no try yet.
        begun ??= performance.now();
        return this.#try(
          call,
          number,
          Math.max(1, this.#retry.deadline - (performance.now() - begun)),
        );
      };
      // A repeat goes before calls that have not begun, whose deadline does not run yet.
      const result = await this.#unlessAborted(
        call,
        () => begun !== undefined,
        this.#queue.add(start, { signal: call.signal, priority: number === 1 ? 0 : 1 }),
      );
      const outcome: Outcome =
        result instanceof NoResponseError
          ? { kind: "failure", sent: result.sent, transient: transient.has(result.code) }
          : {
              kind: "status",
              status: call.statusOf?.(result) ?? result.status,
              retryAfter: result.headers["retry-after"],
            };
      const elapsed = performance.now() - (begun ?? 0);
      const delay = retryDelay(this.#retry, call.retry, outcome, {
        number,
        elapsed,
        now: Date.now(),
        random: Math.random(),
      });
      if (delay !== undefined && !this.#signal?.aborted) {
        unheard ||= mayHaveActed(outcome);
        if (result instanceof NoResponseError) lastFailure = result;
        await this.#unlessAborted(call, () => true, this.#pause(delay, call.signal));
        // After the signal another run may be at work on the same resource.
        if (!this.#signal?.aborted) continue;
      }
      if (!(result instanceof NoResponseError))
        return { ...result, earlierAttemptMayHaveSucceeded: unheard };
      // The deadline may have left the last try no time; what the one before it came to says more.
      const failure = (result.code === "NO_REPLY_IN_TIME" && lastFailure) || result;
      const sent = result.sent || unheard;
      if (failure.sent === sent) throw failure;
      const which = unheard ? "an earlier" : "the last";
      throw this.#noReply(call, {
        ...failure,
        hint: `${which} try was sent, and whether the server acted on it is not known; check the network and HTTPS_PROXY`,
        sent,
      });
    }
  }

  async #try(
    call: HttpRequest,
    number: number,
    left: number,
  ): Promise<Omit<HttpResponse, "earlierAttemptMayHaveSucceeded"> | NoResponseError> {
    const message = (await call.buildRequest?.()) ?? {};
    const url = this.#url(call);
    const most = call.timeout ?? (call.retry === "safe" ? this.#tryTimeout : left);
    const milliseconds = Math.ceil(Math.min(most, left));
    const timeout = AbortSignal.timeout(milliseconds);
    const begun = performance.now();
    const done = (how: string | number) =>
      log(
        "%s %s %s -> %s in %d ms, try %d",
        this.#vendor,
        call.method,
        call.path,
        how,
        Math.round(performance.now() - begun),
        number,
      );
    let dispatcher: Awaited<ReturnType<typeof connections>>["dispatcher"] | undefined;
    try {
      const connected = await (call.freshConnection ? createPool() : connections());
      dispatcher = connected.dispatcher;
      const response = await connected.request(url, {
        method: call.method,
        headers: {
          accept: "application/json",
          "accept-encoding": acceptEncoding,
          "user-agent": "pulumi-ucaas",
          ...message.headers,
        },
        body: message.body,
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
        headersTimeout: milliseconds,
        bodyTimeout: milliseconds,
        dispatcher,
      });
      const headers = flattenHeaders(response.headers);
      const written = {
        contentEncoding: headers["content-encoding"],
        contentType: headers["content-type"],
      };
      const limit = call.list ? maxListBytes : maxReplyBytes;
      const text = await decodeBody(await readUpTo(response.body, limit), written, { limit });
      done(response.statusCode);
      return {
        status: response.statusCode,
        headers,
        text,
        json: tryParseReply(text),
        attempts: number,
      };
    } catch (error) {
      const failure = this.#noReply(
        call,
        call.signal?.aborted
          ? abortedError(this.#host, true)
          : classifyTransportError(error, this.#host, timeout.aborted),
      );
      done(failure.code);
      return failure;
    } finally {
      if (call.freshConnection) dispatcher?.destroy().catch(() => {});
    }
  }

  /** @throws when the call's own signal is aborted; that of the client ends the pause early */
  async #pause(milliseconds: number, own: AbortSignal | undefined): Promise<void> {
    const signals = [own, this.#signal].filter((signal) => signal !== undefined);
    try {
      await pause(milliseconds, undefined, { signal: AbortSignal.any(signals) });
    } catch (error) {
      if (own?.aborted || !this.#signal?.aborted) throw error;
    }
  }

  #url(call: HttpRequest): string {
    const path = call.path.replace(/\{(\w+)\}/g, (_, name: string) =>
      this.#pathSegment(call, name),
    );
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) query.set(key, String(value));
    return `${this.baseUrl}${path}${query.size ? `?${query}` : ""}`;
  }

  /**
   * An empty segment, or one of dots, would lead to another route: a DELETE of all in
   * place of one.
   */
  #pathSegment(call: HttpRequest, name: string): string {
    const value = call.params?.[name] ?? "";
    if (/^\.{0,2}$/.test(value) || !value.isWellFormed()) {
      throw new UcaasError(`${JSON.stringify(value)} cannot be the ${name} in ${call.path}`, {
        code: "INVALID_REQUEST",
        vendor: this.#vendor,
        operation: call.operation,
        hint: "nothing was sent; check the resource's id in the state and its arguments",
      });
    }
    return encodeURIComponent(value);
  }

  /** Who calls may give up at any time: in the queue, under way, or between two tries. */
  async #unlessAborted<T>(call: HttpRequest, sent: () => boolean, running: Promise<T>): Promise<T> {
    try {
      return await running;
    } catch (error) {
      if (!call.signal?.aborted) throw error;
      throw this.#noReply(call, abortedError(this.#host, sent()));
    }
  }

  #noReply(call: HttpRequest, { code, reason, hint, sent }: TransportError): NoResponseError {
    const details = { vendor: this.#vendor, operation: call.operation, sent, code, hint };
    return new NoResponseError(maskSecrets(reason), details);
  }
}

function flattenHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(name === "set-cookie" ? "\n" : ", ") : (value ?? ""),
    ]),
  );
}
