import { describe, expect, test } from "vitest";
import { countCustomers, customerLines } from "../../cli/drift/customers.ts";
import { RefreshEvents } from "../../cli/drift/events.ts";
import { asMetrics } from "../../cli/drift/metrics.ts";
import { asMarkdown, asTable } from "../../cli/drift/render.ts";
import {
  type Difference,
  driftReport,
  exitStatus,
  nothingChecked,
  type StackDrift,
  unknownDrift,
} from "../../cli/drift/report.ts";
import { locator } from "../../cli/pulumi/locator.ts";

const customer = "urn:pulumi:prod::ucaas::ucaas:index:Customer::acme";
const urn =
  "urn:pulumi:prod::ucaas::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:XimaLicense::acme";
const secret = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: "[secret]",
};
const place = locator([
  { urn: customer, type: "ucaas:index:Customer" },
  { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", custom: true, parent: customer },
]);

interface Bags {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The differences that are found when a refresh says this of one resource. */
function differences(op: string, before: Bags, after: Bags | null): Difference[] {
  const events = new RefreshEvents(place);
  const state = (bags: Bags | null) =>
    bags && { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", custom: true, ...bags };
  events.take(
    JSON.stringify({
      resOutputsEvent: { metadata: { op, urn, old: state(before), new: state(after) } },
    }),
  );
  return events.differences;
}

describe("drift from the engine's events", () => {
  test("a changed property is reported by its path, with the declared and the actual value", () => {
    const before = { inputs: { seats: 5, ai: { hours: 2 }, tags: ["a", "b"] } };
    const after = { inputs: { seats: 9, ai: { hours: 2, more: true }, tags: ["a"] } };
    expect(
      differences("update", before, after).map(({ property, declared, actual }) => [
        property,
        declared,
        actual,
      ]),
    ).toEqual([
      ["seats", 5, 9],
      ["ai.more", undefined, true],
      ["tags[1]", "b", undefined],
    ]);
    expect(differences("update", before, after)[0]).toMatchObject({
      customer: "acme",
      resource: "XimaLicense",
      name: "acme",
      kind: "changed",
      urn,
    });
  });

  test("observed outputs count as drift, except observation times and internal keys", () => {
    const before = {
      inputs: { domain: "acme", __stack: "a" },
      outputs: { domain: "acme", verifiedAt: "2026-01-01T00:00:00.000Z", status: "passed" },
    };
    const after = {
      inputs: { domain: "acme", __stack: "b" },
      outputs: { domain: "acme", verifiedAt: "2026-01-02T00:00:00.000Z", status: "failed" },
    };
    expect(differences("update", before, after).map(({ property }) => property)).toEqual([
      "status",
    ]);
  });

  test("a date that is declared and differs is drift", () => {
    const [from, to] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
    expect(
      differences("update", { inputs: { until: from } }, { inputs: { until: to } }),
    ).toMatchObject([{ property: "until", declared: from, actual: to }]);
  });

  test("a value that is secret on either side, in either bag or inside an object is never shown", () => {
    const cases: [Bags, Bags][] = [
      [{ inputs: { p: secret } }, { inputs: { p: "plain-canary" } }],
      [{ inputs: { p: "plain-canary" } }, { inputs: { p: secret } }],
      [
        { inputs: { p: "a-canary" }, outputs: { p: secret } },
        { inputs: { p: "b-canary" }, outputs: { p: secret } },
      ],
      [{ inputs: { p: secret } }, { inputs: { p: { deep: "plain-canary" } } }],
      [
        { inputs: { p: { deep: "a-canary" } }, outputs: { p: { deep: secret } } },
        { inputs: { p: { deep: "b-canary" } }, outputs: { p: { deep: secret } } },
      ],
      [{ outputs: { p: secret } }, { outputs: { p: "plain-canary" } }],
    ];
    for (const [before, after] of cases) {
      const found = differences("update", before, after);
      expect(JSON.stringify(found)).not.toContain("canary");
      expect(found).toMatchObject([{ kind: "hidden" }]);
    }
    expect(
      differences(
        "update",
        { inputs: { all: "x" } },
        { inputs: { all: { deep: secret, wide: 1 } } },
      ),
    ).toMatchObject([{ property: "all", actual: { deep: "[secret]", wide: 1 } }]);
    expect(differences("update", { inputs: {} }, { inputs: { p: secret } })).toMatchObject([
      { property: "p", actual: "[secret]" },
    ]);
  });

  test("a missing resource is reported once, and an unchanged one not at all", () => {
    expect(differences("delete", { inputs: { seats: 5 } }, null)).toMatchObject([
      { kind: "gone", customer: "acme" },
    ]);
    expect(differences("same", { inputs: { seats: 5 } }, { inputs: { seats: 6 } })).toEqual([]);
  });

  test("what is declared and not applied yet is no drift, and was not compared", () => {
    const events = new RefreshEvents(place);
    const take = (op: string, old: object | null, now: object) => {
      const metadata = { op, urn, old, new: now };
      events.take(JSON.stringify({ resOutputsEvent: { metadata } }));
    };
    // As the engine says it where it runs the program for a refresh.
    const component = { urn: customer, type: "ucaas:index:Customer", id: "" };
    take("create", null, component);
    take("update", component, { ...component, inputs: { name: "Acme" } });
    const skipped = { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", custom: true, id: "" };
    take("same", skipped, skipped);
    take("create", null, skipped);
    take("replace", { ...skipped, id: "1" }, { ...skipped, id: "2" });
    expect(events.differences).toEqual([]);
    expect(events.counts).toMatchObject({ checked: 1, existenceOnly: 1 });
  });

  test("a resource that a cut-off replacement is still to delete is not the live one", () => {
    const events = new RefreshEvents(place);
    const old = { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", custom: true, id: "1" };
    const leftover = { ...old, delete: true, inputs: { seats: 5 } };
    const take = (op: string, before: object, after: object | null) => {
      const metadata = { op, urn, old: before, new: after };
      events.take(JSON.stringify({ resOutputsEvent: { metadata } }));
    };
    take("delete", leftover, null);
    take("update", leftover, { ...leftover, inputs: { seats: 9 } });
    expect(events.differences).toEqual([]);
    expect(events.counts.checked).toBe(0);
    take("same", { ...old, id: "2" }, { ...old, id: "2" });
    expect(events.counts).toMatchObject({ checked: 1, existenceOnly: 1 });
  });

  test("a resource that the engine does not read is not counted as compared", () => {
    const events = new RefreshEvents(place, new Set([urn]));
    const old = { urn, type: "pulumi-nodejs:dynamic/ucaas:XimaLicense", custom: true, id: "1" };
    const metadata = { op: "same", urn, old, new: old };
    events.take(JSON.stringify({ resOutputsEvent: { metadata } }));
    expect(events.counts.checked).toBe(0);
  });

  test("a value whose name speaks of a secret is never shown, marked or not", () => {
    const before = { outputs: { fields: { sip_password: "canary-1", all: "x" } } };
    const after = {
      outputs: { fields: { sip_password: "canary-2", all: { api_key: "canary-3", pins: null } } },
    };
    expect(differences("update", before, after)).toMatchObject([
      { property: "fields.sip_password", declared: "[secret]", actual: "[secret]" },
      { property: "fields.all", declared: "x", actual: { api_key: "[secret]", pins: null } },
    ]);
  });

  test("the engine's errors are kept, and its debug messages with plain secrets are dropped", () => {
    const events = new RefreshEvents(place);
    const say = (severity: string, message: string, of?: string) =>
      events.take(JSON.stringify({ diagnosticEvent: { urn: of, message, severity } }));
    say("debug", "RegisterResource finished: password,canary");
    say("info#err", "Error: canary\n");
    say("error", "Preview failed: xima probe: not reached\n", urn);
    say("error", "preview failed\n");
    events.take("no JSON");
    expect(events.errors).toEqual([
      {
        customer: "acme",
        resource: "XimaLicense",
        name: "acme",
        reason: "xima probe: not reached",
      },
    ]);
    expect(JSON.stringify(events)).not.toContain("canary");
    expect(events.complete).toBe(false);
  });
});

describe("the report", () => {
  const stack = (
    name: string,
    status: StackDrift["status"],
    more: Partial<StackDrift> = {},
  ): StackDrift => ({
    stack: name,
    status,
    ...nothingChecked,
    checked: 1,
    compared: 1,
    differences: [],
    unknown: [],
    ...more,
  });
  const changed: Difference = {
    customer: "acme",
    resource: "XimaLicense",
    name: "acme",
    urn,
    kind: "changed",
    property: "seats",
    declared: 5,
    actual: 9,
  };

  test("the exit code is 2 for drift, 0 for none, and 1 if any stack could not be checked", () => {
    const status = (...all: StackDrift["status"][]) =>
      exitStatus[driftReport(all.map((each) => stack("x", each))).status];
    expect([
      status("none"),
      status("none", "drift"),
      status("none", "unknown"),
      status("drift", "unknown"),
      status(),
    ]).toEqual([0, 2, 1, 1, 1]);
  });

  test("text from a vendor can neither move the cursor nor break a table, a link or a mention", () => {
    const hostile = "\u001b[2J|@everyone `x`\n<b>\u202e";
    const report = driftReport([
      stack("prod", "drift", { differences: [{ ...changed, actual: hostile }] }),
    ]);
    for (const character of ["\u001b", "\u202e"]) expect(asTable(report)).not.toContain(character);
    const line = asMarkdown(report)
      .split("\n")
      .find((each) => each.includes("everyone"))!;
    expect(line).toMatch(
      / <code>&#34;&#92;u001b&#91;2J&#124;&#64;everyone &#96;x&#96;&#92;n&#60;b&#62;&#92;u202e&#34;<\/code> \|$/,
    );
  });

  test("a long value shows no part of a secret, at any position of the cut", () => {
    const url = "postgres://ucaas:canary-of-a-password@db.example/state";
    for (let before = 0; before < 90; before++) {
      const differences = [{ ...changed, actual: `${"x".repeat(before)} ${url}` }];
      const report = driftReport([stack("prod", "drift", { differences })]);
      expect(asTable(report) + asMarkdown(report)).not.toMatch(/canary/);
      const named = [{ id: "7", name: `${"x".repeat(before)} ${url}` }];
      const counted = countCustomers(
        [{ stack: "prod", vendor: "enablex", server: "https://a", declared: [], listed: named }],
        [],
      );
      expect(customerLines(counted).join()).not.toMatch(/canary/);
    }
  });

  test("a stack whose drift is unknown is in every format, with the resource and the reason", () => {
    const report = driftReport([
      stack("prod", "unknown", {
        unknown: [
          { customer: "acme", resource: "XimaLicense", name: "acme", reason: "not reached" },
        ],
      }),
      stack("north", "none"),
    ]);
    expect(asTable(report)).toBe(
      "prod: could not tell: XimaLicense acme: not reached\n2 stacks: 1 without drift, 1 that could not be told. 2 resources: 2 compared.",
    );
    expect(asMarkdown(report)).toContain(
      "- **could not tell** `prod`: `XimaLicense acme`: `not reached`",
    );
  });
});

test("the metrics have the status and the counts of each stack, and when they were taken", async () => {
  const healthy = { ...nothingChecked, checked: 3, compared: 2, existenceOnly: 1 };
  const report = driftReport(
    [
      { stack: "north", status: "none", ...healthy, differences: [], unknown: [] },
      unknownDrift('we"st\n', { reason: "no answer" }),
    ],
    new Date("2026-01-01T00:00:00Z"),
  );
  const lines = (await asMetrics(report)).split("\n");
  expect(lines).toContain('ucaas_drift_status{stack="north"} 0');
  expect(lines).toContain('ucaas_drift_status{stack="we\\"st\\n"} 1');
  expect(lines).toContain('ucaas_drift_resources{stack="north",known="compared"} 2');
  expect(lines).toContain("ucaas_drift_checked_timestamp_seconds 1767225600");
});
