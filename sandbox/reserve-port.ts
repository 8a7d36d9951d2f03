import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

// Below the ports that Linux, macOS and Windows choose themselves. With one of those, another
// process can have it by chance before the server starts.
const lowest = 14_000;
const count = 6_000;

/**
 * A port of 127.0.0.1 for a server that starts later, in any process.
 *
 * Until this process ends, no other call gives the same port: the call keeps a second port
 * open, 6,000 higher, which stands for the first.
 */
export async function reservePort(): Promise<number> {
  for (let attempt = 0; attempt < count; attempt++) {
    const port = lowest + randomInt(count);
    const reservation = await listen(port + count);
    if (!reservation) continue;
    const probe = await listen(port);
    if (probe) {
      probe.close();
      await once(probe, "close");
      return port;
    }
    reservation.close();
  }
  throw new Error(`No port from ${lowest} to ${lowest + count - 1} is free.`);
}

/** Undefined when the port is taken. */
async function listen(port: number) {
  const server = createServer().unref().listen(port, "127.0.0.1");
  const taken = await once(server, "listening").then(
    () => false,
    () => true,
  );
  return taken ? undefined : server;
}
