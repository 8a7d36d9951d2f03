import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { recordTraffic } from "./recorder.ts";

test("a client behind the recorder gets what the server answers, and both sides are noted", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/cut") return void request.socket.destroy();
    response.writeHead(201, { "content-type": "application/json" }).end('{"made":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await using recorder = await recordTraffic(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    const reply = await fetch(`${recorder.url}/v1/cakes?by=ada`, { method: "POST", body: "{}" });
    expect([reply.status, await reply.json()]).toEqual([201, { made: true }]);
    await expect(fetch(`${recorder.url}/cut`)).rejects.toThrow();
    expect(recorder.exchanges).toEqual([
      expect.objectContaining({
        method: "POST",
        path: "/v1/cakes",
        body: "{}",
        status: 201,
        replyBody: '{"made":true}',
      }),
    ]);
    expect(recorder.exchanges[0]!.query.get("by")).toBe("ada");
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
