import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { EarlierRuns } from "../../provider/runtime/earlier-runs.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { OwnRuns } from "../../provider/runtime/own-runs.ts";
import { PendingOperations } from "../../provider/runtime/pending-operations.ts";
import type { StackRecord } from "../../provider/runtime/stack-record.ts";

// `pulumi stack rename prod`: the state's resources keep the earlier identity.
const [earlier, today] = ["shop/live", "shop/prod"];
const tenant = { type: "XelionTenantProvision", name: "acme" };
const type = `pulumi-nodejs:dynamic/ucaas:${tenant.type}`;
const urn = `urn:pulumi:prod::shop::${type}::${tenant.name}`;

let config: { get(key: string): string | undefined };
let journal: Journal;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-renamed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  config = { get: (key) => (key === "ucaas:journalDir" ? folder : undefined) };
  journal = new Journal(config as never);
});

/** The engine knows no stack of the earlier name. */
const ofProd =
  <Record>(record: Record) =>
  async (stack: string): Promise<Record> => {
    if (stack === "prod") return record;
    throw new UcaasError("no stack", { code: "RECORD_UNREADABLE", operation: "read", hint: "" });
  };

test("an update that was settled after a rename is not repeated by a refresh", async () => {
  const operation = { operation: "update", ...tenant, id: "1", fields: ["configuration"] };
  const found = { modified: "2026-01-05T09:00:00Z", foundAt: "2026-01-05T10:00:00Z" };
  await journal.notePendingOperations(earlier, [{ ...operation, ...found, journal: "other" }]);
  const known = { urn, type, id: "1", modified: "2026-01-05T11:00:00Z" };
  const read = ofProd({ resources: [known], pending: [] });

  const up = new PendingOperations(read);
  await up.look(journal, today);
  await up.settle(journal, [today, earlier], tenant);

  const refresh = new PendingOperations(read);
  await refresh.look(journal, earlier);
  await refresh.look(journal, today);
  expect(await refresh.find(tenant, "1")).toBeUndefined();
});

test("a refresh under the earlier name hides no order of another machine", async () => {
  await journal.intend({ vendor: "xelion", stack: earlier, thing: "acme" }, "", {});
  const pending = [{ type: "creating", resource: { urn, type, inputs: { __journal: "other" } } }];
  const record: StackRecord = { resources: [], pending, updates: [] };
  const runs = new EarlierRuns(journal, new OwnRuns(config as never), ofProd(record));
  expect(await runs.doubt(tenant.type, earlier)).toBeUndefined();
  expect((await runs.doubt(tenant.type, today))?.reason).toContain("creating acme");
});
