import type { z } from "zod";
import { HttpClient, type HttpResponse } from "../http/client.ts";
import type { ConfigOf } from "../runtime/config.ts";
import { UcaasError } from "../runtime/errors.ts";
import { sign, tokenLifetime } from "./jws.ts";
import {
  type DeleteReply,
  deleteReplySchema,
  errorReplySchema,
  updateReplySchema,
  type ximaConfig,
} from "./schema.ts";
import { type SigningKey, signingKey } from "./signing-key.ts";

export interface CcId {
  readonly resellerId: string;
  readonly tenantId: string;
  readonly resellerName?: string;
  readonly tenantName?: string;
}

/**
 * The remedies of the guide's troubleshooting table; for what OpenAPI 1.4 added, and for
 * what the table leaves out, ours.
 */
const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    INVALID_SIGNATURE:
      "Check serialization parameters and ensure you're using the correct private key: `ucaas xima keys check --online` compares key, certificate and server",
    DUPLICATE_JTI:
      "Generate a new UUID for each request. This client does: something on the way sends requests twice; run the command again",
    INVALID_JTI:
      "Ensure JTI is a valid UUID string. Set xima:claimsIn to where this server looks for it",
    EXPIRED_TOKEN: "Check your server's clock synchronization",
    VALIDATION_ERROR:
      "Review validation rules for seat quantities (docs/xima-license.md, section Arguments); a server that refuses jti and exp in the body wants xima:claimsIn: token",
    // The published example of this code is "The JWT signature is invalid".
    INVALID_TOKEN:
      "1. Run `ucaas xima keys check --online`: it compares key, certificate and server. 2. If all fit, set xima:claimsIn and xima:apiRevision to the revision of this server",
    INVALID_CERTIFICATE:
      "Run `ucaas xima keys check --online`. If the server does not list the kid, ask Xima to register the certificate for this environment (`ucaas xima keys fingerprint`)",
    CUSTOMER_NOT_FOUND:
      "Check ccId.resellerId and ccId.tenantId. If the customer was removed elsewhere: `pulumi refresh`, then `pulumi up` creates it again",
  }),
);

const probeHint =
  "This was the look-up before a write, which sends the ccId alone (inferred). If the server wants the names too: `pulumi config set xima:probe names`; to send no look-up: `pulumi config set xima:probe off` (docs/xima-license.md, section The look-up)";

const knownHint =
  "The state has this customer, so the first request is done. If this server wants the names always: `pulumi config set xima:probe names`. If the customer was removed elsewhere: `pulumi state delete <urn>`, then `pulumi up`";

/** What to do about a VALIDATION_ERROR depends on what the server refuses. */
function validationRemedy(message: string): string | undefined {
  if (/\b(jti|exp)\b/i.test(message))
    return "The server refuses jti and exp in the body: `pulumi config set xima:claimsIn token`";
  if (
    /unknown|unexpected|unrecogni[sz]ed|additional propert|not (a )?(known|allowed|permitted|supported)/i.test(
      message,
    )
  )
    return "The server does not know a field. Remove it from the resource, or set xima:apiRevision to the revision of this server; for jti and exp set xima:claimsIn to token";
  if (/ccid|reseller|tenant/i.test(message))
    return "Check ccId: both ids as Xima issued them, and on the customer's first request both names (OpenAPI 1.4)";
  if (/sip/i.test(message))
    return "Check sipCredentials: four fields are required, and sipPort and transport come together (OpenAPI 1.4)";
  return undefined;
}

/** The wire: three calls of the licensing API (OpenAPI 1.4), each signed anew for every try. */
export class XimaClient {
  readonly #http: HttpClient;
  readonly #config: ConfigOf<typeof ximaConfig>;
  readonly #key: SigningKey;

  constructor(config: ConfigOf<typeof ximaConfig>, signal?: AbortSignal) {
    this.#config = config;
    this.#key = signingKey(config);
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
      throw refusal(reply, operation, knownHint);
    }
    if (reply.status === 400) throw refusal(reply, operation, probeHint);
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
      hint: "check xima:baseUrl and xima:updatePath. The licence may have been changed: run `pulumi up` again, which sends the whole licence",
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

function refusal(reply: HttpResponse, operation: string, moreToDo?: string): UcaasError {
  const error = errorReplySchema.safeParse(reply.json).data;
  const skew = clockSkew(reply);
  const blamesTheToken = error ? timedCodes.has(error.code) : reply.status === 401;
  if (blamesTheToken && Math.abs(skew) > tokenLifetime) {
    return new UcaasError(
      `this machine's clock is ${Math.round(Math.abs(skew) / 60)} minutes ${skew > 0 ? "ahead of" : "behind"} the server's`,
      {
        code: "CLOCK_OFF",
        vendor: "xima",
        operation,
        status: reply.status,
        vendorCode: error?.code,
        earlierAttemptMayHaveSucceeded: reply.earlierAttemptMayHaveSucceeded,
        hint: remedies.get("EXPIRED_TOKEN"),
      },
    );
  }
  if (!error) {
    return new UcaasError("the server rejected the request without an error body", {
      code: `HTTP_${reply.status}`,
      vendor: "xima",
      operation,
      status: reply.status,
      earlierAttemptMayHaveSucceeded: reply.earlierAttemptMayHaveSucceeded,
      hint: hintFor(reply),
    });
  }
  // Any other text is no code, and would stand where people look for one.
  const code = /^[A-Z][A-Z0-9_]{0,63}$/.test(error.code) ? error.code : `HTTP_${reply.status}`;
  const remedy =
    (error.code === "VALIDATION_ERROR" && validationRemedy(error.message ?? "")) ||
    remedies.get(error.code);
  return new UcaasError(error.message ?? "the server rejected the request", {
    code,
    vendor: "xima",
    operation,
    status: reply.status,
    vendorCode: code === error.code ? code : undefined,
    earlierAttemptMayHaveSucceeded: reply.earlierAttemptMayHaveSucceeded,
    hint: [remedy ?? hintFor(reply), moreToDo].filter(Boolean).join(". "),
  });
}

/** Refusals that a wrong clock brings about. */
const timedCodes = new Set(["EXPIRED_TOKEN", "INVALID_TOKEN", "INVALID_CERTIFICATE"]);

/** For what the API does not document. */
function hintFor({ status, headers }: HttpResponse): string {
  if (status === 404 || status < 400)
    return "check xima:baseUrl and xima:updatePath: the prefix differs between the vendor's pages";
  if (status === 429) {
    const wait = headers["retry-after"];
    return `${wait ? `the server asks to wait (Retry-After: ${wait}); ` : ""}run the command again later, and set xima:requestsPerSecond to what the server allows`;
  }
  return "run the command again; if it stays, ask support@ximasoftware.com";
}

/** Seconds by which this machine's clock is ahead of the server's Date header. */
function clockSkew(reply: HttpResponse): number {
  const date = Date.parse(reply.headers.date ?? "");
  return Number.isNaN(date) ? 0 : (Date.now() - date) / 1000;
}
