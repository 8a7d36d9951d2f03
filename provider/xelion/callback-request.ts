import type { Duplex } from "node:stream";
import { type BodyHeaders, decodeBody } from "../http/body.ts";
import { isRecord } from "../runtime/is-record.ts";
import { tryParseReply } from "../runtime/parse-json.ts";

/**
 * Reads a callback request of Xelion. The direct listener and the receiver share this file, so that
 * both accept the same requests: whether Xelion repeats a refused callback is not public.
 */

/** A callback has some hundred bytes. */
export const defaultBodyLimit = 64 * 1024;

/** A callback has two levels. The relay passes it on within a reply, which may not have many. */
const deepestBody = 32;

/**
 * 256 bits in base64url. The token is compared exactly; everything before it may be
 * rewritten by a proxy.
 */
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * The token of a callback address: the last part of the path. A query, a fragment, escapes, slashes
 * behind the token, doubled slashes and the case of the other parts do not count.
 *
 * @param target the request target as it arrived: a path, or a whole URL from a proxy
 */
export function callbackToken(target: string): string | undefined {
  const path = target.replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*$/s, "");
  // Some clients add path parameters, and some write reserved characters as escapes.
  const parts = unescapePath(path)
    .split(/[/\\]/)
    .map((part) => part.replace(/;.*$/s, "").trim());
  const token = parts.findLast((part) => part !== "" && part !== ".");
  return token !== undefined && tokenPattern.test(token) ? token : undefined;
}

function unescapePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A target that is too long is one that does not exist: 404, as for every stranger. */
const unreadable: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "404 Not Found",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Answers what is no readable HTTP request. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const status = unreadable[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** What became of a callback's body. */
export type CallbackBody =
  | { readonly kind: "message"; readonly text: string; readonly message: Record<string, unknown> }
  | { readonly kind: "malformed" }
  | { readonly kind: "tooLarge" };

/** The headers that say how a callback's body is written. */
export interface CallbackHeaders {
  readonly "content-encoding"?: string;
  readonly "content-type"?: string;
}

/**
 * Reads a callback's body: a JSON object of any content, whatever its type is said to be. It may be
 * compressed and in any charset that its headers name; without one it must be UTF-8.
 */
export async function readCallbackBody(
  bytes: Uint8Array,
  headers: CallbackHeaders,
  limit = defaultBodyLimit,
): Promise<CallbackBody> {
  if (bytes.length > limit) return { kind: "tooLarge" };
  const declared = {
    contentEncoding: headers["content-encoding"],
    contentType: headers["content-type"],
  };
  const body = await readAs(bytes, declared, limit);
  // Headers that a library adds by itself may be wrong.
  return body.kind === "malformed" ? readAs(bytes, {}, limit) : body;
}

async function readAs(
  bytes: Uint8Array,
  headers: BodyHeaders,
  limit: number,
): Promise<CallbackBody> {
  try {
    const text = await decodeBody(bytes, headers, { limit, strict: true });
    const message = tryParseReply(text, deepestBody);
    return isRecord(message) ? { kind: "message", text, message } : { kind: "malformed" };
  } catch (error) {
    return {
      kind:
        (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "tooLarge" : "malformed",
    };
  }
}
