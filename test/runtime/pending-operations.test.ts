import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { Killed, Stack } from "./shop.ts";

let folders: string[];
let shop: Stack;
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  folders = [];
  shop = newShop();
});
afterEach(() => {
  vi.useRealTimers();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A stack that two machines run, each with a journal of its own. */
function newShop(): Stack {
  const machines = [0, 1].map(() => mkdtempSync(join(tmpdir(), "ucaas-machine-")));
  folders.push(...machines);
  return new Stack([...machines]);
}

const acme = { a: { name: "acme", seats: 2 } };

/** The vendor has acted, and no one hears of it. */
async function killed(program: Parameters<Stack["up"]>[0], machine: number): Promise<void> {
  shop.vendor.killAt(1, true);
  await expect(shop.up(program, machine)).rejects.toThrow(Killed);
  shop.vendor.killAt(Infinity, true);
}

test("what another machine's killed run deleted is created again when it is declared", async () => {
  await shop.up(acme, 0);
  await killed({}, 1);
  expect(shop.vendor.seatsOf("acme")).toBeUndefined();
  await shop.up(acme, 0);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("what another machine's killed run changed is as declared again", async () => {
  await shop.up(acme, 0);
  await killed({ a: { name: "acme", seats: 9 } }, 1);
  expect(shop.vendor.seatsOf("acme")).toBe(9);
  await shop.up(acme, 0);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("a journal that became shared after a kill hides no killed update", async () => {
  await shop.up(acme, 0);
  await killed({ a: { name: "acme", seats: 9 } }, 1);
  Object.assign(shop.journal, { isShared: true });
  await shop.up(acme, 0);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("what was renamed by alias is as declared again after another machine's killed run", async () => {
  await shop.up(acme, 0);
  shop.rename("a", "b");
  const renamed = { b: acme.a };
  await shop.up(renamed, 0);
  await killed({ b: { name: "acme", seats: 9 } }, 1);
  await shop.up(renamed, 0);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("a run that fails before the resource leaves it for the next one to put right", async () => {
  const both = { first: { name: "first", seats: 1 }, ...acme };
  await shop.up(both, 0);
  await killed({ first: { name: "first", seats: 1 }, a: { name: "acme", seats: 9 } }, 1);
  const changed = { ...both, first: { name: "first", seats: 3 } };
  // The engine forgets here what was pending.
  shop.vendor.killAt(1, true);
  await expect(shop.up(changed, 0)).rejects.toThrow(Killed);
  shop.vendor.killAt(Infinity, true);
  await shop.up(changed, 0);
  expect(shop.vendor.seatsOf("first")).toBe(3);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("what was put right once is no change in the next run", async () => {
  await shop.up(acme, 0);
  await killed({ a: { name: "acme", seats: 9 } }, 1);
  await shop.up(acme, 0);
  shop.vendor.killAt(1, true);
  await expect(shop.up(acme, 0)).resolves.toBeUndefined();
});

/** A program: by resource, its account. No other resource has the same. */
const account = (...names: string[]) =>
  fc.record({ name: fc.constantFrom(...names), seats: fc.integer({ min: 1, max: 2 }) });
const program: fc.Arbitrary<Parameters<Stack["up"]>[0]> = fc.record(
  { a: account("a1", "a2"), b: account("b1") },
  { requiredKeys: [] },
);
/** Which of two programs, so that a declaration often goes back. */
const either = fc.constantFrom<0 | 1>(0, 1);
const run = fc.record({
  program: either,
  killedAt: fc.constantFrom(1, 2, 3, Infinity),
  acts: fc.boolean(),
  killed: fc.constantFrom<Stack["killed"]>("all", "provider"),
});
const runs = fc.array(run, { minLength: 1, maxLength: 3 });

test("an up that ends well undoes what a killed run of another machine did", async () => {
  const stories = fc.record({
    programs: fc.tuple(program, program),
    isWriteOnly: fc.boolean(),
    before: runs,
    other: run,
    after: fc.array(run, { maxLength: 2 }),
    last: run.map((each) => ({ ...each, killedAt: Infinity })),
  });
  let ended = 0;
  let now = Date.parse("2026-11-29T12:00:00Z");
  await fc.assert(
    fc.asyncProperty(stories, async ({ programs, isWriteOnly, before, other, after, last }) => {
      shop = newShop();
      shop.vendor.isWriteOnly = isWriteOnly;
      const go = async ({ program, killedAt, acts, killed }: typeof other, machine: number) => {
        now += 10_000;
        vi.useFakeTimers({ now, toFake: ["Date"] });
        shop.vendor.killAt(killedAt, acts);
        shop.killed = killed;
        return await endOf(shop.up(programs[program], machine));
      };
      for (const each of before) await go(each, 0);
      await go(other, 1);
      for (const each of after) await go(each, 0);
      if ((await go(last, 0)) !== "well") return;
      ended++;
      for (const { name, seats } of Object.values(programs[last.program]))
        expect(shop.vendor.seatsOf(name), name).toBe(seats);
    }),
    { numRuns: 150, seed: Number(process.env.SEED ?? 7) },
  );
  expect(ended).toBeGreaterThan(100);
});

async function endOf(up: Promise<void>): Promise<"well" | "badly"> {
  try {
    await up;
    return "well";
  } catch (error) {
    if (!(error instanceof Killed) && !(error instanceof UcaasError)) throw error;
    return "badly";
  }
}
