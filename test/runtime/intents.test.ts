import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  classifyEntry,
  describeOpenIntent,
  journalCommand,
  openIntents,
  openIntentsOfOthers,
} from "../../provider/runtime/intents.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import {
  type ManagedInputs,
  type ManagedOutputs,
  withLifecycle,
} from "../../provider/runtime/lifecycle.ts";

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-intents-"));
  journal = new Journal({
    get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never,
  });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const stack = "shop/live";

interface NamedInputs extends ManagedInputs {
  readonly name: string;
}
const begin = (thing: string, more: object = {}, vendor = "enablex") =>
  journal.intend({ vendor, stack, thing }, {}, null, null, {
    write: { operation: "create", type: "EnableXCustomer", resource: "acme", ...more },
  });

test("an import resolves an earlier interrupted write, but not that of a licence", async () => {
  const [customer, licence] = [await begin("a"), await begin("b", {}, "xima")];
  const imported = { __resource: "acme", __intent: "9999-01-01T00:00:00.000Z/import" };
  expect(classifyEntry(customer, imported)).toBe("known");
  expect(classifyEntry(licence, imported)).toBe("open");
  const before = { ...imported, __intent: "2020-01-01T00:00:00.000Z/import" };
  expect(classifyEntry(customer, before)).toBe("open");
});

test("a command for the journal reads the config of its stack, which may name the journal", () => {
  expect(journalCommand("list", "shop/live@s3://state")).toBe("ucaas journal list --stack live");
  expect(journalCommand("list", "")).toBe("ucaas journal list");
});

test("a line on a leftover has its name, its time, and the command that forgets it", async () => {
  const entry = await begin("https://api.example acme");
  expect(openIntents([entry], stack, [])).toEqual([entry]);
  const text = describeOpenIntent(entry);
  expect(text).toContain('the create of EnableXCustomer "acme" (https://api.example acme)');
  expect(text).toContain(entry.intendedAt);
  expect(text).toMatch(
    /1\. .*ucaas adopt.*\n +2\. .*ucaas journal resolve [0-9a-f]{8} --stack live$/,
  );
});

test("after a rename, only writes of this project in this backend may be the old name's", async () => {
  const at = (stack: string) => ({ ...entry, stack });
  const entry = await begin("a");
  const renamed = "shop/new@file:///a/b";
  const old = [at("shop/old@file:///a/b"), { ...at("shop/old@file:///a/b"), completedAt: "2026" }];
  const others = ["shop/new@file:///a/b", "shop/old@file:///a/c", "bar/old@file:///a/b"].map(at);
  expect(openIntentsOfOthers([...old, ...others], renamed)).toEqual(old);
});

test("a write of another organization's stack is not reported for a state of 0.1.0", async () => {
  const cloud = "shop/live@https://api.pulumi.com";
  const entry = { ...(await begin("a")), stack: `${cloud}/test-org` };
  const state = [{ type: "XimaLicense", name: "known", outputs: { __stack: "shop/live" } }];
  expect(openIntents([entry], `${cloud}/prod-org`, state)).toEqual([]);
  expect(openIntents([entry], `${cloud}/test-org`, state)).toEqual([entry]);
});

test("a stack that a customer was moved to reports nothing that the other stack began", async () => {
  const [others, moved] = [await begin("a", { resource: "other" }), await begin("b")];
  const north = "shop/north";
  const state = [{ type: "EnableXCustomer", name: "acme", outputs: { __stack: stack } }];
  const reported = (names: string[]) => openIntents([others, moved], north, state, names);
  expect(reported(["live", "north"])).toEqual([moved]);
  // A stack that is not there any more was renamed.
  expect(reported(["north"])).toEqual([others, moved]);
});

test("a write of a moved customer is reported by the stack that has it now", async () => {
  const [north, names] = ["shop/north", ["live", "north"]];
  const entry = await begin("a", { heldBy: north, operation: "update" });
  const state = [{ type: "EnableXCustomer", name: "acme", outputs: { __stack: stack } }];
  expect(openIntents([entry], stack, [], names)).toEqual([]);
  expect(openIntents([entry], north, state, names)).toEqual([entry]);
  expect((await journal.list()).entries).toEqual([entry]);
});

test("what the journal knows of the stack itself is no write that may be left", async () => {
  await journal.move("shop/old", stack);
  await journal.know("shop/old", { journal: await journal.identity(), at: "2026-11-28T05:00:00Z" });
  const { entries } = await journal.list();
  expect(entries.length).toBeGreaterThan(1);
  expect(openIntents(entries, "shop/old", [])).toEqual([]);
});

test("the entry of a delete that ended well is forgotten after a month", async () => {
  const key = { vendor: "enablex", stack, thing: "a" };
  await journal.complete(key, await begin("a", { operation: "delete" }), null);
  expect((await journal.list()).entries).toHaveLength(1);
  vi.useFakeTimers({ now: Date.now() + 31 * 24 * 60 * 60 * 1000, toFake: ["Date"] });
  expect((await journal.list()).entries).toEqual([]);
});

test("a create removes what earlier resources left in the journal about the same object", async () => {
  await begin("fake 7", { operation: "update", resource: "former", type: "Fake" }, "fake");
  const provider = withLifecycle<NamedInputs, NamedInputs, NamedInputs & ManagedOutputs>(
    {
      validate: () => [],
      validateWithAccount: () => [],
      diff: async () => ({ changes: false }),
      create: async (news, operation) => {
        await operation.intend(news, null);
        return { id: "7", outs: news };
      },
      read: async (id, props) => ({ id, props }),
      update: async () => ({}),
      delete: async () => {},
    },
    {
      type: "Fake",
      vendor: "fake",
      noun: "object",
      schemaVersion: 1,
      identity: "name",
      label: ({ name }) => name,
      remoteId: (_, id) => id && `fake ${id}`,
      names: ({ name }) => [`fake ${name}`],
      journalThing: ({ name }, id) => `fake ${id ?? name}`,
      servers: () => ({}),
    },
    journal,
  );
  const news = { name: "x", __stack: stack, __resource: "latter" };
  const { id, outs } = await provider.create(news);
  expect(id).toBe("7");
  const { entries } = await journal.list();
  expect(entries.map(({ thing, resource }) => [thing, resource])).toEqual([["fake x", "latter"]]);
  const state = [{ type: "Fake", name: "latter", outputs: { ...outs } }];
  expect(openIntents(entries, stack, state)).toEqual([]);
});
