import { setTimeout as pause } from "node:timers/promises";
import { Agent, setGlobalDispatcher, fetch as undici } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPostgresql } from "../../receiver/postgresql.ts";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { xelionProvisioningServer } from "../../sandbox/xelion/server.ts";
import { eventually } from "../eventually.ts";
import { hangLimit } from "../hang-limit.ts";
import { Postgres } from "./postgres.ts";
import {
  alone,
  ask,
  call,
  folder,
  type Intent,
  type Message,
  messages,
  newId,
  newKey,
  ReceiverProcess,
  register,
  statusChanged,
} from "./receiver-process.ts";

// A thousand connections at once take their time on a busy machine.
setGlobalDispatcher(new Agent({ connect: { timeout: hangLimit } }));

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());

// What the loads here send in a minute is more than any real Xelion would.
const unlimited = ["--rate-limit", "1000000", "--callback-rate", "1000000"];

test("a thousand concurrent orders all reach their end, and each callback is delivered once", async () => {
  using files = folder();
  await using receiver = await ReceiverProcess.start(files.path, unlimited);
  const xelion = xelionProvisioningServer();
  // A callback that is given up is never delivered, and a busy machine takes over a minute.
  const patience = { callbackTimeoutMs: 280_000 };
  await xelion.start({ options: { checkTenant: false, courseMs: 5, ...patience } });
  await using _ = { [Symbol.asyncDispose]: () => xelion.stop() };
  // The sandbox's queue of connections is short; orders are sent over a few, which are
  // soon free again.
  const dispatcher = new Agent({ connections: 50 });

  const order = async (_: unknown, number: number) => {
    const { id, callbackUrl } = await register(receiver.url);
    const reply = await undici(`${xelion.url}/api/v1/provision`, {
      method: "POST",
      dispatcher,
      headers: {
        "content-type": "application/json",
        "X-Auth-Key": "Sandbox-xelion-key-1",
        "Xelion-Server-Url": "https://my.server.example",
        "Xelion-Tenant-Name": `pbx${number}`,
        "Xelion-Tenant-Token": "not looked at",
        "X-Callback-Url": callbackUrl,
      },
      body: JSON.stringify({ version: 1, organization: { name: "Fairy Tail" } }),
    });
    const orderId = ((await reply.json()) as { id: number }).id;
    const seen: Message[] = [];
    while (seen.at(-1)?.body.data?.status !== "COMPLETED")
      seen.push(...(await messages(receiver.url, id, seen.length, 25)));
    return { orderId, mids: seen.map(({ body }) => body.mid) };
  };
  const orders = await Promise.all(Array.from({ length: 1_000 }, order));

  const sent = Map.groupBy(xelion.state.messages, (message) => message.orderId);
  expect(orders.map(({ mids }) => mids)).toEqual(
    orders.map(({ orderId }) => sent.get(orderId)?.map(({ mid }) => mid)),
  );
  expect(
    xelion.state.messages.filter(
      ({ attempts }) => attempts.length !== 1 || attempts[0]?.answered !== 200,
    ),
  ).toEqual([]);
});

/**
 * Receivers that die and come back at their addresses while orders are under way; each
 * has the same database.
 */
class Unrest {
  readonly #folder: string;
  readonly #args: string[];
  readonly #env: Record<string, string>;
  readonly #ports: number[] = [];
  readonly receivers: ReceiverProcess[] = [];
  answered = 0;
  /** Nothing dies any more: the callers may come to an end. */
  over = false;

  constructor(path: string, env: Record<string, string> = {}) {
    this.#folder = path;
    this.#args = [...unlimited, "--public-url", "https://relay.example"];
    this.#env = env;
  }

  async start(index: number): Promise<void> {
    this.#ports[index] ??= await reservePort();
    const args = [...this.#args, "--listen", `127.0.0.1:${this.#ports[index]}`];
    const receiver = await ReceiverProcess.start(this.#folder, args, this.#env);
    this.receivers[index] = receiver;
    expect(receiver.url, receiver.output).not.toBe("");
  }

  /** In the middle of the work: when some more callbacks have been answered. */
  async kill(index: number, orders: Promise<unknown>): Promise<void> {
    const enough = this.answered + 20;
    await eventually(() => expect(this.answered).toBeGreaterThan(enough), orders);
    await this.receivers[index]?.kill();
    await this.start(index);
  }

  /** Asks one of the receivers, and goes on asking until one answers. */
  async insist(method: string, path: string, body?: unknown): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const { url } = this.receivers[attempt % this.receivers.length]!;
      const reply = await ask(url, method, path, body).catch(() => undefined);
      if (reply && reply.status < 500) return reply;
      await pause(100);
    }
  }

  /**
   * An order as the provider follows it and Xelion reports of it, through all that
   * happens here.
   */
  async order(number: number) {
    const [id, key, registration] = [newId(), newKey(), { replaces: null, note: { number } }];
    const { intent } = (await (
      await this.insist("PUT", `/intents/${id}`, { key, ...registration })
    ).json()) as { intent: Intent };
    // Some callers repeat what was not answered; some, as Xelion perhaps, do not.
    const repeats = number % 2 === 0;
    const answered: number[] = [];
    const report = async () => {
      for (let mid = 1, attempt = 0; !this.over; attempt++) {
        const { url } = this.receivers[attempt % this.receivers.length]!;
        const reply = await call(
          url + new URL(intent.callbackUrl).pathname,
          statusChanged(mid),
        ).catch(() => undefined);
        if (reply?.status === 200) {
          answered.push(mid);
          this.answered++;
        } else {
          expect([undefined, 503]).toContain(reply?.status);
          await this.insist("GET", "/health");
        }
        if (reply?.status === 200 || !repeats) mid++;
        await pause(10);
      }
    };
    let reportedAll = false;
    const handedOver: Message[] = [];
    const follow = async () => {
      for (let last = false; !last; ) {
        const over = reportedAll;
        const reply = await this.insist(
          "GET",
          `/intents/${id}/messages?after=${handedOver.length}&wait=${over ? 0 : 1}`,
        );
        const batch = ((await reply.json()) as { messages: Message[] }).messages;
        last = over && batch.length === 0;
        if (batch.length === 0) continue;
        handedOver.push(...batch);
        const noted = await this.insist("PATCH", `/intents/${id}`, {
          note: { seen: handedOver.length },
          acknowledged: handedOver.length,
        });
        expect(noted.status).toBe(200);
      }
    };
    await Promise.all([report().finally(() => (reportedAll = true)), follow()]);
    return { intent, repeats, answered, handedOver };
  }

  /**
   * Nothing that was answered is lost, nothing is twice, and what was once handed over
   * stays what it was.
   */
  async check({
    intent,
    repeats,
    answered,
    handedOver,
  }: Awaited<ReturnType<Unrest["order"]>>): Promise<void> {
    const { url } = this.receivers[0]!;
    const kept: Message[] = [];
    for (
      let batch = await messages(url, intent.id);
      batch.length > 0;
      batch = await messages(url, intent.id, kept.length)
    )
      kept.push(...batch);
    const mids = kept.map(({ body }) => body.mid!);
    expect(kept).toEqual(handedOver);
    expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map((_, index) => index + 1));
    expect(mids).toEqual([...new Set(mids)]);
    expect(mids).toEqual(expect.arrayContaining(answered));
    if (repeats) expect(mids).toEqual(mids.map((_, index) => index + 1));
    const now = (
      (await (await ask(url, "GET", `/intents?key=${intent.key}`)).json()) as { intent: Intent }
    ).intent;
    // An order that could be registered only when all was over has heard of nothing.
    const note = handedOver.length > 0 ? { seen: handedOver.length } : intent.note;
    expect(now).toEqual({ ...intent, acknowledged: handedOver.length, note });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const receiver of this.receivers) await receiver[Symbol.asyncDispose]();
  }
}

describe("each confirmed callback is delivered, and delivered once,", () => {
  test("when the receiver is killed again and again while callbacks come", async () => {
    using files = folder();
    await using unrest = new Unrest(files.path);
    await unrest.start(0);
    const orders = Promise.all(Array.from({ length: 20 }, (_, number) => unrest.order(number)));
    for (let kill = 0; kill < 6; kill++) await unrest.kill(0, orders);
    unrest.over = true;
    for (const order of await orders) await unrest.check(order);
  });

  test("when two receivers on one PostgreSQL, and PostgreSQL too, are killed again and again", async () => {
    using files = folder();
    await using unrest = new Unrest(files.path, {
      XELION_RECEIVER_DATABASE_URL: await postgres.database(),
    });
    // At the same moment: they make their tables together.
    await Promise.all([unrest.start(0), unrest.start(1)]);
    const orders = Promise.all(Array.from({ length: 20 }, (_, number) => unrest.order(number)));
    for (let kill = 0; kill < 4; kill++) {
      await unrest.kill(kill % 2, orders);
      if (kill % 2 === 0) continue;
      await postgres.down();
      await postgres.up();
    }
    unrest.over = true;
    for (const order of await orders) await unrest.check(order);
  });

  test("when the receiver stops while callbacks come, and long polls get an empty answer", async () => {
    using files = folder();
    await using first = await ReceiverProcess.start(files.path, unlimited);
    const [busy, quiet] = [await register(first.url), await register(first.url)];
    const poll = ask(first.url, "GET", `/intents/${quiet.id}/messages?wait=60`);
    const answered: number[] = [];
    let enough = () => {};
    const inFlight = new Promise<void>((resolve) => (enough = resolve));
    const callers = Array.from({ length: 10 }, async (_, caller) => {
      for (let count = 0; ; count++) {
        const mid = count * 10 + caller;
        const reply = await call(busy.callbackUrl, statusChanged(mid)).catch(() => undefined);
        if (!reply) return;
        expect(reply.status).toBe(200);
        if (answered.push(mid) === 100) enough();
      }
    });
    await inFlight;
    await first.signal("SIGTERM");
    await Promise.all(callers);
    expect([first.exitCode, first.output]).toEqual([
      0,
      expect.stringContaining("receiver has stopped"),
    ]);
    expect(await (await poll).json()).toEqual({ messages: [] });

    await using second = await ReceiverProcess.start(files.path, unlimited);
    const kept: (number | undefined)[] = [];
    for (
      let batch = await messages(second.url, busy.id);
      batch.length > 0;
      batch = await messages(second.url, busy.id, kept.length)
    )
      kept.push(...batch.map(({ body }) => body.mid));
    expect(kept.toSorted()).toEqual(answered.toSorted());
  });
});

test("on a full disk, a callback is answered 503 and not stored, and older ones stay", async () => {
  using files = folder();
  // The shell allows the receiver's files some hundred kilobytes.
  const confined = ["sh", "-c", 'ulimit -f 800 && exec "$0" "$@"', ...alone];
  await using receiver = await ReceiverProcess.start(files.path, unlimited, {}, confined);
  const { id, callbackUrl } = await register(receiver.url);
  const statuses: number[] = [];
  while (statuses.at(-1) !== 503 && statuses.length < 50)
    statuses.push(
      (await call(callbackUrl, { mid: statuses.length, text: "x".repeat(60_000) })).status,
    );
  const kept = statuses.filter((status) => status === 200);
  expect([kept.length > 0, statuses]).toEqual([true, [...kept, 503]]);
  expect(await messages(receiver.url, id)).toHaveLength(kept.length);
  const health = await fetch(`${receiver.url}/health`);
  expect([health.status, await health.json()]).toEqual([
    503,
    { status: "unavailable", reason: expect.stringMatching(/callback/) },
  ]);
  expect((await fetch(`${receiver.url}/live`)).status).toBe(200);
  await expect
    .poll(() => receiver.output)
    .toMatch(/"error":"(database or disk is full|disk I\/O error)"/);
  await receiver.kill();

  await using again = await ReceiverProcess.start(files.path);
  expect(await messages(again.url, id)).toHaveLength(kept.length);
});

describe("with PostgreSQL,", () => {
  test("a poll at one receiver gets what another one has taken", async () => {
    using files = folder();
    const env = { XELION_RECEIVER_DATABASE_URL: await postgres.database() };
    await using here = await ReceiverProcess.start(files.path, [], env);
    await using there = await ReceiverProcess.start(files.path, [], env);
    const { id, callbackUrl } = await register(here.url);
    const poll = messages(there.url, id, 0, 60);
    expect((await call(callbackUrl, statusChanged(1))).status).toBe(200);
    expect(await poll).toMatchObject([{ sequence: 1 }]);
    const other = ask(there.url, "GET", `/intents/${id}/messages?after=1&wait=60`);
    await ask(here.url, "DELETE", `/intents/${id}`);
    expect((await other).status).toBe(410);
  });

  test("a callback is answered 503, never 200, while the database is away, and is kept later", async () => {
    using files = folder();
    await using receiver = await ReceiverProcess.start(files.path, [], {
      XELION_RECEIVER_DATABASE_URL: await postgres.database(),
    });
    const { id, callbackUrl } = await register(receiver.url);
    await postgres.down();
    const refused = await call(callbackUrl, statusChanged(1));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
    ]);
    expect((await fetch(`${receiver.url}/health`)).status).toBe(503);
    await postgres.up();
    expect((await call(callbackUrl, statusChanged(1))).status).toBe(200);
    expect(await messages(receiver.url, id)).toHaveLength(1);
    await expect.poll(async () => (await fetch(`${receiver.url}/health`)).status).toBe(200);
  });

  test("receivers that start on an empty database at the same moment all come up", async () => {
    for (let time = 0; time < 3; time++) {
      const url = await postgres.database();
      const opened = await Promise.all(Array.from({ length: 4 }, () => openPostgresql(url)));
      for (const database of opened) await database.destroy();
    }
  });

  test("the receiver does not start on a database that loses confirmed writes", async () => {
    using files = folder();
    const url = await postgres.database();
    await postgres.query(
      url,
      `alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`,
    );
    await using receiver = await ReceiverProcess.start(files.path, [], {
      XELION_RECEIVER_DATABASE_URL: url,
    });
    expect([receiver.exitCode, receiver.output]).toEqual([
      1,
      expect.stringContaining("synchronous_commit is off"),
    ]);
  });
});
