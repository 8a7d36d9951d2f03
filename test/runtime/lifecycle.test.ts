import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { Journal, type JournalEntry } from "../../provider/runtime/journal.ts";
import { type Identity, Killed, Stack } from "./shop.ts";

/** A program: by resource, its account. No account is declared twice. */
const program = fc.uniqueArray(
  fc.record({
    resource: fc.constantFrom("a", "b", "c"),
    name: fc.constantFrom("x", "y"),
    seats: fc.integer({ min: 1, max: 3 }),
  }),
  { selector: ({ name }) => name, maxLength: 2 },
);
const run = fc.record({
  program,
  killedAt: fc.integer({ min: 1, max: 5 }),
  acts: fc.boolean(),
  checkpoints: fc.constantFrom(0, 1, 2, Infinity),
  /** Its machine's clock: so many minutes off. */
  clock: fc.constantFrom(-60, 0, 60),
});
const runs = fc.array(run, { minLength: 1, maxLength: 6 });

const declared = (rows: readonly { resource: string; name: string; seats: number }[]) =>
  Object.fromEntries(rows.map(({ resource, name, seats }) => [resource, { name, seats }]));

const noon = Date.parse("2026-11-29T12:00:00Z");

/** The time that the next run's machine has, so many seconds after the first one's. */
function setClock(minutes: number, seconds = 0): void {
  vi.useFakeTimers({ now: noon + minutes * 60_000 + seconds * 1000, toFake: ["Date"] });
}

afterEach(() => {
  vi.useRealTimers();
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-lifecycle-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each<[words: string, Identity]>([
  ["are known by their names", "name"],
  ["have ids of the vendor's", "id"],
])("where accounts %s", (_, identity) => {
  test.each([
    ["changed", { a: { name: "x", seats: 500 } }],
    ["deleted", {}],
  ])("what an unsaved run %s is put right, though an earlier clock was ahead", async (_, wrong) => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await inFolder(async (folder) => {
      const shop = new Stack([folder], identity, false);
      const right = { a: { name: "x", seats: 6 } };
      setClock(60);
      await shop.up(right);
      setClock(5);
      shop.checkpointsLeft = 0;
      await expect(shop.up(wrong)).rejects.toThrow(Killed);
      shop.checkpointsLeft = Infinity;
      await shop.up(right);
      expect(shop.vendor.seatsOf("x")).toBe(6);
    });
  });

  test("what another resource is about to take over is kept, also after a rename", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await inFolder(async (folder) => {
      const shop = new Stack([folder], identity);
      await shop.up({ a: { name: "x", seats: 1 } });
      await shop.journal.move(shop.stack, "shop/renamed");
      shop.stack = "shop/renamed";
      shop.vendor.killAt(1, true);
      await expect(shop.up({ b: { name: "x", seats: 1 } })).rejects.toThrow(Killed);
      shop.vendor.killAt(Infinity, true);
      await expect(shop.up({})).rejects.toMatchObject({ code: "TAKE_OVER_OPEN" });
      expect(shop.vendor.seatsOf("x")).toBe(1);
    });
  });

  test("what was renamed by alias is deleted, though an update of it was cut off", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await inFolder(async (folder) => {
      const shop = new Stack([folder], identity);
      await shop.up({ a: { name: "x", seats: 1 } });
      shop.rename("a", "b");
      await shop.up({ b: { name: "x", seats: 1 } });
      shop.vendor.killAt(1, true);
      await expect(shop.up({ b: { name: "x", seats: 2 } })).rejects.toThrow(Killed);
      shop.vendor.killAt(Infinity, true);
      await shop.up({});
      expect(shop.vendor.seatsOf("x")).toBeUndefined();
      expect(await shop.reported()).toEqual([]);
    });
  });

  test("a look at the stack leaves in the journal what a run is sending meanwhile", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await inFolder(async (folder) => {
      const shop = new Stack([folder], identity);
      const same = { a: { name: "x", seats: 1 } };
      await shop.up(same);
      let sending: JournalEntry | undefined;
      const { drop } = Journal.prototype;
      vi.spyOn(Journal.prototype, "drop").mockImplementation(async function (
        this: Journal,
        ...args
      ) {
        const [known] = (await this.list()).entries;
        if (known) sending ??= await this.intend(known, { seats: 2 }, "sent", known);
        return await drop.apply(this, args);
      });
      await shop.up(same);
      vi.mocked(Journal.prototype.drop).mockRestore();
      expect(sending).toBeDefined();
      expect((await shop.journal.list()).entries).toEqual([sending]);
    });
  });

  test("what a killed run created again is reported, though an earlier clock was ahead", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await inFolder(async (folder) => {
      const shop = new Stack([folder], identity, false);
      const program = { a: { name: "x", seats: 1 } };
      setClock(60);
      await shop.up(program);
      setClock(5);
      shop.checkpointsLeft = 0;
      await expect(shop.up({})).rejects.toThrow(Killed);
      setClock(6);
      await expect(shop.up(program)).rejects.toThrow(Killed);
      setClock(7);
      shop.checkpointsLeft = Infinity;
      await shop.up({});
      expect(await shop.reported()).toEqual(shop.vendor.all("x").map(({ name }) => name));
    });
  });

  test("nothing is reported while no run is killed", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    const programs = fc.array(program, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(programs, (rows) =>
        inFolder(async (folder) => {
          const shop = new Stack([folder], identity);
          for (const each of rows) {
            await shop.up(declared(each));
            expect(await shop.reported()).toEqual([]);
          }
        }),
      ),
      { numRuns: 60, seed: Number(process.env.SEED ?? 7) },
    );
  });

  test("nothing declared is deleted, nothing is created twice, nothing is left unreported", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await fc.assert(
      fc.asyncProperty(runs, program, fc.boolean(), (all, last, asksEngine) =>
        inFolder(async (folder) => {
          const shop = new Stack([folder], identity, asksEngine);
          let before = new Set<string>();
          const go = async (rows: typeof last) => {
            const deletes = shop.vendor.deleted.length;
            const error = await shop.up(declared(rows)).catch((error: unknown) => {
              if (error instanceof UcaasError) return error;
              if (!(error instanceof Killed)) throw error;
            });
            const names = new Set(Object.values(declared(rows)).map(({ name }) => name));
            for (const name of shop.vendor.deleted.slice(deletes))
              if (before.has(name)) expect(names, `${name} was deleted`).not.toContain(name);
            before = names;
            return error;
          };
          for (const [at, { program: rows, killedAt, acts, checkpoints, clock }] of all.entries()) {
            setClock(clock, at);
            shop.vendor.killAt(killedAt, acts);
            shop.checkpointsLeft = checkpoints;
            await go(rows);
          }
          setClock(0, all.length);
          shop.vendor.killAt(Infinity, true);
          shop.checkpointsLeft = Infinity;
          const accountIn = (text = "") => shop.vendor.nameOf(text.split(" ").at(-1)!);
          let error = await go(last);
          // The error's own remedy: the operator looks at what the other resource's entry
          // names, and forgets the entry.
          const seen: string[] = [];
          for (let times = 0; error?.code === "TAKE_OVER_OPEN" && times < 3; times++) {
            const account = accountIn(error.operation);
            const { entries } = await shop.journal.list();
            for (const entry of entries.filter(({ thing }) => accountIn(thing) === account))
              await shop.journal.drop(entry);
            seen.push(account);
            error = await go(last);
          }
          expect(error?.code).toBeUndefined();
          const wanted = Object.values(declared(last));
          for (const { name, seats } of wanted) expect(shop.vendor.seatsOf(name), name).toBe(seats);
          const reported = [...seen, ...(await shop.reported())];
          for (const { name } of shop.vendor.accounts.values()) {
            expect(shop.vendor.all(name), `${name} is there once`).toHaveLength(1);
            if (!wanted.some((each) => each.name === name))
              expect(reported, `${name} is left`).toContain(name);
          }
        }),
      ),
      { numRuns: 80, seed: Number(process.env.SEED ?? 7) },
    );
  });
});
