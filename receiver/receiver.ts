import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import type { FastifyInstance } from "fastify";
import { possibleConnections } from "pulumi-ucaas/internal/http/connections";
import type { Limits, ServerContext } from "./context.ts";
import { Health } from "./health.ts";
import { LongPolls } from "./long-polls.ts";
import { newMetrics } from "./metrics.ts";
import { RelayKeys } from "./relay-key.ts";
import { newServer } from "./server.ts";
import { StartupError } from "./startup-error.ts";
import { Store } from "./store.ts";

export interface ReceiverOptions {
  /** Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  /** How Xelion reaches this receiver; default the address that it listens on. */
  readonly publicUrl?: string;
  /** Secrets that open it, one a line. */
  readonly relayKey: string;
  /** A SQLite file, or the URL of a PostgreSQL database. */
  readonly database: { readonly file: string } | { readonly url: string };
  /** Files in PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Addresses or networks of the proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  readonly limits: Limits;
  /** Milliseconds after which an intent is forgotten to which nothing has happened. */
  readonly expireAfter: number;
}

export interface Receiver {
  /** Answers the requests that are under way, then closes port and database. */
  stop(): Promise<void>;
}

const lookAroundEvery = 500;
const expireEvery = 3_600_000;
const stopWithin = 10_000;
const largestProbe = 64 * 1024;

/**
 * Starts the server that takes Xelion's callbacks and hands them over to `pulumi up`,
 * wherever that runs.
 *
 * @throws {StartupError} `RELAY_KEY_TOO_SHORT`, `TLS_FILES_INVALID`, `DATABASE_…`, `LISTEN_FAILED`
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const keys = new RelayKeys(options.relayKey);
  const tls = options.tls ? await readTls(options.tls) : null;
  const store = await openStore(options.database);
  try {
    const polls = new LongPolls();
    const callbackUrl = (token: string) =>
      `${options.publicUrl ?? origin(app, tls ? "https" : "http")}/callback/${token}`;
    const limits = {
      ...options.limits,
      connections: possibleConnections(options.limits.connections),
    };
    const health = new Health(store, Math.min(limits.bodyBytes, largestProbe));
    const context: ServerContext = {
      store,
      polls,
      keys,
      metrics: newMetrics(store, polls),
      health,
      limits,
      callbackUrl,
    };
    const app = await newServer(context, { tls, trustProxy: options.trustProxy });
    if (limits.connections < options.limits.connections)
      app.log.info(
        { connections: limits.connections },
        "the limit of open files allows fewer connections than --max-connections",
      );
    await listen(app, options.listen);
    const tasks = startBackgroundTasks(app, context, options);
    return {
      async stop() {
        app.log.info("receiver is stopping");
        const cut = setTimeout(() => app.server.closeAllConnections(), stopWithin);
        await app.close();
        clearTimeout(cut);
        await tasks.stop();
        await store.close();
        app.log.info("receiver has stopped");
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(database: ReceiverOptions["database"]): Promise<Store> {
  // Only the one that is used is loaded: before version 24, Node warns when its SQLite is.
  return new Store(
    "url" in database
      ? await (await import("./postgresql.ts")).openPostgresql(database.url)
      : await (await import("./sqlite.ts")).openSqlite(database.file),
  );
}

async function readTls({
  certificate,
  key,
}: {
  certificate: string;
  key: string;
}): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const tls = { cert: await readFile(certificate), key: await readFile(key) };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    throw new StartupError(
      `cannot load TLS certificate ${certificate} and key ${key}: ${(cause as Error).message}`,
      {
        code: "TLS_FILES_INVALID",
        hint: "name the certificate with its chain and its own private key, both in PEM and readable, with --tls-cert and --tls-key",
        cause,
      },
    );
  }
}

async function listen(
  app: FastifyInstance,
  { host, port }: ReceiverOptions["listen"],
): Promise<void> {
  try {
    // Xelion may call for very many orders at once, and what finds the queue full is
    // turned away by the kernel.
    await app.listen({
      host,
      port,
      backlog: 4_096,
      listenTextResolver: (address) => `receiver is listening at ${address}`,
    });
  } catch (cause) {
    throw new StartupError(`cannot listen on ${host}:${port}: ${(cause as Error).message}`, {
      code: "LISTEN_FAILED",
      hint: "name another address or port with --listen",
      cause,
    });
  }
}

function origin({ server }: FastifyInstance, scheme: string): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Expiry, and a look at what other receivers of the same database have taken. */
function startBackgroundTasks(
  { log }: FastifyInstance,
  { store, polls }: ServerContext,
  { expireAfter, database }: ReceiverOptions,
): { stop(): Promise<unknown> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const again = async (milliseconds: number, task: () => Promise<void>) => {
    for (;;) {
      // Not at the start, where the clock of a machine may not be right yet.
      await pause(milliseconds, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await task().catch((error: Error) =>
        log.error({ error: error.message }, "background task failed, retrying"),
      );
    }
  };
  const tasks = Promise.all([
    again(expireEvery, async () => {
      const expired = await store.expire(expireAfter, 2 * expireEvery);
      if (expired > 0) log.info({ expired }, "intents have expired");
    }),
    again(lookAroundEvery, async () => {
      // A SQLite file has one receiver, and LISTEN would not pass through a connection pooler.
      const intents = "url" in database ? polls.intents : [];
      if (intents.length === 0) return;
      const sequences = await store.lastSequences(intents);
      for (const intent of intents)
        polls.notify(intent, sequences.get(intent) ?? Number.POSITIVE_INFINITY);
    }),
  ]);
  return {
    stop() {
      stopping.abort();
      return tasks;
    },
  };
}
