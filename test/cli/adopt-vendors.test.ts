import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enablexVendor } from "../../cli/adopt/enablex.ts";
import { readIdentifiers, twoParts } from "../../cli/adopt/identifiers.ts";
import { NetsapiensSource } from "../../cli/adopt/netsapiens.ts";
import type { PlannedResource } from "../../cli/adopt/planned-resource.ts";
import type { Config } from "../../cli/adopt/stack.ts";
import { serverAndTenant, xelionVendor } from "../../cli/adopt/xelion.ts";
import { ximaVendor } from "../../cli/adopt/xima.ts";
import { xelionTenantServer } from "../../sandbox/xelion/server.ts";
import { enablexReseller } from "../enablex/enablex-server.ts";
import { system, there } from "../netsapiens/system.ts";
import { licenceServer } from "../xima/licence-server.ts";

const configOf = (values: Record<string, unknown>): Config => ({
  get: (key) => values[key] as string | undefined,
  require: (key) => String(values[key]),
  defaults: undefined,
  customers: undefined,
  isSecret: () => false,
});

/** A resource that a preview would create. */
const pending = (type: string, inputs: Record<string, unknown>): PlannedResource => ({
  urn: `urn:pulumi:test::ucaas::x$y:${type}::acme`,
  type,
  name: "acme",
  parent: undefined,
  inputs,
  secretPaths: [],
  unresolvedSecrets: [],
  protect: false,
});

describe("customers of EnableX", () => {
  async function reseller(options: Parameters<typeof enablexReseller>[0] = {}) {
    const enablex = await enablexReseller(options);
    const make = async (path: string, body: object) => {
      const { accessId, accessKey } = enablex.reseller;
      const headers = {
        authorization: `Basic ${btoa(`${accessId}:${accessKey}`)}`,
        "content-type": "application/json",
      };
      const response = await fetch(`${enablex.server.baseUrl}${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      expect(response.status, await response.text()).toBe(200);
    };
    return {
      ...enablex,
      make,
      candidates: (wishes = {}) => enablexVendor(configOf(enablex.basic), wishes).candidates(),
      [Symbol.asyncDispose]: () => enablex.server.stop(),
    };
  }

  test("are declared in full where a list shows only some fields, and only by reading", async () => {
    await using enablex = await reseller({ listRows: "short" });
    await enablex.make("/customers", {
      customer_name: "Acme",
      customer_code: "ACME",
      customer_legal_name: "Acme Limited",
      office_address: { city: "Leeds", country_id: 1 },
    });
    await enablex.make("/users", {
      customer_id: 1001,
      user_type: "moderator",
      first_name: "Ada",
      last_name: "King",
      email: "ada@acme.example",
    });
    const requestCount = enablex.server.received.length;
    const [acme] = await enablex.candidates();
    expect(acme?.section).toMatchObject({
      customerLegalName: "Acme Limited",
      officeAddress: { city: "Leeds", country: "AF" },
    });
    expect(acme?.section.users).toEqual({
      ada: {
        userType: "moderator",
        firstName: "Ada",
        lastName: "King",
        email: "ada@acme.example",
        status: "active",
      },
    });
    expect(
      enablex.server.received.slice(requestCount).every(({ method }) => method === "GET"),
    ).toBe(true);
  });

  test("are selected by part of their id, name, code or email, on every page and in any case", async () => {
    await using enablex = await reseller();
    await enablex.seed(150);
    const names = async (...filter: string[]) =>
      (await enablex.candidates({ filter, customersOnly: true })).map(({ name }) => name);
    expect(await names("CONTACT-149@", "c-150")).toEqual(["Customer 149", "Customer 150"]);
    expect(await names("1001")).toEqual(["Customer 1"]);
    expect(await names()).toHaveLength(150);
  });

  test("are not found where no customer fits one of the texts, as after a misspelling", async () => {
    await using enablex = await reseller();
    await enablex.seed(2);
    await expect(enablex.candidates({ filter: ["C-1", "acmee", "x"] })).rejects.toThrow(
      /nothing that is listed fits --filter acmee, x \[NOT_FOUND\]\s+What to do: check the spelling.*nothing was written or imported/,
    );
  });

  test("that share a code are identified by email; without a unique email, one is not adopted", async () => {
    await using enablex = await reseller({ uniqueCustomerCode: false });
    await enablex.make("/customers", {
      customer_name: "North",
      customer_code: "ACME",
      contact_email: "north@acme.example",
    });
    await enablex.make("/customers", { customer_name: "South", customer_code: "ACME" });
    const [north, south] = await enablex.candidates();
    expect(north?.section).toMatchObject({
      customerCode: null,
      contactEmail: "north@acme.example",
    });
    expect(north?.notes).toEqual(["customerCode is not managed: another customer has the same"]);
    expect(north?.isDeclaredBy({ contactEmail: "North@acme.example" })).toBe(true);
    expect(north?.isDeclaredBy({ customerCode: "ACME", contactEmail: "north@acme.example" })).toBe(
      false,
    );
    expect(north?.isDeclaredBy({ contactEmail: "north@acme.example", account: "other" })).toBe(
      false,
    );
    expect(south?.blockedReason).toMatch(/neither a customer_code nor a contact_email of its own/);
  });

  test("come with their subscriptions and users, and their created parts use the customer's id", async () => {
    await using enablex = await reseller();
    for (const code of ["A", "B"])
      await enablex.make("/customers", { customer_name: code, customer_code: code });
    for (const plan_id of ["12", "13", "13"])
      await enablex.make("/subscriptions", { customer_id: 1001, plan_id });
    for (const email of ["ada@a.example", "ada@b.example"])
      await enablex.make("/users", { customer_id: 1001, user_type: "u", first_name: "Ada", email });
    const [a, b] = await enablex.candidates();
    expect(a?.section.subscriptions).toEqual({ "plan-12": { planId: "12", status: "active" } });
    expect(Object.keys(a?.section.users as object)).toEqual(["ada", "ada-2"]);
    expect(a?.notes?.toSorted()).toEqual([
      "subscription 1004: is left out: 2 agree in customerId and planId",
      "subscription 1005: is left out: 2 agree in customerId and planId",
    ]);
    expect(b?.section).not.toHaveProperty("users");

    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const user = { userType: "u", firstName: "Ada", email: "ADA@b.example", customerId: unknown };
    const found = a?.match(pending("EnableXUser", user));
    expect(found).toMatchObject({ id: "1007", inputs: { customerId: "1001" } });
    expect(await found?.outputs()).toMatchObject({
      userId: "1007",
      customerId: "1001",
      statusText: "Active",
      schemaVersion: 1,
    });
    expect(a?.match(pending("EnableXSubscription", { planId: 12, customerId: unknown }))?.id).toBe(
      "1003",
    );
    expect(
      a?.match(pending("EnableXSubscription", { planId: 14, customerId: unknown })),
    ).toBeUndefined();
    expect(b?.match(pending("EnableXUser", user))).toBeUndefined();
    expect(
      b?.match(pending("EnableXCustomer", { customerName: "A", customerCode: "A" })),
    ).toBeUndefined();
  });

  test("can be adopted alone where the server does not list users, and the error says so", async () => {
    await using enablex = await reseller();
    await enablex.seed(1);
    enablex.server.fault({ kind: "status", status: 404, path: "/users$", times: 9 });
    await expect(enablex.candidates()).rejects.toThrow(
      /To adopt customers alone: --customers-only/,
    );
    const [alone] = await enablex.candidates({ customersOnly: true });
    expect(alone?.cells).toEqual(["Customer 1", "C-1", "active", "", ""]);
  });
});

describe("clients of NetSapiens", () => {
  let netsapiens: Awaited<ReturnType<typeof system>>;
  beforeAll(async () => {
    netsapiens = await system({ secrets: "masked", rowsByScript: true });
    Object.assign(netsapiens.server.state.clients, {
      2: {
        clientId: "xima-bakery",
        clientSecret: "Bakery-canary-1",
        redirectUrl: "",
        createdAt: "2026-01-01T00:00:00Z",
      },
      3: {
        clientId: "twin",
        clientSecret: "x",
        redirectUrl: "",
        createdAt: "2026-01-01T00:00:00Z",
      },
      4: {
        clientId: "twin",
        clientSecret: "y",
        redirectUrl: "",
        createdAt: "2026-01-01T00:00:00Z",
      },
    });
  });
  afterAll(() => netsapiens.stop());
  const host = () => new URL(netsapiens.server.url).host;

  test("are listed without reading secrets; adopting one keeps the secret of the portal", async () => {
    const vendor = new NetsapiensSource(configOf(netsapiens.plainConfig), {
      filter: ["EXISTING", "twin"],
    });
    try {
      const [existing, twin, ...rest] = await vendor.candidates();
      expect(rest).toEqual([]);
      expect(twin?.blockedReason).toMatch(/lists this id twice/);
      expect(existing).toMatchObject({
        id: `${host()}/${there.clientId}`,
        section: { clientId: there.clientId, driver: "portal" },
      });
      expect(existing?.section.domain).toMatch(/^<fill in: /);
      expect(netsapiens.portalLog()).toEqual(["logged in"]);

      const inputs = { domain: there.domain, clientId: there.clientId, driver: "portal" };
      const found = existing?.match(pending("NetsapiensOAuthClient", inputs));
      expect(found).toMatchObject({ id: `${host()}/${there.clientId}`, inputs });
      expect(await found?.outputs()).toMatchObject({
        driver: "portal",
        clientSecret: there.clientSecret,
        bundle: { api_client_secret: there.clientSecret, api_username: "api@acme", domain: "acme" },
        schemaVersion: 1,
      });
      expect(netsapiens.portalLog()).toEqual([
        "logged in",
        `looked at the secret of ${there.clientId}`,
      ]);
      expect(Object.values(netsapiens.server.state.clients)).toHaveLength(4);
    } finally {
      await vendor.close?.();
    }
  });

  test("are not found where no listed client fits one of the texts", async () => {
    const filter = ["existing", "exsiting"];
    const vendor = new NetsapiensSource(configOf(netsapiens.plainConfig), { filter });
    try {
      await expect(vendor.candidates()).rejects.toThrow(
        /nothing that is listed fits --filter exsiting \[NOT_FOUND\]/,
      );
    } finally {
      await vendor.close();
    }
  });

  test("are named where no login at the portal is configured, with their domain if it is known", async () => {
    const { "netsapiens:portalUsername": _, ...config } = netsapiens.plainConfig;
    const candidates = (...clients: string[]) =>
      new NetsapiensSource(configOf(config), { clients }).candidates();
    const [one, other] = await candidates("acme/one", "other");
    expect(one).toMatchObject({
      id: `${host()}/one`,
      names: ["acme", "one"],
      section: { domain: "acme", clientId: "one", driver: "existing" },
      secrets: ["netsapiens.clientSecret"],
    });
    expect(other?.section.domain).toMatch(/^<fill in: /);
    expect(one?.isDeclaredBy({ clientId: "one", apiUrl: `${netsapiens.server.url}/` })).toBe(true);
    expect(one?.isDeclaredBy({ clientId: "one", apiUrl: "https://elsewhere.example" })).toBe(false);
    await expect(candidates()).rejects.toThrow(
      /name each with --client domain\/clientId, or set netsapiens:portalUsername.*\[?/,
    );
  });
});

describe("objects that the user names, since no vendor lists them", () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-named-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is read from the command line or a file, with the customer's name after it", () => {
    const file = join(folder, "tenants.txt");
    writeFileSync(file, "# ours\n\nvoicehouse/bakery   Bäckerei Zürich\r\nvoicehouse/a%2Fb\n");
    expect(readIdentifiers(["voicehouse/acme"], [file], "reseller/tenant", twoParts)).toEqual([
      { text: "voicehouse/acme", parts: ["voicehouse", "acme"] },
      { text: "voicehouse/bakery", parts: ["voicehouse", "bakery"], name: "Bäckerei Zürich" },
      { text: "voicehouse/a%2Fb", parts: ["voicehouse", "a/b"] },
    ]);
    writeFileSync(file, "voicehouse/acme\nvoicehouse\n");
    expect(() => readIdentifiers([], [file], "reseller/tenant", twoParts)).toThrow(
      `${file}:2 "voicehouse" is not of the form reseller/tenant [NAME_MALFORMED]`,
    );
    expect(() => readIdentifiers(["voicehouse/acme"], [file], "reseller/tenant", twoParts)).toThrow(
      `${file}:1 voicehouse/acme is named twice [NAMED_TWICE]`,
    );
    expect(() => readIdentifiers([], [], "reseller/tenant", twoParts)).toThrow(
      /\[NOTHING_NAMED\]\n.*name each as reseller\/tenant/,
    );
    expect(() => readIdentifiers([], [join(folder, "none")], "reseller/tenant", twoParts)).toThrow(
      /cannot be read \(ENOENT\)/,
    );
  });

  test("Xima: seat counts are blanks by the server's revision, and an unknown id is an error", async () => {
    await using licences = await licenceServer();
    const ccId = { resellerId: "voicehouse", resellerName: "V", tenantId: "a/b", tenantName: "T" };
    licences.server.state.customers["voicehouse/a%2Fb"] = { ccId, licence: {} };
    const vendor = (config: Record<string, unknown>, ...names: string[]) =>
      ximaVendor(configOf({ ...licences.plainConfig, ...config }), {
        tenants: readIdentifiers(names, [], "", twoParts),
      });
    const [candidate] = await vendor({}, "voicehouse/a%2Fb").candidates();
    expect(candidate).toMatchObject({
      id: "voicehouse/a%2Fb",
      section: {
        ccId: { resellerId: "voicehouse", tenantId: "a/b" },
        dialerSeats: "<fill in: number of seats, 0 or at least 10>",
      },
    });
    expect(candidate?.section).not.toHaveProperty("additionalAiMessages");
    expect(
      (await vendor({ "xima:apiRevision": "guide" }, "voicehouse/a%2Fb").candidates())[0]?.section,
    ).toHaveProperty("additionalAiMessages");
    await expect(vendor({}, "voicehouse/a%2Fb", "voicehouse/none").candidates()).rejects.toThrow(
      /the licensing API does not know voicehouse\/none \[NOT_FOUND\]/,
    );
    expect(licences.writes()).toEqual([]);

    const [unasked] = await vendor(
      { "xima:probe": "off", "xima:seatRules": '{"dialerSeats":5}' },
      "voicehouse/none",
    ).candidates();
    expect(unasked?.section).toMatchObject({
      dialerSeats: "<fill in: number of seats, 0 or at least 5>",
    });

    const defaults = (resellerId: string) => ({
      ...configOf(licences.plainConfig),
      defaults: { xima: { ccId: { resellerId, resellerName: "R" } } },
    });
    const ccIdWith = async (resellerId: string) =>
      (
        await ximaVendor(defaults(resellerId), {
          tenants: readIdentifiers(["voicehouse/a%2Fb"], [], "", twoParts),
        }).candidates()
      )[0]?.section.ccId;
    expect(await ccIdWith("voicehouse")).toEqual({ resellerId: "voicehouse", tenantId: "a/b" });
    expect(await ccIdWith("other")).toEqual({
      resellerId: "voicehouse",
      tenantId: "a/b",
      resellerName: "<fill in: the reseller's name at Xima>",
    });

    const inputs = { ccId: { resellerId: "voicehouse", tenantId: "a/b" }, eliteSeats: 5 };
    expect(await candidate?.match(pending("XimaLicense", inputs))?.outputs()).toEqual({
      ...inputs,
      schemaVersion: 1,
      lastChanges: [],
      lastDrift: [],
      lastAssertedAt: undefined,
      __claim: expect.any(String),
    });
    const timed = await candidate
      ?.match(pending("XimaLicense", { ...inputs, reassertAfter: "7d" }))
      ?.outputs();
    const sip = { username: "2000", password: "p", sipServer: "s" };
    await expect(async () =>
      candidate?.match(pending("XimaLicense", { ...inputs, sipCredentials: sip }))?.outputs(),
    ).rejects.toThrow(/\[SECRET_NOT_SEEN\]/);
    expect(Date.parse(String(timed?.lastAssertedAt))).toBeGreaterThan(Date.now() - 60_000);
  });

  test("Xelion: a tenant is looked for at its server without a login", async () => {
    const server = xelionTenantServer();
    await server.start();
    try {
      const config = configOf({ "xelion:baseUrl": "http://127.0.0.1:1", "xelion:apiKey": "key" });
      const vendor = (...names: string[]) =>
        xelionVendor(config, { tenants: readIdentifiers(names, [], "", serverAndTenant) });
      const [candidate] = await vendor(`${server.baseUrl}/pbx1`).candidates();
      expect(candidate).toMatchObject({
        id: `${new URL(server.baseUrl).host}/pbx1`,
        section: { serverUrl: server.baseUrl, tenantName: "pbx1" },
      });
      await expect(vendor(`${server.baseUrl}/pbx2`).candidates()).rejects.toThrow(
        /does not know .*\/pbx2 \[NOT_FOUND\]/,
      );
      expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "GET /api/v1/pbx1/server/version",
        "GET /api/v1/pbx2/server/version",
      ]);
      server.fault({ kind: "status", status: 403 });
      await expect(vendor(`${server.baseUrl}/pbx1`).candidates()).rejects.toThrow(
        /does not say whether it has the tenant \[HTTP_403/,
      );
    } finally {
      await server.stop();
    }
    expect(serverAndTenant("my.server.xelion.com/pbx1")).toEqual([
      "https://my.server.xelion.com",
      "pbx1",
    ]);
    expect(serverAndTenant("pbx1")).toBeUndefined();
    expect(serverAndTenant("https://my.server.xelion.com/")).toBeUndefined();
  });
});
