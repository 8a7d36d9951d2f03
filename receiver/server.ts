import rateLimit from "@fastify/rate-limit";
import fastify, { type FastifyInstance, type FastifyReply, LogController } from "fastify";
import { ConnectionLimit } from "pulumi-ucaas/internal/http/connections";
import { printable } from "pulumi-ucaas/internal/runtime/printable";
import { callbackToken, refuseUnreadable } from "pulumi-ucaas/internal/xelion/callback-request";
import { callbackRoute } from "./callback-route.ts";
import type { ServerContext } from "./context.ts";
import { intentRoutes } from "./intent-routes.ts";
import { failed, notFound, tooMany } from "./replies.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Without the key, the route is not there. */
    needsKey?: boolean;
  }
}

/**
 * Milliseconds for the head and for the whole of a request; also for a connection that
 * sends nothing. Long enough for a busy machine: idle connections give way to others
 * before that.
 */
const timeouts = {
  headersTimeout: 60_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};

const longestLine = 65_536;

/** The HTTP side of docs/xelion-relay.md. */
export async function newServer(
  context: ServerContext,
  { tls, trustProxy }: { tls: { cert: Buffer; key: Buffer } | null; trustProxy: readonly string[] },
): Promise<FastifyInstance> {
  const { polls, keys, metrics, health, limits } = context;
  const app = fastify({
    ...(tls
      ? {
          https: {
            ...tls,
            ...timeouts,
            minVersion: "TLSv1.2",
            handshakeTimeout: timeouts.headersTimeout,
          },
        }
      : { http: timeouts }),
    logger: {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      // What a database or a caller says is escaped and masked as in the provider. The
      // line stays JSON.
      stream: {
        write: (line) => void process.stdout.write(`${printable(line.trimEnd(), longestLine)}\n`),
      },
    },
    // Fastify's own lines hold URLs, and a callback's URL is a secret.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    exposeHeadRoutes: false,
    rewriteUrl: toRoute,
    requestTimeout: timeouts.requestTimeout,
    keepAliveTimeout: 72_000,
    // What comes while the receiver stops is still answered: Xelion may not call a second time.
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => void notFound(reply as FastifyReply),
    clientErrorHandler: refuseUnreadable,
  });
  const connections = new ConnectionLimit(app.server, limits.connections);
  metrics.countConnections(connections);
  await app.register(rateLimit, { global: false });
  const addressLimit = app.createRateLimit({ max: limits.perAddress, timeWindow: 60_000 });

  // Before a body is read: a stranger's never is.
  app.addHook("onRequest", async (request, reply) => {
    const holdsKey = keys.open(request.headers.authorization);
    if (!holdsKey) {
      const limit = await addressLimit(request);
      if (!limit.isAllowed && limit.isExceeded)
        return tooMany(reply, limit.ttlInSeconds, "too many requests from this address");
    }
    if (request.is404 || (request.routeOptions.config.needsKey && !holdsKey))
      return notFound(reply);
  });
  app.setErrorHandler(failed);
  app.addHook("onResponse", async (request, reply) =>
    metrics.answered(request.routeOptions.url ?? "unknown", reply.statusCode),
  );

  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
    polls.close();
    health.stopping();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (stopping) reply.header("connection", "close");
  });

  app.register(callbackRoute(context));
  app.register(intentRoutes(context));
  app.get("/health", async (_request, reply) => {
    const reason = await health.problem();
    return reason === undefined
      ? { status: "ok" }
      : reply.code(503).send({ status: "unavailable", reason });
  });
  app.get("/live", async () => ({ status: "ok" }));
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
