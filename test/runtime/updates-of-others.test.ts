import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Killed, Stack } from "./shop.ts";

const acme = { a: { name: "acme", seats: 2 } };

let shop: Stack;
let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line) => void lines.push(line));
  // Two machines, each with a journal of its own.
  const machines = [0, 1].map(() => mkdtempSync(join(tmpdir(), "ucaas-machine-")));
  onTestFinished(() => {
    for (const folder of machines) rmSync(folder, { recursive: true });
  });
  shop = new Stack(machines);
  shop.killed = "provider";
  vi.useFakeTimers({ now: Date.parse("2026-11-29T12:00:00Z"), toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Some time later than the run before it. */
async function up(program: Parameters<Stack["up"]>[0], machine = 0): Promise<void> {
  vi.advanceTimersByTime(10_000);
  await shop.up(program, machine);
}

/** The provider's process is killed alone: the vendor has acted, and the engine goes on. */
async function killed(program: Parameters<Stack["up"]>[0], machine: number): Promise<void> {
  shop.vendor.killAt(1, true);
  await expect(up(program, machine)).rejects.toThrow(Killed);
  shop.vendor.killAt(Infinity, true);
}

/** The update ends well, and no request changes anything. */
async function changesNothing(program: Parameters<Stack["up"]>[0], machine = 0): Promise<void> {
  shop.vendor.killAt(1, true);
  await up(program, machine);
  shop.vendor.killAt(Infinity, true);
}

test.each([true, false])(
  "what its killed provider deleted is created again (write-only: %s)",
  async (isWriteOnly) => {
    shop.vendor.isWriteOnly = isWriteOnly;
    await up(acme);
    await killed({}, 1);
    expect(shop.vendor.seatsOf("acme")).toBeUndefined();
    await up(acme);
    expect(shop.vendor.seatsOf("acme")).toBe(2);
    expect(lines.join("\n")).toMatch(/acme: is gone; .* It is created again/);
  },
);

test.each([true, false])(
  "what its killed provider changed is as declared again (write-only: %s)",
  async (isWriteOnly) => {
    shop.vendor.isWriteOnly = isWriteOnly;
    await up(acme);
    await killed({ a: { name: "acme", seats: 9 } }, 1);
    await up(acme);
    expect(shop.vendor.seatsOf("acme")).toBe(2);
  },
);

test("what it changed in the second in which the resource was made here is as declared again", async () => {
  await up(acme);
  shop.vendor.killAt(1, true);
  await expect(shop.up({ a: { name: "acme", seats: 9 } }, 1)).rejects.toThrow(Killed);
  shop.vendor.killAt(Infinity, true);
  await up(acme);
  expect(shop.vendor.seatsOf("acme")).toBe(2);
});

test("what can be read and is as declared is not sent again", async () => {
  shop.vendor.isWriteOnly = false;
  const both = { ...acme, b: { name: "blue", seats: 1 } };
  await up(both);
  await killed({ ...both, b: { name: "blue", seats: 7 } }, 1);
  shop.vendor.update("blue", 1);
  await changesNothing(both);
});

test("what was written after the failed update is not sent again", async () => {
  const both = { ...acme, b: { name: "blue", seats: 1 } };
  await up(both);
  await killed({ ...both, b: { name: "blue", seats: 7 } }, 1);
  // The first of the two is sent again, and the run fails at the second one.
  shop.vendor.killAt(2, false);
  await expect(up(both)).rejects.toThrow(Killed);
  expect(shop.vendor.seatsOf("blue")).toBe(7);
  // One write is left to do.
  shop.vendor.killAt(2, true);
  await up(both);
  expect(shop.vendor.seatsOf("blue")).toBe(1);
  shop.vendor.killAt(Infinity, true);
});

test("a failed update of this very machine has nothing asked or sent again", async () => {
  const both = { ...acme, b: { name: "blue", seats: 1 } };
  await up(both);
  await killed({ ...both, b: { name: "blue", seats: 7 } }, 0);
  shop.vendor.killAt(2, true);
  await up(both);
  expect(lines.join("\n")).not.toContain("with another journal");
});

test("once an update has succeeded, nothing is sent again", async () => {
  await up(acme);
  await killed({ a: { name: "acme", seats: 9 } }, 1);
  await up(acme);
  await changesNothing(acme);
});

test("a journal that all machines share is asked instead of the engine", async () => {
  await up(acme);
  await killed({ a: { name: "acme", seats: 9 } }, 1);
  Object.assign(shop.journal, { isShared: true });
  await changesNothing(acme);
  expect(lines.join("\n")).not.toContain("with another journal");
});
