import { describe, expect, test } from "vitest";
import {
  describeFailedUpdate,
  type JournalPart,
  journalPart,
  lastUpdatesOfOthers,
} from "../../provider/runtime/failed-updates.ts";
import type { JournalEntry } from "../../provider/runtime/journal.ts";
import type { NotedRun } from "../../provider/runtime/own-runs.ts";
import type { StackRecord } from "../../provider/runtime/stack-record.ts";

const update = {
  startedAt: "2026-01-05T09:00:00.000Z",
  endedAt: "2026-01-05T09:00:03.000Z",
  failed: true,
  isLast: true,
  isBeforeDestroy: false,
};
const provider = {
  urn: "urn:pulumi:live::shop::pulumi:providers:pulumi-nodejs::default",
  type: "pulumi:providers:pulumi-nodejs",
  created: "2026-01-05T09:00:01.000Z",
};
const record: StackRecord = { resources: [provider], pending: [], updates: [update] };
/** An update of the second in which the other ends. */
const next = {
  ...update,
  startedAt: update.endedAt,
  endedAt: "2026-01-05T09:00:05.000Z",
  failed: false,
};
const at = (time: string, engine?: string) => ({
  at: `2026-01-05T${time}Z`,
  ...(engine !== undefined && { engine }),
});
const nothing: JournalPart = { hasOldEntries: false, ownRuns: [] };

describe("an update that failed", () => {
  test("is another machine's when this journal has noted no run in its time", () => {
    const later = { ...nothing, ownRuns: [at("09:00:04.000")] };
    for (const part of [nothing, later])
      expect(lastUpdatesOfOthers(record, part)).toEqual([update]);
  });

  test("is this machine's when its program noted it", () => {
    for (const engine of [undefined, "127.0.0.1:1"]) {
      const part = { ...nothing, ownRuns: [at("09:00:03.400", engine)], engine: "127.0.0.1:2" };
      expect(lastUpdatesOfOthers(record, part)).toEqual([]);
    }
  });

  test("is another machine's when the run that asks began in the second in which it ended", () => {
    const engine = "127.0.0.1:1";
    const part = { ...nothing, ownRuns: [at("09:00:03.900", engine)], engine };
    expect(lastUpdatesOfOthers(record, part)).toEqual([update]);
  });

  test("is another machine's when the next update began here in the second in which it ended", () => {
    const both = { ...record, updates: [{ ...next, failed: true }, update] };
    for (const engine of [undefined, "127.0.0.1:1"]) {
      const started = at("09:00:03.900", engine);
      const part = { ...nothing, ownRuns: [started] };
      expect(lastUpdatesOfOthers(both, part)).toContain(update);
      const later = { ...nothing, ownRuns: [started, at("09:00:04.500", engine)] };
      expect(lastUpdatesOfOthers(both, later)).toEqual([update]);
    }
  });

  test("is another machine's when the update before it ended here in its first second", () => {
    const before = { ...next, startedAt: "2026-01-05T08:59:58.000Z", endedAt: update.startedAt };
    const part = { ...nothing, ownRuns: [at("09:00:00.200", "127.0.0.1:1")] };
    const both = { ...record, updates: [update, before] };
    expect(lastUpdatesOfOthers(both, part)).toEqual([update]);
  });

  test("is this machine's when the next update began in that second with another engine", () => {
    const both = { ...record, updates: [{ ...next, failed: true }, update] };
    const ownRuns = [at("09:00:03.100", "127.0.0.1:1"), at("09:00:04.100", "127.0.0.1:2")];
    expect(lastUpdatesOfOthers(both, { ...nothing, ownRuns })).toEqual([]);
  });

  test("is this machine's when an older version left entries", () => {
    expect(lastUpdatesOfOthers(record, { ...nothing, hasOldEntries: true })).toEqual([]);
  });

  test("is not reported when a later one has succeeded", () => {
    const settled = { ...record, updates: [{ ...update, isLast: false }] };
    expect(lastUpdatesOfOthers(settled, nothing)).toEqual([]);
  });

  test("is another machine's when it began in the second after which the first run here is noted", () => {
    const began = { ...next, startedAt: "2026-01-05T09:00:03.000Z", failed: true };
    const ownRuns = [at("09:00:03.300", "127.0.0.1:1")];
    const both = { ...record, updates: [began, { ...update, isLast: false }] };
    expect(lastUpdatesOfOthers(both, { hasOldEntries: true, ownRuns })).toEqual([began]);
  });

  test("has sent nothing when the stack had no provider by then", () => {
    const created = "2026-01-05T09:00:05.000Z";
    for (const resources of [[], [{ ...provider, created }]])
      expect(lastUpdatesOfOthers({ ...record, resources }, nothing)).toEqual([]);
  });

  test("may have sent something when a later destroy has removed the provider since", () => {
    const destroyed = {
      ...record,
      resources: [],
      updates: [{ ...update, isBeforeDestroy: true }],
    };
    expect(lastUpdatesOfOthers(destroyed, nothing)).toHaveLength(1);
  });

  test("is described by its time and by where its writes are named", () => {
    const text = describeFailedUpdate(update, "shop/live@s3://state");
    expect(text).toContain("2026-01-05T09:00:00.000Z");
    expect(text).toContain("ucaas journal list --stack live");
  });
});

describe("a journal's part in earlier runs", () => {
  const stack = "shop/live@s3://state";
  const entry = (at: string, of: Partial<JournalEntry> = {}): JournalEntry => ({
    ...{ vendor: "xima", stack, thing: "acme", argumentsHash: "-", intendedAt: at, note: null },
    ...of,
  });
  const noted = (runs: Record<string, NotedRun[]>) => ({
    notedRuns: async (identity: string) => runs[identity] ?? [],
  });
  const run = at("10:00:00.000", "127.0.0.1:1");
  const before = at("09:00:00.000");
  const after = at("10:00:02.000");

  test("are entries of an older version, and none that its own noted runs left", async () => {
    const part = (...entries: JournalEntry[]) =>
      journalPart(stack, [], entries, noted({ [stack]: [run] }));
    expect(await part(entry(after.at))).toMatchObject({ hasOldEntries: false, ownRuns: [run] });
    expect(await part(entry(before.at))).toMatchObject({ hasOldEntries: true });
    expect(await part(entry(before.at, { vendor: "ucaas" }))).toMatchObject({
      hasOldEntries: false,
    });
    expect(await part(entry(before.at, { stack: "shop/other" }))).toMatchObject({
      hasOldEntries: false,
    });
  });

  test("are the runs and entries of the stack's earlier name too", async () => {
    const earlier = "shop/pilot@s3://state";
    const resources = [{ urn: "", type: "", outputs: { __stack: earlier } }];
    const runs = noted({ [stack]: [run], [earlier]: [before] });
    const old = entry("2026-01-05T08:00:00.000Z", { stack: earlier });
    const part = await journalPart(stack, resources, [old], runs);
    expect(part).toMatchObject({ ownRuns: [before, run], hasOldEntries: true });
  });

  test("are the runs under each name that the stack had, also one that no resource has", async () => {
    const [first, second] = ["shop/first@s3://state", "shop/second@s3://state"];
    const moved = (from: string, to: string) =>
      entry(after.at, { vendor: "ucaas", thing: "moved", stack: from, note: to });
    const moves = [moved(first, second), moved(second, stack), moved(stack, second)];
    const runs = noted({ [first]: [before], [second]: [run], [stack]: [after] });
    expect(await journalPart(stack, [], moves, runs)).toMatchObject({
      ownRuns: [before, run, after],
    });
  });
});
