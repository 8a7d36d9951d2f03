import PQueue from "p-queue";
import type { EnvHttpProxyAgent } from "undici";
import { z } from "zod";
import type { ConfigKey } from "../runtime/config.ts";
import { UcaasError } from "../runtime/errors.ts";

/** Config keys that every vendor has, for the traffic to it. */
export const transportKeys = {
  concurrency: {
    value: z.coerce.number().int().min(1).max(256).default(8),
    about: "how many calls may be under way at once; default 8",
  },
  requestsPerSecond: {
    value: z.coerce.number().positive().max(10_000).optional(),
    about: "how many calls may start in a second; default no limit",
  },
  deadlineSeconds: {
    value: z.coerce.number().positive().max(3600).default(120),
    about: "seconds after which a call, its repeats included, is given up; default 120",
  },
} satisfies Record<string, ConfigKey>;

/** Config key of a vendor's base URL, read as {@link baseUrlOf} gives it. */
export function baseUrlKey(about: string) {
  const value = z.string().transform((text, context) => {
    try {
      return baseUrlOf("", text);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as UcaasError).reason });
      return z.NEVER;
    }
  });
  return { value, about } satisfies ConfigKey;
}

/** A reply of a list that is larger than this is not read to its end. */
export const maxListBytes = 16 * 1024 * 1024;

/**
 * Any other reply that is larger than this is not read to its end: several calls are
 * under way at once, and each is held in memory.
 */
export const maxReplyBytes = 1024 * 1024;

type Undici = typeof import("undici");

let loaded: Promise<{ request: Undici["request"]; dispatcher: EnvHttpProxyAgent }> | undefined;

/**
 * undici, loaded with the first call (a preview without changes sends none, and should
 * not wait for it), and the one connection pool of the process: keep-alive, proxies from
 * the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), TLS verified even where
 * `NODE_TLS_REJECT_UNAUTHORIZED` says otherwise.
 */
export function connections(): NonNullable<typeof loaded> {
  loaded ??= createPool();
  return loaded;
}

/** As {@link connections}, but with a pool that no call has used yet. Who asks for it closes it. */
export async function createPool(): NonNullable<typeof loaded> {
  const [httpProxy, httpsProxy] = [
    proxyFrom("http_proxy", "HTTP_PROXY"),
    proxyFrom("https_proxy", "HTTPS_PROXY"),
  ];
  const { EnvHttpProxyAgent, request } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    connect: { timeout: 10_000, rejectUnauthorized: true },
    // What goes to this machine is never shown to a proxy.
    noProxy: [process.env.no_proxy ?? process.env.NO_PROXY, ...loopback].filter(Boolean).join(","),
    requestTls: { rejectUnauthorized: true },
    proxyTls: { rejectUnauthorized: true },
    keepAliveTimeout: 10_000,
    connections: 64,
    pipelining: 1,
    maxResponseSize: maxListBytes,
  });
  return { request, dispatcher };
}

/** A variable of the environment that should name a proxy, and does not. */
class ProxyVariableError extends Error {
  readonly code = "PROXY_INVALID";
  readonly variable: string;
  constructor(variable: string) {
    super(`${variable} is no URL of a proxy`);
    this.variable = variable;
  }
}

/**
 * The proxy that the environment names. As for curl and Go, `host:port` means `http://host:port`.
 *
 * @throws {ProxyVariableError}
 */
function proxyFrom(...variables: readonly string[]): string | undefined {
  const variable = variables.find((name) => process.env[name]);
  if (!variable) return undefined;
  const url = proxyUrl(process.env[variable]);
  if (url === undefined) throw new ProxyVariableError(variable);
  return url;
}

/** The URL of a proxy in a variable; undefined when it has none, or is no such URL. */
export function proxyUrl(variable: string | undefined): string | undefined {
  const value = variable?.trim() ?? "";
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : undefined;
}

export interface Limits {
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Calls that may start within a second. */
  readonly requestsPerSecond?: number;
}

/**
 * A queue that keeps to the limits. Calls start evenly spaced: a burst at the edge of a
 * second would be two in the server's eyes.
 */
export function createRateLimiter({ concurrency, requestsPerSecond }: Limits): PQueue {
  if (requestsPerSecond === undefined) return new PQueue({ concurrency });
  // Timers are no finer than this many a second.
  const intervalCap = Math.ceil(requestsPerSecond / 50);
  return new PQueue({
    concurrency,
    intervalCap,
    interval: Math.ceil((1000 * intervalCap) / requestsPerSecond),
    strict: true,
  });
}

/**
 * The base URL without a slash at its end.
 *
 * @throws {UcaasError} `INSECURE_URL` for plain http to anything but this machine,
 *   `INVALID_URL` for what is no http URL or carries credentials.
 */
export function baseUrlOf(vendor: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UcaasError(
      `${text.includes("@") ? "it" : JSON.stringify(text)} is not an https URL`,
      {
        code: "INVALID_URL",
        vendor,
        operation: "config",
        hint: `pulumi config set ${vendor}:baseUrl <https://…>`,
      },
    );
  if (url.username || url.password)
    throw new UcaasError("the URL carries a user name or password", {
      code: "INVALID_URL",
      vendor,
      operation: "config",
      hint: "credentials have config keys of their own",
    });
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new UcaasError(`plain http to ${url.host} would show credentials to the network`, {
      code: "INSECURE_URL",
      vendor,
      operation: "config",
      hint: "use https; http is for this machine only",
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

const loopback = ["localhost", "127.0.0.1", "::1"];

/** Whether a URL's host name means this machine. */
export function isLoopback(hostname: string): boolean {
  return loopback.includes(hostname.replace(/^\[(.*)\]$/, "$1")) || hostname.endsWith(".localhost");
}
