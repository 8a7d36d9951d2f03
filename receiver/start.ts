import { isIP } from "node:net";
import { Command, InvalidArgumentError, Option } from "commander";
import ms from "ms";
import { isLoopback } from "pulumi-ucaas/internal/http/pool";
import { type ConfigOf, readConfig } from "pulumi-ucaas/internal/runtime/config";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { printable } from "pulumi-ucaas/internal/runtime/printable";
import { z } from "zod";
import type { Receiver, ReceiverOptions } from "./receiver.ts";

const secrets = `
Secrets come from the environment, or from files that it names, and are never
arguments: other users of the machine could read those.
  XELION_RELAY_KEY, XELION_RELAY_KEY_FILE
      the key that opens the relay, 32 characters or more, one a line; the same
      as relayKey in the stack's xelion:callback
  XELION_RECEIVER_DATABASE_URL, XELION_RECEIVER_DATABASE_URL_FILE
      postgresql://user:password@host/database, instead of the SQLite file`;

/** Read from the environment alone: a receiver has no stack. */
const secretConfig = {
  namespace: "xelion",
  keys: {
    relayKey: { value: z.string().optional(), secret: true, about: "key that opens the relay" },
    receiverDatabaseUrl: {
      value: z.string().trim().optional(),
      secret: true,
      about: "URL of the database",
    },
  },
};

/**
 * `ucaas receiver start`: the server that keeps Xelion's callbacks for provider processes
 * that Xelion cannot reach.
 */
export function receiverStartCommand(name = "start"): Command {
  return new Command(name)
    .description("receive Xelion's callbacks at a public address, and pass them to pulumi up")
    .addOption(
      option("--listen <address>", "LISTEN", "host and port to listen on")
        .default({ host: "127.0.0.1", port: 8080 }, "127.0.0.1:8080")
        .argParser(address),
    )
    .addOption(
      option(
        "--public-url <url>",
        "PUBLIC_URL",
        "how Xelion reaches it; default the address, when that is of this machine",
      ).argParser(publicUrl),
    )
    .addOption(
      option("--file <path>", "FILE", "SQLite file that keeps it all").default(
        "xelion-receiver.sqlite",
      ),
    )
    .addOption(
      option(
        "--tls-cert <file>",
        "TLS_CERT",
        "certificate with its chain, in PEM; without it, a proxy in front has to speak TLS",
      ),
    )
    .addOption(option("--tls-key <file>", "TLS_KEY", "its private key, in PEM"))
    .addOption(
      option(
        "--trust-proxy <addresses>",
        "TRUST_PROXY",
        "proxies whose X-Forwarded-For is believed: addresses or networks, with commas",
      )
        .default([], "none")
        .argParser(networks),
    )
    .addOption(
      option("--body-limit <bytes>", "BODY_LIMIT", "largest callback")
        .default(65_536)
        .argParser(count),
    )
    .addOption(
      option(
        "--rate-limit <number>",
        "RATE_LIMIT",
        "requests a minute from one address, without the key",
      )
        .default(6_000)
        .argParser(count),
    )
    .addOption(
      option("--callback-rate <number>", "CALLBACK_RATE", "callbacks a minute of one order")
        .default(120)
        .argParser(count),
    )
    .addOption(
      option("--max-connections <number>", "MAX_CONNECTIONS", "open connections")
        .default(10_000)
        .argParser(count),
    )
    .addOption(
      option("--expire <duration>", "EXPIRE", "an order is forgotten after so long without news")
        .default(ms("30d"), "30d")
        .argParser(duration),
    )
    .addHelpText("after", secrets)
    .action(run);
}

interface Options {
  listen: { host: string; port: number };
  publicUrl?: string;
  file: string;
  tlsCert?: string;
  tlsKey?: string;
  trustProxy: string[];
  bodyLimit: number;
  rateLimit: number;
  callbackRate: number;
  maxConnections: number;
  expire: number;
}

async function run(options: Options): Promise<void> {
  const settings = receiverOptions(
    options,
    readConfig(secretConfig, { get: () => undefined }),
    process.env,
  );
  const [{ startReceiver }, { StartupError }] = await Promise.all([
    import("./receiver.ts"),
    import("./startup-error.ts"),
  ]);
  try {
    stopOnSignal(await startReceiver(settings));
  } catch (error) {
    throw error instanceof StartupError ? fault(error.code, error.message, error.hint) : error;
  }
}

function stopOnSignal(receiver: Receiver): void {
  const signals = ["SIGTERM", "SIGINT"] as const;
  const stop = () => {
    // A second signal finds no handler, and ends the process at once.
    for (const signal of signals) process.off(signal, stop);
    void receiver.stop();
  };
  for (const signal of signals) process.on(signal, stop);
}

/** What the receiver starts with, or why these options make none. */
function receiverOptions(
  { listen, publicUrl, file, tlsCert, tlsKey, trustProxy, ...options }: Options,
  { relayKey, receiverDatabaseUrl: url }: ConfigOf<typeof secretConfig>,
  environment: NodeJS.ProcessEnv,
): ReceiverOptions {
  if (relayKey === undefined)
    throw fault(
      "RELAY_KEY_MISSING",
      "no relay key is set",
      steps("openssl rand -base64 32 > <file>", "Set XELION_RELAY_KEY_FILE to that file."),
    );
  if (!url && isSetButEmpty("XELION_RECEIVER_DATABASE_URL", environment))
    throw fault(
      "DATABASE_URL_INVALID",
      "XELION_RECEIVER_DATABASE_URL is set but empty",
      "set it to the database's URL, or unset it to use the SQLite file",
    );
  // Not shown: it may hold a password.
  if (file.includes("://"))
    throw fault(
      "DATABASE_URL_INVALID",
      "--file is a URL, not a file",
      "set XELION_RECEIVER_DATABASE_URL to it instead",
    );
  if (publicUrl === undefined && !isLoopback(listen.host))
    throw fault(
      "PUBLIC_URL_MISSING",
      "no public URL is set, and the receiver listens beyond this machine",
      "set --public-url https://<its name>",
    );
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw fault(
      "TLS_FILES_INVALID",
      "only one of certificate and key is set",
      "set both --tls-cert and --tls-key, or none",
    );
  return {
    listen,
    publicUrl,
    relayKey,
    database: url === undefined ? { file } : { url },
    tls:
      tlsCert === undefined || tlsKey === undefined
        ? undefined
        : { certificate: tlsCert, key: tlsKey },
    trustProxy,
    limits: {
      bodyBytes: options.bodyLimit,
      perAddress: options.rateLimit,
      perCallbackPath: options.callbackRate,
      connections: options.maxConnections,
    },
    expireAfter: options.expire,
  };
}

/**
 * A variable that is empty counts as unset: a compose file or a template writes it where
 * a value is missing.
 */
function option(flags: string, variable: string, description: string): Option {
  const name = `XELION_RECEIVER_${variable}`;
  const isEmpty = process.env[name]?.trim() === "";
  return isEmpty ? new Option(flags, description) : new Option(flags, description).env(name);
}

/**
 * An empty URL of a database is no reason to use a file: callbacks would go where no
 * other receiver finds them.
 */
function isSetButEmpty(variable: string, environment: NodeJS.ProcessEnv): boolean {
  return [variable, `${variable}_FILE`].some((name) => environment[name]?.trim() === "");
}

function address(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:\[?([^[\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError("Write <host>:<port>, for example 0.0.0.0:8080 or [::]:8080.");
  return { host: host || "0.0.0.0", port: Number(port) };
}

function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)
    throw new InvalidArgumentError(
      "Write an address such as https://relay.example, without a query.",
    );
  return url.href.replace(/\/+$/, "");
}

function networks(text: string): string[] {
  return text.split(",").map((part) => {
    const [address = "", bits] = part.trim().split("/");
    const longest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
    const fits =
      longest > 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= longest));
    if (!fits)
      throw new InvalidArgumentError(
        "Write addresses or networks, for example 127.0.0.1,10.0.0.0/8.",
      );
    return part.trim();
  });
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Write a whole number above 0.");
  return Number(text);
}

function duration(text: string): number {
  // An empty text makes it throw.
  const milliseconds = text.trim() === "" ? Number.NaN : ms(text as ms.StringValue);
  if (!(milliseconds >= ms("1h") && milliseconds <= ms("100y")))
    throw new InvalidArgumentError("Write 1h to 100y, for example 30d or 12h.");
  return milliseconds;
}

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "xelion", operation: "receiver", hint });
}

// In its container this file is the command, so that it needs nothing of other commands.
if (import.meta.main) {
  await receiverStartCommand()
    .showHelpAfterError("What to do: run it with --help")
    .parseAsync()
    .catch((error: unknown) => {
      const text = error instanceof UcaasError ? error.message : ((error as Error)?.stack ?? error);
      console.error(printable(String(text)));
      process.exitCode = 1;
    });
}
