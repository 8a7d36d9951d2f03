import type { State } from "../../cli/pulumi/stack.ts";
import { type OtherFacts, type StackFacts, statusReport } from "../../cli/status/model.ts";

export const component = (name: string): State => ({
  urn: `urn:pulumi:prod::voice::ucaas:index:Customer::${name}`,
  type: "ucaas:index:Customer",
});
export const resource = (
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
export const resources = [
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

/** What a report has beside the states. */
const others: OtherFacts = {
  takenAt: new Date("2026-01-04T03:00:00Z"),
  project: "voice",
  certificates: [],
  notes: [],
};

export const reportOf = (stacks: readonly StackFacts[], more: Partial<OtherFacts> = {}) =>
  statusReport(stacks, { ...others, ...more });
