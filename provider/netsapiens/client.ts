import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { HttpClient, type HttpRequest, NoResponseError } from "../http/client.ts";
import type { Limits } from "../http/pool.ts";
import { mayHaveActed, retryDelay } from "../http/retry.ts";
import { rememberSecret } from "../runtime/secrets.ts";

/** What came of a call, as far as an evaluation needs it. */
export type Answer =
  /** The API answered; `json` is its body. */
  | { readonly kind: "api"; readonly status: number; readonly json: unknown }
  /** Something answered that is not the API: an HTML page, an empty body, a redirect. */
  | { readonly kind: "foreign"; readonly status: number }
  /**
   * 403 for this call and for one that needs no right: the caller is blocked. It says
   * nothing about the requested object.
   */
  | { readonly kind: "blocked" }
  /** No answer came. */
  | {
      readonly kind: "none";
      readonly code: string;
      readonly reason: string;
      readonly hint?: string;
    };

/** What came of asking for a token, and by which route. */
export interface Grant {
  readonly route: "v2" | "v1";
  readonly answer: Answer;
}

/** A client and a user together: what a token is asked for with. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
}

/** Pauses while blocked: up to a second, two, four … half a minute, until the deadline. */
const patience = { attempts: Number.POSITIVE_INFINITY, base: 1_000, cap: 30_000, retryAfterCap: 0 };

/**
 * The wire: the token grant and the reads of NetSapiens' API v2 at one host (API
 * reference v45). Replies are not judged here. Tokens are kept in memory, so that all
 * resources of the same client and user cause one grant a run. Devices are never read:
 * their replies hold SIP passwords.
 */
export class NetsapiensClient {
  readonly #http: HttpClient;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #grants = new Map<string, { until: number; grant: Promise<Grant> }>();
  #version: Promise<Answer> | undefined;

  constructor(
    apiUrl: string,
    limits: Limits & { readonly deadlineSeconds: number },
    signal?: AbortSignal,
  ) {
    this.#deadline = limits.deadlineSeconds * 1000;
    this.#signal = signal;
    this.#http = new HttpClient({
      vendor: "netsapiens",
      baseUrl: apiUrl,
      limits,
      retry: { deadline: this.#deadline },
      signal,
    });
  }

  /**
   * The version of the API, which needs no token. Asked once a run, and again after a
   * failure.
   */
  async version(): Promise<Answer> {
    this.#version ??= this.#patiently({
      operation: "read version",
      method: "GET",
      path: "/ns-api/v2/version",
      retry: "safe",
    });
    const answer = await this.#version;
    if (isPassing(answer)) this.#version = undefined;
    return answer;
  }

  /**
   * The password grant, by the route of API v2, and by that of v1 where v2 has none (404,
   * or a page).
   */
  async grant(credentials: Credentials): Promise<Grant> {
    const { clientId, clientSecret, username, password } = credentials;
    const key = createHash("sha256")
      .update(JSON.stringify([clientId, clientSecret, username, password]))
      .digest("hex");
    const known = this.#grants.get(key);
    if (known && known.until > Date.now()) return known.grant;
    const entry = { until: Number.POSITIVE_INFINITY, grant: this.#ask(credentials) };
    this.#grants.set(key, entry);
    const { answer } = await entry.grant;
    if (isPassing(answer)) this.#grants.delete(key);
    else entry.until = expiryOf(answer);
    return entry.grant;
  }

  /** A read with a token. What has a query is a list. */
  read(
    operation: string,
    path: string,
    params: Record<string, string>,
    token: string,
    query?: HttpRequest["query"],
  ): Promise<Answer> {
    const message = () => ({ headers: { authorization: `Bearer ${token}` } });
    return this.#patiently({
      operation,
      method: "GET",
      path,
      params,
      query,
      list: query !== undefined,
      retry: "safe",
      buildRequest: message,
    });
  }

  async #ask({
    clientId: client_id,
    clientSecret: client_secret,
    username,
    password,
  }: Credentials): Promise<Grant> {
    const body = { grant_type: "password", client_id, client_secret, username, password };
    // A second token does no harm, so both may be repeated.
    const call = { operation: "get a token", method: "POST", retry: "safe" } as const;
    const answer = await this.#patiently({
      ...call,
      path: "/ns-api/v2/tokens",
      buildRequest: () => ({
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    if (!hasNoSuchRoute(answer)) return { route: "v2", answer };
    return {
      route: "v1",
      answer: await this.#patiently({
        ...call,
        path: "/ns-api/oauth2/token/",
        buildRequest: () => ({
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams(body).toString(),
        }),
      }),
    };
  }

  /**
   * A call that waits while this machine is blocked: 403 can be a refusal, or a limit on
   * the rate of calls (contract).
   */
  async #patiently(call: HttpRequest): Promise<Answer> {
    const begun = performance.now();
    for (let number = 1; ; number++) {
      const answer = await this.#once(call);
      if (!("status" in answer) || answer.status !== 403 || !(await this.#refusesEverybody()))
        return answer;
      const delay = retryDelay(
        { ...patience, deadline: this.#deadline },
        "safe",
        { kind: "status", status: 429 },
        { number, elapsed: performance.now() - begun, now: Date.now(), random: Math.random() },
      );
      if (delay === undefined) return { kind: "blocked" };
      // Nothing is asked again when the run is to end.
      await pause(delay, undefined, { signal: this.#signal }).catch(() => {});
      if (this.#signal?.aborted) return { kind: "blocked" };
    }
  }

  /** The version needs no right, so only a block can refuse it (inferred). */
  async #refusesEverybody(): Promise<boolean> {
    const answer = await this.#once({
      operation: "read version",
      method: "GET",
      path: "/ns-api/v2/version",
      retry: "safe",
    });
    return "status" in answer && answer.status === 403;
  }

  async #once(call: HttpRequest): Promise<Answer> {
    try {
      const { status, json } = await this.#http.send(call);
      if (typeof json !== "object" || json === null) return { kind: "foreign", status };
      rememberTokens(json);
      return { kind: "api", status, json };
    } catch (error) {
      if (!(error instanceof NoResponseError)) throw error;
      return { kind: "none", code: error.code, reason: error.reason, hint: error.hint };
    }
  }
}

/** Whether the same call may be answered otherwise in a moment, with nothing changed. */
function isPassing(answer: Answer): boolean {
  return (
    answer.kind === "none" ||
    answer.kind === "blocked" ||
    answer.status === 429 ||
    (answer.status >= 400 && mayHaveActed({ kind: "status", status: answer.status }))
  );
}

/** Older systems answer an unknown route with 404, or with a page of the portal (contract). */
function hasNoSuchRoute(answer: Answer): boolean {
  return (
    (answer.kind === "api" && answer.status === 404) ||
    (answer.kind === "foreign" && !isPassing(answer) && answer.status !== 403)
  );
}

/**
 * When a grant must be asked for again: a minute before its token ends, or never in this
 * run when it was refused.
 */
function expiryOf(answer: Answer): number {
  const seconds = Number(
    (answer.kind === "api" && (answer.json as { expires_in?: unknown }).expires_in) ||
      Number.POSITIVE_INFINITY,
  );
  return Date.now() + (seconds - 60) * 1000;
}

function rememberTokens(json: object): void {
  const { access_token, refresh_token } = json as Record<string, unknown>;
  rememberSecret(access_token);
  rememberSecret(refresh_token);
}
