import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hashOf, Journal } from "../../provider/dynamic/journal.ts";
import type { Json } from "../../provider/dynamic/plain.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
});
afterEach(() => {
  chmodSync(base, 0o700);
  rmSync(base, { recursive: true });
});

const config = (values: Record<string, string> = {}) => ({ get: (key: string) => values[key] as string, require: () => "" });
const journal = (folder = join(base, "journal")) => new Journal(config({ "ucaas:journalDir": folder }), {});
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
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as { sync(): Promise<void> }, "sync");
    await journal().intend(key, {}, null);
    expect(sync).toHaveBeenCalledTimes(2);
    sync.mockRestore();
  });

  test("can be read by its owner alone, and leaves no drafts", async () => {
    await journal().intend(key, {}, null);
    expect(statSync(join(base, "journal")).mode & 0o777).toBe(0o700);
    const files = readdirSync(join(base, "journal"));
    expect(files).toEqual([expect.stringMatching(/^acme-[0-9a-f]{32}\.json$/)]);
    expect(statSync(join(base, "journal", files[0]!)).mode & 0o777).toBe(0o600);
  });

  test("has the arguments as a hash only, which does not depend on the order of keys", async () => {
    await journal().intend(key, { password: "canary", deep: { b: 1, a: [2, { d: 1, c: 2 }] } }, null);
    const file = join(base, "journal", readdirSync(join(base, "journal"))[0]!);
    expect(readFileSync(file, "utf8")).not.toContain("canary");
    expect(hashOf({ a: 1, b: { c: [1, 2], d: 2 } })).toBe(hashOf({ b: { d: 2, c: [1, 2] }, a: 1 }));
    expect(hashOf({ a: [1, 2] })).not.toBe(hashOf({ a: [2, 1] }));
  });

  test("keeps stacks, vendors and things apart", async () => {
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

  test("lets one of two tries begin that both saw the same", async () => {
    const tries = await Promise.allSettled([1, 2, 3].map((seats) => journal().intend(key, { seats }, null, null)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(tries.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "JOURNAL_OUTDATED" } });
    const seen = await journal().find(key);
    expect(await journal().intend(key, { seats: 9 }, null, seen)).toMatchObject({ argumentsHash: hashOf({ seats: 9 }) });
    await expect(journal().intend(key, { seats: 10 }, null, seen)).rejects.toMatchObject({ code: "JOURNAL_OUTDATED" });
  });

  test.each([
    ["a folder that cannot be made", () => writeFileSync(join(base, "journal"), "a file"), "written"],
    ["a file that is no entry", () => {}, "read"],
  ])("refuses with the folder's name and the command for another: %s", async (_, spoil, what) => {
    if (what === "read") {
      await journal().intend(key, {}, null);
      const file = join(base, "journal", readdirSync(join(base, "journal"))[0]!);
      writeFileSync(file, "{");
    }
    spoil();
    const call = what === "read" ? journal().find(key) : journal().intend(key, {}, null);
    await expect(call).rejects.toMatchObject({
      code: "JOURNAL_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`cannot be ${what}: ${join(base, "journal")}[^]*pulumi config set ucaas:journalDir`)),
    });
  });

  test("that cannot be read is never taken for an empty one", async () => {
    symlinkSync(join(base, "journal"), join(base, "journal"));
    await expect(journal().find(key)).rejects.toMatchObject({ code: "JOURNAL_UNAVAILABLE", message: expect.stringContaining("ELOOP") });
  });

  test("is where the config says, else the environment, else Pulumi's home", () => {
    const folder = (values: Record<string, string>, env: NodeJS.ProcessEnv) => new Journal(config(values), env).directory;
    const env = { UCAAS_JOURNAL_DIR: "/from/environment", PULUMI_HOME: "/pulumi" };
    expect(folder({ "ucaas:journalDir": "/shared/disk" }, env)).toBe("/shared/disk");
    expect(folder({}, env)).toBe("/from/environment");
    expect(folder({}, { PULUMI_HOME: "/pulumi" })).toBe("/pulumi/ucaas/journal");
    // A pipeline hands over a variable that nobody set as an empty one.
    expect(folder({ "ucaas:journalDir": "" }, { UCAAS_JOURNAL_DIR: "", PULUMI_HOME: "/pulumi" })).toBe("/pulumi/ucaas/journal");
    expect(folder({}, {})).toMatch(/\.pulumi\/ucaas\/journal$/);
  });
});
