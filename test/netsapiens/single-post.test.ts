import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page, Route } from "playwright-core";
import { expect, test } from "vitest";
import { createOutcome, type PostReply } from "../../provider/netsapiens/create-outcome.ts";
import { singlePost } from "../../provider/netsapiens/single-post.ts";

/** A portal that answers no request, and a page that sends one to it during the work. */
async function underWay(method: string): Promise<PostReply[]> {
  const portal = createServer();
  const arrived = new Promise((resolve) => portal.once("request", resolve));
  await new Promise<void>((resolve) => portal.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
  let carry: ((route: Route) => Promise<void>) | undefined;
  const page = {
    route: async (_: string, handler: typeof carry) => {
      carry = handler;
    },
    unroute: async () => {},
  } as unknown as Page;
  const route = {
    request: () => ({
      method: () => method,
      url: () => `${origin}/SiPbx/clients.php`,
      allHeaders: async () => ({}),
      postData: () => "client_id=xima-acme",
    }),
    continue: () => fetch(`${origin}/SiPbx/clients.php`, { method }),
    abort: async () => {},
  } as unknown as Route;
  const replies = await singlePost(page, origin, async () => {
    void carry?.(route).catch(() => {});
    await arrived;
  });
  const seen = [...replies];
  portal.closeAllConnections();
  portal.close();
  return seen;
}

test.each(["POST", "PUT"])(
  "a form that is still under way by %s is no refusal, whatever the page says",
  async (method) => {
    const page = { words: "Saving\u2026", showsForm: true };
    const { isRefused } = createOutcome(await underWay(method), page, "/SiPbx/adminlogin.php");
    expect(isRefused).toBe(false);
  },
);

test("a page that only reads meanwhile has sent no form", async () => {
  expect(await underWay("GET")).toEqual([]);
});
