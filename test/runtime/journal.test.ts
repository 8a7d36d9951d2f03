import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hashOf, Journal } from "../../provider/runtime/journal.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import type { Json } from "../../provider/runtime/to-json.ts";

type Properties = Record<string, unknown>;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
});
afterEach(() => {
  chmodSync(base, 0o700);
  rmSync(base, { recursive: true });
});

const config = (values: Record<string, string> = {}) => ({
  get: (key: string) => values[key] as string,
  require: () => "",
});
const journal = (folder = join(base, "journal")) =>
  new Journal(config({ "ucaas:journalDir": folder }), {});
const key = { vendor: "acme", stack: "shop/live", thing: "https://api.example order/1" };

describe("the intent journal", () => {
  test("has the intent on the disk before anything is sent, and what became of it", async () => {
    const one = journal();
    expect(await one.find(key)).toBeUndefined();
    const entry = await one.intend(key, { seats: 5 }, null);
    expect(await journal().find(key)).toEqual(entry);
    expect(entry).toMatchObject({ ...key, argumentsHash: hashOf({ seats: 5 }) });
    expect(Date.now() - Date.parse(entry.intendedAt)).toBeLessThan(60_000);

    const known = await one.annotate<Json>(key, entry, { order: "o-1" });
    expect(await journal().find(key)).toEqual({ ...entry, note: { order: "o-1" } });
    expect(known.completedAt).toBeUndefined();
    const done = await one.complete(key, known, { order: "o-1", id: "7" });
    expect(await journal().find(key)).toEqual(done);
    expect(Date.parse(done.completedAt!)).toBeGreaterThanOrEqual(Date.parse(entry.intendedAt));

    await one.drop(key);
    await one.drop(key);
    expect(await journal().find(key)).toBeUndefined();
  });

  test("waits until the disk has the intent, and the folder the file's name", async () => {
    const handle = await open(base, "r");
    await handle.close();
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    const original = prototype.sync;
    const seen: string[] = [];
    vi.spyOn(prototype, "sync").mockImplementation(async function sync(this: FileHandle) {
      const what = (await this.stat()).isDirectory() ? "the folder" : "the draft";
      const isNamed = readdirSync(join(base, "journal")).some((name) => /\.json$/.test(name));
      await original.call(this);
      seen.push(`${what}, ${isNamed ? "with" : "without"} the file's name`);
    });
    await journal().intend(key, {}, null);
    expect(seen).toEqual([
      "the draft, without the file's name",
      "the folder, with the file's name",
    ]);
    vi.restoreAllMocks();
  });

  test("can be read by its owner alone, and leaves no drafts", async () => {
    await journal().intend(key, {}, null);
    expect(statSync(join(base, "journal")).mode & 0o777).toBe(0o700);
    const files = readdirSync(join(base, "journal"));
    expect(files).toEqual([expect.stringMatching(/^acme-[0-9a-f]{32}\.json$/)]);
    expect(statSync(join(base, "journal", files[0]!)).mode & 0o777).toBe(0o600);
  });

  test("has the arguments as a hash only, which does not depend on the order of keys", async () => {
    await journal().intend(
      key,
      { password: "canary", deep: { b: 1, a: [2, { d: 1, c: 2 }] } },
      null,
    );
    const file = join(base, "journal", readdirSync(join(base, "journal"))[0]!);
    expect(readFileSync(file, "utf8")).not.toContain("canary");
    expect(hashOf({ a: 1, b: { c: [1, 2], d: 2 } })).toBe(hashOf({ b: { d: 2, c: [1, 2] }, a: 1 }));
    expect(hashOf({ a: [1, 2] })).not.toBe(hashOf({ a: [2, 1] }));
  });

  test("separates stacks, vendors and resources", async () => {
    const one = journal();
    await one.intend(key, {}, "mine");
    for (const other of [
      { ...key, stack: "shop/test" },
      { ...key, vendor: "other" },
      { ...key, thing: "https://api.example order/2" },
    ]) {
      expect(await one.find(other)).toBeUndefined();
      await one.intend(other, {}, "another's");
      await one.drop(other);
    }
    expect((await one.find(key))?.note).toBe("mine");
  });

  test("accepts one of two entries that replace the same entry", async () => {
    const tries = await Promise.allSettled(
      [1, 2, 3].map((seats) => journal().intend(key, { seats }, null, null)),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(tries.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "JOURNAL_OUTDATED" },
    });
    const seen = await journal().find(key);
    expect(await journal().intend(key, { seats: 9 }, null, seen)).toMatchObject({
      argumentsHash: hashOf({ seats: 9 }),
    });
    await expect(journal().intend(key, { seats: 10 }, null, seen)).rejects.toMatchObject({
      code: "JOURNAL_OUTDATED",
    });
  });

  test("refuses with the folder's name and the command for another when it cannot be written", async () => {
    writeFileSync(join(base, "journal"), "a file");
    await expect(journal().intend(key, {}, null)).rejects.toMatchObject({
      code: "JOURNAL_UNAVAILABLE",
      message: expect.stringMatching(
        new RegExp(
          `cannot be written: ${join(base, "journal")}[^]*pulumi config set ucaas:journalDir`,
        ),
      ),
    });
  });

  test.each([
    ["no JSON", () => "{"],
    ["null", () => "null"],
    ["no time", ({ intendedAt, ...entry }: Properties) => JSON.stringify(entry)],
    [
      "a time that is none",
      (entry: Properties) => JSON.stringify({ ...entry, intendedAt: "yesterday" }),
    ],
    ["another version", (entry: Properties) => JSON.stringify({ ...entry, version: 2 })],
    [
      "another resource's entry",
      (entry: Properties) => JSON.stringify({ ...entry, thing: "other" }),
    ],
  ])("names the file of an entry that cannot be read and how to go on: %s", async (_, spoil) => {
    const entry = await journal().intend(key, {}, null);
    const file = join(base, "journal", readdirSync(join(base, "journal"))[0]!);
    writeFileSync(file, spoil(entry as unknown as Properties));
    for (const call of [() => journal().find(key), () => journal().intend(key, {}, null, null)])
      await expect(call()).rejects.toMatchObject({
        code: "JOURNAL_UNREADABLE",
        message: expect.stringMatching(new RegExp(`${file}[^]*Move the entry away`)),
      });
  });

  test("lists its entries, and those that cannot be read", async () => {
    const entry = await journal().intend(key, {}, "note");
    writeFileSync(join(base, "journal", "acme-damaged.json"), "{}");
    expect(await journal().list()).toEqual({
      entries: [entry],
      unreadable: [expect.stringContaining("acme-damaged.json")],
    });
    expect(await journal(join(base, "none")).list()).toEqual({ entries: [], unreadable: [] });
  });

  test("removes the drafts of writes that were killed long ago, and leaves those of now", async () => {
    await journal().intend(key, {}, null);
    const drafts = ["a.json.1.old", "b.lock.2-old", "c.json.3.new"].map((name) =>
      join(base, "journal", name),
    );
    for (const draft of drafts) writeFileSync(draft, "");
    for (const draft of drafts.slice(0, 2)) utimesSync(draft, 0, 0);
    await journal().list();
    expect(drafts.map((draft) => existsSync(draft))).toEqual([false, false, true]);
  });

  test("reads what 0.1.0 wrote for a stack, and puts what follows under the stack's new identity", async () => {
    const old = {
      argumentsHash: "hash",
      intendedAt: "2026-11-01T00:00:00.000Z",
      note: "customer-7",
      ...key,
    };
    const name = createHash("sha256")
      .update(`${key.vendor}\n${key.stack}\n${key.thing}`)
      .digest("hex")
      .slice(0, 32);
    mkdirSync(join(base, "journal"));
    writeFileSync(join(base, "journal", `acme-${name}.json`), JSON.stringify(old));
    const now = { ...key, stack: `${key.stack}@s3://state` };
    const seen = await journal().find(now);
    expect(seen).toEqual(old);
    const entry = await journal().intend(now, {}, "customer-8", seen);
    expect((await journal().list()).entries).toEqual([entry]);
    expect(await journal().find({ ...key, stack: `${key.stack}@s3://other` })).toBeUndefined();
  });

  test("shows other stacks' entries of the same resource to a process before it writes", async () => {
    const other = await journal().intend({ ...key, stack: "shop/test" }, {}, null);
    const refusal = new Error("another stack is at work");
    const guard = vi.fn(() => {
      throw refusal;
    });
    await expect(journal().intend(key, {}, null, null, { guard })).rejects.toBe(refusal);
    expect(guard).toHaveBeenCalledWith([other]);
    expect(await journal().find(key)).toBeUndefined();
  });

  test("continues at once when the process that held its lock was killed", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    await journal().intend(key, {}, null);
    const lock = `acme-${createHash("sha256").update(`acme\n${key.thing}`).digest("hex").slice(0, 32)}.lock`;
    writeFileSync(
      join(base, "journal", lock),
      JSON.stringify({ token: "killed", host: hostname(), pid }),
    );
    const seen = await journal().find(key);
    const tries = await Promise.allSettled(
      [1, 2, 3, 4].map((seats) => journal().intend(key, { seats }, null, seen)),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(join(base, "journal")).filter((name) => name.includes("lock"))).toEqual([]);
  });

  test("that cannot be read is never taken for an empty one", async () => {
    symlinkSync(join(base, "journal"), join(base, "journal"));
    await expect(journal().find(key)).rejects.toMatchObject({
      code: "JOURNAL_UNAVAILABLE",
      message: expect.stringContaining("ELOOP"),
    });
  });

  test("is where the config says, else the environment, else Pulumi's home", () => {
    const folder = (values: Record<string, string>, env: NodeJS.ProcessEnv) =>
      new Journal(config(values), env).location;
    const env = { UCAAS_JOURNAL_DIR: "/from/environment", PULUMI_HOME: "/pulumi" };
    expect(folder({ "ucaas:journalDir": "/shared/disk" }, env)).toBe("/shared/disk");
    expect(folder({}, env)).toBe("/from/environment");
    expect(folder({}, { PULUMI_HOME: "/pulumi" })).toBe("/pulumi/ucaas/journal");
    // A pipeline hands over a variable that is not set as an empty one.
    expect(
      folder({ "ucaas:journalDir": "" }, { UCAAS_JOURNAL_DIR: "", PULUMI_HOME: "/pulumi" }),
    ).toBe("/pulumi/ucaas/journal");
    expect(folder({}, {})).toMatch(/\.pulumi\/ucaas\/journal$/);
  });

  test("a URL where the journal's folder is expected is refused, and not shown", () => {
    const url = "postgres://ucaas:hunter2@db.example/journal";
    for (const [name, open] of [
      ["ucaas:journalDir", () => new Journal(config({ "ucaas:journalDir": url }), {})],
      ["UCAAS_JOURNAL_DIR", () => new Journal(config({}), { UCAAS_JOURNAL_DIR: url })],
    ] as const) {
      expect(open).toThrow(new RegExp(`${name} .*[[]JOURNAL_INVALID\\][^]* ucaas:journal,`));
      expect(open).not.toThrow("hunter2");
    }
  });

  test("the password of a journal's URL is masked, as it is typed and as the URL has it", () => {
    new Journal(config({ "ucaas:journal": "postgres://ucaas:horse%2Fbattery@db.example/j" }), {});
    new Journal(config({ "ucaas:journal": "postgres://db.example/j?password=correct-staple" }), {});
    const shown = maskSecrets("horse/battery, horse%2Fbattery, correct-staple");
    expect(shown).toBe("[secret], [secret], [secret]");
  });
});
