import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { noteRun } from "../../provider/runtime/note-run.ts";
import { OwnRuns } from "../../provider/runtime/own-runs.ts";

const sdk = vi.hoisted(() => ({ target: "", journalDir: "" }));
vi.mock("@pulumi/pulumi", () => ({
  runtime: {
    isDryRun: () => false,
    getEngine: () => ({ getChannel: () => ({ getTarget: () => sdk.target }) }),
    getConfig: (key: string) => (key === "ucaas:journalDir" ? sdk.journalDir : undefined),
  },
}));

test("each update of a program is noted once, also where one process runs several", async () => {
  sdk.journalDir = mkdtempSync(join(tmpdir(), "ucaas-notes-"));
  onTestFinished(() => rmSync(sdk.journalDir, { recursive: true }));
  for (const port of [40_001, 40_002]) {
    sdk.target = `dns:127.0.0.1:${port}`;
    noteRun("shop/live");
    noteRun("shop/live");
  }
  const get = (key: string) => (key === "ucaas:journalDir" ? sdk.journalDir : undefined);
  const noted = await new OwnRuns({ get }, {}).noted("shop/live");
  expect(noted.map(({ engine }) => engine)).toEqual(["127.0.0.1:40001", "127.0.0.1:40002"]);
});
