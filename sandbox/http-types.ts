/** What goes in and out of a vendor's `handle`. */
import type { IncomingHttpHeaders } from "node:http";

/** One request as a vendor sees it. */
export interface SandboxRequest {
  readonly method: string;
  /** The path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body read as UTF-8. */
  readonly body: string;
}

/**
 * One answer: a body that is text or bytes is sent as it is, and none at all when it is
 * undefined.
 */
export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
}

/** An answer in JSON. */
export const json = (
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): Reply => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: JSON.stringify(value),
});

/** An answer as a web page. */
export const html = (
  status: number,
  page: string,
  headers: Record<string, string | string[]> = {},
): Reply => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8", ...headers },
  body: page,
});

/** A control request that cannot be obeyed, in words for its sender. */
export class ControlError extends Error {}
