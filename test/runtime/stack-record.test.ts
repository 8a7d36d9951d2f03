import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readStackRecord } from "../../provider/runtime/stack-record.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-record-"));
  vi.stubEnv("PATH", [folder, process.env.PATH].join(delimiter));
});
afterEach(() => {
  vi.unstubAllEnvs();
  // Of two commands at once, one may still write when the other has failed.
  rmSync(folder, { recursive: true, maxRetries: 5 });
});

/** A command `pulumi` whose backend refuses so many times. */
function backendFails(
  times: number,
  words = "dial tcp 127.0.0.1:5432: connect: connection refused",
  history: readonly object[] = [],
): void {
  const file = join(folder, "pulumi");
  writeFileSync(
    file,
    `#!/bin/sh
count=$(ls "${folder}" | grep -c "try-$2-" || true)
touch "${folder}/try-$2-$count"
[ "$count" -lt ${times} ] && echo "error: ${words}" >&2 && exit 255
[ "$2" = export ] && echo '{"deployment": {}}' || echo '${JSON.stringify(history)}'
`,
  );
  chmodSync(file, 0o755);
}

test("the record is read again when the backend is gone for a moment", async () => {
  backendFails(2);
  expect(await readStackRecord("live", [1, 1, 1])).toEqual({
    resources: [],
    pending: [],
    updates: [],
  });
});

test("a stack that is not there is an error at once", async () => {
  backendFails(1, "no stack named 'live' found");
  await expect(readStackRecord("live", [60_000])).rejects.toThrow("[RECORD_UNREADABLE]");
});

test("a backend that stays gone is an error", async () => {
  backendFails(9);
  await expect(readStackRecord("live", [1, 1])).rejects.toThrow("[RECORD_UNREADABLE]");
});

test("a failed update counts as long as it is one of the last 20 runs", async () => {
  const failed = { kind: "update", result: "failed", startTime: "2026-01-05" };
  backendFails(0, "", Array(21).fill(failed));
  const { updates } = await readStackRecord("live");
  expect(updates.filter((update) => update.failed)).toHaveLength(20);
});

test("a failed update is one of the last until another one succeeds, whatever else is run", async () => {
  const run = (day: number, kind: string, result: string) => ({
    ...{ kind, result, startTime: `2026-01-0${day}`, endTime: `2026-01-0${day}` },
  });
  backendFails(0, "", [
    // Pulumi Cloud has the run that asks.
    run(7, "update", "in-progress"),
    run(6, "refresh", "succeeded"),
    run(5, "update", "failed"),
    run(4, "destroy", "failed"),
    run(3, "update", "succeeded"),
    run(2, "update", "failed"),
  ]);
  const { updates } = await readStackRecord("live");
  expect(updates).toMatchObject([
    { startedAt: "2026-01-05", failed: true, isLast: true, isBeforeDestroy: false },
    { startedAt: "2026-01-03", failed: false },
    { startedAt: "2026-01-02", failed: true, isLast: false, isBeforeDestroy: true },
  ]);
});
