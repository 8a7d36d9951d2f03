import { describe, expect, test } from "vitest";
import {
  describeFailedUpdate,
  type JournalPart,
  lastUpdatesOfOthers,
} from "../../provider/runtime/failed-updates.ts";
import type { StackRecord } from "../../provider/runtime/stack-record.ts";

const update = {
  startedAt: "2026-01-05T09:00:00.000Z",
  endedAt: "2026-01-05T09:00:03.000Z",
  isLast: true,
};
const provider = {
  urn: "urn:pulumi:live::shop::pulumi:providers:pulumi-nodejs::default",
  type: "pulumi:providers:pulumi-nodejs",
  created: "2026-01-05T09:00:01.000Z",
};
const record: StackRecord = { resources: [provider], pending: [], failedUpdates: [update] };
const nothing: JournalPart = { hasEntries: false, ownRuns: [], lookedAt: "" };

describe("an update that failed", () => {
  test("is another machine's when this journal has noted no run in its time", () => {
    const later = { ...nothing, ownRuns: ["2026-01-05T09:00:04.000Z"] };
    for (const part of [nothing, later])
      expect(lastUpdatesOfOthers(record, part)).toEqual([update]);
  });

  test("is this machine's when its program noted it", () => {
    const part = { ...nothing, ownRuns: ["2026-01-05T09:00:03.400Z"] };
    expect(lastUpdatesOfOthers(record, part)).toEqual([]);
  });

  test("is this machine's when an older version left entries", () => {
    expect(lastUpdatesOfOthers(record, { ...nothing, hasEntries: true })).toEqual([]);
  });

  test("is not reported when a later one has succeeded", () => {
    const settled = { ...record, failedUpdates: [{ ...update, isLast: false }] };
    expect(lastUpdatesOfOthers(settled, nothing)).toEqual([]);
  });

  test("has sent nothing when the stack had no provider by then", () => {
    const created = "2026-01-05T09:00:05.000Z";
    for (const resources of [[], [{ ...provider, created }]])
      expect(lastUpdatesOfOthers({ ...record, resources }, nothing)).toEqual([]);
  });

  test("is described by its time and by where its writes are named", () => {
    const text = describeFailedUpdate(update);
    expect(text).toContain("2026-01-05T09:00:00.000Z");
    expect(text).toContain("ucaas journal list --open");
  });
});
