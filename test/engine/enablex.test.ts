import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importEntry } from "../../provider/runtime/import-file.ts";
import { type EnablexReseller, enablexReseller } from "../enablex/enablex-server.ts";
import { type Workspace, workspace } from "./workspace.ts";

const password = "canary-Passw0rd-of-ada";
const nestedSecret = "canary-client-secret-of-ada";

interface Declared {
  customer?: object;
  subscription?: object;
  user?: object;
  /** Name of the customer's resource. */
  name?: string;
  /** A customer that was not made by this program. */
  customerId?: string;
  /** The options of the customer's resource. */
  options?: object;
}

/** A customer with a subscription and a user, and what differs from the usual. */
const program = ({
  customer = {},
  subscription = {},
  user = {},
  name = "acme",
  customerId,
  options = {},
}: Declared = {}) => `
  import { EnableXCustomer, EnableXSubscription, EnableXUser } from "pulumi-ucaas";
  const acme = new EnableXCustomer(${JSON.stringify(name)}, ${JSON.stringify({ ...acme, ...customer })}, ${JSON.stringify(options)});
  const customerId = ${JSON.stringify(customerId)} ?? acme.customerId;
  const plan = new EnableXSubscription("plan", { customerId, ...${JSON.stringify({ planId: 7, fields: { seats: 5 }, ...subscription })} });
  const ada = new EnableXUser("ada", { customerId, ...${JSON.stringify({ ...adaFields, ...secrets, ...user })} });
  export const ids = { customer: acme.customerId, subscription: plan.subscriptionId, user: ada.userId };
  export const statusText = acme.statusText;
`;
const acme = {
  customerName: "Acme",
  customerCode: "ACME",
  contactName: "Ada King",
  contactEmail: "it@acme.test",
  status: "active",
  officeAddress: { city: "Leeds", country: "GB" },
};
const secrets = { password, fields: { sso: { client_secret: nestedSecret } } };
const adaFields = { userType: "moderator", firstName: "Ada", email: "ada@acme.test" };

describe("customers, subscriptions and users of EnableX on the real engine", () => {
  let enablex: EnablexReseller;
  let stack: Workspace;
  let ids: { customer: string; subscription: string; user: string };

  beforeAll(async () => {
    enablex = await enablexReseller();
    stack = await workspace({ program: program(), config: enablex.config });
  });
  afterAll(async () => {
    await stack.remove();
    await enablex.server.stop();
  });

  const up = async (declared: Declared, ...args: string[]) => {
    await stack.writeProgram(program(declared));
    return await stack.up(...args);
  };
  const expectNoChange = async () =>
    expect((await stack.preview("--expect-no-changes")).ok().output).toContain("4 unchanged");
  const writes = () => enablex.calls(/^(POST|PATCH|PUT|DELETE)/);
  const fields = (what: "customers" | "subscriptions" | "users", id: string) =>
    enablex.server.state[what][id]?.fields;
  /** The state forgets all three; the server keeps them. */
  const forget = async () => {
    (await stack.pulumi(["state", "delete", "--all", "--yes"])).ok();
    enablex.server.received = [];
  };

  test("up creates all three, and the next preview is empty", async () => {
    (await stack.up()).ok();
    const outputs = await stack.outputs();
    ids = outputs.ids as typeof ids;
    expect(outputs.statusText).toBe("Active");
    expect(fields("customers", ids.customer)).toMatchObject({
      customer_code: "ACME",
      office_address: { city: "Leeds" },
    });
    expect(fields("subscriptions", ids.subscription)).toMatchObject({
      customer_id: ids.customer,
      plan_id: "7",
      seats: 5,
    });
    expect(fields("users", ids.user)).toMatchObject({
      customer_id: ids.customer,
      email: "ada@acme.test",
      password,
      ...secrets.fields,
    });
    await expectNoChange();
  });

  test("a customer that cannot be created at its new server stays at the old one", async () => {
    await using other = await enablexReseller();
    other.server.fault({ kind: "status", status: 406, method: "POST", path: "/customers$" });
    const keys = ["baseUrl", "accessId", "accessKey"] as const;
    const uk = Object.fromEntries(keys.map((key) => [key, other.basic[`enablex:${key}`]]));
    await stack.setConfig("enablex:accounts", JSON.stringify({ uk }), { secret: true });
    enablex.server.received = [];
    const refused = await up({ customer: { account: "uk" } });
    expect(refused.output).toContain("VALIDATION_FAILED");
    expect(writes()).toEqual([]);
    expect(Object.keys(enablex.server.state.customers)).toEqual([ids.customer]);
    await stack.writeProgram(program());
    await expectNoChange();
  });

  test("a field with a secret's name is encrypted at any depth, even if the program has it plain", async () => {
    const state = JSON.stringify(await stack.export());
    for (const secret of [password, nestedSecret]) expect(state).not.toContain(secret);
    expect(state).toContain("ciphertext");
    const files = readdirSync(stack.stateFolder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(0);
    const texts = files
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))
      .join();
    for (const secret of [password, nestedSecret]) expect(texts).not.toContain(secret);
  });

  test("an update shows each change, sends just that, and replaces nothing that depends on it", async () => {
    await stack.writeProgram(
      program({
        customer: { contactEmail: "office@acme.test" },
        subscription: { planId: 8 },
        user: { firstName: "Augusta" },
      }),
    );
    const preview = (await stack.preview("--diff")).ok().output;
    expect(preview).toMatch(/~ contactEmail *: "it@acme.test" => "office@acme.test"/);
    expect(preview).toMatch(/~ planId *: 7 => 8/);
    expect(preview).toMatch(/~ firstName *: "Ada" => "Augusta"/);
    expect(preview).toContain("~ 3 to update");
    expect(preview).not.toContain("replace");
    enablex.server.received = [];
    (await stack.up()).ok();
    const bodies = enablex.server.received
      .filter(({ method }) => method === "PATCH")
      .map(({ body }) => JSON.parse(body));
    expect(bodies).toEqual(
      expect.arrayContaining([
        { contact_email: "office@acme.test" },
        { plan_id: "8" },
        { first_name: "Augusta" },
      ]),
    );
    expect(writes()).toHaveLength(3);
  });

  test("a change made by hand on the server is found by refresh and reverted by up", async () => {
    await enablex.change("customers", ids.customer, {
      contact_email: "eve@elsewhere.test",
      status: "S",
      customer_legal_name: "unmanaged",
    });
    await enablex.change("subscriptions", ids.subscription, { seats: 50 });
    await enablex.change("users", ids.user, { first_name: "Eve" });
    const seen = await stack.refresh("--preview-only", "--expect-no-changes", "--diff");
    expect(seen.exitCode, seen.output).toBe(7);
    expect(seen.output).toMatch(/~ contactEmail *: "office@acme.test" => "eve@elsewhere.test"/);
    expect(seen.output).toMatch(/~ status *: "active" => "suspended"/);
    expect(seen.output).toMatch(/~ seats *: 5 => 50/);
    expect(seen.output).toMatch(/~ firstName *: "Augusta" => "Eve"/);
    expect(seen.output).not.toContain("unmanaged");
    expect(seen.output).not.toContain(password);
    (await stack.up("--refresh")).ok();
    expect(fields("customers", ids.customer)).toMatchObject({
      contact_email: "office@acme.test",
      status: "A",
      customer_legal_name: "unmanaged",
    });
    expect(fields("subscriptions", ids.subscription)).toMatchObject({ seats: 5 });
    expect(fields("users", ids.user)).toMatchObject({ first_name: "Augusta" });
    const after = await stack.refresh("--preview-only", "--expect-no-changes");
    expect(after.exitCode, after.output).toBe(0);
    expect(JSON.stringify(await stack.export())).not.toContain(password);
  });

  test("renaming a resource in the program keeps its customer: no delete and no create", async () => {
    (await up({})).ok();
    enablex.server.received = [];
    const renamed = (await up({ name: "acme-ltd" })).ok();
    expect(renamed.output).toContain("another resource of this stack has it now");
    expect(writes()).toEqual([]);
    expect((await stack.outputs()).ids).toEqual(ids);
  });

  test("a replacement deletes the old customer first, where the program says so, and all it has", async () => {
    const urn =
      (await stack.export()).deployment.resources?.find(({ type }) =>
        type.endsWith("EnableXCustomer"),
      )?.urn ?? "";
    const renamed = { name: "acme-ltd" };
    const kept = (await up(renamed, "--replace", urn)).ok();
    expect(kept.output).toContain("deleteBeforeReplace: true");
    expect((await stack.outputs()).ids).toEqual(ids);
    const options = { deleteBeforeReplace: true };
    (await up({ ...renamed, options }, "--replace", urn)).ok();
    await stack.writeProgram(program(renamed));
    const before = ids;
    ids = (await stack.outputs()).ids as typeof ids;
    expect(Object.keys(enablex.server.state.customers)).toEqual([ids.customer]);
    expect([ids.customer, ids.subscription, ids.user]).not.toContain(before.customer);
    expect(fields("subscriptions", ids.subscription)).toMatchObject({ customer_id: ids.customer });
    expect(fields("users", ids.user)).toMatchObject({ customer_id: ids.customer });
    await expectNoChange();
  });

  test('with adopt "never", existing objects of all three types are refused by name, with a remedy', async () => {
    await forget();
    const never = { adopt: "never" };
    const refused = await up(
      { customer: never, subscription: never, user: never, customerId: ids.customer },
      "--continue-on-error",
    );
    expect(refused.exitCode).not.toBe(0);
    for (const resource of [
      `customer ${ids.customer}`,
      `subscription ${ids.subscription}`,
      `user ${ids.user}`,
    ])
      expect(refused.output).toContain(`${resource} `);
    expect(
      refused.output.match(/exists already, and adopt is "never"/g)?.length,
    ).toBeGreaterThanOrEqual(3);
    expect(writes()).toEqual([]);
  });

  test("an existing object with other values is refused by default, with the differences", async () => {
    const refused = await up(
      {
        customer: { customerName: "Acme Ltd" },
        subscription: { fields: { seats: 6 } },
        user: { firstName: "Grace" },
        customerId: ids.customer,
      },
      "--continue-on-error",
    );
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('customerName: declared "Acme Ltd", on the server "Acme"');
    expect(refused.output).toContain("fields.seats: declared 6, on the server 5");
    expect(refused.output).toContain('firstName: declared "Grace", on the server "Ada"');
    expect(writes()).toEqual([]);
  });

  test("an existing object with the declared values is adopted by default, without a write", async () => {
    (await up({})).ok();
    expect((await stack.outputs()).ids).toEqual(ids);
    expect(writes()).toEqual([]);
    await expectNoChange();
  });

  test('an existing object is updated as declared with adopt "always"', async () => {
    await forget();
    const adopt = "always";
    const declared = {
      customer: { adopt, customerName: "Acme Ltd" },
      subscription: { adopt, fields: { seats: 6 } },
      user: { adopt, firstName: "Grace" },
    };
    (await up(declared)).ok();
    expect((await stack.outputs()).ids).toEqual(ids);
    expect(writes().sort()).toEqual(
      [
        `PATCH /customers/${ids.customer}`,
        `PATCH /subscriptions/${ids.subscription}`,
        `PATCH /users/${ids.user}`,
      ].sort(),
    );
    expect(fields("customers", ids.customer)).toMatchObject({ customer_name: "Acme Ltd" });
    (await up({})).ok();
  });

  test("an import file imports all three with encrypted secrets, and the next preview is empty", async () => {
    await forget();
    const common = { __stack: "ucaas-test/test" };
    const customer = { ...acme, ...common };
    const subscription = { customerId: ids.customer, planId: 7, fields: { seats: 5 }, ...common };
    const user = { customerId: ids.customer, ...adaFields, ...secrets, ...common };
    const resources = [
      importEntry(
        "EnableXCustomer",
        "acme",
        ids.customer,
        customer,
        { ...customer, customerId: ids.customer, schemaVersion: 1 },
        [],
      ),
      importEntry(
        "EnableXSubscription",
        "plan",
        ids.subscription,
        subscription,
        { ...subscription, subscriptionId: ids.subscription, schemaVersion: 1 },
        [],
      ),
      importEntry(
        "EnableXUser",
        "ada",
        ids.user,
        user,
        { ...user, userId: ids.user, schemaVersion: 1 },
        ["password", "fields"],
      ),
    ];
    const file = join(stack.folder, "import.json");
    writeFileSync(file, JSON.stringify({ resources }));
    (
      await stack.pulumi([
        "import",
        "--file",
        file,
        "--generate-code=false",
        "--protect=false",
        "--yes",
        "--skip-preview",
      ])
    ).ok();
    await expectNoChange();
    expect(JSON.stringify(await stack.export())).not.toContain(password);
    // The file says nothing of dependencies; this does, and compares with the server first.
    (await stack.up("--refresh", "--expect-no-changes")).ok();
  });

  test("destroy deletes the customer last, and says which objects remain and their cost", async () => {
    enablex.server.received = [];
    const destroyed = (await stack.destroy()).ok();
    expect(destroyed.output).toContain(
      `subscription ${ids.subscription} (plan 7 of customer ${ids.customer}) leaves the state but stays at EnableX`,
    );
    expect(destroyed.output).toContain(
      `user ${ids.user} (ada@acme.test) leaves the state but stays at EnableX`,
    );
    expect(writes()).toEqual([`DELETE /customers/${ids.customer}`]);
    const deleted = destroyed.output
      .split("\n")
      .filter((line) => / deleted \(/.test(line) && line.includes("EnableX"));
    expect(deleted.at(-1)).toContain("EnableXCustomer");
    expect(enablex.customers()).toEqual([]);
  });
});

test("a refresh of 300 customers reads at most four pages, and finds only the changed one", async () => {
  await using enablex = await enablexReseller();
  await using stack = await workspace({ program: "", config: enablex.config });
  const customers = await enablex.seed(300);
  const resources = customers.map((id, index) => {
    const number = index + 1;
    const inputs = {
      customerName: `Customer ${number}`,
      customerCode: `C-${number}`,
      contactEmail: `contact-${number}@customers.test`,
      __stack: "ucaas-test/test",
    };
    return importEntry(
      "EnableXCustomer",
      `customer-${number}`,
      id,
      inputs,
      { ...inputs, customerId: id, schemaVersion: 1 },
      [],
    );
  });
  const file = join(stack.folder, "import.json");
  writeFileSync(file, JSON.stringify({ resources }));
  (
    await stack.pulumi([
      "import",
      "--file",
      file,
      "--generate-code=false",
      "--yes",
      "--skip-preview",
      "--suppress-progress",
    ])
  ).ok();

  await enablex.change("customers", customers[150] ?? "", { customer_name: "Changed by hand" });
  enablex.server.received = [];
  const seen = await stack.refresh("--preview-only", "--expect-no-changes", "--diff");
  expect(seen.exitCode, seen.output).toBe(7);
  expect(seen.output).toMatch(/~ customerName *: "Customer 151" => "Changed by hand"/);
  // The stack itself is one more.
  expect(seen.output).toContain("300 unchanged");
  expect(enablex.calls().length).toBeLessThanOrEqual(4);
  expect(new Set(enablex.server.received.map(({ query }) => query.page)).size).toBe(
    enablex.calls().length,
  );
});

test("100 customers cost one request each and a few pages, and 1.6 KB of state each", async () => {
  await using enablex = await enablexReseller();
  const program = `
    import { EnableXCustomer } from "pulumi-ucaas";
    for (let i = 1; i <= 100; i++)
      new EnableXCustomer("customer-" + i, {
        customerName: "Customer " + i, customerCode: "C-" + i, contactEmail: "c-" + i + "@customers.test"
      });`;
  await using stack = await workspace({ program, config: enablex.config });
  (await stack.up()).ok();
  expect(enablex.calls(/^POST/)).toHaveLength(100);
  // Before the creates, after them, and as often for one that the engine started late.
  expect(enablex.calls(/^GET/).length).toBeLessThanOrEqual(8);
  const resources =
    (await stack.export()).deployment.resources?.filter(({ type }) =>
      type.endsWith(":EnableXCustomer"),
    ) ?? [];
  expect(resources).toHaveLength(100);
  expect(JSON.stringify(resources).length / resources.length).toBeLessThanOrEqual(1600);
  expect((await stack.refresh("--preview-only", "--expect-no-changes")).exitCode).toBe(0);
  enablex.server.received = [];
  (await stack.destroy()).ok();
  expect(enablex.calls(/^DELETE/)).toHaveLength(100);
  expect(enablex.calls()).toHaveLength(100);
});

test("a refresh with another reseller's key keeps the state; a replaced key is no drift", async () => {
  await using enablex = await enablexReseller();
  await using stack = await workspace({
    program: `
      import { EnableXCustomer } from "pulumi-ucaas";
      new EnableXCustomer("acme", ${JSON.stringify(acme)});`,
    config: enablex.config,
  });
  (await stack.up()).ok();
  const others = await enablex.another();
  const use = async (keys: Record<string, string>) => {
    for (const key of ["enablex:accessId", "enablex:accessKey"])
      (await stack.pulumi(["config", "set", "--secret", key, keys[key] ?? ""])).ok();
  };
  await use(others);
  // The engine refreshes with the config of the last update.
  (await stack.up()).ok();
  const refused = await stack.up("--refresh");
  expect(refused.exitCode).not.toBe(0);
  expect(refused.output).toContain("ACCOUNT_CHANGED");
  await use(enablex.basic);
  expect((await stack.up("--refresh")).exitCode).not.toBe(0);
  (await stack.up("--refresh=false")).ok();
  (await stack.up("--refresh", "--expect-no-changes")).ok();
  expect(enablex.calls(/^POST/)).toHaveLength(1);

  for (const row of Object.values(enablex.server.state.customers))
    row.owner = others["enablex:accessId"];
  await use(others);
  (await stack.up()).ok();
  const replaced = await stack.refresh("--preview-only", "--expect-no-changes");
  expect(replaced.exitCode, replaced.output).toBe(0);
});
