import type { Page, Route } from "playwright-core";
import { HttpClient, NoResponseError } from "../http/client.ts";
import type { PostReply } from "./create-outcome.ts";

/** Of these, it is known that they make nothing. */
const reads: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** It counts as sent as long as it is under way. */
const unanswered: PostReply = { kind: "failure", sent: true, transient: false };

/**
 * While some work is done on a page, every form that it posts to the portal is sent
 * exactly once. Chromium by itself sends a POST again when a connection that was in use
 * before breaks without an answer (seen with Chromium 153), and a client could be made
 * twice. The request is still the browser's own: it is only carried over this process's
 * connections, and the reply is handed back.
 *
 * @returns how each of them was answered so far, and whatever else may write
 */
export async function singlePost(
  page: Page,
  origin: string,
  work: () => Promise<void>,
): Promise<PostReply[]> {
  const replies: PostReply[] = [];
  const http = new HttpClient({
    vendor: "netsapiens",
    baseUrl: origin,
    limits: { concurrency: 1 },
  });
  const carry = async (route: Route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (reads.has(request.method()) || url.origin !== origin) return route.continue();
    const at = replies.push(unanswered) - 1;
    if (request.method() !== "POST") return route.continue();
    const headers = without(await request.allHeaders(), [
      "host",
      "connection",
      "content-length",
      "accept-encoding",
    ]);
    try {
      const reply = await http.send({
        operation: "post a form of the portal",
        method: "POST",
        path: `${url.pathname}${url.search}`,
        retry: "never",
        buildRequest: () => ({ headers, body: request.postData() ?? "" }),
      });
      replies[at] = {
        kind: "status",
        status: reply.status,
        location: new Headers(reply.headers).get("location") ?? undefined,
      };
      const kept = without(reply.headers, [
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "transfer-encoding",
      ]);
      return route.fulfill({ status: reply.status, headers: kept, body: reply.text });
    } catch (error) {
      if (!(error instanceof NoResponseError)) throw error;
      replies[at] = { kind: "failure", sent: error.sent, transient: false };
      return route.abort("connectionreset");
    }
  };
  await page.route("**/*", carry);
  try {
    await work();
  } finally {
    await page.unroute("**/*", carry);
  }
  return replies;
}

/** HTTP/2 has headers of its own, which begin with a colon. */
function without(
  headers: Record<string, string>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith(":") && !names.includes(name.toLowerCase()),
    ),
  );
}
