import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { reservePort } from "../../sandbox/reserve-port.ts";

test("a reserved port is given once, is free, and is none that a system chooses itself", async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, () => reservePort()));
  expect(new Set(ports).size).toBe(ports.length);
  // Linux chooses from 32,768 on, macOS and Windows from 49,152 on.
  expect(Math.max(...ports)).toBeLessThan(32_768);
  for (const port of ports) {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
  }
});
