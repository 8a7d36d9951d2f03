import type { z } from "zod";
import { HttpClient, type HttpResponse } from "../http/client.ts";
import type { ConfigOf } from "../runtime/config.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { seenBy } from "../runtime/seen-by.ts";
import { serverOf, type ximaConfig } from "./config.ts";
import { afterProbe, afterRequest, refusal } from "./errors.ts";
import { sign } from "./jws.ts";
import type { CcId } from "./resource-id.ts";
import {
  type DeleteReply,
  deleteReplySchema,
  errorReplySchema,
  updateReplySchema,
} from "./schema.ts";
import { type SigningKey, signingKey } from "./signing-key.ts";

/** The wire: three calls of the licensing API (OpenAPI 1.4), each signed again for every try. */
export class XimaClient {
  /** Tells in the state that this server has seen a customer. */
  readonly mark: string;
  readonly #http: HttpClient;
  readonly #config: ConfigOf<typeof ximaConfig>;
  readonly #key: SigningKey;

  constructor(config: ConfigOf<typeof ximaConfig>, signal?: AbortSignal) {
    this.#config = config;
    this.#key = signingKey(config);
    this.mark = seenBy(serverOf(config));
    this.#http = new HttpClient({
      vendor: "xima",
      baseUrl: config.baseUrl,
      limits: config,
      retry: { deadline: config.deadlineSeconds * 1000 },
      signal,
    });
  }

  /**
   * Whether the customer exists; undefined when `xima:probe` is `off` and the server is not asked.
   *
   * A POST of the `ccId` alone changes nothing, and the server answers 404 for an unknown
   * customer (inferred). The names are required on a customer's first request only
   * (OpenAPI 1.4), so a 400 that asks for them means the same, unless the customer had
   * its first request (`isKnown`): then the server may want the names always, which
   * proves nothing.
   */
  async exists(ccId: CcId, { isKnown = false } = {}): Promise<boolean | undefined> {
    const { probe } = this.#config;
    if (probe === "off") return undefined;
    const { resellerId, tenantId, resellerName, tenantName } = ccId;
    const names = probe === "names" ? { resellerName, tenantName } : {};
    const operation = `look up ${resellerId}/${tenantId}`;
    const reply = await this.#send("POST", operation, { ccId: { resellerId, tenantId, ...names } });
    if (isUnknownCustomer(reply)) return false;
    const sentBoth = probe === "names" && resellerName !== undefined && tenantName !== undefined;
    if (asksForNames(reply) && !sentBoth) {
      if (!isKnown) return false;
      throw refusal(reply, operation, afterRequest);
    }
    if (reply.status === 400) throw refusal(reply, operation, afterProbe);
    this.#parse(reply, operation, updateReplySchema);
    return true;
  }

  /**
   * Makes the licence what the body says; answers the nested `changes`, which say little
   * when an earlier try may have made them already
   * (`earlierAttemptMayHaveSucceeded`). It states the whole, so it may be repeated.
   */
  async update(
    ccId: CcId,
    body: Record<string, unknown>,
    verb: "create" | "update",
  ): Promise<{ changes: Record<string, unknown>; earlierAttemptMayHaveSucceeded: boolean }> {
    const operation = `${verb} licence ${ccId.resellerId}/${ccId.tenantId}`;
    const reply = await this.#send("POST", operation, body);
    return {
      changes: this.#parse(reply, operation, updateReplySchema).changes,
      earlierAttemptMayHaveSucceeded: reply.earlierAttemptMayHaveSucceeded,
    };
  }

  /**
   * Schedules the removal of all licences within a week. `gone`: the customer is not
   * known; `earlierAttemptMayHaveSucceeded`: it is not known any more when asked again
   * after a try whose answer was lost, so that try did it, and its `deletionId` is lost.
   */
  async delete({
    resellerId,
    tenantId,
  }: CcId): Promise<DeleteReply | "gone" | "earlierAttemptMayHaveSucceeded"> {
    const operation = `delete licence ${resellerId}/${tenantId}`;
    const reply = await this.#send("DELETE", operation, { ccId: { resellerId, tenantId } });
    if (isUnknownCustomer(reply))
      return reply.earlierAttemptMayHaveSucceeded ? "earlierAttemptMayHaveSucceeded" : "gone";
    return this.#parse(reply, operation, deleteReplySchema);
  }

  #send(
    method: "POST" | "DELETE",
    operation: string,
    body: Record<string, unknown>,
  ): Promise<HttpResponse> {
    return this.#http.send({
      operation,
      method,
      path: this.#config.updatePath,
      retry: "safe",
      buildRequest: async () => {
        const signed = await sign(body, this.#key, this.#config.claimsIn);
        return {
          body: signed.body,
          headers: { "content-type": "application/json", authorization: signed.authorization },
        };
      },
    });
  }

  #parse<S extends z.ZodType>(reply: HttpResponse, operation: string, schema: S): z.output<S> {
    if (reply.status < 200 || reply.status > 299) throw refusal(reply, operation);
    const result = schema.safeParse(reply.json, { reportInput: false });
    if (result.success) return result.data;
    throw new UcaasError("the server's reply is not what the API documents", {
      code: "MALFORMED_REPLY",
      vendor: "xima",
      operation,
      status: reply.status,
      hint: steps(
        "Check xima:baseUrl and xima:updatePath.",
        "Run `pulumi up` again: the licence may have been changed, and it sends the whole licence.",
      ),
    });
  }
}

/**
 * Only the API's own word makes a customer unknown: a bare 404 is a wrong address, and
 * taking it for "gone" would lose the state.
 */
function isUnknownCustomer(reply: HttpResponse): boolean {
  return (
    reply.status === 404 &&
    errorReplySchema.safeParse(reply.json).data?.code === "CUSTOMER_NOT_FOUND"
  );
}

/**
 * A 400 that asks for the customer's names, which only a first request needs (OpenAPI
 * 1.4). The words are not published.
 */
function asksForNames(reply: HttpResponse): boolean {
  const error = reply.status === 400 ? errorReplySchema.safeParse(reply.json).data : undefined;
  return (
    error?.code === "VALIDATION_ERROR" &&
    /(reseller|tenant)[ _-]?name|first request/i.test(error.message ?? "")
  );
}
