import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal, type JournalEntry } from "../../provider/runtime/journal.ts";
import { Operation } from "../../provider/runtime/operation.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-journal-race-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const journal = () =>
  new Journal({ get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never }, {});
const key = { vendor: "acme", stack: "shop/live", thing: "https://api.example tenant" };

test("of many processes that saw no entry and want to send, exactly one may", async () => {
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, (_, number) => journal().intend(key, { number }, { number }, null)),
  );
  const won = tries.filter((each) => each.status === "fulfilled");
  expect(won).toHaveLength(1);
  expect(await journal().find(key)).toEqual(won[0]?.value);
  for (const each of tries)
    if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "JOURNAL_OUTDATED" });
});

test("an entry is replaced only by a process that has read it, not one that read an older one", async () => {
  const first = await journal().intend(key, 1, "first", null);
  const second = await journal().intend(key, 2, "second", first);
  await expect(journal().intend(key, 3, "third", first)).rejects.toMatchObject({
    code: "JOURNAL_OUTDATED",
    message: expect.stringContaining("nothing was sent"),
  });
  await expect(journal().intend(key, 3, "third", null)).rejects.toMatchObject({
    code: "JOURNAL_OUTDATED",
  });
  expect(await journal().find(key)).toEqual(second);
});

test.each(["discard", "complete"] as const)(
  "what the next run is sending stays in the journal when one before it ends late: %s",
  async (end) => {
    const open = await journal().intend(key, 1, "first", null);
    const operation = new Operation({
      journal: journal(),
      write: { operation: "create", type: "Tenant", resource: "acme" },
      stack: key.stack,
      known: undefined,
      isRepeated: false,
      signal: new AbortController().signal,
      locate: async () => ({ key, present: open, previous: open }),
      guard: () => {},
      own: () => {},
      log: () => {},
      warn: () => {},
    });
    expect(await operation.recall()).toEqual(open);
    const next: JournalEntry = await journal().intend(key, 2, "second", open);
    await operation[end]();
    expect(await journal().find(key)).toEqual(next);
  },
);
