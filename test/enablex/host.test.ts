import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type DynamicHost, dynamicHost } from "../host/dynamic-host.ts";
import { type EnablexReseller, enablexReseller } from "./enablex-server.ts";

const acme = { customerName: "Acme", customerCode: "ACME", contactEmail: "it@acme.test" };

describe("the handlers in Pulumi's dynamic-provider process", () => {
  const journal = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
  let enablex: EnablexReseller;
  let host: DynamicHost;
  const start = (config: Record<string, unknown>) =>
    dynamicHost({ config, env: { UCAAS_JOURNAL_DIR: journal } });

  beforeAll(async () => {
    enablex = await enablexReseller();
    host = await start(enablex.login);
  });
  afterAll(async () => {
    await host.stop();
    await enablex.server.stop();
    rmSync(journal, { recursive: true, force: true });
  });
  afterEach(() => {
    enablex.server.state.customers = {};
    enablex.server.setOptions({ visibleAfterMs: 0 });
  });

  test("make, compare, read, change and delete all three, with one login", async () => {
    const customer = await host.create("EnableXCustomer", acme);
    const customerId = customer.outs.customerId;
    const [subscription, user] = await Promise.all([
      host.create("EnableXSubscription", { customerId, planId: 7 }),
      host.create("EnableXUser", {
        customerId,
        userType: "moderator",
        firstName: "Ada",
        email: "ada@acme.test",
      }),
    ]);
    expect([customer.id, subscription.outs.subscriptionId, user.outs.userId]).toEqual([
      customerId,
      subscription.id,
      user.id,
    ]);
    expect(
      await host.diff("EnableXCustomer", customerId, customer.outs, {
        ...acme,
        contactEmail: "IT@acme.test",
      }),
    ).toMatchObject({
      changes: false,
    });

    await enablex.change("customers", customerId, { customer_name: "By hand" });
    const read = await host.read("EnableXCustomer", customerId, customer.outs);
    expect(read).toMatchObject({ id: customerId, inputs: { ...acme, customerName: "By hand" } });
    expect(read.inputs).not.toHaveProperty("customerId");
    expect(await host.diff("EnableXCustomer", customerId, read.props, acme)).toMatchObject({
      changes: true,
      replaces: [],
    });
    expect((await host.update("EnableXCustomer", customerId, read.props, acme)).outs).toMatchObject(
      acme,
    );

    await host.delete("EnableXSubscription", subscription.id, subscription.outs);
    await host.delete("EnableXCustomer", customerId, customer.outs);
    expect(await host.read("EnableXCustomer", customerId, customer.outs)).toMatchObject({ id: "" });
    expect(host.output()).toMatch(
      new RegExp(`warning: EnableXSubscription .*: subscription ${subscription.id} `),
    );
    expect(enablex.calls(/login/)).toHaveLength(1);
  });

  test("a create whose process is killed is resumed by the next one, and the customer exists once", async () => {
    enablex.server.fault({ kind: "hangAfter", method: "POST", path: "/customers$" });
    const killed = host.failure(host.create("EnableXCustomer", { ...acme, adopt: "never" }));
    await eventually(() => expect(enablex.customers()).toHaveLength(1), killed);
    await host.crash();
    await killed;
    host = await start(enablex.login);
    const { id } = await host.create("EnableXCustomer", { ...acme, adopt: "never" });
    expect(enablex.customers()).toMatchObject([{ id }]);
  });

  test("a create that fails after the customer exists is a partial failure with all known outputs", async () => {
    enablex.server.setOptions({ visibleAfterMs: 60_000 });
    const failure = await host.failure(host.create("EnableXCustomer", acme));
    expect(failure.partial).toMatchObject({
      id: enablex.customers()[0]?.id,
      properties: { ...acme, customerId: enablex.customers()[0]?.id },
    });
    expect(failure.message).toContain("NOT_SHOWN");
  });

  test("no credential and no token is ever printed, for any failure", async () => {
    const messages: string[] = [];
    const failing = async (running: Promise<unknown>) =>
      messages.push((await host.failure(running)).message);
    const token = () => Object.keys(enablex.server.state.sessions).at(-1) ?? "none";
    await host.create("EnableXCustomer", acme);
    const echo = (status: number) =>
      enablex.server.fault({
        kind: "status",
        status,
        path: "/customers",
        body: JSON.stringify({
          result: 406,
          desc: `you sent ${token()} ${enablex.reseller.password} ${encodeURIComponent(enablex.reseller.password)}`,
        }),
      });
    echo(406);
    await failing(host.read("EnableXCustomer", "1001", acme));
    echo(400);
    await failing(host.update("EnableXCustomer", "1001", acme, { ...acme, customerName: "x" }));
    expect(messages.join()).toContain("you sent [secret] [secret]");
    const { password } = enablex.reseller;
    for (const secret of [
      token(),
      password,
      Buffer.from(password).toString("base64"),
      encodeURIComponent(password),
    ]) {
      expect(messages.join() + host.output()).not.toContain(secret);
    }
  });
});
