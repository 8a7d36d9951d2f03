import { expect, onTestFinished, test, vi } from "vitest";
import { asText } from "../../cli/status/render-text.ts";
import { component, reportOf, resource, resources } from "./estate.ts";

test("the status has each customer's systems, seats, last check and open tasks", () => {
  const pending = [{ type: "updating", resource: resources[2]! }];
  const report = reportOf([{ stack: "prod", resources, pending }]);
  expect(report.customers).toEqual([
    expect.objectContaining({
      seats: 0,
      openOrders: [{ tenant: "pbx1", status: "RUNNING", history: [] }],
    }),
    {
      stack: "prod",
      customer: "acme",
      resources: { xima: 1, enablex: 1, netsapiens: 1 },
      seats: 13,
      cost: [],
      verifiedAt: "2026-01-03T00:00:00Z",
      openOrders: [],
    },
  ]);
  const text = asText(report);
  expect(text).toContain("2 customers, 13 seats");
  expect(text).toContain("for pbx1 is RUNNING");
  expect(text).toContain("prod: pending operation updating acme");
  expect(text).not.toContain("\u001b[31m");
});

test("at 80 columns it is a table of the same facts, with one column for all systems", () => {
  vi.stubEnv("COLUMNS", "80");
  onTestFinished(() => void vi.unstubAllEnvs());
  const terms = {
    prices: { currency: "EUR", period: "month", skus: { "xima.professionalSeats": "1000.00" } },
  } as never;
  const lines = asText(reportOf([{ stack: "production", resources, pending: [], terms }])).split(
    "\n",
  );
  for (const line of lines.slice(0, 8)) expect(line.length, line).toBeLessThanOrEqual(80);
  const table = lines.slice(0, lines.findIndex((line) => line.startsWith("└")) + 1).join("\n");
  expect(table).toMatch(/│ stack +│ customer +│ systems +│ seats +│ a month +│ last/);
  expect(table.replaceAll(/[│\s]+/g, " ")).toMatch(/production acme xima, .*netsapiens/);
  vi.stubEnv("COLUMNS", "160");
  expect(asText(reportOf([{ stack: "production", resources, pending: [] }]))).toMatch(
    /│ xima +│ enablex +│ netsapiens +│ xelion +│/,
  );
});

test("seats that are a secret are unknown, and not none", () => {
  const secret = resource("XimaLicense", "acme", { professionalSeats: "[secret]" });
  const report = reportOf([{ stack: "prod", resources: [component("acme"), secret], pending: [] }]);
  expect(report.customers).toMatchObject([{ seats: null }]);
  expect(asText(report)).toContain("those of 1 that cannot be read");
  expect(report.notes).toEqual([]);
  const prices = { currency: "EUR", period: "month", skus: { "xima.professionalSeats": "40" } };
  const priced = reportOf([
    { stack: "prod", resources: [secret], pending: [], terms: { prices } as never },
  ]);
  expect(asText(priced)).toContain(
    "counts that cannot be read, so not in the costs: acme xima.professionalSeats",
  );
});

test("a state without resources of a vendor says so", () => {
  expect(asText(reportOf([{ stack: "prod", resources: [], pending: [] }]))).toBe(
    "The state has no resource of a vendor.",
  );
});

test("a certificate that has ended is said to have ended, and one day is one day", () => {
  const state = { stack: "prod", resources, pending: [] };
  const at = (daysLeft: number) => ({ stack: "prod", endsAt: "2026-01-02T00:00:00Z", daysLeft });
  const text = asText({ ...reportOf([state]), certificates: [at(-3), at(1)] });
  expect(text).toContain("The certificate of prod xima ended on 2026-01-02.");
  expect(text).toContain("The certificate of prod xima ends on 2026-01-02, in 1 day.");
});
