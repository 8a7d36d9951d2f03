import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { driftReport } from "../../cli/drift/report.ts";
import { driftCheck, readDriftHistory } from "../../cli/status/drift-history.ts";
import { asText } from "../../cli/status/render-text.ts";
import { reportOf, resources } from "./estate.ts";

const folder = mkdtempSync(join(tmpdir(), "ucaas-reports-"));
afterEach(() => {
  for (const name of ["drift-1.json", "drift-2.json", "drift-3.json", "notes.txt"])
    rmSync(join(folder, name), { force: true });
});

const report = (day: number, customer: string) => {
  const difference = { customer, resource: "XimaLicense", name: customer, urn: customer };
  const found = { ...difference, kind: "changed" as const };
  return driftReport(
    [
      {
        stack: "prod",
        status: "drift",
        checked: 2,
        compared: 2,
        existenceOnly: 0,
        notReadable: 0,
        differences: [
          { ...found, property: "professionalSeats" },
          { ...found, property: "eliteSeats" },
        ],
        unknown: [],
      },
    ],
    new Date(Date.UTC(2026, 0, day)),
  );
};

test("reports are read the oldest first, and the last one says what differs at each customer", () => {
  writeFileSync(join(folder, "drift-1.json"), JSON.stringify(report(2, "acme")));
  writeFileSync(join(folder, "drift-2.json"), JSON.stringify(report(1, "clinic")));
  writeFileSync(join(folder, "notes.txt"), "not ours");
  const { checks, notes } = readDriftHistory(folder);
  expect(checks.map(({ checkedAt }) => checkedAt.slice(0, 10))).toEqual([
    "2026-01-01",
    "2026-01-02",
  ]);
  expect(notes).toEqual([]);
  const status = reportOf([{ stack: "prod", resources, pending: [] }], { driftChecks: checks });
  expect(status.customers.map(({ customer, differences }) => [customer, differences])).toEqual([
    ["<b>clinic\u001b[31m", 0],
    ["acme", 1],
  ]);
  expect(asText(status)).toContain("prod: drift (2026-01-02 00:00 UTC)");
});

test("a file that is no report is named, and the others are read", () => {
  writeFileSync(join(folder, "drift-1.json"), JSON.stringify(report(1, "acme")));
  writeFileSync(join(folder, "drift-3.json"), "{");
  const { checks, notes } = readDriftHistory(folder);
  expect(checks).toHaveLength(1);
  expect(notes).toEqual(["drift-3.json is not a report of ucaas drift"]);
});

test("customers at a vendor are the newest count of each stack, with its time, and once", () => {
  const check = (day: number, stack: string, undeclared: number) => ({
    ...driftCheck(report(day, "acme")),
    customers: [
      {
        ...{ vendor: "enablex", server: "https://a.example/v1", stacks: [stack] },
        ...{ status: "counted" as const, existing: 7, declared: 7 - undeclared, undeclared },
        named: undeclared > 0 ? [{ id: "9", name: "Old Mill" }] : [],
      },
    ],
  });
  const driftChecks = [check(1, "prod", 0), check(2, "prod", 1), check(3, "elsewhere", 0)];
  const status = reportOf([{ stack: "prod", resources, pending: [] }], { driftChecks });
  expect(status.atVendors).toMatchObject([{ existing: 7, undeclared: 1 }]);
  const line =
    "EnableX (a.example): 7 customers exist, 6 are declared in prod, 1 is not: Old Mill (9). Counted 2026-01-02 00:00 UTC.";
  expect(asText(status).split(line)).toHaveLength(2);
  const declared = reportOf([{ stack: "prod", resources, pending: [] }], {
    driftChecks: [check(1, "prod", 0)],
  });
  expect(asText(declared)).toContain("7 customers exist, 7 are declared in prod. Counted");
});

test("a folder that does not exist is an error that names it", () => {
  expect(() => readDriftHistory(join(folder, "none"))).toThrow(
    expect.objectContaining({ code: "FILE_UNREADABLE", reason: expect.stringContaining("none") }),
  );
});
