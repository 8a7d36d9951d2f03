/** What a call came to that got no reply. */
export interface Failure {
  readonly code: string;
  readonly reason: string;
  readonly hint: string;
  /** Whether the server may have acted on it: false only when it is certain that nothing left this machine. */
  readonly sent: boolean;
}

/** Codes of failures that may be different the next time. */
export const transient: ReadonlySet<string> = new Set(["NO_REPLY_IN_TIME", "NOT_REACHED", "CONNECTION_LOST"]);

/** undici's, when the proxy does not open the tunnel. It has the same code for calls that are given up, but those end with the signal's reason. */
const proxyRefusal = /^Proxy response \((\d+)\)/;

/** Failures that happen before the first byte of a request leaves. */
const unsent = new Set([
  "PROXY_REFUSED",
  "UND_ERR_PRX_CONN",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT_CONNECT",
]);

/** What an error of undici or Node means for a call to a host that was not given up by its caller. */
export function failureOf(error: unknown, host: string, timedOut: boolean): Failure {
  const code = codeOf(error);
  const explained = explain(code, host, timedOut);
  return { ...explained, sent: !unsent.has(code) && explained.code !== "TLS_REFUSED" && explained.code !== "INVALID_REQUEST" };
}

/** The caller gave up. */
export function abortion(host: string, sent: boolean): Failure {
  return { code: "ABORTED", reason: `the call to ${host} was given up`, hint: "run the command again", sent };
}

function codeOf(error: unknown): string {
  const e = error as { code?: string; name?: string; syscall?: string; cause?: unknown; errors?: unknown[] };
  if (proxyRefusal.test((error as Error).message)) return "PROXY_REFUSED";
  if (e.code === "ETIMEDOUT" && e.syscall === "connect") return "ETIMEDOUT_CONNECT";
  // Several addresses were tried: the code of the first speaks for all.
  if (!e.code && e.errors?.length) return codeOf(e.errors[0]);
  if (typeof e.code === "string") return e.code;
  if (e.cause) return codeOf(e.cause);
  return e.name ?? "UNKNOWN";
}

function explain(code: string, host: string, timedOut: boolean): Omit<Failure, "sent"> {
  if (timedOut || code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT")
    return {
      code: "NO_REPLY_IN_TIME",
      reason: `${host} did not answer in time`,
      hint: "see whether the service is up; deadlineSeconds in its config allows more time",
    };
  if (code === "UND_ERR_INVALID_ARG" || code === "ERR_INVALID_CHAR" || code === "ERR_INVALID_URL")
    return {
      code: "INVALID_REQUEST",
      reason: `HTTP does not allow a character of this call to ${host} (${code})`,
      hint: "nothing was sent; look for a line break or another stray character in the credentials of the config",
    };
  if (/CERT|SELF_SIGNED|UNABLE_TO|TLS|SSL|ALTNAME/.test(code)) {
    return {
      code: "TLS_REFUSED",
      reason: `the certificate of ${host} was not accepted (${code})`,
      hint: "for a private authority set NODE_EXTRA_CA_CERTS; verification cannot be switched off",
    };
  }
  if (unsent.has(code))
    return {
      code: "NOT_REACHED",
      reason: `${host} could not be reached (${code})`,
      hint: "check the baseUrl, the network, and HTTPS_PROXY; nothing was sent",
    };
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE" || code === "ERR_BUFFER_TOO_LARGE")
    return {
      code: "REPLY_TOO_LARGE",
      reason: `the reply of ${host} is larger than allowed`,
      hint: "check the baseUrl: this is not an answer of the API",
    };
  return {
    code: "CONNECTION_LOST",
    reason: `the connection to ${host} was lost before the answer (${code})`,
    hint: "whether the server acted on the call is not known",
  };
}
