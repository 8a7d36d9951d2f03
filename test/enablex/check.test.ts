import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnableXInputs, EnableXOutputs } from "../../provider/enablex/schema.ts";
import { type EnablexReseller, enablexReseller, providersOf } from "./enablex-server.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const acme = { customerName: "Acme", customerCode: "ACME", contactEmail: "it@acme.test" };

describe("a preview", () => {
  let enablex: EnablexReseller;
  let messages: string[];
  beforeAll(async () => {
    enablex = await enablexReseller();
  });
  afterAll(() => enablex.server.stop());
  beforeEach(() => {
    messages = [];
    enablex.server.received = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void messages.push(line));
  });
  afterEach(() => void vi.restoreAllMocks());

  /** All failures, by the property's path. */
  async function failures(
    kind: "customer" | "subscription" | "user",
    news: object,
    { olds = {}, config = enablex.basic }: { olds?: object; config?: Record<string, string> } = {},
  ): Promise<Record<string, string>> {
    const result = await providersOf(config)[kind].check(olds, news as EnableXInputs);
    return Object.fromEntries(
      (result.failures ?? []).map(({ property, reason }) => [property, reason]),
    );
  }

  test("names everything that is wrong with a customer at once, by its path", async () => {
    expect(
      await failures("customer", {
        custmerName: "Acme",
        contactName: 7,
        status: "gone",
        adopt: "yes",
        officeAddress: { country: "UK", town: "Leeds" },
        billingAddress: { country: "DE", countryId: 81 },
      }),
    ).toEqual({
      customerName: expect.stringContaining("is missing"),
      custmerName: expect.stringContaining("Did you mean customerName?"),
      customerCode: expect.stringContaining("declare customerCode or contactEmail"),
      contactName: expect.any(String),
      status: expect.any(String),
      adopt: expect.any(String),
      "officeAddress.country": expect.stringContaining("Did you mean GB (United Kingdom)?"),
      "officeAddress.town": expect.stringContaining("is not a property here"),
      "billingAddress.countryId": expect.stringContaining("declare one of the two"),
    });
  });

  test("names each error in a subscription and a user", async () => {
    expect(Object.keys(await failures("subscription", { planId: "" }))).toEqual([
      "customerId",
      "planId",
    ]);
    expect(Object.keys(await failures("user", { email: "ada", firstName: " " }))).toEqual([
      "userType",
      "firstName",
      "email",
    ]);
  });

  test("rejects an extra field that has its own property, is set by the server, or is no name", async () => {
    const fields = { plan_id: 3, status_ex: "x", "no-name": 1, start_date: "2026-01-01" };
    expect(await failures("subscription", { customerId: "1", planId: 2, fields })).toEqual({
      "fields.plan_id": "is a property of its own: declare planId",
      "fields.status_ex": "is assigned by the server",
      'fields["no-name"]': expect.stringContaining("must be a field name of the API"),
    });
  });

  test("asks the server's list for a country that was not declared before, and for no other", async () => {
    const named = (country: string) => ({ ...acme, officeAddress: { country } });
    expect(await failures("customer", named("DE"))).toEqual({});
    expect(enablex.calls()).toEqual(["GET /countries"]);
    expect(await failures("customer", named("DE"), { olds: named("DE") })).toEqual({});
    expect(enablex.calls()).toEqual(["GET /countries"]);
  });

  test("names a country that ISO knows and the server does not list, with near ones", async () => {
    enablex.server.fault({
      kind: "status",
      status: 200,
      path: "/countries$",
      body: JSON.stringify({ result: "1", countries: [{ country_id: 1, country: "France" }] }),
    });
    expect(await failures("customer", { ...acme, officeAddress: { country: "FI" } })).toEqual({
      "officeAddress.country": expect.stringContaining(
        "is not among the 1 countries of this EnableX server (GET /countries). Near ones: FR (France)",
      ),
    });
  });

  test("continues when the server is unreachable, and names the checks it skipped", async () => {
    const config = {
      ...enablex.basic,
      "enablex:baseUrl": "http://127.0.0.1:9/ucaas/v1",
      "enablex:deadlineSeconds": "1",
    };
    expect(
      await failures("customer", { ...acme, officeAddress: { country: "DE" } }, { config }),
    ).toEqual({});
    expect(messages.join()).toContain("EnableXCustomer DE: the country could not be checked");
  });

  test("takes values that are not known yet anywhere", async () => {
    const user = {
      customerId: unknown,
      userType: "moderator",
      firstName: unknown,
      email: "ada@acme.test",
      fields: { seats: unknown },
    };
    expect(await failures("user", user)).toEqual({});
    expect(
      await failures("customer", {
        customerName: unknown,
        contactEmail: unknown,
        officeAddress: unknown,
        account: unknown,
      }),
    ).toEqual({});
    const before = {
      ...user,
      customerId: "7",
      firstName: "Ada",
      fields: { seats: 1 },
      schemaVersion: 1,
    } as EnableXOutputs;
    expect(await providersOf(enablex.basic).user.diff("1", before, user)).toMatchObject({
      changes: true,
      replaces: ["customerId"],
    });
  });

  test("asks for credentials with the commands that set them, and lists the known accounts", async () => {
    const { "enablex:accessKey": _, ...half } = enablex.basic;
    expect(await failures("customer", acme, { config: half })).toEqual({
      "": expect.stringContaining("pulumi config set --secret enablex:accessKey"),
    });
    expect(await failures("customer", { ...acme, account: "uk" })).toEqual({
      account: expect.stringContaining('there is no account "uk"'),
    });
  });
});
