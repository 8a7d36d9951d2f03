import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { entryReference } from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { makeProgramProject, projectFolders, runInProject } from "./program-project.ts";
import { ucaas } from "./ucaas.ts";

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-journal-cli-"));
  journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never,
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const key = {
  vendor: "xima",
  stack: "shop/live@s3://state",
  thing: "https://licensing.example/v1 acme/berlin",
};
const write = { operation: "create", type: "XimaLicense", resource: "berlin" } as const;
const run = (...args: string[]) =>
  ucaas(["journal", ...args], { cwd: folder, env: { ...process.env, UCAAS_JOURNAL_DIR: folder } });

test("lists what interrupted runs have begun, and forgets what the operator has looked at", async () => {
  await journal.intend(key, {}, null, null, { write });
  const done = { ...key, thing: "https://licensing.example/v1 acme/hamburg" };
  await journal.complete(done, await journal.intend(done, {}, null, null, { write }), null);
  const table = await run("list");
  expect(table.stdout).toMatch(/open[\s\S]*acme\/berlin/);
  const { entries } = JSON.parse((await run("list", "--open", "--json")).stdout);
  expect(entries).toMatchObject([
    { status: "open", operation: "create", resource: "berlin", ...key },
  ]);
  const missing = await run("resolve", "00000000");
  expect(missing.stderr).toMatch(/NO_JOURNAL_ENTRY[\s\S]*config names the journal: add --stack/);
  const removed = await run("resolve", entries[0].reference);
  expect(removed).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("removed: create of xima"),
  });
  expect(await journal.find(key)).toBeUndefined();
  expect(await journal.find(done)).toBeDefined();
});

test("a reference forgets the write that was looked at, and no later one of the same thing", async () => {
  const looked = await journal.intend(key, {}, null, null, { write });
  const reference = entryReference(looked);
  await journal.annotate(key, looked, "seen");
  expect((await run("resolve", reference)).exitCode).toBe(0);
  // Another engineer's run has begun the same again, and waits for its reply.
  const later = await journal.intend(key, {}, null, null, { write });
  const refused = await run("resolve", reference);
  expect(refused).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("NO_JOURNAL_ENTRY"),
  });
  expect(await journal.find(key)).toEqual(later);
});

test("lists an order that ended FAILED as failed, not as open", async () => {
  const order = { ...key, vendor: "xelion", thing: "https://xelion.example reseller/k8x2" };
  await journal.intend(order, {}, { orderId: 2, status: "FAILED" }, null, {
    write: { ...write, type: "XelionTenantProvision" },
  });
  expect(JSON.parse((await run("list", "--open", "--json")).stdout).entries).toEqual([]);
  expect(JSON.parse((await run("list", "--json")).stdout).entries).toMatchObject([
    { status: "failed", vendor: "xelion" },
  ]);
});

test("moves the entries of a stack that was renamed, and finds them by its earlier name too", async () => {
  await journal.intend(key, {}, "note", null, { write });
  const to = "shop/production@s3://state";
  expect((await run("move", key.stack, to)).stdout).toContain("moved 1 entry");
  const fresh = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never,
  });
  expect(await fresh.find({ ...key, stack: to })).toMatchObject({ note: "note", stack: to });
  expect((await fresh.locate("xima", key.thing, [key.stack])).key.stack).toBe(to);
  expect(JSON.parse((await run("list", "--json")).stdout).entries).toHaveLength(1);
  const stays = entryReference(await journal.intend(key, {}, null, undefined, { write }));
  expect((await run("move", key.stack, to)).stderr).toContain(`a write of the same: ${stays}, `);
});

test("accept and move refuse an identity that the journal does not know, and name those it has", async () => {
  await journal.intend(key, {}, null, null, { write });
  await journal.know("shop/refused@s3://state", { journal: "x", at: "2026-01-05T09:00:00.000Z" });
  const before = await journal.list();
  for (const words of [
    ["accept", "live"],
    ["accept", "shop/live"],
    ["move", "dev", "live"],
    ["move", key.stack, "live"],
  ]) {
    const { exitCode, stdout, stderr } = await run(...words);
    expect({ exitCode, stdout }, words.join(" ")).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      /NO_JOURNAL_ENTRY[\s\S]*shop\/live@s3:\/\/state, shop\/refused@s3:\/\/state/,
    );
  }
  expect(await journal.list()).toEqual(before);
  // A run that was refused has noted what it saw, though it has begun nothing.
  expect((await run("accept", "shop/refused@s3://state")).exitCode).toBe(0);
});

test("moves a stack that only a relay knows, and warns that the journal has nothing of it", async () => {
  const [from, to] = ["shop/live@s3://state", "shop/production@s3://state"];
  const moved = await run("move", from, to);
  expect(moved).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("moved 0 entries") });
  expect(moved.stderr).toContain(`the journal has nothing of ${from}`);
  expect(await journal.identitiesOf(from)).toEqual([from, to]);
});

test("a stack that is moved to itself keeps its entries", async () => {
  const entry = await journal.intend(key, {}, null, null, { write });
  expect((await run("move", key.stack, key.stack)).stdout).toContain("moved 0 entries");
  expect(await journal.find(key)).toEqual(entry);
});

test("names what cannot be read, beside what can", async () => {
  await journal.intend(key, {}, null, null, { write });
  writeFileSync(join(folder, "xima-damaged.json"), "null");
  const { exitCode, stdout, stderr } = await run("list");
  expect(exitCode).toBe(1);
  expect(stdout).toContain("acme/berlin");
  expect(stderr).toContain("JOURNAL_UNREADABLE");
});

describe("a relative journal folder is the provider's, from any folder of the project", () => {
  // The engine starts the provider in the folder of the program.
  const location = () => join(folder, "program", ".journal");
  const values = { "ucaas:journalDir": { value: ".journal" } };

  beforeEach(async () => {
    makeProgramProject(folder);
    const own = new Journal({ get: () => undefined as never }, { UCAAS_JOURNAL_DIR: location() });
    await own.intend(key, {}, null, null, { write });
  });

  const from = (inner: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
    runInProject(folder, inner, args, env);

  test.each(projectFolders)("in %j", async (inner) => {
    for (const env of [{ CONFIG: JSON.stringify(values) }, { UCAAS_JOURNAL_DIR: ".journal" }]) {
      const args = ["--stack", "live", "--json"];
      const { stdout } = await from(inner, ["journal", "list", ...args], env);
      expect(JSON.parse(stdout)).toMatchObject({ journal: location(), entries: [key] });
      const deletions = await from(inner, ["xima", "deletions", ...args], env);
      expect(JSON.parse(deletions.stdout).file).toBe(join(location(), "xima-deletions.jsonl"));
    }
  });

  test("also for the doctor", async () => {
    const args = ["doctor", "--stack", "live", "--json"];
    const { stdout } = await from("program/inner", args, { CONFIG: JSON.stringify(values) });
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({
        ...{ system: "journal", check: "place" },
        found: expect.stringContaining(`${location()} is writable, on`),
      }),
    );
  });
});
