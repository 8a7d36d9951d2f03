import { describe, expect, test } from "vitest";
import { LimitWatch } from "../../cli/changes/limit-watch.ts";
import { asText, limitsText } from "../../cli/changes/render-text.ts";
import type { Preview } from "../../cli/pulumi/preview.ts";
import type { Limits } from "../../stacks/limits.ts";
import { licenceStep, priceList, recorded, reportOf, terms } from "./recorded.ts";

type Step = Preview["steps"][number];

const prices = priceList({ "xima.professionalSeats": "45.10", "xima.eliteSeats": 80 });

function plan(...steps: Preview["steps"][]): Preview {
  return { diagnostics: [], steps: steps.flat() };
}

function beyond(preview: Preview, limits: Partial<Limits>, priced = true): unknown[] {
  const { violations } = reportOf(preview, { limits, ...(priced && { prices }) });
  return violations.map(({ limit, kind, customers }) => [limit, kind, ...customers]);
}

const more = licenceStep("acme", { professionalSeats: 10 }, { professionalSeats: 20 });
const fewer = licenceStep("clinic", { professionalSeats: 30 }, { professionalSeats: 10 });
/** A user at EnableX that a customer gets. */
const userStep = (customer: string, name: string): Preview["steps"][number] => {
  const [{ newState: licence }] = licenceStep(customer, undefined, {}) as [
    Preview["steps"][number],
  ];
  const type = "pulumi-nodejs:dynamic/ucaas:EnableXUser";
  const urn = `${licence!.parent}$${type}::${name}`;
  return { op: "create", urn, newState: { ...licence!, urn, type, inputs: { userType: "1" } } };
};
/** A subscription to plan 7 whose further fields change. */
const subscriptionStep = (before: unknown, after: unknown): Preview["steps"] => {
  const [{ newState: licence }] = licenceStep("acme", undefined, {}) as [Preview["steps"][number]];
  const type = "pulumi-nodejs:dynamic/ucaas:EnableXSubscription";
  const urn = `${licence!.parent}$${type}::acme-meetings`;
  const state = (fields: unknown) => ({
    ...licence!,
    ...{ urn, type, inputs: { customerId: "1001", planId: 7, fields } },
  });
  return [{ op: "update", urn, oldState: state(before), newState: state(after) }];
};
const moved = licenceStep("hotel", { professionalSeats: 10 }, { eliteSeats: 10 });

describe("limits of a stack", () => {
  test("deletions and replacements count as removals, each resource once", () => {
    expect(beyond(recorded("changes"), { maxRemovals: 3 })).toEqual([]);
    expect(beyond(recorded("changes"), { maxRemovals: 2 })).toEqual([
      ["maxRemovals", "exceeded", "clinic", "bakery", "acme"],
    ]);
  });

  test("what an interrupted replacement left counts as a removal, beside one of this change", () => {
    const [{ urn, newState }] = licenceStep("acme", {}, { eliteSeats: 5 }) as [Step];
    const [old, left] = ["voicehouse/acme", "voicehouse/acme-old"].map((id) => ({
      ...newState!,
      id,
    }));
    const step = (op: string, oldState = old): Step => ({
      ...{ op, urn, oldState },
      ...(op !== "delete-replaced" && { newState }),
    });
    const leftover = step("delete-replaced", left);
    expect(beyond(plan([step("same"), leftover]), { maxRemovals: 0 })).toEqual([
      ["maxRemovals", "exceeded", "acme"],
    ]);
    const replacement = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op));
    expect(beyond(plan(replacement), { maxRemovals: 1 })).toEqual([]);
    const { counts } = reportOf(plan([...replacement, leftover]));
    expect(counts).toMatchObject({ replace: 1, delete: 1, same: 0 });
  });

  test.each([
    ["is created first", ["create-replacement", "replace", "delete-replaced"]],
    ["is deleted first", ["delete-replaced", "replace", "create-replacement"]],
  ])("a resource that is renamed and replaced, and %s, is one removal", (_, ops) => {
    const [{ oldState }] = licenceStep("acme", { professionalSeats: 20 }, undefined) as [Step];
    const urn = `${oldState!.urn}-ltd`;
    const newState = { ...oldState!, urn, inputs: { professionalSeats: 30 } };
    const old = { ...oldState!, id: "voicehouse/acme" };
    const replacement = ops.map(
      (op): Step =>
        op === "delete-replaced"
          ? { op, urn: old.urn, oldState: old }
          : { op, urn, oldState: old, newState },
    );
    const limits = { maxRemovals: 1, maxAddedSeats: 9 };
    const { counts, violations } = reportOf(plan(replacement), { limits });
    expect(counts).toMatchObject({ replace: 1, delete: 0 });
    expect(violations).toMatchObject([{ limit: "maxAddedSeats" }]);
  });

  test("what is left of a resource that is renamed takes no seats away", () => {
    const [{ oldState }] = licenceStep("acme", { professionalSeats: 20 }, undefined) as [Step];
    const live = { ...oldState!, id: "voicehouse/acme" };
    const urn = `${live.urn}-ltd`;
    const newState = { ...live, urn, inputs: { ...live.inputs, professionalSeats: 30 } };
    const steps = [
      { op: "update", urn, oldState: live, newState },
      { op: "delete-replaced", urn: live.urn, oldState: { ...live, delete: true } },
    ];
    expect(beyond(plan(steps), { maxAddedSeats: 9 }, false)).toEqual([
      ["maxAddedSeats", "exceeded", "acme"],
    ]);
  });

  test("a resource that is imported and then updated is not replaced", () => {
    const [{ urn, newState }] = licenceStep("acme", undefined, { eliteSeats: 5 }) as [Step];
    const imported = { op: "import", urn, newState };
    const updated = { op: "update", urn, oldState: newState, newState };
    const report = reportOf(plan([imported, updated]), { limits: { maxRemovals: 0 } });
    expect(report).toMatchObject({ counts: { import: 1, replace: 0 }, violations: [] });
  });

  test("what one customer loses does not hide what another gets", () => {
    expect(beyond(plan(more, fewer), { maxAddedSeats: 10 })).toEqual([]);
    expect(beyond(plan(more, fewer), { maxAddedSeats: 9 })).toEqual([
      ["maxAddedSeats", "exceeded", "acme"],
    ]);
    expect(beyond(plan(more, fewer), { maxAddedCost: "451" })).toEqual([]);
    expect(beyond(plan(more, fewer), { maxAddedCost: "450.99" })).toEqual([
      ["maxAddedCost", "exceeded", "acme"],
    ]);
  });

  test("seats of one customer that become another kind are no more seats, but may cost more", () => {
    expect(beyond(plan(moved), { maxAddedSeats: 0 })).toEqual([]);
    expect(beyond(plan(moved), { maxAddedCost: "349" })).toEqual([]);
    expect(beyond(plan(moved), { maxAddedCost: "348" })).toEqual([
      ["maxAddedCost", "exceeded", "hotel"],
    ]);
  });

  test("more licences of a subscription are added seats, and cost what the price list says", () => {
    const licences = (qty: unknown) => ({ user_license: { qty }, features: { whiteboard: true } });
    const grown = subscriptionStep(licences(25), licences("2500"));
    expect(beyond(plan(grown), { maxAddedSeats: 2475 })).toEqual([]);
    expect(beyond(plan(grown), { maxAddedSeats: 2474 })).toEqual([
      ["maxAddedSeats", "exceeded", "acme"],
    ]);
    expect(beyond(plan(grown), { maxAddedCost: "500" })).toEqual([["maxAddedCost", "unknown"]]);
    for (const sku of ["enablex.userLicenses", "enablex.userLicenses.7"]) {
      const priced = { prices: priceList({ [sku]: "2.00", "enablex.subscriptions": 12 }) };
      const { violations, cost, changes } = reportOf(plan(grown), {
        ...priced,
        limits: { maxAddedCost: "4949" },
      });
      expect(violations).toMatchObject([{ limit: "maxAddedCost", kind: "exceeded" }]);
      expect(cost).toMatchObject({ before: "62.00", difference: "4950.00", unpriced: [] });
      expect(changes).toMatchObject([
        {
          quantities: [{ sku: "enablex.userLicenses.7", before: 25, after: 2500 }],
          properties: [],
        },
      ]);
      expect(asText(reportOf(plan(grown), priced), 80)).toContain("enablex.userLicenses.7");
    }
    const shrunk = plan(subscriptionStep(licences(25), licences(0)));
    expect(beyond(shrunk, { protectedCustomers: ["acme"] })).toEqual([
      ["protectedCustomers", "exceeded", "acme"],
    ]);
    for (const later of ["[secret]", licences("[secret]"), { user_license: "[secret]" }])
      expect(beyond(plan(subscriptionStep(licences(25), later)), { maxAddedSeats: 9 })).toEqual([
        ["maxAddedSeats", "unknown", "acme"],
      ]);
  });

  test("a protected customer may get more, and loses no seat and no resource", () => {
    const gone = licenceStep("hotel", { eliteSeats: 10 }, undefined);
    const limits = { protectedCustomers: ["acme", "clinic", "hotel"] };
    expect(beyond(plan(more, fewer, gone), limits)).toEqual([
      ["protectedCustomers", "exceeded", "clinic", "hotel"],
    ]);
  });

  test("a protected customer loses no kind of seat, though it gets as many of another", () => {
    const swapped = licenceStep("acme", { eliteSeats: 20 }, { essentialSeats: 20 });
    const fewerSeats = licenceStep("clinic", { eliteSeats: 22 }, { eliteSeats: 10 });
    const users = Array.from({ length: 12 }, (_, index) => userStep("clinic", `user-${index}`));
    const limits = { protectedCustomers: ["acme", "clinic"] };
    expect(beyond(plan(swapped, fewerSeats, users), limits)).toEqual([
      ["protectedCustomers", "exceeded", "acme", "clinic"],
    ]);
  });

  test("a count that was not declared before may be any at the vendor, so no loss is ruled out", () => {
    const protect = { protectedCustomers: ["acme"] };
    for (const eliteSeats of [0, 5]) {
      const first = plan(
        licenceStep("acme", { professionalSeats: 12 }, { professionalSeats: 12, eliteSeats }),
      );
      const report = reportOf(first, { limits: protect });
      expect(report.violations).toMatchObject([
        { limit: "protectedCustomers", kind: "unknown", customers: ["acme"] },
      ]);
      expect(report.violations[0]?.remedy).toContain("compare");
      expect(asText(report, 200)).not.toContain("Nothing changes");
      expect(asText(report, 200)).toContain(`not declared → ${eliteSeats}`);
    }
    const licences = subscriptionStep({}, { user_license: { qty: 5 } });
    expect(beyond(plan(licences), protect)).toEqual([["protectedCustomers", "unknown", "acme"]]);
    const over = licenceStep("acme", undefined, { eliteSeats: 5, adopt: true });
    expect(beyond(plan(over), protect)).toEqual([["protectedCustomers", "unknown", "acme"]]);
    const created = licenceStep("acme", undefined, { eliteSeats: 5 });
    expect(beyond(plan(created), protect)).toEqual([]);
  });

  test("a count that was not declared before adds at most what is declared now", () => {
    const added = plan(licenceStep("acme", {}, { eliteSeats: 5 }));
    expect(beyond(added, { maxAddedSeats: 5, maxAddedCost: "400" })).toEqual([]);
    expect(beyond(added, { maxAddedSeats: 4, maxAddedCost: "399" })).toEqual([
      ["maxAddedSeats", "exceeded", "acme"],
      ["maxAddedCost", "exceeded", "acme"],
    ]);
    const { violations } = reportOf(added, { limits: { maxAddedSeats: 4 } });
    expect(violations[0]?.reason).toBe("up to 5 seats are added, and 4 may be");
    const none = plan(licenceStep("acme", {}, { essentialSeats: 0 }));
    expect(beyond(none, { maxAddedSeats: 0, maxAddedCost: "0" })).toEqual([]);
  });

  test("a subscription that goes to another plan with its licences has declared them before", () => {
    const [step] = subscriptionStep(
      { user_license: { qty: 60 } },
      { user_license: { qty: 60 } },
    ) as [Preview["steps"][number]];
    const newState = { ...step.newState!, inputs: { ...step.newState!.inputs, planId: 8 } };
    const limits = { maxAddedSeats: 0, protectedCustomers: ["acme"] };
    expect(beyond(plan([{ ...step, newState }]), { maxAddedSeats: 0 })).toEqual([]);
    expect(reportOf(plan([{ ...step, newState }]), { limits }).violations).not.toContainEqual(
      expect.objectContaining({ kind: "unknown" }),
    );
  });

  test("a misspelt protected customer is refused, since it would protect no customer", () => {
    const { violations } = reportOf(plan(more), { limits: { protectedCustomers: ["acmee"] } });
    expect(violations).toMatchObject([{ kind: "unknown", customers: ["acmee"] }]);
    expect(violations[0]?.reason).toContain("did you mean acme?");
  });

  test("what the plan does not say is not taken for within the limits", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const later = licenceStep("acme", { eliteSeats: 5 }, { eliteSeats: unknown });
    const limits = { maxAddedSeats: 100, maxAddedCost: "1000", protectedCustomers: ["acme"] };
    expect(beyond(plan(later), limits)).toEqual([
      ["maxAddedSeats", "unknown", "acme"],
      ["maxAddedCost", "unknown", "acme"],
      ["protectedCustomers", "unknown", "acme"],
    ]);
    expect(beyond(plan(more), { maxAddedCost: "1000" }, false)).toEqual([
      ["maxAddedCost", "unknown"],
    ]);
    const unpriced = licenceStep("acme", undefined, { essentialSeats: 5 });
    expect(beyond(plan(unpriced), { maxAddedCost: "1000" })).toEqual([["maxAddedCost", "unknown"]]);
  });

  test("the message names the limit, the value, the customer and what to do", () => {
    const text = limitsText(reportOf(plan(more), { limits: { maxAddedSeats: 9 } }));
    expect(text).toBe(
      "beyond ucaas:limits.maxAddedSeats: 10 seats are added, and 9 may be (acme)\n" +
        "    What to do: check the change; if it is meant, set ucaas:limits.maxAddedSeats to 10 in the stack file",
    );
  });
});

describe("what stays at its vendor when it is declared no longer", () => {
  const skus = { "xima.professionalSeats": 4, "enablex.userLicenses": 4, "enablex.users": 3 };
  const single = { "enablex.customers": 5, "xelion.tenants": 10, "netsapiens.oauthClients": 6 };
  const plans = { "enablex.subscriptions": 12, "enablex.subscriptions.8": 20 };
  const all = priceList({ ...skus, ...single, ...plans, "xima.eliteSeats": 8 });
  const none = { maxAddedSeats: 0, maxAddedCost: "0", maxRemovals: 9 };
  const kept = /EnableX and is billed until it is ended in the portal/;
  const sixty = licenceStep("acme", { professionalSeats: 12 }, { professionalSeats: 72 });
  const licences = { user_license: { qty: 60 } };

  const state = (type: string, name: string, inputs: Record<string, unknown>) => {
    const [{ newState }] = licenceStep("acme", undefined, {}) as [Step];
    const full = `pulumi-nodejs:dynamic/ucaas:${type}`;
    return { ...newState!, urn: `${newState!.parent}$${full}::acme-${name}`, type: full, inputs };
  };
  const goes = (...args: Parameters<typeof state>): Step => {
    const oldState = state(...args);
    return { op: "delete", urn: oldState.urn, oldState };
  };
  const comes = (...args: Parameters<typeof state>): Step => {
    const newState = state(...args);
    return { op: "create", urn: newState.urn, newState };
  };
  const replaces = (type: string, before: Record<string, unknown>, after: object): Step => {
    const [oldState, newState] = [
      state(type, "it", before),
      state(type, "it", { ...before, ...after }),
    ];
    return { op: "replace", urn: oldState.urn, oldState, newState };
  };
  const subscription = (planId: number, fields?: unknown) => ({
    customerId: "1001",
    planId,
    fields,
  });
  const found = (steps: Preview["steps"], limits: Partial<Limits> = none, more = {}) => {
    const report = reportOf(plan(steps), { prices: all, limits, ...more });
    return { ...report, beyond: report.violations.map(({ limit }) => limit) };
  };

  test("licences that are declared no longer do not make up for new seats", () => {
    const {
      beyond: limits,
      cost,
      changes,
    } = found([...subscriptionStep(licences, undefined), ...sixty]);
    expect(limits).toEqual(["maxAddedSeats", "maxAddedCost"]);
    expect(cost?.difference).toBe("240.00");
    expect(changes[0]?.quantities).toMatchObject([
      { sku: "enablex.userLicenses.7", before: 60, after: 60, cost: "0.00" },
    ]);
    expect(changes[0]?.quantities[0]?.notes.join()).toMatch(kept);
    expect(asText(found(subscriptionStep(licences, {})), 200)).toMatch(kept);
  });

  test("licences stay with a subscription that changes its plan and declares them no longer", () => {
    const [step] = subscriptionStep(licences, undefined) as [Step];
    const newState = { ...step.newState!, inputs: subscription(8) };
    const { changes } = found([{ ...step, newState }]);
    expect(changes[0]?.quantities).toContainEqual(
      expect.objectContaining({ sku: "enablex.userLicenses.8", before: 0, after: 60 }),
    );
  });

  test("a subscription that is removed does not make up for new seats, nor for another plan", () => {
    const gone = goes("EnableXSubscription", "basic", subscription(7, licences));
    const { beyond: limits, changes, cost } = found([gone, ...sixty]);
    expect(limits).toEqual(["maxAddedSeats", "maxAddedCost"]);
    expect(cost).toMatchObject({ before: "300.00", after: "540.00" });
    for (const { notes } of changes[0]!.quantities) expect(notes.join()).toMatch(kept);
    expect(asText(found([gone]), 200)).not.toContain("removed");
    const pro = comes("EnableXSubscription", "pro", subscription(8));
    expect(found([gone, pro]).cost?.difference).toBe("20.00");
    expect(found([gone, pro]).beyond).toEqual(["maxAddedCost"]);
  });

  test("with a route that deletes it, it is billed no longer", () => {
    const gone = goes("EnableXSubscription", "basic", subscription(7, licences));
    const asked: unknown[] = [];
    const canDelete = (...args: unknown[]) => asked.push(args) > 0;
    const { beyond: limits, cost } = found([gone, ...sixty], none, { canDelete });
    expect(limits).toEqual([]);
    expect(cost?.difference).toBe("-12.00");
    expect(asked).toContainEqual(["subscription", undefined]);
  });

  test("a user that is replaced stays beside the new one, and a user removed goes on counting", () => {
    const inputs = { userType: "1", email: "ada@acme.example", customerId: "1001" };
    const [oldState, newState] = [
      state("EnableXUser", "ada", inputs),
      state("EnableXUser", "ada", { ...inputs, customerId: "1002", email: "ada@b.example" }),
    ];
    const replaced = { op: "replace", urn: oldState.urn, oldState, newState };
    expect(found([replaced]).changes[0]?.quantities).toMatchObject([{ before: 1, after: 2 }]);
    expect(found([replaced]).beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
    const bob = comes("EnableXUser", "bob", { ...inputs, email: "bob@acme.example" });
    expect(found([goes("EnableXUser", "ada", inputs), bob]).beyond).toEqual([
      "maxAddedSeats",
      "maxAddedCost",
    ]);
  });

  test("what another entry declares in its place is the same one, and adds nothing", () => {
    const inputs = { userType: "1", email: "Ada@acme.example ", customerId: "1001" };
    const renamed = comes("EnableXUser", "lovelace", { ...inputs, email: "ada@acme.example" });
    expect(found([goes("EnableXUser", "ada", inputs), renamed]).beyond).toEqual([]);
    const basic = goes("EnableXSubscription", "basic", subscription(7, licences));
    const standard = comes("EnableXSubscription", "standard", subscription(7));
    expect(found([basic, standard]).cost?.difference).toBe("0.00");
    expect(found([basic, standard, ...sixty]).beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
  });

  test("a licence that Pulumi retains is billed on, and so is a tenant that Xelion cannot delete", () => {
    const [licence] = licenceStep("acme", { professionalSeats: 60 }, undefined) as [Step];
    const retained = { ...licence, oldState: { ...licence.oldState!, retainOnDelete: true } };
    const user = comes("EnableXUser", "ada", { userType: "1", email: "ada@acme.example" });
    expect(found([licence, user]).beyond).toEqual([]);
    expect(found([retained, user]).beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
    expect(asText(found([retained]), 200)).toContain("retainOnDelete");
    const tenant = goes("XelionTenantProvision", "pbx", {
      serverUrl: "https://x",
      tenantName: "a",
    });
    expect(found([tenant]).changes[0]?.quantities).toMatchObject([{ before: 1, after: 1 }]);
  });

  test("a tenant that is replaced by itself is one tenant, whatever its account", () => {
    const inputs = { serverUrl: "https://x.example", tenantName: "a", account: "east" };
    const same = found([replaces("XelionTenantProvision", inputs, { account: "west" })]);
    expect(same.beyond).toEqual([]);
    expect(same.cost).toMatchObject({ before: "10.00", after: "10.00" });
    const spelt = { account: "west", serverUrl: "https://X.example/" };
    expect(found([replaces("XelionTenantProvision", inputs, spelt)]).beyond).toEqual([]);
    const other = found([replaces("XelionTenantProvision", inputs, { tenantName: "b" })]);
    expect(other.beyond).toEqual(["maxAddedCost"]);
  });

  test("a client that exists is one client at another address of its system", () => {
    const inputs = { domain: "acme", clientId: "xima", apiUrl: "https://a", driver: "existing" };
    const moves = (before: object, after: object = { apiUrl: "https://b" }) =>
      replaces("NetsapiensOAuthClient", { ...inputs, ...before }, after);
    expect(found([moves({})]).cost).toMatchObject({ before: "6.00", after: "6.00" });
    expect(found([moves({ account: "east" }, { account: "west" })]).beyond).toEqual([]);
    expect(found([moves({}, { clientId: "xima-2" })]).beyond).toEqual(["maxAddedCost"]);
    // A portal at another address may make a second one.
    expect(found([moves({}, { apiUrl: "https://b", driver: "portal" })]).beyond).toEqual([
      "maxAddedCost",
    ]);
    const made = moves({ driver: "portal", apiUrl: undefined }, {});
    const retained = { ...made, oldState: { ...made.oldState!, retainOnDelete: true } };
    expect(found([retained]).beyond).toEqual([]);
    expect(found([{ ...retained, replaceReasons: ["apiUrl"] }]).beyond).toEqual(["maxAddedCost"]);
  });

  test("a customer, a user or a subscription that is replaced by itself is one", () => {
    const customer = replaces("EnableXCustomer", { customerCode: "A1", customerName: "Acme" }, {});
    const user = replaces(
      "EnableXUser",
      { userType: "1", email: "ada@acme.example", customerId: "1001" },
      { customerId: "1002" },
    );
    const basic = replaces("EnableXSubscription", subscription(7, licences), { fields: {} });
    for (const step of [customer, user, basic])
      expect(found([step], none, { canDelete: () => false }).beyond).toEqual([]);
    const elsewhere = { ...customer.newState!.inputs, account: "uk" };
    const two = { ...customer, newState: { ...customer.newState!, inputs: elsewhere } };
    expect(found([two], none, { canDelete: () => false }).beyond).toEqual(["maxAddedCost"]);
    expect(found([basic, ...sixty]).beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
    expect(found([basic], none, { canDelete: () => true }).cost?.difference).toBe("-240.00");
  });

  test("what a replacement that was cut off left to be deleted is no new seat", () => {
    const inputs = { userType: "1", email: "ada@acme.example", customerId: "1002" };
    const live = state("EnableXUser", "ada", inputs);
    const leftover = goes("EnableXUser", "ada", { ...inputs, email: "ada@b.example" });
    const same = { op: "same", urn: live.urn, oldState: live, newState: live };
    for (const steps of [
      [same, leftover],
      [leftover, same],
    ]) {
      const report = found(steps);
      expect(report.beyond).toEqual([]);
      expect(report.cost).toMatchObject({ before: "6.00", after: "6.00" });
      expect(report.changes).toMatchObject([
        { action: "delete", quantities: [{ before: 1, after: 1 }] },
      ]);
      expect(report.counts).toMatchObject({ same: 1, delete: 1, replace: 0 });
    }
    const bob = comes("EnableXUser", "bob", { ...inputs, email: "bob@acme.example" });
    expect(found([same, leftover, bob]).beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
    const itself = goes("EnableXUser", "ada", inputs);
    const ends = found([same, itself], none, { canDelete: () => true });
    expect(ends.cost).toMatchObject({ before: "3.00", after: "3.00" });
  });

  test("a licence under another name is the same licence, also where Pulumi retains it", () => {
    const seats = { professionalSeats: 60, eliteSeats: 5 };
    const [licence] = licenceStep("acme", seats, undefined) as [Step];
    const retained = { ...licence, oldState: { ...licence.oldState!, retainOnDelete: true } };
    const renamed = (after: Record<string, unknown>): Step => {
      const [step] = licenceStep("acme", undefined, { ...after, adopt: true }) as [Step];
      const urn = `${step.urn}-licence`;
      return { ...step, urn, newState: { ...step.newState!, urn } };
    };
    for (const gone of [licence, retained]) {
      expect(found([gone, renamed(seats)]).beyond).toEqual([]);
      expect(found([gone, renamed(seats)]).cost?.difference).toBe("0.00");
      // A create leaves what it does not declare, so it is billed on.
      const fewer = found([gone, renamed({ professionalSeats: 65 })]);
      expect(fewer.beyond).toEqual(["maxAddedSeats", "maxAddedCost"]);
      expect(asText(fewer, 200)).toMatch(/stays at Xima and is billed/);
    }
    const ccId = { resellerId: "voicehouse", tenantId: "another" };
    expect(found([retained, renamed({ ...seats, ccId })]).beyond).toEqual([
      "maxAddedSeats",
      "maxAddedCost",
    ]);
  });

  test("the policy pack compares with what is there, and counts what is left as a removal", () => {
    const [{ oldState: live }] = licenceStep("acme", { professionalSeats: 60 }, undefined) as [
      Step,
    ];
    const leftover = { ...live!, delete: true, inputs: { professionalSeats: 10 } };
    const { urn, type, parent, inputs = {} } = live!;
    for (const before of [
      [live!, leftover],
      [leftover, live!],
    ]) {
      const watch = new LimitWatch(before, { maxAddedSeats: 0, maxRemovals: 0 }, terms(all));
      expect(watch.take({ urn, type, parent, inputs })).toEqual([]);
      const found = watch.finish([{ urn, type, parent, inputs }]);
      expect(found).toMatchObject([{ limit: "maxRemovals", customers: ["acme"] }]);
    }
  });

  test.each([
    ["the program only reads", { external: true }],
    ["a replacement has deleted already", { pendingReplacement: true }],
  ])("the policy pack counts no resource as removed that %s", (_, more) => {
    const [{ oldState }] = licenceStep("acme", { eliteSeats: 1 }, undefined) as [Step];
    const watch = new LimitWatch([{ ...oldState!, ...more }], { maxRemovals: 0 }, terms());
    expect(watch.finish([])).toEqual([]);
  });

  test("the policy pack counts it in the same way", () => {
    const gone = goes("EnableXSubscription", "basic", subscription(7, licences));
    const before = [gone.oldState!, sixty[0]!.oldState!];
    const watch = new LimitWatch(before, none, terms(all));
    const { urn, type, parent, inputs = {} } = sixty[0]!.newState!;
    expect(watch.finish([{ urn, type, parent, inputs }]).map(({ limit }) => limit)).toEqual([
      "maxAddedSeats",
      "maxAddedCost",
    ]);
  });
});

describe("limits that a policy of the engine watches", () => {
  /** The licence as a policy is shown it. */
  const declared = (steps: Preview["steps"]) =>
    steps.map(({ newState }) => {
      const { urn, type, parent, inputs = {} } = newState!;
      return { urn, type, parent, inputs };
    });
  const states = (steps: Preview["steps"]) => steps.flatMap(({ oldState }) => oldState ?? []);
  const summaries = (violations: readonly { limit: string; customers: readonly string[] }[]) =>
    violations.map(({ limit, customers }) => [limit, ...customers]);

  test("each resource that adds beyond the limit is stopped, and none that adds nothing", () => {
    const hotel = licenceStep("hotel", { eliteSeats: 5 }, { eliteSeats: 5 });
    const before = states([...more, ...fewer, ...hotel]);
    const watch = new LimitWatch(before, { maxAddedSeats: 9, maxRemovals: 0 }, terms(prices));
    expect(declared(fewer).flatMap((each) => watch.take(each))).toEqual([]);
    expect(summaries(declared(more).flatMap((each) => watch.take(each)))).toEqual([
      ["maxAddedSeats", "acme"],
    ]);
    expect(declared(hotel).flatMap((each) => watch.take(each))).toEqual([]);
    expect(watch.finish(declared([...more, ...fewer, ...hotel]))).toEqual([]);
  });

  test("a renamed resource is the one that it was, and is neither added nor removed", () => {
    const [step] = licenceStep("acme-ltd", { professionalSeats: 10 }, { professionalSeats: 10 });
    const [old] = licenceStep("acme", { professionalSeats: 10 }, undefined);
    const watch = new LimitWatch(states([old!]), { maxAddedSeats: 0, maxRemovals: 0 }, terms());
    const [renamed] = declared([step!]).map((each) => ({ ...each, aliases: [old!.urn] }));
    expect(watch.take(renamed!)).toEqual([]);
    expect(watch.finish([renamed!])).toEqual([]);
  });

  test("a removal is seen when all resources are known, and a protected loss at once", () => {
    const limits = { maxRemovals: 0, protectedCustomers: ["clinic"] };
    const watch = new LimitWatch(states([...more, ...fewer]), limits, terms());
    expect(summaries(declared(fewer).flatMap((each) => watch.take(each)))).toEqual([
      ["protectedCustomers", "clinic"],
    ]);
    expect(summaries(watch.finish(declared(fewer)))).toEqual([["maxRemovals", "acme"]]);
  });

  test("a protected customer's count that was not declared before is refused at once", () => {
    const first = licenceStep("acme", { professionalSeats: 12 }, { eliteSeats: 0 });
    const kept = licenceStep("acme", {}, { eliteSeats: 0 });
    for (const steps of [first, kept]) {
      const limits = { protectedCustomers: ["acme", "clinic"] };
      const watch = new LimitWatch(states(steps), limits, terms());
      expect(summaries(declared(steps).flatMap((each) => watch.take(each)))).toEqual([
        ["protectedCustomers", "acme"],
      ]);
    }
  });

  test("a protected customer that gets other seats for those that it loses is refused at once", () => {
    const swapped = licenceStep("acme", { eliteSeats: 20 }, { essentialSeats: 30 });
    const watch = new LimitWatch(states(swapped), { protectedCustomers: ["acme"] }, terms());
    expect(summaries(declared(swapped).flatMap((each) => watch.take(each)))).toEqual([
      ["protectedCustomers", "acme"],
    ]);
  });
});
