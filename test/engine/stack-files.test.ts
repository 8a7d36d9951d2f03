import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { type StackProject, stackProject } from "./stack-project.ts";

const defaults = { xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } } };
const user = (firstName: string) => ({
  userType: "moderator",
  firstName,
  email: `${firstName.toLowerCase()}@acme.example`,
});
const acme = {
  name: "Acme Ltd",
  xima: { professionalSeats: 12 },
  enablex: {
    contactEmail: "it@acme.example",
    users: { ada: user("Ada"), bob: user("Bob") },
    subscriptions: { meetings: { planId: "1" } },
  },
};

describe("a slip in the stack files, on the real engine", () => {
  let sandbox: Sandbox;
  let stack: StackProject;

  beforeAll(async () => {
    sandbox = await startSandbox();
    stack = await stackProject({}, sandbox.environment);
  });
  afterAll(async () => {
    await stack.remove();
    await sandbox.stop();
  });

  /** What of the stack file is not config, the salt, stays. */
  const declare = (customers: unknown, more: object = {}) =>
    stack.writeStackFile({ "ucaas:defaults": defaults, "ucaas:customers": customers, ...more });
  const own = (name: string) => join(stack.folder, "stacks", "customers", "test", name);
  const deletes = () =>
    [sandbox.xima, sandbox.enablex]
      .flatMap(({ server }) => server.received)
      .filter(({ method }) => method === "DELETE").length;
  const creates = () =>
    [sandbox.xima, sandbox.enablex]
      .flatMap(({ server }) => server.received)
      .filter(({ method }) => method === "POST").length;
  const names = async () =>
    ((await stack.export()).deployment.resources ?? [])
      .filter(({ type }) => type.includes("ucaas"))
      .map(({ urn }) => urn.split("::").at(-1))
      .sort();
  const refusedAs = async (words: string) => {
    const run = await stack.up();
    expect(run.exitCode).not.toBe(0);
    expect(run.output).toContain(words);
    expect(run.output).toContain("nothing was changed");
    expect(run.output).not.toMatch(/\n\s+at |deleting/);
    expect(deletes()).toBe(0);
  };

  test("a first preview and a first up need no list, and know no last update", async () => {
    declare({ acme });
    stack.write("customers/test/bakery.yaml", "name: Bakery\nxima: {essentialSeats: 5}\n");
    (await stack.preview()).ok();
    (await stack.up()).ok();
    expect(sandbox.xima.server.state.customers["voicehouse/bakery"]?.licence).toMatchObject({
      essentialSeats: 5,
    });
  });

  test("a file with the wrong extension deletes no customer, and the error lists the files found", async () => {
    renameSync(own("bakery.yaml"), own("bakery.yml"));
    await refusedAs(
      "customer bakery of the last update: no file declares it now [CUSTOMER_MISSING]",
    );
    const { output } = await stack.preview();
    expect(output).not.toMatch(/to delete/);
    expect(output).toContain(
      "stacks/customers/test/bakery.yml is not read. What to do: rename it to bakery.yaml.",
    );
    expect(output).toContain(
      "searched: stacks/Pulumi.test.yaml (ucaas:customers), stacks/customers/test/<slug>.yaml",
    );
    renameSync(own("bakery.yml"), own("bakery.yaml"));
  });

  test.each([
    ["everything commented out", null, "stacks/Pulumi.test.yaml:8:3 ucaas:customers is empty."],
    ["the JSON null", "null", "stacks/Pulumi.test.yaml:8:3 ucaas:customers is empty."],
    ["an emptied map", {}, "customer acme of the last update: no file declares it now"],
  ])("%s deletes no customer", async (_, customers, words) => {
    declare(customers);
    await refusedAs(words);
  });

  test.each([
    ["its section of a system is lost", { xima: acme.xima }, "acme.enablex of the last update"],
    [
      "all its users are lost",
      { ...acme, enablex: { ...acme.enablex, users: undefined } },
      "acme.enablex.users of the last update",
    ],
  ])("a customer that stays declared loses nothing when %s", async (_, rest, words) => {
    declare({ acme: { name: "Acme Ltd", ...rest } });
    await refusedAs(words);
  });

  test("pulumi stack rename, which leaves the customers' folder behind, deletes no customer", async () => {
    declare({ acme });
    (await stack.pulumi(["stack", "rename", "other"])).ok();
    const run = await stack.preview();
    expect(run.output).toContain("customer bakery of the last update: no file declares it now");
    expect(run.output).toContain("found, but not read: stacks/customers/test/bakery.yaml");
    (await stack.pulumi(["stack", "rename", "test"])).ok();
  });

  test("a new slug with renamedFrom creates, changes and deletes nothing, and keeps the ids", async () => {
    declare({ "acme-ltd": { ...acme, renamedFrom: "acme" } });
    const before = { creates: creates(), ids: await ids() };
    expect((await stack.preview("--expect-no-changes")).ok().output).not.toMatch(
      /to (create|delete|update|replace)/,
    );
    (await stack.up()).ok();
    expect(await names()).toEqual(
      [
        ...Array(3).fill("acme-ltd"),
        "acme-ltd-ada",
        "acme-ltd-bob",
        "acme-ltd-meetings",
        "bakery",
        "bakery",
      ].sort(),
    );
    expect({ creates: creates(), ids: await ids() }).toEqual(before);
    expect((await stack.preview("--expect-no-changes")).exitCode).toBe(0);
  });

  test("a rename without the whole renamedFrom chain is an error, since the ids would change", async () => {
    declare({ "acme-ltd": acme });
    await refusedAs(
      "acme-ltd.xima.ccId.tenantId would become acme-ltd: the last update has another one, which would be deleted [ID_LOST]",
    );
    declare({ third: { ...acme, renamedFrom: "acme-ltd" } });
    await refusedAs("third.enablex.customerCode would become acme-ltd");
  });

  test("a second rename names both slugs, and is as quiet as the first", async () => {
    const before = { creates: creates(), ids: await ids() };
    declare({ third: { ...acme, renamedFrom: ["acme", "acme-ltd"] } });
    (await stack.up()).ok();
    expect(await names()).toContain("third-ada");
    expect({ creates: creates(), ids: await ids() }).toEqual(before);
    expect(deletes()).toBe(0);
  });

  test("a customer under ucaas:removed is deleted, and one that is declared as well is kept", async () => {
    const third = { ...acme, renamedFrom: ["acme", "acme-ltd"] };
    declare({ third }, { "ucaas:removed": ["bakery"] });
    await refusedAs(
      "ucaas:removed lists bakery, which is declared (stacks/customers/test/bakery.yaml:1:1): keep one of the two",
    );
    rmSync(own("bakery.yaml"));
    (await stack.up()).ok();
    expect(deletes()).toBe(1);
    expect(await names()).not.toContain("bakery");
  });

  test("a system under ucaas:removed is deleted, and the customer keeps the others", async () => {
    const { enablex: _, ...rest } = { ...acme, renamedFrom: ["acme", "acme-ltd"] };
    declare({ third: rest }, { "ucaas:removed": ["bakery", "third.enablex"] });
    (await stack.up()).ok();
    expect(await names()).toEqual(["third", "third"]);
    expect((await stack.preview("--expect-no-changes")).exitCode).toBe(0);
  });

  test("an encrypted name is never readable in the state, though the vendors' names derive from it", async () => {
    declare({ third: { ...acme, renamedFrom: ["acme", "acme-ltd"] } });
    (
      await stack.pulumi([
        "config",
        "set",
        "--secret",
        "--path",
        "ucaas:customers.third.name",
        "Name-canary-4711",
      ])
    ).ok();
    (await stack.up()).ok();
    expect(JSON.stringify(sandbox.xima.server.state.customers)).toContain("Name-canary-4711");
    const readable = readdirSync(stack.stateFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) =>
        readFileSync(join(entry.parentPath, entry.name), "utf8").includes("Name-canary-4711"),
      );
    expect(readable.map(({ name }) => name)).toEqual([]);
    expect((await stack.outputs()).customers).not.toContain("canary");
  });

  test("pulumi destroy needs no list", async () => {
    declare({});
    (await stack.destroy()).ok();
    expect(await names()).toEqual([]);
  });

  test("the engine's Pulumi.yml and Pulumi.test.yml are read, with places", async () => {
    declare({ acme: { ...acme, xima: { professionalSeats: 3 } } });
    renameSync(join(stack.folder, "Pulumi.yaml"), join(stack.folder, "Pulumi.yml"));
    renameSync(
      join(stack.folder, "stacks", "Pulumi.test.yaml"),
      join(stack.folder, "stacks", "Pulumi.test.yml"),
    );
    const { output } = await stack.preview("--stack", "test");
    expect(output).toMatch(
      /stacks\/Pulumi\.test\.yml:\d+:\d+ acme\.xima\.professionalSeats = 3: must be 0 or at least 5/,
    );
  });

  async function ids(): Promise<string[]> {
    return ((await stack.export()).deployment.resources ?? [])
      .flatMap(({ id, type }) => (type.includes("ucaas") && id ? [id] : []))
      .sort();
  }
});
