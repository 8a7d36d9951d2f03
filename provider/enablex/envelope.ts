import type { HttpResponse } from "../http/client.ts";
import { mayHaveActed } from "../http/retry.ts";
import type { ErrorCode } from "../runtime/errors.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { isRecord } from "../runtime/is-record.ts";
import { printableWords } from "../runtime/printable.ts";
import type { ApiRecord } from "./fields.ts";
import { lookupResultCode } from "./result-codes.ts";

/** What a reply means. `result` in the body decides; the HTTP status may say no as well. */
export type ApiResult =
  | { readonly ok: true; readonly payload: ApiRecord }
  | { readonly ok: false; readonly failure: ApiFailure };

export interface ApiFailure {
  readonly code: ErrorCode;
  /** The API's own number, from the body if it has one. */
  readonly vendorCode?: string;
  readonly status: number;
  readonly reason: string;
  readonly hint: string;
  /** What the API echoes; for 1504 the offending field. */
  readonly data?: ApiRecord;
  /** True when the server may still have done what was asked. */
  readonly mayHaveActed: boolean;
  /** The server says that it has the request, without saying that it succeeded: 1xx or 2xx. */
  readonly accepted: boolean;
  /**
   * HTTP 404 or `result` 404, with nothing that contradicts it: `said` when the API's own
   * envelope says so; `bare` may also be a wrong address.
   */
  readonly gone?: "said" | "bare";
  /** The token is no longer taken: 403 or 1001. */
  readonly tokenRefused: boolean;
}

/**
 * Reads a reply. Success is HTTP 2xx with `result` 1, as a number or a string, and
 * nothing else (guide). A reply that is no envelope (a page, nothing at all, no `result`)
 * is a failure of its own, after which it is open whether the server acted.
 */
export function parseReply(
  reply: Pick<HttpResponse, "status" | "text" | "json">,
  earlierMayHaveActed = false,
): ApiResult {
  const { status, json } = reply;
  const result = resultOf(json);
  const envelope = result === undefined ? undefined : (json as ApiRecord);
  if (envelope && result === "1" && status >= 200 && status < 300)
    return { ok: true, payload: envelope };

  const byResult = result === undefined || result === "0" || result === "1" ? undefined : result;
  if (status >= 200 && status < 300 && result === undefined)
    return { ok: false, failure: noEnvelope(reply) };
  const vendorCode = byResult ?? (status >= 400 || result === undefined ? String(status) : result);
  const { code, message: words, hint, group } = lookupResultCode(vendorCode);
  return {
    ok: false,
    failure: {
      code,
      vendorCode,
      status,
      reason: [words, ...serverWords(json, words)].join(" "),
      hint,
      data: isRecord(envelope?.data) ? envelope.data : undefined,
      mayHaveActed:
        earlierMayHaveActed ||
        group === "server" ||
        group === "progress" ||
        (byResult === undefined &&
          !(status >= 200 && status < 300) &&
          mayHaveActed({ kind: "status", status })),
      accepted: group === "progress",
      gone: vendorCode === "404" && status < 500 ? (envelope ? "said" : "bare") : undefined,
      tokenRefused:
        vendorCode === "403" || vendorCode === "1001" || (status === 403 && byResult === undefined),
    },
  };
}

/** The code in `result`. Anything else there proves nothing, a refusal as little as a success. */
function resultOf(json: unknown): string | undefined {
  const result = isRecord(json) ? json.result : undefined;
  if (typeof result === "number") return String(result);
  return typeof result === "string" && /^\s*-?\d+\s*$/.test(result) ? result.trim() : undefined;
}

/**
 * The status that decides whether a call is repeated: an error may be in the body of a
 * success alone (guide).
 */
export function statusOf({ status, json }: Pick<HttpResponse, "status" | "json">): number {
  const result = Number(resultOf(json));
  return status < 300 && result >= 400 && result < 600 ? result : status;
}

/** The failure as an error, with what was tried. */
export function toError(failure: ApiFailure, operation: string, hint = failure.hint): UcaasError {
  const { code, vendorCode, status, reason } = failure;
  return new UcaasError(reason, {
    code,
    vendor: "enablex",
    operation,
    status,
    vendorCode,
    mayHaveActed: failure.mayHaveActed,
    hint,
  });
}

function noEnvelope({
  status,
  text,
  json,
}: Pick<HttpResponse, "status" | "text" | "json">): ApiFailure {
  const accepted = status === 201 || status === 202;
  const base = { status, mayHaveActed: true, accepted, tokenRefused: false };
  if (text.trim() === "") {
    return {
      ...base,
      code: "EMPTY_REPLY",
      reason: "the server answered 200 with nothing in it",
      hint: "run the command again; what was asked for may have been done",
    };
  }
  if (json === undefined && /^\s*</.test(text)) {
    return {
      ...base,
      code: "HTML_REPLY",
      reason: "the server answered with a page instead of JSON",
      hint: "check enablex:baseUrl: it ends with /ucaas/v1, without a proxy or login page in between",
    };
  }
  return json === undefined
    ? {
        ...base,
        code: "MALFORMED_REPLY",
        reason: "the server's reply is not JSON",
        hint: steps("Run the command again.", "If it stays, check enablex:baseUrl."),
      }
    : {
        ...base,
        code: "NO_RESULT",
        reason: "the server's reply has no result: the outcome is unknown",
        hint: "check enablex:baseUrl: this is no answer of the UCaaS API",
      };
}

/** The guide's example has `msg` and `desc`, its text calls them "Error" and "Description". */
const longestWords = 300;
const wordKeys = ["msg", "desc", "error", "description"];

/** The server's own words, unless they only repeat the guide's or each other. */
function serverWords(body: unknown, words: string): string[] {
  const byKey = new Map(
    isRecord(body) ? Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]) : [],
  );
  const said = wordKeys
    .map((key) => byKey.get(key))
    .filter((text) => typeof text === "string")
    .map((text) => printableWords(text, longestWords))
    .filter(
      (text, index, all) =>
        text !== "" &&
        all.indexOf(text) === index &&
        !words.toLowerCase().includes(text.toLowerCase()),
    );
  return said.length ? [`The server says: ${said.join(": ")}`] : [];
}
