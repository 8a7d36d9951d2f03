import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { readCallbackBody } from "pulumi-ucaas/internal/xelion/callback-request";
import type { ServerContext } from "./context.ts";
import type { CallbackResult } from "./metrics.ts";
import { malformed, notFound, tooLarge, tooMany } from "./replies.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The order whose callback path this is. */
    intentId: string;
    /** The type that the body is said to be of. */
    callbackType: string | undefined;
  }
}

/** `POST /callback/{token}`: what Xelion calls. */
export function callbackRoute({
  store,
  polls,
  metrics,
  health,
  limits,
}: ServerContext): FastifyPluginAsync {
  return async (app) => {
    const pathLimit = app.createRateLimit({
      max: limits.perCallbackPath,
      timeWindow: 60_000,
      keyGenerator: (request) => request.intentId,
    });
    const repeats = new WeakSet<FastifyReply>();
    app.decorateRequest("intentId", "");
    app.decorateRequest("callbackType", undefined);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    app.addHook("onResponse", async (_request, reply) => {
      metrics.callback(result(reply, repeats.has(reply)), reply.elapsedTime / 1_000);
      if (reply.statusCode === 200) health.callbackKept();
      if (reply.statusCode >= 500) health.callbackFailed();
    });

    app.post<{ Params: { token: string }; Body: Buffer | undefined }>(
      "/callback/:token",
      {
        bodyLimit: limits.bodyBytes,
        async onRequest(request, reply) {
          const intentId = await store.intentOfToken(request.params.token);
          if (!intentId) return notFound(reply);
          request.intentId = intentId;
          const limit = await pathLimit(request);
          if (!limit.isAllowed && limit.isExceeded)
            return tooMany(reply, limit.ttlInSeconds, "too many callbacks on this path");
          // Fastify would refuse a type that is not well-formed.
          request.callbackType = request.headers["content-type"];
          delete request.headers["content-type"];
        },
      },
      async (request, reply) => {
        const { intentId, headers, callbackType } = request;
        const written = {
          "content-encoding": headers["content-encoding"],
          "content-type": callbackType,
        };
        const body = await readCallbackBody(
          request.body ?? new Uint8Array(),
          written,
          limits.bodyBytes,
        );
        if (body.kind === "tooLarge") return tooLarge(reply);
        if (body.kind === "malformed") {
          request.log.warn({ intent: intentId }, "a callback's body is not a JSON object");
          return malformed(reply, "the body must be a JSON object in the charset of Content-Type");
        }
        const mid = toMid(body.message.mid);
        const saved = await store.keep(intentId, { body: body.text, mid });
        if (saved.outcome === "unknownIntent") return notFound(reply);
        if (saved.outcome === "kept") polls.notify(intentId, saved.sequence);
        else repeats.add(reply);
        request.log.info({ intent: intentId, mid, ...saved }, "callback");
        return reply.code(200).send();
      },
    );
  };
}

/**
 * Decimal digits; null for a mid that cannot be compared exactly: then nothing is taken
 * for a repeat.
 */
function toMid(mid: unknown): string | null {
  return Number.isSafeInteger(mid) ? String(mid) : null;
}

function result({ statusCode }: FastifyReply, repeat: boolean): CallbackResult {
  switch (statusCode) {
    case 200:
      return repeat ? "repeat" : "kept";
    case 400:
      return "malformed";
    case 404:
      return "unknown_path";
    case 413:
      return "too_large";
    case 429:
      return "too_many";
    default:
      return "not_durable";
  }
}
