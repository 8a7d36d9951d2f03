import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Journal } from "../../provider/runtime/journal.ts";
import { JournalDatabase } from "../../provider/runtime/journal-database.ts";
import type { JournalEntry, JournalKey } from "../../provider/runtime/journal-entry.ts";
import { JournalFolder } from "../../provider/runtime/journal-folder.ts";
import { PostgresDatabase } from "../../provider/runtime/postgresql.ts";
import { Deletions } from "../../provider/xima/deletions.ts";
import { root } from "../../tools/engine/paths.mjs";
import { Postgres } from "../receiver/postgres.ts";

const day = 24 * 60 * 60 * 1000;
let folder: string;
let postgres: Postgres;
let url: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-store-"));
  // As an operator may have set it for all databases of the server.
  postgres = await Postgres.start({ synchronous_commit: "off" });
  url = await postgres.database();
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const source = (values: Record<string, string>) => ({ get: (key: string) => values[key] as never });
const places = {
  "a folder": () => new Journal(source({ "ucaas:journalDir": folder }), {}),
  "a PostgreSQL database": () => new Journal(source({ "ucaas:journal": url }), {}),
};
const stores = {
  "a folder": () => new JournalFolder(folder),
  "a PostgreSQL database": () => new JournalDatabase(PostgresDatabase.at(url)),
};
let thing = 0;
const key = () => ({ vendor: "acme", stack: "shop/live@here", thing: `order ${thing}` });
const write = { operation: "create", type: "Order", resource: "one" } as const;

describe.each(Object.entries(places))("the journal in %s", (place, open) => {
  beforeEach(() => void thing++);

  test("keeps an entry for the next process, through its whole life", async () => {
    const entry = await open().intend(key(), { seats: 1 }, "first", null, { write });
    expect(await open().find(key())).toEqual(entry);
    const noted = await open().annotate(key(), entry, "second");
    const done = await open().complete(key(), noted, "third");
    expect(await open().find(key())).toEqual(done);
    expect((await open().list()).entries).toContainEqual(done);
    expect((await open().list(done.vendor)).entries).toContainEqual(done);
    expect((await open().list("another")).entries).toEqual([]);
    await open().drop(key());
    await open().drop(key());
    expect(await open().find(key())).toBeUndefined();
  });

  test("accepts one of many concurrent entries for the same resource", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => open().intend(key(), index, "note", null)),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of tries)
      if (each.status === "rejected")
        expect(each.reason).toMatchObject({ code: "JOURNAL_OUTDATED" });
  });

  test("keeps a later run's entry from a process that was frozen meanwhile", async () => {
    const frozen = await open().intend(key(), { seats: 6 }, "old", null, { write });
    const later = await open().intend(key(), { seats: 500 }, "new", frozen, { write });
    const outdated = { code: "JOURNAL_OUTDATED" };
    await expect(open().annotate(key(), frozen, "old")).rejects.toMatchObject(outdated);
    await expect(open().complete(key(), frozen, "old")).rejects.toMatchObject(outdated);
    await open().drop(key(), frozen);
    expect(await open().find(key())).toEqual(later);
    // A write that was refused puts back what was there before it.
    await open().annotate(key(), frozen, "old", later);
    expect(await open().find(key())).toEqual(frozen);
    await open().drop(key(), frozen);
    expect(await open().find(key())).toBeUndefined();
    // What was done is known also where the operator has forgotten it meanwhile.
    await open().complete(key(), frozen, "done");
    expect(await open().find(key())).toMatchObject({ id: frozen.id, note: "done" });
  });

  test("an entry that a run has just written is not removed by one that read the entry before it", async () => {
    const read = await open().intend(key(), { seats: 6 }, "old", null, { write });
    let later: JournalEntry | undefined;
    const store = stores[place as keyof typeof stores]();
    const remove = store.remove.bind(store);
    // The other process is quicker by a moment.
    store.remove = async (...args) => {
      later ??= await open().intend(key(), { seats: 500 }, "new", read, { write });
      await remove(...args);
    };
    await new Journal(source({}), {}, store).drop(key(), read);
    expect(later).toBeDefined();
    expect(await open().find(key())).toEqual(later);
    await open().drop(key(), later);
    expect(await open().find(key())).toBeUndefined();
  });

  test("shows a stack what another stack has begun for the same, before it begins", async () => {
    const other = { ...key(), stack: "shop/other@here" };
    await open().intend(other, {}, "note", null);
    let seen: readonly JournalEntry[] = [];
    const guard = (others: readonly JournalEntry[]) => {
      seen = others;
      throw new Error("not now");
    };
    await expect(open().intend(key(), {}, "note", null, { guard })).rejects.toThrow("not now");
    expect(seen).toMatchObject([other]);
    expect(await open().find(key())).toBeUndefined();
    expect(await open().findThing("acme", key().thing)).toHaveLength(1);
  });

  test.each([
    ["once", ["b"]],
    ["twice", ["b", "c"]],
    ["twice, and back to its first name", ["b", "a"]],
  ])("finds the entries of a stack that was moved %s under all its names", async (_, moves) => {
    const first = `shop/a${thing}@here`;
    const entry = await open().intend({ ...key(), stack: first }, {}, "note", null);
    const names = [first];
    for (const name of moves) {
      const to = `shop/${name}${thing}@here`;
      expect(await open().move(names.at(-1) as string, to)).toBe(1);
      names.push(to);
    }
    for (const name of names) {
      const { entry: found } = await open().locate("acme", key().thing, [name]);
      expect(found).toEqual({ ...entry, stack: names.at(-1) });
    }
  });

  test("moves a stack's entries, and forgets no write that its new name has begun", async () => {
    const [from, to] = ["before", "now"].map((name) => ({
      ...key(),
      stack: `shop/${name}${thing}@here`,
    })) as [JournalKey, JournalKey];
    const earlier = await open().intend(from, { seats: 5 }, "note", null, { write });
    const later = await open().intend(to, { seats: 9 }, "note", null, { write });
    expect(await open().move(from.stack, to.stack)).toBe(0);
    expect(await open().find(from)).toEqual(earlier);
    expect(await open().find(to)).toEqual(later);
    // A move that was cut off in the middle goes on.
    await open().annotate(from, later, "note", earlier);
    expect(await open().move(from.stack, to.stack)).toBe(1);
    expect(await open().find(from)).toBeUndefined();
    expect(await open().find(to)).toEqual(later);
  });

  test("moves also what another stack began and the moved one has now", async () => {
    const [from, to] = ["old", "new"].map((name) => `shop/${name}${thing}@here`) as [
      string,
      string,
    ];
    const entry = await open().intend(key(), {}, "note", null, { write });
    await open().handOver(entry, { heldBy: from });
    await open().move(from, to);
    expect(await open().find(key())).toEqual({ ...entry, heldBy: to });
  });

  test("keeps what a run has written since from one that notes whose an entry is", async () => {
    const read = await open().intend(key(), {}, "no answer yet", null, { write });
    const noted = await open().annotate(key(), read, "order 1");
    const outdated = { code: "JOURNAL_OUTDATED" };
    const late = [() => open().handOver(read, { heldBy: "shop/b" }), () => open().abandon(read)];
    for (const each of late) await expect(each()).rejects.toMatchObject(outdated);
    expect(await open().find(key())).toEqual(noted);
    await open().drop(key());
    for (const each of late) await expect(each()).rejects.toMatchObject(outdated);
    expect(await open().find(key())).toBeUndefined();
  });

  test("keeps what two organizations of Pulumi Cloud begin apart", async () => {
    const cloud = `shop/live${thing}@https://api.pulumi.com`;
    const [prod, other] = ["prod-org", "test-org"].map((name) => ({
      ...key(),
      stack: `${cloud}/${name}`,
    })) as [JournalKey, JournalKey];
    const entry = await open().intend(prod, {}, "note", null, { write });
    expect(await open().find(other)).toBeUndefined();
    const guard = (others: readonly JournalEntry[]) => expect(others).toEqual([entry]);
    await open().intend(other, {}, "note", null, { guard });
    expect(await open().find(prod)).toEqual(entry);
  });

  test("finds an entry that does not say its organization yet", async () => {
    const cloud = { ...key(), stack: `shop/live${thing}@https://api.pulumi.com` };
    const entry = await open().intend(cloud, {}, "note", null, { write });
    const now = { ...cloud, stack: `${cloud.stack}/prod-org` };
    expect(await open().find(now)).toEqual(entry);
    const next = await open().intend(now, {}, "note", entry);
    expect(await open().findThing("acme", key().thing)).toEqual([next]);
    await open().drop(now);
    expect(await open().find(now)).toBeUndefined();
  });

  test("forgets one write, and not what is under the stack's shorter name", async () => {
    const entry = await open().intend(key(), {}, "note", null, { write });
    // An earlier release wrote it, or another backend's stack of this name did.
    const shorter = await open().intend({ ...key(), stack: "shop/live" }, {}, "note");
    await open().drop(entry, entry);
    expect(await open().findThing("acme", key().thing)).toEqual([shorter]);
  });

  test("forgets a delete that ended long ago, and lists the others", async () => {
    const gone = { ...write, operation: "delete" } as const;
    const entry = await open().intend(key(), {}, "note", null, { write: gone });
    await open().complete(key(), entry, "note");
    expect((await open().list()).entries.some(({ id }) => id === entry.id)).toBe(true);
    const { vendor, stack, thing: name } = key();
    const old = new Date(Date.now() - 31 * day).toISOString();
    await open().annotate({ vendor, stack, thing: name }, { ...entry, completedAt: old }, "note");
    expect((await open().list()).entries.some(({ id }) => id === entry.id)).toBe(false);
  });

  test("has one name, also when many ask for it first", async () => {
    const names = await Promise.all(Array.from({ length: 6 }, () => open().identity()));
    expect(new Set(names).size).toBe(1);
  });
});

describe("the journal in a PostgreSQL database", () => {
  const open = places["a PostgreSQL database"];
  beforeEach(() => void thing++);

  test("has an entry on disk when the write returns, for any default of the server", async () => {
    const entries = [];
    for (let count = 0; count < 20; count++) {
      thing++;
      entries.push(await open().intend(key(), {}, "note", null));
    }
    await postgres.down();
    await postgres.up();
    const { entries: found } = await open().list();
    for (const entry of entries) expect(found).toContainEqual(entry);
  });

  test("calls nothing of pg that is deprecated, which a terminal would show", async () => {
    const module = join(root, "provider", "runtime", "journal.ts");
    const program = `import { Journal } from ${JSON.stringify(module)};
      const source = { get: (key) => key === "ucaas:journal" ? process.env.DATABASE : undefined };
      const journal = new Journal(source, {});
      await Promise.all([1, 2, 3, 4].map(() => journal.list()));`;
    const { stderr } = await promisify(execFile)(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program],
      { env: { ...process.env, DATABASE: url } },
    );
    expect(stderr).toBe("");
  });

  test("waits for a restarting server, and writes the entry once", async () => {
    await open().identity();
    await postgres.down();
    const written = open().intend(key(), {}, "note", null);
    await postgres.up();
    const entry = await written;
    expect(await open().find(key())).toEqual(entry);
  });

  test("begins a transaction again whose connection breaks in the middle", async () => {
    let tries = 0;
    await PostgresDatabase.at(url).transaction(async (client) => {
      tries++;
      if (tries === 1) {
        await postgres.down();
        await postgres.up();
      }
      await client.query("select 1");
    });
    expect(tries).toBe(2);
  });

  test("keeps the deletions at Xima, so that another machine can list them", async () => {
    const deletions = () => new Deletions(source({ "ucaas:journal": url }), {});
    const deletion = {
      ...{ stack: "shop/live", resource: "acme", baseUrl: "https://x.example", resellerId: "r" },
      ...{ tenantId: "t", deletionId: "d-1", scheduledAt: "2026-01-01T00:00:00Z" },
      recordedAt: "2026-01-01T00:00:01Z",
    };
    await deletions().add(deletion);
    expect(await deletions().list()).toEqual({ deletions: [deletion], unreadable: [] });
  });

  test("a database user that may create no tables uses a journal that is there", async () => {
    const owned = await postgres.database();
    await new Journal(source({ "ucaas:journal": owned }), {}).list();
    const limited = new URL(owned);
    [limited.username, limited.password] = ["limited", "hunter2hunter2"];
    await postgres.query(
      owned,
      `create user limited password 'hunter2hunter2';
      grant select, insert, update, delete on ucaas_journal, ucaas_log to limited`,
    );
    const settings = source({ "ucaas:journal": limited.href });
    const entry = await new Journal(settings, {}).intend(key(), {}, "note", null, { write });
    expect(await new Journal(settings, {}).find(key())).toEqual(entry);
    await PostgresDatabase.at(limited.href).query(
      "insert into ucaas_log (name, line) values ('a', 'b')",
    );
  });

  test("is named without user and password, in errors too", async () => {
    const secret = "hunter2hunter2";
    const wrong = new URL(url);
    wrong.password = secret;
    const journal = new Journal(source({ "ucaas:journal": wrong.href }), {});
    const error = await journal.list().catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "JOURNAL_UNAVAILABLE" });
    expect(String((error as Error).message)).toContain(`postgresql://${wrong.host}`);
    for (const text of [journal.location, (error as Error).message, (error as Error).stack])
      expect(text).not.toContain(secret);
  });

  test.each([
    ...["mysql://user:hunter2@host/db", "postgres://", "hunter2", "postgres:///hunter2"],
    ...["/", "?", "#"].map((special) => `postgres://user:2024${special}hunter2@host/db`),
  ])("is not opened by %s, and the error shows no password", (text) => {
    expect(() => PostgresDatabase.at(text)).toThrow("[JOURNAL_INVALID]");
    expect(() => PostgresDatabase.at(text)).not.toThrow("hunter2");
  });
});
