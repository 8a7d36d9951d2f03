import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EnableXClient } from "../../provider/enablex/client.ts";
import { enablexConfig } from "../../provider/enablex/config.ts";
import { customerType } from "../../provider/enablex/resource-types.ts";
import { readConfig } from "../../provider/runtime/config.ts";
import { catchError, type EnablexReseller, enablexReseller } from "./enablex-server.ts";

let enablex: EnablexReseller;
beforeEach(async () => {
  enablex = await enablexReseller();
});
afterEach(() => enablex.server.stop());

function client(config: Record<string, string>): EnableXClient {
  const source = { get: (key: string) => config[key], require: (key: string) => config[key] ?? "" };
  return new EnableXClient(
    readConfig(enablexConfig, source as Parameters<typeof readConfig>[1], undefined, {}),
  );
}
const logins = () => enablex.calls(/login/).length;

describe("the client", () => {
  test("authenticates by HTTP Basic without a login", async () => {
    const [id = ""] = await enablex.seed(1);
    expect(await client(enablex.basic).read(customerType, id)).toMatchObject({
      customer_code: "C-1",
    });
    expect(logins()).toBe(0);
  });

  test("authenticates by a login that concurrent calls share, with the header Token", async () => {
    const ids = await enablex.seed(12);
    const one = client(enablex.login);
    await Promise.all(ids.map((id) => one.read(customerType, id)));
    expect(logins()).toBe(1);
    const login = enablex.server.received.find(({ path }) => path.endsWith("/login"));
    expect(login?.headers["x-api-id"]).toBe(enablex.reseller.accessId);
    expect(
      enablex.server.received
        .filter(({ path }) => !path.endsWith("/login"))
        .every(({ headers }) => /^Token \S+$/.test(headers.authorization ?? "")),
    ).toBe(true);
  });

  test.each([403, 1001] as const)(
    "logs in once for all calls when the token expires (%s), and each call succeeds",
    async (expiredAs) => {
      enablex.server.setOptions({ expiredAs });
      const ids = await enablex.seed(12);
      const one = client(enablex.login);
      await one.read(customerType, ids[0] ?? "");
      enablex.server.setOptions({ clockOffsetSeconds: 3600 });
      const rows = await Promise.all(ids.map((id) => one.read(customerType, id)));
      expect(rows.every((row) => row !== undefined)).toBe(true);
      expect(logins()).toBe(2);
    },
  );

  test("renews the login before the server ends it", async () => {
    enablex.server.setOptions({ tokenSeconds: 2 });
    const [id = ""] = await enablex.seed(1);
    const one = client({ ...enablex.login, "enablex:tokenMinutes": "0.02" });
    await one.read(customerType, id);
    await expect.poll(async () => (await one.read(customerType, id)) && logins()).toBe(2);
    expect(enablex.server.received.some(({ status }) => status === 403)).toBe(false);
  });

  test("retries a refused token once, and then fails with the guide's words", async () => {
    enablex.server.fault({ kind: "status", status: 403, path: "/customers", times: 9 });
    const error = await catchError(client(enablex.login).read(customerType, "1"));
    expect(error).toMatchObject({
      code: "TOKEN_EXPIRED",
      reason: expect.stringContaining("Token has expired."),
    });
    expect(enablex.calls(/customers/)).toHaveLength(2);
    expect(logins()).toBe(2);
  });

  test("sends a refused login once, and its error contains neither password nor key", async () => {
    const one = client({ ...enablex.login, "enablex:password": "wrong-Passw0rd" });
    const errors = await Promise.all([1, 2, 3].map(() => catchError(one.read(customerType, "1"))));
    expect(errors.map(({ code }) => code)).toEqual([
      "HEADER_INVALID",
      "HEADER_INVALID",
      "HEADER_INVALID",
    ]);
    expect(errors[0]?.message).toContain("enablex log in");
    expect(errors.join()).not.toContain("wrong-Passw0rd");
    expect(logins()).toBe(1);
  });

  test("with the credentials of a role that may not manage customers says which role it takes", async () => {
    const response = await fetch(`${enablex.server.control}/accounts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"role": "customer", "customer_id": "1"}',
    });
    const account = (await response.json()) as { accessId: string; accessKey: string };
    const one = client({
      ...enablex.basic,
      "enablex:accessId": account.accessId,
      "enablex:accessKey": account.accessKey,
    });
    const created = await one.create(
      customerType,
      { customer_name: "Acme" },
      "create customer ACME",
    );
    expect(created).toMatchObject({
      outcome: "refused",
      error: {
        code: "HEADER_INVALID",
        hint: expect.stringContaining("reseller's or an administrator's"),
      },
    });
  });

  test("sends X-App-Type where the config has it, and says how where the server misses it", async () => {
    enablex.server.setOptions({ requireAppType: true });
    const [id = ""] = await enablex.seed(1);
    expect(await catchError(client(enablex.basic).read(customerType, id))).toMatchObject({
      code: "APP_TYPE_MISSING",
      hint: expect.stringContaining("enablex:appType vc"),
    });
    expect(
      await client({ ...enablex.basic, "enablex:appType": "vc" }).read(customerType, id),
    ).toBeDefined();
  });

  test.each([
    ["429 with Retry-After", { kind: "status", status: 429, retryAfter: 0 }],
    ["503", { kind: "status", status: 503 }],
    ["a cut connection", { kind: "cut" }],
  ] as const)("repeats a read after %s", async (_, fault) => {
    const [id = ""] = await enablex.seed(1);
    enablex.server.fault({ ...fault, path: "/customers" });
    expect(await client(enablex.basic).read(customerType, id)).toBeDefined();
  });

  test.each([429, 500, 503])("asks again after %i in the body of a 200", async (result) => {
    const [id = ""] = await enablex.seed(1);
    const body = { result, msg: "Too many requests" };
    enablex.server.fault({ kind: "status", status: 200, retryAfter: 0, body, times: 2 });
    const row = await client(enablex.basic).read(customerType, id);
    expect(row).toMatchObject({ customer_name: "Customer 1" });
    expect(enablex.calls()).toHaveLength(3);
  });

  test("keeps to the concurrency that the config allows", async () => {
    enablex.server.setOptions({ latencyMs: 20 });
    const ids = await enablex.seed(12);
    const one = client({ ...enablex.basic, "enablex:concurrency": "3" });
    await Promise.all(ids.map((id) => one.read(customerType, id)));
    expect(Math.max(...enablex.server.received.map(({ inFlight }) => inFlight))).toBe(3);
  });

  test("reads the whole list in pages, each once, and stops at a short one", async () => {
    await enablex.seed(25);
    const rows: unknown[] = [];
    for await (const page of client({ ...enablex.basic, "enablex:pageSize": "10" }).pages(
      customerType,
      {
        searchBy: "customer_name",
        searchString: "Customer",
      },
    ))
      rows.push(...page);
    expect(rows).toHaveLength(25);
    expect(enablex.server.received.map(({ query }) => query.page)).toEqual(["1", "2", "3"]);
  });

  test("never takes a list under another name for an empty one, and says how to correct it", async () => {
    const one = client({ ...enablex.basic, "enablex:routes": '{"customerListKey": "rows"}' });
    const search = customerType.searches[0]!;
    expect(
      await catchError(one.find(customerType, search, { customerCode: "ACME" })),
    ).toMatchObject({
      code: "MALFORMED_REPLY",
      hint: expect.stringContaining("pulumi config set --path enablex:routes.customerListKey"),
    });
  });

  test("goes by the routes that the config corrects", async () => {
    const [id = ""] = await enablex.seed(1);
    const one = client({
      ...enablex.basic,
      "enablex:routes": '{"customerUpdate": "PUT /customers/{id}/change", "customerKey": "client"}',
    });
    await one.update(customerType, id, { customer_name: "x" });
    expect(enablex.calls()).toEqual([`PUT /customers/${id}/change`]);
    expect(await catchError(one.read(customerType, id))).toMatchObject({ code: "MALFORMED_REPLY" });
  });

  test("asks for the list of countries once, and again after it failed", async () => {
    const one = client(enablex.basic);
    enablex.server.fault({ kind: "status", status: 406, path: "/countries" });
    expect(await catchError(one.countries())).toMatchObject({ code: "VALIDATION_FAILED" });
    const lists = await Promise.all([one.countries(), one.countries()]);
    expect(lists[0]?.idOf("DE")).toBeDefined();
    expect(enablex.calls(/countries/)).toHaveLength(2);
  });
});

test("an unknown or malformed route in the config is reported with what is expected", () => {
  const config = (routes: object) => ({
    ...enablex.basic,
    "enablex:routes": JSON.stringify(routes),
  });
  expect(() => client(config({ customerUpdates: "PATCH /x" }))).toThrow(
    /enablex:routes .*customerUpdates/,
  );
  expect(() => client(config({ customerUpdate: "PATCH /customers/{customer_id}" }))).toThrow(
    /must have \{id\} where the id goes/,
  );
  expect(client(config({ userDelete: "DELETE /users/{id}" })).routes.userDelete).toBe(
    "DELETE /users/{id}",
  );
  expect(() => client(config({ customerUpdate: "/x" }))).toThrow(
    /must be a method and a path, such as "PATCH \/customers\/\{id\}"/,
  );
});
