import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { login, type World, world } from "../xelion/world.ts";
import { type RunningCommand, secret, type Workspace, workspace } from "./workspace.ts";

const pin = "pin-4711-canary";

/**
 * A program with one tenant; the configuration has its keys in an order that no sorting
 * would give, and a secret in its middle.
 */
const program = (serverUrl: string, args = "", name = "Fairy Tail") => `
  import * as pulumi from "@pulumi/pulumi";
  import { XelionTenantProvision } from "pulumi-ucaas";
  const config = new pulumi.Config();
  const tenant = new XelionTenantProvision("acme", {
    serverUrl: "${serverUrl}",
    tenantName: "pbx1",
    tenantLogin: { userName: "${login.userName}", password: config.requireSecret("password") },
    configuration: {
      version: 1,
      organization: { name: "${name}", city: "Magnolia" },
      zeta: [{ pin: config.requireSecret("pin"), b: 1, a: pulumi.output("later") }],
      departments: [],
    },
    timeout: "60s",
    ${args}
  });
  export const { orderId, status, statusHistory, adminHint } = tenant;
`;
const body = (name = "Fairy Tail") =>
  `{"version":1,"organization":{"name":"${name}","city":"Magnolia"},"zeta":[{"pin":"${pin}","b":1,"a":"later"}],"departments":[]}`;

describe("a tenant on the real engine", () => {
  let w: World;
  let stack: Workspace;

  beforeAll(async () => {
    w = await world();
    stack = await workspace({
      program: program(w.tenant.url),
      config: { ...w.config, password: secret(login.password), pin: secret(pin) },
      env: { UCAAS_JOURNAL_DIR: w.journalDir },
    });
  });
  afterAll(async () => {
    await stack.remove();
    await w[Symbol.asyncDispose]();
  });

  /** The journal's entries of orders, without those of the stack. */
  const ordersNoted = () => readdirSync(w.journalDir).filter((file) => file.startsWith("xelion-"));
  const write = (args?: string, name?: string) =>
    stack.writeProgram(program(w.tenant.url, args, name));
  const holding = () =>
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "status", status: "IN_PROGRESS", callback: "now", times: 1 },
        { do: "hold" },
        { do: "status", status: "COMPLETED", callback: "now", times: 1 },
      ],
    });
  const resource = async () =>
    (await stack.export()).deployment.resources?.find(({ type }) =>
      type.endsWith("XelionTenantProvision"),
    );
  const hasLine = (run: RunningCommand, words: string) =>
    eventually(() => expect(run.output()).toContain(words), run.done);

  test("a preview shows what the service refuses, with secrets masked, and sends no order", async () => {
    w.service.fault({
      kind: "status",
      status: 400,
      path: "/test$",
      body: `no trunk for pin ${pin}`,
    });
    const refused = await stack.preview();
    expect(refused.exitCode, refused.output).not.toBe(0);
    expect(refused.output).toContain(
      "the provisioning service refuses it: no trunk for pin [secret]",
    );
    expect(w.orders()).toEqual([]);
  });

  test("up sends the keys in the program's order and logs each status, without drift", async () => {
    const up = (await stack.up()).ok();
    expect(w.orders()).toMatchObject([{ configuration: body(), tenantName: "pbx1" }]);
    for (const status of ["NOT_STARTED", "IN_PROGRESS", "COMPLETED"])
      expect(up.output).toContain(`order 1: ${status} (callback)`);
    expect(await stack.outputs()).toMatchObject({
      orderId: 1,
      status: "COMPLETED",
      adminHint: expect.stringContaining("order 1 in the Admin UI"),
    });
    expect((await stack.preview("--refresh", "--expect-no-changes")).ok().output).toContain(
      "2 unchanged",
    );
    expect(w.sessions()).toEqual([]);
  });

  test("a rename or replacement sends no second order, and the last resource forgets the order", async () => {
    await stack.writeProgram(program(w.tenant.url).replace('"acme"', '"acme-ltd"'));
    const renamed = (await stack.up()).ok();
    expect(renamed.output).toContain("(COMPLETED, submitted at ");
    expect(renamed.output).toContain("is kept: another resource of this stack has it now");
    await write();
    (await stack.up()).ok();
    const replaced = (await stack.up("--replace", (await resource())?.urn as string)).ok();
    expect(replaced.output).toContain("(COMPLETED, submitted at ");
    expect(ordersNoted()).toHaveLength(1);
    expect((await stack.preview("--refresh", "--expect-no-changes")).ok().output).toContain(
      "2 unchanged",
    );
    expect(w.orders()).toHaveLength(1);
  });

  test("no secret is readable in the state, in the journal or in the outputs", async () => {
    const files = (folder: string) =>
      readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const kept = [stack.stateFolder, w.journalDir]
      .flatMap((folder) =>
        files(folder).map((file) => readFileSync(join(file.parentPath, file.name), "utf8")),
      )
      .join();
    for (const value of [pin, login.password, w.orders()[0]?.tenantToken as string]) {
      for (const spelling of [
        value,
        Buffer.from(value).toString("base64"),
        encodeURIComponent(value),
      ])
        expect(kept).not.toContain(spelling);
    }
    const outputs = (await resource())?.outputs;
    for (const input of ["tenantLogin", "configuration"]) expect(outputs).not.toHaveProperty(input);
  });

  test("a changed configuration is an update in place, and a failed order is kept and not resent", async () => {
    w.next("fails");
    await write(undefined, "Sabertooth");
    expect((await stack.preview("--diff")).ok().output).toMatch(
      /~ name: "Fairy Tail" => "Sabertooth"/,
    );
    const failed = await stack.up();
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("order 2 FAILED [ORDER_FAILED]");
    const state = await resource();
    expect(state?.outputs).toMatchObject({ orderId: 2, status: "FAILED" });

    const again = await stack.up();
    expect(again.exitCode).not.toBe(0);
    expect(again.output).toContain("set retryFailed to a value that it did not have");
    // A refresh removes the engine's own note of the failure; the order is still failed.
    expect((await stack.preview("--refresh", "--expect-no-changes")).exitCode).not.toBe(0);
    expect(w.orders()).toHaveLength(2);
  });

  test("retryFailed allows one new order, and the next run resumes a wait that Ctrl-C ended", async () => {
    holding();
    await write(`retryFailed: "2025-01-31"`, "Sabertooth");
    const first = stack.start(["up", "--yes", "--skip-preview"]);
    await hasLine(first, "order 3: IN_PROGRESS");
    first.signal("SIGINT");
    const interrupted = await first.done;
    expect(interrupted.output).toContain(
      "interrupted; order 3 goes on at the service (IN_PROGRESS) [INTERRUPTED]",
    );
    expect((await resource())?.outputs).toMatchObject({ orderId: 3, status: "IN_PROGRESS" });
    expect((await stack.export()).deployment.pending_operations ?? []).toEqual([]);

    const second = stack.start(["up", "--yes", "--skip-preview"]);
    await hasLine(second, "order 3 is IN_PROGRESS: waiting for its end");
    await w.proceed(3);
    expect((await second.done).ok().output).toContain("order 3: COMPLETED (callback)");
    expect(w.orders()).toHaveLength(3);
  });

  test("a power cut while it is waited for leaves the order to the next run", async () => {
    holding();
    await write(`retryFailed: "2025-01-31"`, "Blue Pegasus");
    const first = stack.start(["up", "--yes", "--skip-preview"]);
    await hasLine(first, "order 4: IN_PROGRESS");
    await first.crash();
    await first.done;
    (await stack.pulumi(["cancel", "--yes"])).ok();
    expect((await resource())?.outputs).toMatchObject({ orderId: 3 });

    // Neither a drift check at night nor a preview with a refresh saves what it reads, so
    // neither may take it from the journal.
    expect((await stack.refresh("--preview-only")).ok().output).toContain("1 to update");
    (await stack.preview("--refresh")).ok();
    expect((await resource())?.outputs).toMatchObject({ orderId: 3 });

    const second = stack.start(["up", "--refresh", "--yes"]);
    await hasLine(second, "order 4 is IN_PROGRESS: waiting for its end");
    await w.proceed(4);
    (await second.done).ok();
    expect(w.orders()).toHaveLength(4);
    expect((await stack.preview("--expect-no-changes")).exitCode).toBe(0);
  });

  test("refresh finds the end of an order without a wait, and reports a failed one", async () => {
    w.service.setOptions({ orderRoute: true });
    await stack.removeConfig("xelion:callback");
    await stack.setConfig("xelion:orderPath", "/api/v1/orders/{id}");
    w.service.state.courses.push({
      steps: [
        { do: "reply" },
        { do: "hold" },
        { do: "status", status: "FAILED", callback: "never", times: 1 },
      ],
    });
    await write(`wait: "submitted"`, "Lamia Scale");
    (await stack.up()).ok();
    expect(await stack.outputs()).toMatchObject({ orderId: 5, status: "SUBMITTED" });
    await w.proceed(5);
    await eventually(() => expect(w.orders()[4]?.status).toBe("FAILED"));
    const drift = await stack.refresh("--preview-only", "--expect-no-changes");
    expect(drift.exitCode, drift.output).not.toBe(0);
    expect(drift.output).toContain("order 5 FAILED");
  });

  test("an orderId adopts another tenant without an order, and destroy warns that tenants stay", async () => {
    await stack.writeProgram(
      program(w.tenant.url, `wait: "submitted", orderId: 3`, "Lamia Scale").replace("pbx1", "pbx2"),
    );
    const up = (await stack.up()).ok();
    expect(up.output).toContain("1 replaced");
    expect(up.output).toContain(
      "order 3 is taken for this tenant's, as declared by orderId; nothing is sent",
    );
    expect(await stack.outputs()).toMatchObject({ orderId: 3, status: "COMPLETED" });
    expect((await stack.destroy()).ok().output).toContain("the tenant stays as it is configured");
    expect(w.orders()).toHaveLength(5);
    expect(ordersNoted()).toEqual([]);
  });
});

describe("a state that an earlier release wrote", () => {
  const kept = (name: string, timeout = "20s") => `
    import * as pulumi from "@pulumi/pulumi";
    import { XelionTenantProvision } from "pulumi-ucaas";
    new XelionTenantProvision("kept", {
      serverUrl: "https://pbx.example",
      tenantName: "pbx1",
      tenantToken: new pulumi.Config().requireSecret("token"),
      configuration: { version: 1, organization: { name: "${name}" }, departments: [] },
      timeout: "${timeout}",
    });
  `;

  test("is previewed without a change, updated by one new order, and destroyed by this one", async () => {
    const folder = join(import.meta.dirname, "../fixtures/xelion-tenant-provision");
    for (const name of readdirSync(folder)) {
      await using w = await world();
      w.service.setOptions({ checkTenant: false });
      const config = { ...w.config, token: secret("token-of-the-tenant") };
      await using old = await workspace({
        program: kept("Fairy Tail"),
        config,
        env: { UCAAS_JOURNAL_DIR: w.journalDir },
      });
      (await old.import(JSON.parse(readFileSync(join(folder, name), "utf8")))).ok();
      expect((await old.preview("--expect-no-changes")).ok().output, name).toContain("2 unchanged");
      await old.writeProgram(kept("Sabertooth", "5m"));
      (await old.up()).ok();
      expect(w.orders()).toMatchObject([{ tenantName: "pbx1", status: "COMPLETED" }]);
      (await old.destroy()).ok();
      expect(w.orders(), name).toHaveLength(1);
    }
  });
});

describe("the plan that a preview has saved", () => {
  test("fits the first order and the order of a change", async () => {
    await using w = await world();
    const stack = await workspace({
      program: program(w.tenant.url),
      config: { ...w.config, password: secret(login.password), pin: secret(pin) },
      env: { UCAAS_JOURNAL_DIR: w.journalDir },
    });
    try {
      const plan = join(stack.folder, "plan.json");
      for (const name of ["Fairy Tail", "Other"]) {
        await stack.writeProgram(program(w.tenant.url, "", name));
        (await stack.preview("--save-plan", plan)).ok();
        (await stack.up("--plan", plan)).ok();
      }
      expect(w.orders().map(({ configuration }) => configuration)).toEqual([body(), body("Other")]);
    } finally {
      await stack.remove();
    }
  });
});
