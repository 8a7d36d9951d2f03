import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { driftReport, nothingChecked, type Status, unknownDrift } from "../../cli/drift/report.ts";
import { type DriftCheck, driftCheck, readDriftHistory } from "../../cli/status/drift-history.ts";
import type { StatusReport } from "../../cli/status/model.ts";
import { asHtml } from "../../cli/status/render-html.ts";
import { asText } from "../../cli/status/render-text.ts";
import { reportOf, resources } from "./estate.ts";

const folder = mkdtempSync(join(tmpdir(), "ucaas-reports-"));
afterEach(() => {
  for (const name of ["drift-1.json", "drift-2.json", "drift-3.json", "drift-4.json", "notes.txt"])
    rmSync(join(folder, name), { force: true, recursive: true });
});

const report = (day: number, customer: string) => {
  const difference = { customer, resource: "XimaLicense", name: customer, urn: customer };
  const found = { ...difference, kind: "changed" as const };
  return driftReport(
    [
      {
        stack: "prod",
        status: "drift",
        ...nothingChecked,
        checked: 2,
        compared: 2,
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
  mkdirSync(join(folder, "drift-4.json"));
  const { checks, notes } = readDriftHistory(folder);
  expect(checks).toHaveLength(1);
  expect(notes.toSorted()).toEqual([
    "drift-3.json is not a report of ucaas drift",
    "drift-4.json is not a report of ucaas drift",
  ]);
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
  const empty = reportOf([{ stack: "prod", resources: [], pending: [] }], { driftChecks });
  expect(asText(empty).split(line)).toHaveLength(2);
  const declared = reportOf([{ stack: "prod", resources, pending: [] }], {
    driftChecks: [check(1, "prod", 0)],
  });
  expect(asText(declared)).toContain("7 customers exist, 7 are declared in prod. Counted");
});

test("an empty state hides nothing that needs attention", () => {
  const driftChecks = [checkOf("eu", 1, "drift")];
  const status = reportOf([{ stack: "eu", resources: [], pending: [] }], { driftChecks });
  expect(asText(status)).toMatch(
    /no resource of a vendor\.\nDrift of eu was .*\n\nNeeds attention:\n {2}eu: drift \(2026-01-01 00:00 UTC\)/,
  );
});

test("a folder that does not exist is an error that names it", () => {
  expect(() => readDriftHistory(join(folder, "none"))).toThrow(
    expect.objectContaining({ code: "FILE_UNREADABLE", reason: expect.stringContaining("none") }),
  );
});

const checkOf = (stack: string, day: number, status: Status) =>
  driftCheck(
    driftReport(
      [
        {
          ...unknownDrift(stack),
          status,
          differences:
            status === "drift"
              ? [
                  {
                    customer: "acme",
                    resource: "XimaLicense",
                    name: "a",
                    urn: "a",
                    kind: "changed",
                  },
                ]
              : [],
        },
      ],
      new Date(Date.UTC(2026, 0, day)),
    ),
  );
const stackOf = (stack: string) => ({ stack, resources, pending: [] });
const driftTile = (html: string) =>
  /<strong class="(\w*)">(No drift|Drift|Unknown)</.exec(html)?.[2];

test("drift of a stack stays shown when a newer report is of other stacks", () => {
  const status = reportOf([stackOf("eu"), stackOf("us")], {
    driftChecks: [checkOf("eu", 1, "drift"), checkOf("us", 2, "none")],
    takenAt: new Date(Date.UTC(2026, 0, 3)),
  });
  expect(asText(status)).toContain("eu: drift (2026-01-01 00:00 UTC)");
  expect(driftTile(asHtml(status))).toBe("Drift");
});

test("a customer whose drift is unknown does not count as without differences", () => {
  const status = reportOf([stackOf("eu")], { driftChecks: [checkOf("eu", 1, "unknown")] });
  expect(status.customers.map(({ differences }) => differences)).toEqual([null, null]);
  expect(driftTile(asHtml(status))).toBe("Unknown");
});

test("a stack that no report has is named, and drift is unknown", () => {
  const status = reportOf([stackOf("eu"), stackOf("us")], {
    driftChecks: [checkOf("eu", 1, "none")],
  });
  expect(asText(status)).toContain("us: no drift report has this stack");
  expect(driftTile(asHtml(status))).toBe("Unknown");
});

test("drift of stacks that are not shown is left out", () => {
  const status = reportOf([stackOf("eu")], { driftChecks: [checkOf("other", 1, "drift")] });
  expect(status.driftChecks).toEqual([]);
  expect(asText(status)).not.toContain("other");
  expect(driftTile(asHtml(status))).toBeUndefined();
});

test("a stack's last check is found among more reports than the chart shows", () => {
  const newer = Array.from({ length: 40 }, (_, day) => checkOf("us", day + 2, "none"));
  const status = reportOf([stackOf("eu"), stackOf("us")], {
    driftChecks: [checkOf("eu", 1, "drift"), ...newer],
    takenAt: new Date(Date.UTC(2026, 1, 15)),
  });
  expect(status.driftChecks).toHaveLength(30);
  expect(asText(status)).toContain("eu: drift (2026-01-01 00:00 UTC)");
});

describe("the time of the last drift check", () => {
  const statusAt = (day: number, driftChecks: DriftCheck[], stacks = ["eu"]) =>
    reportOf(stacks.map(stackOf), { driftChecks, takenAt: new Date(Date.UTC(2026, 0, day)) });
  const attention = (status: StatusReport) =>
    asText(status)
      .split("Needs attention:")[1]
      ?.match(/(eu: (no )?|)drift.*/g) ?? [];

  test("is shown for each stack, once for those that were checked together", () => {
    const together = driftCheck(driftReport([unknownDrift("eu"), unknownDrift("us")], new Date(0)));
    const status = statusAt(2, [together, checkOf("uk", 1, "none")], ["eu", "uk", "us"]);
    for (const shown of [asText(status), asHtml(status)]) {
      expect(shown).toContain("Drift of eu, us was last checked 1970-01-01 00:00 UTC.");
      expect(shown).toContain("Drift of uk was last checked 2026-01-01 00:00 UTC.");
    }
  });

  test("needs attention when it is more than two days ago, and then nothing is green", () => {
    vi.stubEnv("FORCE_COLOR", "1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const checks = [checkOf("eu", 1, "none")];
    const line = "eu: no drift check since 2026-01-01 00:00 UTC";
    expect(attention(statusAt(3, checks))).not.toContain(line);
    const old = statusAt(4, checks);
    expect(attention(old)).toContain(line);
    expect(asHtml(old)).toContain(`<li>${line}</li>`);
    expect(driftTile(asHtml(old))).toBe("Unknown");
    const green = "\u001b[32m0";
    expect([asText(statusAt(3, checks)), asText(old)].map((text) => text.includes(green))).toEqual([
      true,
      false,
    ]);
  });

  test("hides no other when it is in the future, and needs attention", () => {
    const checks = [checkOf("eu", 2, "drift"), checkOf("eu", 300, "none")];
    const status = statusAt(3, checks);
    expect(status.lastChecks).toMatchObject([{ status: "drift" }]);
    expect(attention(status)).toEqual([
      "eu: drift (2026-01-02 00:00 UTC)",
      "drift reports of the future count only where there is no other: 2026-10-27 00:00 UTC",
    ]);
    const alone = statusAt(3, checks.slice(1));
    expect(attention(alone)).toEqual([expect.stringContaining("reports of the future")]);
    expect(driftTile(asHtml(alone))).toBe("Unknown");
  });

  test("is missing where no report of the folder has one of the stacks, and that is said", () => {
    const note = "Note: no drift report has one of these stacks";
    expect(asText(statusAt(1, [checkOf("us", 1, "none")]))).toContain(note);
    expect(asText(statusAt(1, []))).toContain(note);
    expect(asText(reportOf([stackOf("eu")]))).not.toContain("drift");
  });
});
