import { HttpClient, type HttpResponse, NoResponseError } from "../http/client.ts";
import { mayHaveActed } from "../http/retry.ts";
import type { ConfigOf } from "../runtime/config.ts";
import type { UcaasError } from "../runtime/errors.ts";
import type { xelionConfig } from "./config.ts";
import { malformed, reasonIn, refusal } from "./errors.ts";
import { polledSchema, submittedSchema } from "./schema.ts";

/** What an order needs beside its configuration. */
export interface Destination {
  readonly serverUrl: string;
  readonly tenantName: string;
  readonly token: string;
  readonly callbackUrl?: string;
}

/** How the one POST of an order ended. */
export type Submission =
  | { readonly kind: "accepted"; readonly orderId: number }
  /** It is certain that the service has no order from it. */
  | { readonly kind: "refused"; readonly failure: UcaasError }
  /** The service may have it or not. */
  | { readonly kind: "unknown"; readonly failure: UcaasError };

/** What the service's test route said of a configuration. */
export type ValidationResult =
  | { readonly kind: "valid" }
  /** In the service's words. */
  | { readonly kind: "invalid"; readonly reason: string }
  /** The service does not let us ask: the key or the address is wrong. */
  | { readonly kind: "refused"; readonly failure: UcaasError }
  | { readonly kind: "unreachable"; readonly failure: UcaasError };

/** The wire to the provisioning service (provisioning guide). */
export class XelionClient {
  readonly #http: HttpClient;
  readonly #config: ConfigOf<typeof xelionConfig>;

  constructor(config: ConfigOf<typeof xelionConfig>, signal?: AbortSignal) {
    this.#config = config;
    this.#http = new HttpClient({
      vendor: "xelion",
      baseUrl: config.baseUrl,
      limits: config,
      retry: { deadline: config.deadlineSeconds * 1000 },
      signal,
    });
  }

  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /**
   * Whether the service takes a configuration; it has no side effects. The tenant's token
   * is never sent here.
   */
  async test(configuration: string): Promise<ValidationResult> {
    const operation = "test the configuration";
    let reply: HttpResponse;
    try {
      reply = await this.#http.send({
        operation,
        method: "POST",
        path: "/api/v1/provision/test",
        retry: "safe",
        buildRequest: () => ({ body: configuration, headers: this.#headers() }),
      });
    } catch (error) {
      if (error instanceof NoResponseError) return { kind: "unreachable", failure: error };
      throw error;
    }
    if (reply.status === 200) return { kind: "valid" };
    if (reply.status === 400) return { kind: "invalid", reason: reasonIn(reply) };
    const failure = refusal(reply, operation);
    return reply.status === 429 || reply.status >= 500
      ? { kind: "unreachable", failure }
      : { kind: "refused", failure };
  }

  /** Sends one order: one POST, on a connection of its own, never repeated. */
  async submit(
    configuration: string,
    { serverUrl, tenantName, token, callbackUrl }: Destination,
  ): Promise<Submission> {
    const operation = `provision ${tenantName}`;
    let reply: HttpResponse;
    try {
      reply = await this.#http.send({
        operation,
        method: "POST",
        path: "/api/v1/provision",
        retry: "never",
        // A kept connection may be closing at the far end just now, and then it would not
        // be known whether the order arrived.
        freshConnection: true,
        buildRequest: () => ({
          body: configuration,
          headers: {
            ...this.#headers(),
            "xelion-server-url": serverUrl,
            "xelion-tenant-name": tenantName,
            "xelion-tenant-token": token,
            ...(callbackUrl && { "x-callback-url": callbackUrl }),
          },
        }),
      });
    } catch (error) {
      if (!(error instanceof NoResponseError)) throw error;
      return { kind: error.sent ? "unknown" : "refused", failure: error };
    }
    if (reply.status >= 200 && reply.status < 300) {
      const result = submittedSchema.safeParse(reply.json);
      if (result.success) return { kind: "accepted", orderId: result.data.id };
      return {
        kind: "unknown",
        failure: malformed(operation, reply, "the service took the order, but its reply has no id"),
      };
    }
    return {
      kind: mayHaveActed({ kind: "status", status: reply.status }) ? "unknown" : "refused",
      failure: refusal(reply, operation),
    };
  }

  /** The status of an order, by the operator's `orderPath`. */
  async status(orderId: number, signal?: AbortSignal): Promise<string> {
    const operation = `look at order ${orderId}`;
    const reply = await this.#http.send({
      operation,
      method: "GET",
      path: this.#config.orderPath ?? "",
      params: { id: String(orderId) },
      retry: "safe",
      signal,
      buildRequest: () => ({ headers: { "x-auth-key": this.#config.apiKey } }),
    });
    if (reply.status !== 200) throw refusal(reply, operation);
    const result = polledSchema.safeParse(reply.json);
    if (result.success) return result.data.status;
    throw malformed(operation, reply, "what xelion:orderPath leads to has no status");
  }

  #headers(): Record<string, string> {
    return { "content-type": "application/json", "x-auth-key": this.#config.apiKey };
  }
}
