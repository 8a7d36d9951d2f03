import rateLimit from "@fastify/rate-limit";
import fastify, { type FastifyInstance, type FastifyReply, LogController } from "fastify";
import { callbackToken, refuseUnreadable } from "../provider/xelion/callback-request.ts";
import { callbackRoute } from "./callback-route.ts";
import { intentRoutes } from "./intent-routes.ts";
import type { Metrics } from "./metrics.ts";
import type { RelayKeys } from "./relay-key.ts";
import { failed, notFound, tooMany } from "./replies.ts";
import type { Store } from "./store.ts";
import type { Waiting } from "./waiting.ts";

export interface Limits {
  /** Bytes of a callback's body. */
  readonly bodyBytes: number;
  /** Requests without the key a minute, from one address. */
  readonly perAddress: number;
  /** Callbacks a minute, of one order. */
  readonly perCallbackPath: number;
}

/** What the routes work with. */
export interface Parts {
  readonly store: Store;
  readonly waiting: Waiting;
  readonly keys: RelayKeys;
  readonly metrics: Metrics;
  readonly limits: Limits;
  /** An order's callback address, as Xelion sees it. Known once the server listens. */
  readonly callbackUrl: (token: string) => string;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Without the key, the route is not there. */
    needsKey?: boolean;
  }
}

/** The HTTP side of docs/xelion-relay.md. */
export async function newServer(
  parts: Parts,
  { tls, trustProxy }: { tls: { cert: Buffer; key: Buffer } | null; trustProxy: readonly string[] },
): Promise<FastifyInstance> {
  const { store, waiting, keys, metrics, limits } = parts;
  const app = fastify({
    https: tls && { ...tls, minVersion: "TLSv1.2" },
    logger: {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    // Fastify's own lines hold URLs, and a callback's URL is a secret.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    exposeHeadRoutes: false,
    rewriteUrl: toRoute,
    requestTimeout: 30_000,
    // What comes while the receiver stops is still answered: Xelion may not call a second time.
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => void notFound(reply as FastifyReply),
    clientErrorHandler: refuseUnreadable,
  });
  await app.register(rateLimit, { global: false });
  const addressLimit = app.createRateLimit({ max: limits.perAddress, timeWindow: 60_000 });

  // Before a body is read: a stranger's never is.
  app.addHook("onRequest", async (request, reply) => {
    const holdsKey = keys.open(request.headers.authorization);
    if (!holdsKey) {
      const limit = await addressLimit(request);
      if (!limit.isAllowed && limit.isExceeded) return tooMany(reply, limit.ttlInSeconds, "too many requests from this address");
    }
    if (request.is404 || (request.routeOptions.config.needsKey && !holdsKey)) return notFound(reply);
  });
  app.setErrorHandler(failed);
  app.addHook("onResponse", async (request, reply) => metrics.answered(request.routeOptions.url ?? "unknown", reply.statusCode));

  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
    waiting.close();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (stopping) reply.header("connection", "close");
  });

  app.register(callbackRoute(parts));
  app.register(intentRoutes(parts));
  const beat = atMostOnceASecond(() => store.beat());
  app.get("/health", async () => {
    await beat();
    return { status: "ok" };
  });
  app.get("/metrics", { config: { needsKey: true } }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  return app;
}

/** A callback path as it is registered, however the address was rewritten on its way. */
function toRoute({ method, url = "/" }: { method?: string; url?: string }): string {
  const token = method === "POST" ? callbackToken(url) : undefined;
  return token === undefined ? url : `/callback/${token}`;
}

/** Anybody may ask for the health, and each time would be a write. */
function atMostOnceASecond(action: () => Promise<void>): () => Promise<void> {
  let last = { at: 0, done: Promise.resolve() };
  return () => {
    if (Date.now() - last.at >= 1_000) last = { at: Date.now(), done: action() };
    return last.done;
  };
}
