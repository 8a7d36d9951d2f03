import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { openPostgresql } from "../../receiver/postgresql.ts";
import { Store } from "../../receiver/store.ts";
import { Postgres } from "./postgres.ts";

/** A way to the database on which what is connected can fall silent without being closed. */
async function silencingProxy(url: string) {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    sockets.push(client, upstream);
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const through = new URL(url);
  through.port = `${(server.address() as AddressInfo).port}`;
  return {
    url: through.href,
    silence() {
      for (const socket of sockets) socket.unpipe();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

test("a connection that no longer answers is replaced, so the next callback finds its order", async () => {
  await using postgres = await Postgres.start();
  await using proxy = await silencingProxy(await postgres.database());
  const store = new Store(await openPostgresql(proxy.url));
  try {
    const note = { number: 1 };
    const registered = await store.register({ id: "one", key: "key", replaces: null, note });
    if (registered.outcome !== "registered") expect.fail(registered.outcome);
    const { token } = registered.intent;
    proxy.silence();
    await expect(store.intentOfToken(token)).rejects.toThrow("timeout");
    expect(await store.intentOfToken(token)).toBe("one");
    proxy.silence();
    // A transaction ends with the same timeout: its rollback is not waited for.
    await expect(store.keep("one", { body: "{}", mid: "1" })).rejects.toThrow("timeout");
    expect(await store.keep("one", { body: "{}", mid: "1" })).toMatchObject({ outcome: "kept" });
  } finally {
    // The database's end waits for connections that are still asked something.
    proxy.cut();
    await store.close();
  }
});
