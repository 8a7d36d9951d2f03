import fc from "fast-check";
import { expect, test } from "vitest";
import { enablexVendor } from "../../cli/adopt/enablex.ts";
import { CustomerSurvey } from "../../cli/drift/customer-survey.ts";
import {
  countCustomers,
  customerLines,
  type Listing,
  mergeCounts,
} from "../../cli/drift/customers.ts";
import { asMetrics } from "../../cli/drift/metrics.ts";
import { asMarkdown, asTable } from "../../cli/drift/render.ts";
import {
  type CustomerCount,
  driftReport,
  driftReportSchema,
  type StackDrift,
  statusWithCustomers,
} from "../../cli/drift/report.ts";
import type { StackConfig, State } from "../../cli/pulumi/stack.ts";
import { enablexReseller } from "../enablex/enablex-server.ts";

const server = "https://api.enablex.example/ucaas/v1";
const listing = (stack: string, declared: string[], listed: Listing["listed"]): Listing => ({
  ...{ stack, vendor: "enablex", server },
  declared,
  listed,
});
const ids = (...all: string[]) => all.map((id) => ({ id, name: `Customer ${id}` }));

test("a customer of another stack of the check is not called undeclared", () => {
  const all = ids("1", "2", "3");
  expect(
    countCustomers([listing("north", ["1"], all), listing("south", ["2"], all)], []),
  ).toMatchObject([
    { status: "counted", stacks: ["north", "south"], existing: 3, declared: 2, undeclared: 1 },
  ]);
  // Two logins may see different customers of one server.
  expect(
    countCustomers(
      [listing("north", ["1"], ids("1", "2")), listing("south", ["2", "3"], ids("2", "3"))],
      [],
    ),
  ).toMatchObject([{ existing: 3, declared: 3, undeclared: 0 }]);
});

test("declared and undeclared customers sum to those that exist, and no declared one is listed", () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 12 }).map(String));
  fc.assert(
    fc.property(some, some, some, (existing, north, south) => {
      const all = ids(...existing);
      const [count] = countCustomers(
        [listing("north", north, all), listing("south", south, all)],
        [],
      );
      if (count?.status !== "counted") throw new Error("not counted");
      expect(count.declared + count.undeclared).toBe(new Set(existing).size);
      for (const { id } of count.named) expect([...north, ...south]).not.toContain(id);
    }),
  );
});

test("a refused list or an unread stack counts as unknown, never as 0", () => {
  const refused = countCustomers([listing("prod", [], "the login may not list customers")], []);
  const unread = countCustomers([listing("north", ["1"], ids("1", "2"))], ["south"]);
  for (const [count] of [refused, unread]) {
    expect(count).toMatchObject({ status: "unknown" });
    expect(count).not.toHaveProperty("undeclared");
    expect(customerLines([count!])[0]).toMatch(
      /^EnableX \(api\.enablex\.example\): could not tell/,
    );
  }
  expect(customerLines(unread)[0]).toContain("south");
  const [steps] = countCustomers(
    [listing("prod", [], "refused. What to do: 1. Look.\n    2. Go")],
    [],
  );
  expect(customerLines([steps!])[0]).toContain("1. Look.\n    2. Go");
});

test("reports of one stack each count together as one check of all stacks does", () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 9 }).map(String));
  const place = fc.record({ declared: some, listed: some });
  const unread = fc.constantFrom([], ["west"]);
  fc.assert(
    fc.property(place, place, unread, (north, south, unreadStacks) => {
      const listings = [
        listing("north", north.declared, ids(...north.listed)),
        listing("south", south.declared, ids(...south.listed)),
      ];
      const reports = listings.map((each) => ({
        customers: countCustomers([each], []),
        unreadStacks: [],
      }));
      const apart = mergeCounts([...reports, { customers: [], unreadStacks }], []);
      expect(apart).toEqual(countCustomers(listings, unreadStacks));
      expect(mergeCounts(reports, ["west"])).toMatchObject([{ status: "unknown" }]);
    }),
  );
});

test("a report of an earlier version counts by itself, and with others as unknown", () => {
  const [count] = countCustomers([listing("north", ["1"], ids("1", "2"))], []);
  const { existingIds: _, declaredIds: __, ...old } = count as never as Record<string, unknown>;
  const report = { customers: [old as CustomerCount], unreadStacks: [] };
  expect(mergeCounts([report], [])).toMatchObject([{ existing: 2, undeclared: 1 }]);
  expect(mergeCounts([report, { customers: [], unreadStacks: [] }], [])).toMatchObject([
    { status: "unknown", reason: "an earlier version wrote the report of north" },
  ]);
});

const healthy: StackDrift = {
  ...{ stack: "prod", status: "none", differences: [], unknown: [] },
  ...{ checked: 6, compared: 6, existenceOnly: 0, notReadable: 0 },
};
const counted = countCustomers([listing("prod", ["1", "2"], ids("1", "2", "3"))], []);
const reportOf = (customers: readonly CustomerCount[]) =>
  driftReport([healthy], new Date("2026-01-01T00:00:00Z"), customers);

test("every form of the report counts them, and older reports are still read", async () => {
  const line =
    "EnableX (api.enablex.example): 3 customers exist, 2 are declared in prod, 1 is not: Customer 3 (3).";
  const report = reportOf(counted);
  expect(asTable(report).split("\n")).toContain(line);
  expect(asMarkdown(report)).toContain(line);
  const metrics = (await asMetrics(report)).split("\n");
  const labels = `vendor="enablex",server="${server}"`;
  expect(metrics).toContain(`ucaas_drift_customers_listed{${labels}} 1`);
  expect(metrics).toContain(`ucaas_drift_customers{${labels},known="declared"} 2`);
  expect(metrics).toContain(`ucaas_drift_customers{${labels},known="undeclared"} 1`);
  const refused = await asMetrics(reportOf(countCustomers([listing("prod", [], "refused")], [])));
  expect(refused).toContain(`ucaas_drift_customers_listed{${labels}} 0`);
  expect(refused).not.toMatch(/^ucaas_drift_customers\{/m);
  expect(driftReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  const { customers: _, ...old } = report;
  expect(driftReportSchema.parse(old).customers).toEqual([]);
});

test("a name from a vendor can neither move the cursor nor break a line", () => {
  const customers = [{ id: "1\n2", name: "\u001b[31mred\u202e" }];
  const [line] = customerLines(countCustomers([listing("prod", [], customers)], []));
  for (const character of ["\u001b", "\u202e", "\n"]) expect(line).not.toContain(character);
});

test("the exit status changes by them with --fail-on-unmanaged alone", () => {
  expect(reportOf(counted).status).toBe("none");
  expect(statusWithCustomers(reportOf(counted))).toBe("drift");
  expect(statusWithCustomers(reportOf([]))).toBe("none");
  const refused = countCustomers([listing("prod", [], "refused")], []);
  expect(reportOf(refused).status).toBe("none");
  expect(statusWithCustomers(reportOf(refused))).toBe("unknown");
});

/** As the engine decrypts it. */
const configOf = (values: Record<string, string>): StackConfig => ({
  get: (key) => values[key],
  require: (key) => values[key] ?? "",
  isSecret: () => false,
  keys: () => Object.keys(values),
});
const customer = (id: string, account?: string): State => ({
  urn: `urn:pulumi:prod::x::pulumi-nodejs:dynamic/ucaas:EnableXCustomer::c${id}`,
  type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
  id,
  inputs: account === undefined ? {} : { account },
});

test("stacks that share an account cost the pages of one list, and each declares its own", async () => {
  await using enablex = await enablexReseller();
  const seeded = await enablex.seed(130);
  const adoption = enablexVendor(
    { ...configOf(enablex.basic), defaults: {}, customers: {} },
    {
      customersOnly: true,
      filter: ["no such customer"],
    },
  );
  await expect(adoption.candidates()).rejects.toMatchObject({ code: "NOT_FOUND" });
  const calls = enablex.calls();
  const survey = new CustomerSurvey(async () => configOf(enablex.basic));
  survey.visit(
    "north",
    seeded.slice(0, 60).map((id) => customer(id)),
  );
  survey.visit(
    "south",
    seeded.slice(60, 129).map((id) => customer(id)),
  );
  expect(await survey.counts()).toMatchObject([
    { existing: 130, declared: 129, undeclared: 1, named: [{ id: seeded[129] }] },
  ]);
  expect(enablex.calls().slice(calls.length)).toEqual(calls);
});

test("a refused account counts as unknown, and keys without an account are omitted", async () => {
  await using enablex = await enablexReseller();
  const wrong = configOf({ ...enablex.basic, "enablex:accessKey": "not-the-key" });
  const refused = new CustomerSurvey(async () => wrong);
  refused.visit("prod", [customer("1")]);
  expect(await refused.counts()).toMatchObject([{ status: "unknown", stacks: ["prod"] }]);
  const address = configOf({ "enablex:baseUrl": enablex.server.baseUrl });
  const alone = new CustomerSurvey(async () => address);
  alone.visit("prod", []);
  expect(await alone.counts()).toEqual([]);
});

test("a stack without readable config makes the counts of the others unknown", async () => {
  await using enablex = await enablexReseller();
  const survey = new CustomerSurvey(async (stack) =>
    configOf(stack === "north" ? enablex.basic : {}),
  );
  survey.visit("north", []);
  survey.visit("south", [customer("1", "gone")]);
  expect(await survey.counts()).toMatchObject([{ status: "unknown" }, { status: "unknown" }]);
});
