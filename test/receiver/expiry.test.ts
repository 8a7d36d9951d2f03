import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openPostgresql } from "../../receiver/postgresql.ts";
import { openSqlite } from "../../receiver/sqlite.ts";
import { Store } from "../../receiver/store.ts";
import { Postgres } from "./postgres.ts";
import { folder, messages, newId, ReceiverProcess } from "./receiver-process.ts";

const day = 86_400_000;
const look = day / 4;
const expireAfter = 30 * day;
const today = Date.UTC(2026, 0, 1);

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: today }));
afterEach(() => void vi.useRealTimers());

describe.each(["SQLite", "PostgreSQL"])("with %s,", (kind) => {
  let files: ReturnType<typeof folder>;
  let store: Store;
  beforeEach(async () => {
    files = folder();
    store = new Store(
      kind === "SQLite"
        ? await openSqlite(join(files.path, "file.sqlite"))
        : await openPostgresql(await postgres.database()),
    );
  });
  afterEach(async () => {
    await store.close();
    files[Symbol.dispose]();
  });

  const register = (id: string) => store.register({ id, key: id, replaces: null, note: {} });
  const orders = async () => (await store.counts()).intents;
  /** As a receiver that runs for so long. */
  const run = async (milliseconds: number) => {
    for (const end = Date.now() + milliseconds; Date.now() < end; ) {
      vi.setSystemTime(Date.now() + look);
      await store.expire(expireAfter, 2 * look);
    }
  };

  test("an order is deleted a month after its last event or poll, and not before", async () => {
    await run(look);
    await register("quiet");
    await register("polled");
    await run(29 * day);
    await store.messages("polled", 0);
    expect(await orders()).toBe(2);
    await run(2 * day);
    expect(await store.messages("quiet", 0)).toBeUndefined();
    expect(await store.messages("polled", 0)).toEqual([]);
  });

  test("no order is forgotten while the clock is 400 days ahead for a day", async () => {
    await register("before");
    vi.setSystemTime(today + 400 * day);
    await register("meanwhile");
    await run(day);
    expect(await orders()).toBe(2);
    vi.setSystemTime(today + day);
    await run(day);
    vi.setSystemTime(today + 400 * day);
    await run(day);
    expect(await orders()).toBe(2);
  });

  test("an order that comes while the clock is years behind is kept for its month", async () => {
    await run(look);
    vi.setSystemTime(0);
    await register("early");
    await run(day);
    vi.setSystemTime(today + day);
    await run(28 * day);
    expect(await orders()).toBe(1);
    await run(5 * day);
    expect(await orders()).toBe(0);
  });

  test.each([-400, 400])("an order is kept while another receiver is %i days off", async (off) => {
    await register("one");
    for (let count = 0; count < 29; count++) {
      await run(day / 2);
      const right = Date.now();
      vi.setSystemTime(right + off * day);
      await run(day / 2);
      vi.setSystemTime(right + day / 2);
    }
    expect(await orders()).toBe(1);
    await run(30 * day);
    expect(await orders()).toBe(0);
  });
});

test("a receiver forgets no order at its start, whatever its clock says", async () => {
  using files = folder();
  const id = newId();
  vi.setSystemTime(today - 400 * day);
  const store = new Store(await openSqlite(join(files.path, "xelion-receiver.sqlite")));
  await store.register({ id, key: "key", replaces: null, note: {} });
  await store.close();
  vi.useRealTimers();
  await using receiver = await ReceiverProcess.start(files.path);
  expect(await messages(receiver.url, id)).toEqual([]);
});
