import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, onTestFinished, test } from "vitest";
import { type BillingTerms, billedQuantities } from "../../cli/cost/billing.ts";
import { costReport } from "../../cli/cost/estate.ts";
import { amount, formatAmount, plainAmount } from "../../cli/cost/money.ts";
import { costCsv, costText } from "../../cli/cost/render.ts";
import { readLimits, readTerms } from "../../cli/cost/terms.ts";
import type { State } from "../../cli/pulumi/stack.ts";
import { importEntry } from "../../provider/runtime/import-file.ts";
import { licenceStep, priceList, recorded } from "../changes/recorded.ts";

const licence = "pulumi-nodejs:dynamic/ucaas:XimaLicense";
const prices = priceList({
  "xima.digitalOnlySeats": "9.99",
  "xima.essentialSeats": 20,
  "xima.professionalSeats": "45.10",
  "xima.eliteSeats": 80,
  "xima.aiMessaging.standardBundles": "20.00",
  "enablex.users": "0.10",
  "enablex.users.moderator": "0.15",
  "enablex.subscriptions": 0,
});
const terms: BillingTerms = {
  prices,
  ximaRules: () => ({ revision: "1.4", seatRules: {} }),
};

/** The state before the recorded change. */
const states: State[] = recorded("changes").steps.flatMap(({ oldState }) => oldState ?? []);
const report = costReport([{ stack: "prod", resources: states, terms }]);

describe("the cost of an estate", () => {
  test("every customer has a line for each SKU, with the reseller of its licence", () => {
    const lines = report.lines.map(({ reseller, customer, sku, quantity, amount: total }) =>
      [reseller, customer, sku, quantity, total].join(" "),
    );
    expect(lines).toEqual([
      "voicehouse acme enablex.customers 1 ",
      "voicehouse acme enablex.subscriptions.1 1 0.00",
      "voicehouse acme enablex.users.moderator 2 0.30",
      "voicehouse acme xima.aiMessaging.standardBundles 2 40.00",
      "voicehouse acme xima.professionalSeats 12 541.20",
      "voicehouse bakery xima.essentialSeats 5 100.00",
      "voicehouse clinic xima.eliteSeats 20 1600.00",
      "voicehouse clinic xima.professionalSeats 5 225.50",
    ]);
    expect(report.total.amounts).toEqual([{ currency: "EUR", amount: "2507.00" }]);
    expect(report.byReseller).toMatchObject([{ name: "voicehouse" }]);
    expect(report.bySku.find(({ name }) => name === "xima.professionalSeats")).toMatchObject({
      billed: 17,
      amounts: [{ amount: "766.70" }],
    });
    expect(report.unpriced).toEqual(["enablex.customers"]);
  });

  test("the tables fit 80 columns, and say what has no price", () => {
    const text = costText(report, 80);
    for (const line of text.split("\n").filter((each) => /^[│┌├└]/.test(each)))
      expect(stringWidth(line), line).toBeLessThanOrEqual(80);
    expect(text).toContain("In all €2,507.00 a month.");
    expect(text).toContain("Without a price, so not in the sums: enablex.customers.");
  });

  test("an adopted licence is named, since it may have more than is declared", () => {
    const [first] = states.filter(({ type }) => type === licence) as [State];
    const named = (inputs: object, outputs: object) => {
      const state = {
        ...first,
        id: "r/t",
        inputs: { ...first.inputs, ...inputs },
        outputs: { ...first.outputs, ...outputs },
      };
      return costReport([{ stack: "prod", resources: [state], terms }]).adopted;
    };
    expect(named({}, {})).toEqual([]);
    expect(named({ adopt: true }, {})).toEqual(["r/t"]);
    const { outputs } = importEntry("XimaLicense", "acme", "r/t", {}, {}, []);
    expect(named({}, outputs)).toEqual(["r/t"]);
    expect(named({}, { __intent: "2026-11-29T10:00:00.000Z/1a2b3c4d" })).toEqual([]);
  });

  test("counts that cannot be read are named, since the sums lack them", () => {
    expect(report.incomplete).toBe(false);
    expect(costText(report, 80)).not.toContain("cannot be read");
    // As the engine exports a secret.
    const secret = { "4dabf18193072939515e22adb298388d": "1b4706…", ciphertext: "v1:abc" };
    for (const [inputs, skus] of [
      [{ professionalSeats: secret }, "acme xima.professionalSeats"],
      [
        { essentialSeats: 5, aiMessaging: secret },
        "acme xima.aiMessaging.advancedBundles, acme xima.aiMessaging.standardBundles",
      ],
    ] as const) {
      const resources = licenceStep("acme", undefined, inputs).map(({ newState }) => newState!);
      for (const priced of [terms, { ...terms, prices: undefined }]) {
        const unknown = costReport([{ stack: "prod", resources, terms: priced }]);
        expect(unknown.incomplete).toBe(true);
        const text = costText(unknown, 80);
        expect(text).toContain(`Counts that cannot be read, so not in the sums: ${skus}.`);
        expect(text.includes("Without ucaas:prices")).toBe(priced.prices === undefined);
      }
    }
  });

  test("without prices there are counts alone, and two currencies are never added", () => {
    const ofPounds = { ...terms, prices: priceList({ "xima.eliteSeats": 70 }, "GBP") };
    const both = costReport([
      { stack: "north", resources: states, terms },
      { stack: "south", resources: states, terms: ofPounds },
    ]);
    expect(both.total.amounts.map(({ currency }) => currency)).toEqual(["EUR", "GBP"]);
    const counts = costReport([
      { stack: "prod", resources: states, terms: { ...terms, prices: undefined } },
    ]);
    expect(counts.total.amounts).toEqual([]);
    expect(costText(counts, 80)).toContain("counts alone");
    expect(counts.lines[4]).toMatchObject({ sku: "xima.professionalSeats", quantity: 12 });
  });

  test("customers of two stacks that share a slug are two, so that neither pays for both", () => {
    const stackOf = (stack: string, seats: unknown) => ({
      ...{ stack, terms: { ...terms, prices: priceList({ "xima.professionalSeats": 10 }) } },
      resources: licenceStep("acme", undefined, { professionalSeats: seats }).map(
        ({ newState }) => newState!,
      ),
    });
    const of20 = { name: "acme", billed: 20, amounts: [{ currency: "EUR", amount: "200.00" }] };
    expect(costReport([stackOf("north", 20), stackOf("south", 20)])).toMatchObject({
      byCustomer: [
        { stack: "north", ...of20 },
        { stack: "south", ...of20 },
      ],
      byReseller: [{ billed: 40 }],
    });
    const unread = costReport([stackOf("north", "[secret]"), stackOf("south", 20)]);
    expect(costText(unread, 80)).toContain("sums: north acme xima.professionalSeats.");
  });

  test("a name that a spreadsheet would take for a formula is text in the CSV", () => {
    const hostile = ['=HYPERLINK("https://evil.example")', "+1", "-1", "@sum", "\ttab", 'a"b,c\nd'];
    const resources = hostile.flatMap((name) =>
      licenceStep(name, undefined, { eliteSeats: 5 }).map(({ newState }) => newState!),
    );
    const csv = costCsv(costReport([{ stack: "prod", resources, terms }]));
    const rows = csv.trimEnd().split("\r\n");
    expect(rows).toHaveLength(hostile.length + 1);
    const cells = rows.slice(1).flatMap((row) => row.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? []);
    for (const cell of cells) expect(cell).not.toMatch(/^"?[=+@\t-]/);
    expect(csv).toContain(`"'=HYPERLINK(""https://evil.example"")"`);
    expect(rows[0]).toBe("stack,reseller,customer,sku,quantity,billed,price,amount,currency,notes");
  });
});

describe("what Xima bills", () => {
  const bill = (inputs: Record<string, unknown>, seatRules = {}) =>
    billedQuantities(licence, inputs, {
      prices,
      ximaRules: () => ({ revision: "1.4", seatRules }),
    });

  test("fewer seats than the vendor's minimum are billed as the minimum, and the line says so", () => {
    const [line] = bill({ digitalOnlySeats: 3 });
    expect(line).toMatchObject({ quantity: 3, billed: 5, notes: ["billed as 5, the minimum"] });
    expect(line?.amount?.toFixed(2)).toBe("49.95");
    expect(bill({ digitalOnlySeats: 0 })).toMatchObject([{ billed: 0 }]);
    expect(bill({ digitalOnlySeats: 3 }, { digitalOnlySeats: 2 })).toMatchObject([{ billed: 3 }]);
    expect(bill({ digitalOnlySeats: 3 }, { digitalOnlySeats: "off" })).toMatchObject([
      { billed: 3 },
    ]);
  });

  test("the bundle that an Elite seat includes costs nothing, and declared ones come on top", () => {
    const lines = bill({ eliteSeats: 5, aiMessaging: { standardBundles: 2 } });
    expect(lines).toMatchObject([
      { sku: "xima.eliteSeats", notes: ["includes one standard AI messaging bundle"] },
      { billed: 2, notes: ["2 on top of the one that Elite seats include"] },
    ]);
    expect(lines[1]?.amount?.toFixed(2)).toBe("40.00");
  });
});

describe("money", () => {
  test("a sum of any prices and counts is exact to the last decimal", () => {
    const cents = fc.integer({ min: 0, max: 99_999_999 });
    const count = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cents, count), { minLength: 1 }), (pairs) => {
        const steps = pairs.map(([price, seats], index) => {
          const skus = priceList({ "xima.ehrEmrIntegrationSeats": (price / 100).toFixed(2) });
          const [step] = licenceStep(`c${index}`, undefined, { ehrEmrIntegrationSeats: seats });
          return {
            stack: `s${index}`,
            resources: [step!.newState!],
            terms: { ...terms, prices: skus },
          };
        });
        const exact = pairs.reduce(
          (sum, [price, seats]) => sum + BigInt(price) * BigInt(seats),
          0n,
        );
        const text = costReport(steps).total.amounts[0]?.amount ?? "0.00";
        expect(BigInt(text.replace(".", ""))).toBe(exact);
      }),
    );
  });

  test("an amount is written as its currency is, with more decimals only where it has more", () => {
    expect(formatAmount(amount("1234.5"), "EUR")).toBe("€1,234.50");
    expect(formatAmount(amount("1234"), "JPY")).toBe("¥1,234");
    expect(formatAmount(amount("0.0035"), "USD", { sign: true })).toBe("+$0.0035");
    expect(formatAmount(amount("-3"), "CHF", { sign: true })).toMatch(/^-CHF.3\.00$/);
    expect(formatAmount(amount("9007199254740993.01"), "EUR")).toBe("€9,007,199,254,740,993.01");
    expect(plainAmount(amount("1.5"), "KWD")).toBe("1.500");
  });
});

describe("prices and limits in a stack's config", () => {
  const source = (value: unknown, key = "ucaas:prices") => ({
    get: (name: string) =>
      name !== key ? undefined : typeof value === "string" ? value : JSON.stringify(value),
    keys: () => [key],
  });

  test.each([
    [
      { currency: "EUR", skus: { "xima.profesionalSeats": 1 } },
      "Did you mean xima.professionalSeats?",
    ],
    [{ currency: "Euro", skus: {} }, "ISO 4217"],
    [{ currency: "EUR", skus: { "xima.eliteSeats": "4,50" } }, "must be an amount"],
    [{ currency: "EUR", skus: { "xima.eliteSeats": -1 } }, "must be an amount"],
    [{ currency: "EUR", period: "year", skus: {} }, "period"],
    ["/etc/passwd", "is not relative to the project"],
    ["missing.yaml", "no such file"],
    ["link.yaml", "is a link to a file outside of the project"],
    ["broken.yaml", "is not valid YAML"],
  ])("an invalid price list is an error that names the fault: %j", (value, reason) => {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-prices-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "project"));
    writeFileSync(join(folder, "outside.yaml"), "currency: EUR\nskus: {}\n");
    symlinkSync(join(folder, "outside.yaml"), join(folder, "project", "link.yaml"));
    writeFileSync(join(folder, "project", "broken.yaml"), "a: [1\n");
    expect(() => readTerms(source(value), join(folder, "project"))).toThrow(reason);
  });

  test("a price list may be a file of the project, and amounts keep their decimals", () => {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-prices-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, "prices.yaml"),
      'currency: EUR\nperiod: month\nskus:\n  xima.eliteSeats: 79.90\n  enablex.users: "0.0035"\n',
    );
    expect(readTerms(source("prices.yaml"), folder).prices).toEqual({
      currency: "EUR",
      period: "month",
      skus: { "xima.eliteSeats": "79.9", "enablex.users": "0.0035" },
    });
  });

  test("what EnableX can delete is as the routes of each account say", () => {
    const of = (name: string, value: unknown) => readTerms(source(value, name), "/").canDelete!;
    const asPublished = of("other:key", {});
    expect(asPublished("customer", undefined)).toBe(true);
    expect(asPublished("subscription", undefined)).toBe(false);
    const route = { subscriptionDelete: "DELETE /subscriptions/{id}" };
    expect(of("enablex:routes", route)("subscription", undefined)).toBe(true);
    expect(of("enablex:routes", route)("user", undefined)).toBe(false);
    const accounts = of("enablex:accounts", { north: { routes: route } });
    expect(accounts("subscription", "north")).toBe(true);
    expect(accounts("customer", "gone")).toBe(false);
  });

  test("a misspelt limit is an error, since it would let every change pass", () => {
    const limits = source({ maxRemoval: 1 }, "ucaas:limits");
    expect(() => readLimits(limits)).toThrow("Did you mean maxRemovals?");
    expect(readLimits(source({ maxRemovals: "2", maxAddedCost: 99.5 }, "ucaas:limits"))).toEqual({
      maxRemovals: 2,
      maxAddedCost: "99.5",
    });
    expect(readLimits(source({}))).toBeUndefined();
    for (const key of ["ucaas:limts", "ucaas:Limit"])
      expect(() => readLimits(source({ maxRemovals: 1 }, key))).toThrow(`${key} is not a key`);
  });
});
