import { expect, test } from "vitest";
import { asText } from "../../cli/status/render-text.ts";
import { component, reportOf, resource, resources } from "./estate.ts";

test("the status has each customer's systems, seats, last check and open tasks", () => {
  const pending = [{ type: "creating", resource: resources[2]! }];
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
  expect(text).toContain("prod: pending operation creating acme");
  expect(text).not.toContain("\u001b[31m");
});

test("seats that are a secret are unknown, and not none", () => {
  const secret = resource("XimaLicense", "acme", { professionalSeats: "[secret]" });
  const report = reportOf([{ stack: "prod", resources: [component("acme"), secret], pending: [] }]);
  expect(report.customers).toMatchObject([{ seats: null }]);
  expect(asText(report)).toContain("those of 1 that cannot be read");
});

test("a state without resources of a vendor says so", () => {
  expect(asText(reportOf([{ stack: "prod", resources: [], pending: [] }]))).toBe(
    "The state has no resource of a vendor.",
  );
});
