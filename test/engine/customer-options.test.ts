import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { type Workspace, workspace } from "./workspace.ts";

/** One resource of each kind: its arguments, and the changes of a second declaration. */
interface ResourceKind {
  readonly type: string;
  readonly args: Record<string, unknown>;
  readonly change: Record<string, unknown>;
}

function kindsIn({ netsapiens, xelion }: Sandbox): ResourceKind[] {
  return [
    {
      type: "NetsapiensOAuthClient",
      args: {
        domain: netsapiens.domain,
        clientId: netsapiens.clientId,
        clientSecret: netsapiens.clientSecret,
        driver: "existing",
      },
      change: { sipProxyServerPort: 5061 },
    },
    {
      type: "XimaLicense",
      args: {
        ccId: {
          resellerId: "voicehouse",
          resellerName: "Voicehouse",
          tenantId: "acme",
          tenantName: "Acme",
        },
        essentialSeats: 5,
      },
      change: { essentialSeats: 6 },
    },
    {
      type: "XelionTenantProvision",
      args: {
        serverUrl: xelion.tenant.baseUrl,
        tenantName: xelion.tenantName,
        tenantLogin: { userName: xelion.userName, password: xelion.password },
        configuration: { version: 1, organization: { name: "Acme" } },
        wait: "submitted",
      },
      change: { configuration: { version: 1, organization: { name: "Acme Ltd" } } },
    },
    {
      type: "EnableXCustomer",
      args: { customerName: "Acme", customerCode: "acme" },
      change: { contactName: "Ada King" },
    },
    { type: "EnableXSubscription", args: { planId: "1" }, change: { status: "suspended" } },
    {
      type: "EnableXUser",
      args: { userType: "moderator", firstName: "Ada", email: "ada@acme.example" },
      change: { lastName: "King" },
    },
  ];
}

describe("Pulumi's options, on one resource of each kind", () => {
  let sandbox: Sandbox;
  let stack: Workspace;
  let kinds: ResourceKind[];

  beforeAll(async () => {
    sandbox = await startSandbox();
    kinds = kindsIn(sandbox);
    stack = await workspace({ program: "", env: sandbox.environment });
  });
  afterAll(async () => {
    await stack.remove();
    await sandbox.stop();
  });

  /**
   * A program that makes all of them; `options` is code in which `name`, `change` and
   * `previous` mean the resource at hand.
   */
  const program = (options: string, { prefix = "a", changed = false } = {}) => `
    import * as ucaas from "pulumi-ucaas";
    let previous, customer;
    for (const { type, args, change } of ${JSON.stringify(kinds)}) {
      const name = ${JSON.stringify(prefix)} + "-" + type;
      const options = ${options};
      const more = /Subscription|User/.test(type) ? { customerId: customer.customerId } : {};
      previous = new ucaas[type](name, { ...args, ...more, ${changed ? "...change" : ""} }, options);
      if (type === "EnableXCustomer") customer = previous;
    }
  `;
  /** How many requests each vendor has had. */
  const heard = () =>
    [sandbox.netsapiens, sandbox.xima, sandbox.xelion, sandbox.xelion.tenant, sandbox.enablex].map(
      ({ server }) => server.received.length,
    );
  const each = async (prefix = "a") => {
    const resources = (await stack.export()).deployment.resources ?? [];
    return kinds.map((kind) => {
      const resource = resources.find(({ urn }) =>
        urn.endsWith(`dynamic/ucaas:${kind.type}::${prefix}-${kind.type}`),
      );
      if (!resource) throw new Error(`${kind.type} is not in the state`);
      return { ...kind, resource };
    });
  };

  test("dependsOn: each is created after the one before it", async () => {
    await stack.writeProgram(program("{ dependsOn: previous ? [previous] : [] }"));
    const { output } = (await stack.up("--parallel", "16")).ok();
    const created = kinds.map(({ type }) => [
      output.indexOf(`${type} a-${type} creating`),
      output.indexOf(`${type} a-${type} created`),
    ]);
    expect(created.flat()).toEqual(created.flat().toSorted((a, b) => a - b));
    const resources = await each();
    for (const [index, { type, resource }] of resources.entries()) {
      if (index > 0)
        expect(resource.dependencies, type).toContain(resources[index - 1]?.resource.urn);
    }
  });

  test("an alias keeps the resource under a new name, and ignoreChanges hides a change", async () => {
    const renamed = "{ aliases: [{ name: 'a-' + type }], ignoreChanges: Object.keys(change) }";
    await stack.writeProgram(program(renamed, { prefix: "b", changed: true }));
    (await stack.preview("--expect-no-changes")).ok();
    const ids = (await each()).map(({ resource }) => resource.id);
    (await stack.up()).ok();
    expect((await each("b")).map(({ resource }) => resource.id)).toEqual(ids);
    // The change would have been one.
    await stack.writeProgram(program("{}", { prefix: "b", changed: true }));
    expect((await stack.preview()).ok().output).toContain(`~ ${kinds.length} to update`);
  });

  test("a transform's values are applied, and --target limits the update to its resources", async () => {
    const transforming =
      "{ transforms: [({ props, opts }) => ({ props: { ...props, ...change }, opts })] }";
    await stack.writeProgram(program(transforming, { prefix: "b" }));
    const before = await each("b");
    const aimedAt = before.filter((_, index) => index % 2 === 0);
    const others = before.filter((_, index) => index % 2 === 1);
    (await stack.up(...aimedAt.flatMap(({ resource }) => ["--target", resource.urn]))).ok();
    for (const { type, change, resource } of await each("b")) {
      const wanted = aimedAt.some((aimed) => aimed.type === type);
      if (wanted) expect(resource.inputs, type).toMatchObject(change);
      else expect(resource.inputs, type).not.toMatchObject(change);
    }
    (await stack.up(...others.flatMap(({ resource }) => ["--target", resource.urn]))).ok();
    for (const { type, change, resource } of await each("b"))
      expect(resource.inputs, type).toMatchObject(change);
    expect(Object.values(sandbox.xima.server.state.customers)[0]?.licence).toMatchObject({
      essentialSeats: 6,
    });
  });

  test("protect: none is deleted", async () => {
    await stack.writeProgram(program("{ protect: true }", { prefix: "b", changed: true }));
    (await stack.up()).ok();
    const before = heard();
    await stack.writeProgram("");
    const run = await stack.up();
    expect(run.exitCode).not.toBe(0);
    expect(run.output).toMatch(/cannot be deleted\s+because it is protected/);
    expect((await each("b")).map(({ resource }) => resource.protect)).toEqual(
      kinds.map(() => true),
    );
    expect(heard()).toEqual(before);
  });

  test("retainOnDelete: each leaves the state, and no vendor hears of it", async () => {
    await stack.writeProgram(program("{ retainOnDelete: true }", { prefix: "b", changed: true }));
    (await stack.up()).ok();
    const before = heard();
    await stack.writeProgram("");
    const { output } = (await stack.up()).ok();
    expect(output).toContain(`- ${kinds.length} deleted`);
    expect(output).not.toMatch(/leaves the state but stays|is kept|scheduled for deletion/);
    expect(heard()).toEqual(before);
    expect((await stack.export()).deployment.resources?.map(({ type }) => type)).toEqual([
      "pulumi:pulumi:Stack",
    ]);
  });
});
