import { z } from "zod";
import { HttpClient, type HttpRequest, type HttpResponse } from "../http/client.ts";
import type { Repeatable } from "../http/retry.ts";
import type { ConfigOf } from "../runtime/config.ts";
import { changedNothing, UcaasError } from "../runtime/errors.ts";
import { isRecord } from "../runtime/is-record.ts";
import type { enablexConfig } from "./config.ts";
import { type ApiResult, parseReply, statusOf, toError } from "./envelope.ts";
import type { ApiRecord } from "./fields.ts";
import { type Routes, splitRoute } from "./routes.ts";
import { Session } from "./session.ts";

/** What ends the calls of a client before their time. */
export interface Signals {
  /** Once it is aborted, no call is repeated: the run is to end. */
  readonly signal?: AbortSignal;
  /** Ends each call at once, also one under way: for a client that only reads. */
  readonly readSignal?: AbortSignal;
}

/** Sends calls with the session's header, and finds in the replies what a route names. */
export class EnableXApi {
  readonly #config: ConfigOf<typeof enablexConfig>;
  readonly #http: HttpClient;
  readonly #session: Session;
  readonly #readSignal: AbortSignal | undefined;

  /** @throws {UcaasError} `CONFIG_MISSING` */
  constructor(config: ConfigOf<typeof enablexConfig>, { signal, readSignal }: Signals = {}) {
    this.#config = config;
    this.#readSignal = readSignal;
    this.#http = new HttpClient({
      vendor: "enablex",
      baseUrl: config.baseUrl,
      limits: config,
      retry: { deadline: config.deadlineSeconds * 1000 },
      signal,
    });
    this.#session = new Session(config, (accessId, email, password) =>
      this.#login(accessId, email, password),
    );
  }

  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /**
   * A call with the session's header, once again with a fresh one when the token is no
   * longer taken.
   */
  async send(
    operation: string,
    route: string,
    repeatable: Repeatable,
    more: { params?: Record<string, string>; query?: HttpRequest["query"]; body?: ApiRecord } = {},
  ): Promise<{ answer: ApiResult; reply: HttpResponse }> {
    let earlierMayHaveActed = false;
    try {
      for (let again = true; ; again = false) {
        const authorization = await this.#session.authorization();
        const reply = await this.#http.send({
          operation,
          ...splitRoute(route),
          params: more.params,
          query: more.query,
          list: more.query !== undefined,
          retry: repeatable,
          statusOf,
          signal: this.#readSignal,
          buildRequest: () => this.#message({ authorization }, more.body),
        });
        earlierMayHaveActed ||= reply.earlierAttemptMayHaveSucceeded;
        const answer = parseReply(reply, earlierMayHaveActed);
        if (
          again &&
          !answer.ok &&
          answer.failure.tokenRefused &&
          (await this.#session.refused(authorization))
        )
          continue;
        return { answer, reply };
      }
    } catch (error) {
      // The login after it may have failed: that says nothing of the try before.
      if (earlierMayHaveActed && changedNothing(error))
        throw new UcaasError((error as UcaasError).reason, {
          ...(error as UcaasError),
          mayHaveActed: true,
        });
      throw error;
    }
  }

  async #login(accessId: string, email: string, password: string): Promise<string> {
    const operation = "log in";
    const reply = await this.#http.send({
      operation,
      ...splitRoute(this.#config.routes.login),
      retry: "safe",
      statusOf,
      signal: this.#readSignal,
      buildRequest: () => this.#message({ "x-api-id": accessId }, { email, password }),
    });
    // The guide shows the reply as the token alone, without `result`.
    const token = loginReplySchema.safeParse(reply.json).data;
    if (
      reply.status === 200 &&
      token &&
      (token.result === undefined || String(token.result) === "1")
    )
      return token.token;
    const answer = parseReply(reply);
    if (!answer.ok) throw toError(answer.failure, operation);
    throw new UcaasError("the reply to the login has no token", {
      code: "MALFORMED_REPLY",
      vendor: "enablex",
      operation,
      status: reply.status,
      hint: "check enablex:baseUrl",
    });
  }

  #message(headers: Record<string, string>, body?: ApiRecord) {
    return {
      headers: {
        "content-type": "application/json",
        ...(this.#config.appType && { "x-app-type": this.#config.appType }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    };
  }

  object(payload: ApiRecord, key: keyof Routes, operation: string): ApiRecord {
    const value = payload[this.#config.routes[key] as string];
    if (isRecord(value)) return value;
    throw this.malformed(key, "an object", operation);
  }

  /**
   * A list under another name must not pass for an empty one: what it holds would be made
   * again.
   */
  array(payload: ApiRecord, key: keyof Routes, operation: string): unknown[] {
    const value = payload[this.#config.routes[key] as string];
    if (Array.isArray(value)) return value;
    throw this.malformed(key, "a list", operation);
  }

  malformed(key: keyof Routes, what: string, operation: string): UcaasError {
    return new UcaasError(
      `the reply has no ${JSON.stringify(this.#config.routes[key])} that is ${what}`,
      {
        code: "MALFORMED_REPLY",
        vendor: "enablex",
        operation,
        hint: `where this server names it otherwise: pulumi config set --path enablex:routes.${key} <name>`,
      },
    );
  }
}

const loginReplySchema = z.looseObject({
  token: z.string().min(1),
  result: z.union([z.string(), z.number()]).optional(),
});
