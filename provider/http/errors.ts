import type { ErrorCode, VendorCode } from "../runtime/errors.ts";

/** What the codes of calls by HTTP mean. */
export const httpErrors = {
  ABORTED: "the call ended with its run",
  CONNECTION_LOST: "the connection ended before the reply",
  INSECURE_URL: "the URL is plain http to another machine",
  INVALID_REQUEST: "HTTP does not allow a character of the call",
  INVALID_URL: "the URL cannot be used",
  NOT_REACHED: "no connection was made",
  NO_REPLY_IN_TIME: "no reply arrived before the deadline",
  PROXY_INVALID: "the proxy variable is no URL of a proxy",
  REPLY_TOO_LARGE: "the reply is larger than any of this API",
  MALFORMED_REPLY: "the reply is not what the API documents",
  TLS_REFUSED: "the certificate or the handshake was refused",
} as const;

declare module "../runtime/errors.ts" {
  interface ErrorCatalogues {
    http: typeof httpErrors;
  }
}
/** What a call came to that got no reply. */
export interface TransportError {
  readonly code: ErrorCode | VendorCode;
  readonly reason: string;
  readonly hint: string;
  /**
   * Whether the server may have acted on it: false only when it is certain that nothing
   * left this machine.
   */
  readonly sent: boolean;
}

/** Codes of failures that may be different the next time. */
export const transient: ReadonlySet<string> = new Set([
  "NO_REPLY_IN_TIME",
  "NOT_REACHED",
  "CONNECTION_LOST",
]);

/**
 * undici's, when the proxy does not open the tunnel. It has the same code for calls that
 * are given up, but those end with the signal's reason.
 */
const proxyRefusal = /^Proxy response \((\d+)\)/;

/** Failures that happen before the first byte of a request leaves. */
const unsent = new Set(["PROXY_REFUSED", "UND_ERR_PRX_CONN", "UND_ERR_CONNECT_TIMEOUT"]);

/** Calls of the system that make a connection; others work on one that is there. */
const connecting = new Set(["connect", "getaddrinfo"]);

const ofCertificate = /ALTNAME|^CERT_|SELF_SIGNED|UNABLE_TO/;
const ofTls = /^ERR_(SSL|TLS)_|^EPROTO$/;
/** With TLS 1.3 a client receives these when its request may have left. */
const afterHandshake =
  /BAD_RECORD|DECRYPT|ALERT_(?!HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY)/;

/**
 * What an error of undici or Node means for a call to a host that was not given up by its
 * caller.
 */
export function classifyTransportError(
  thrown: unknown,
  host: string,
  timedOut: boolean,
): TransportError {
  const error = innermost(thrown);
  const code = proxyRefusal.test((thrown as Error).message)
    ? "PROXY_REFUSED"
    : typeof error.code === "string"
      ? error.code
      : error.name;
  if (code === "PROXY_INVALID")
    return {
      code,
      reason: (thrown as Error).message,
      hint: "set it to http://host:port, or unset it; nothing was sent",
      sent: false,
    };
  if (timedOut || code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT")
    return {
      code: "NO_REPLY_IN_TIME",
      reason: `${host} did not answer in time`,
      hint: "see whether the service is up; deadlineSeconds in its config allows more time",
      sent: true,
    };
  if (code === "UND_ERR_INVALID_ARG" || code === "ERR_INVALID_CHAR" || code === "ERR_INVALID_URL")
    return {
      code: "INVALID_REQUEST",
      reason: `HTTP does not allow a character of this call to ${host} (${code})`,
      hint: "nothing was sent; look for a line break or another stray character in the credentials of the config",
      sent: false,
    };
  if (ofCertificate.test(code))
    return {
      code: "TLS_REFUSED",
      reason: `the certificate of ${host} was not accepted (${code})`,
      hint: "for a private authority set NODE_EXTRA_CA_CERTS; verification cannot be switched off",
      sent: false,
    };
  if (ofTls.test(code))
    return {
      code: "TLS_REFUSED",
      reason: `no secure connection to ${host} (${code})`,
      hint: [
        "check the baseUrl and its port, and what stands between:",
        "a proxy that opens TLS, or a server that asks for a client's certificate",
      ].join(" "),
      sent: afterHandshake.test(code),
    };
  if (unsent.has(code) || connecting.has(error.syscall ?? ""))
    return {
      code: "NOT_REACHED",
      reason: `${host} could not be reached (${code})`,
      hint: "check the baseUrl, the network, and HTTPS_PROXY; nothing was sent",
      sent: false,
    };
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE" || code === "ERR_BUFFER_TOO_LARGE")
    return {
      code: "REPLY_TOO_LARGE",
      reason: `the reply of ${host} is larger than allowed`,
      hint: "check the baseUrl: this is not an answer of the API",
      sent: true,
    };
  return {
    code: "CONNECTION_LOST",
    reason: `the connection to ${host} was lost before the answer (${code})`,
    hint: "whether the server acted on the call is not known",
    sent: true,
  };
}

/** The caller gave up. */
export function abortedError(host: string, sent: boolean): TransportError {
  return {
    code: "ABORTED",
    reason: `the call to ${host} was given up`,
    hint: "run the command again",
    sent,
  };
}

interface SystemError {
  readonly name: string;
  readonly code?: unknown;
  readonly syscall?: string;
}

/** Where several addresses were tried, the failure of the first speaks for all. */
function innermost(thrown: unknown): SystemError {
  const { errors, cause, code } = thrown as { errors?: unknown[]; cause?: unknown; code?: unknown };
  if (errors?.length) return innermost(errors[0]);
  if (typeof code !== "string" && cause) return innermost(cause);
  return thrown as SystemError;
}
