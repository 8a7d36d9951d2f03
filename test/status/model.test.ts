import { expect, test } from "vitest";
import type { State } from "../../cli/pulumi/stack.ts";
import { statusReport } from "../../cli/status/model.ts";
import { asText } from "../../cli/status/render-text.ts";

const component = (name: string): State => ({
  urn: `urn:pulumi:prod::voice::ucaas:index:Customer::${name}`,
  type: "ucaas:index:Customer",
});
const resource = (
  kind: string,
  name: string,
  inputs: Record<string, unknown>,
  outputs: Record<string, unknown> = {},
): State => ({
  urn: `urn:pulumi:prod::voice::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:${kind}::${name}`,
  type: `pulumi-nodejs:dynamic/ucaas:${kind}`,
  custom: true,
  parent: component(name).urn,
  inputs,
  outputs,
});
const resources = [
  component("acme"),
  component("<b>clinic\u001b[31m"),
  resource(
    "XimaLicense",
    "acme",
    { professionalSeats: 12 },
    { lastAssertedAt: "2026-01-02T00:00:00Z" },
  ),
  resource("EnableXUser", "acme", { userType: "moderator" }),
  resource("NetsapiensOAuthClient", "acme", {}, { verifiedAt: "2026-01-03T00:00:00Z" }),
  resource(
    "XelionTenantProvision",
    "<b>clinic\u001b[31m",
    {},
    { status: "RUNNING", tenantName: "pbx1" },
  ),
];

test("the status has each customer's systems, seats, last check and open tasks", () => {
  const pending = [{ type: "creating", resource: resources[2]! }];
  const report = statusReport([{ stack: "prod", resources, pending }]);
  expect(report.customers).toEqual([
    expect.objectContaining({ seats: 0, openOrders: [{ tenant: "pbx1", status: "RUNNING" }] }),
    {
      stack: "prod",
      customer: "acme",
      resources: { xima: 1, enablex: 1, netsapiens: 1 },
      seats: 13,
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
  const report = statusReport([
    { stack: "prod", resources: [component("acme"), secret], pending: [] },
  ]);
  expect(report.customers).toMatchObject([{ seats: null }]);
  expect(asText(report)).toContain("those of 1 that cannot be read");
});

test("a state without resources of a vendor says so", () => {
  expect(asText(statusReport([{ stack: "prod", resources: [], pending: [] }]))).toBe(
    "The state has no resource of a vendor.",
  );
});
