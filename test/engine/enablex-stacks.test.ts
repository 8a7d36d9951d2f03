import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { enablexReseller } from "../enablex/enablex-server.ts";
import { eventually } from "../eventually.ts";
import { workspace } from "./workspace.ts";

test("of two stacks with the same customer, one creates it, and the other's error names it", async () => {
  await using enablex = await enablexReseller();
  const named = (customerName: string) => `
    import { EnableXCustomer } from "pulumi-ucaas";
    new EnableXCustomer("acme", { customerName: "${customerName}", customerCode: "ACME", contactEmail: "it@acme.test" });`;
  await using one = await workspace({ program: named("Acme One"), config: enablex.config });
  await using two = await workspace({ program: named("Acme Two"), config: enablex.config });
  enablex.server.fault({ kind: "hold", method: "POST", path: "/customers$", times: 2 });
  const running = Promise.all([one.up(), two.up()]);
  // Both have looked, and found nothing.
  await eventually(() => expect(enablex.calls(/^POST .customers$/)).toHaveLength(2), running);
  enablex.server.faults.clear();
  const runs = await running;
  const [created, ...others] = Object.entries(enablex.server.state.customers);
  expect(others).toEqual([]);
  const won = runs.filter(({ exitCode }) => exitCode === 0);
  const lost = runs.find(({ exitCode }) => exitCode !== 0);
  expect(won).toHaveLength(1);
  expect(lost?.output).toContain(`customer ${created?.[0]} "${created?.[1].fields.customer_name}"`);
  expect(lost?.output).toMatch(/\[DUPLICATE/);
  const loser = lost === runs[0] ? one : two;
  expect(JSON.stringify(await loser.export())).not.toContain("EnableXCustomer");
});

test("this release previews, refreshes, updates and destroys the state of an earlier release", async () => {
  const folder = join(import.meta.dirname, "../fixtures/enablex");
  /** What was declared in those days. */
  const declared = ({ contactName = "", seats = 5, firstName = "Ada" } = {}) => `
    import { EnableXCustomer, EnableXSubscription, EnableXUser } from "pulumi-ucaas";
    const { customerId } = new EnableXCustomer("kept", {
      customerName: "Café Zürich", customerCode: "KEPT", contactEmail: "it@kept.test", status: "active",
      officeAddress: { city: "Zürich", country: "CH" }, ${contactName && `contactName: "${contactName}"`}
    });
    new EnableXSubscription("plan", { customerId, planId: 7, fields: { seats: ${seats} } });
    new EnableXUser("ada", {
      customerId, userType: "moderator", firstName: "${firstName}", email: "ada@kept.test", fields: { password: "made-in-those-days-1" },
    });`;
  for (const name of readdirSync(folder)) {
    await using enablex = await enablexReseller();
    const { server, reseller } = enablex;
    const owner = reseller.accessId;
    server.state.customers["1001"] = {
      owner,
      fields: {
        customer_name: "Café Zürich",
        customer_code: "KEPT",
        contact_email: "it@kept.test",
        status: "A",
        office_address: { city: "Zürich", country_id: "216" },
      },
    };
    server.state.subscriptions["1002"] = {
      owner,
      fields: { customer_id: "1001", plan_id: "7", seats: 5 },
    };
    server.state.users["1003"] = {
      owner,
      fields: {
        user_type: "moderator",
        first_name: "Ada",
        email: "ada@kept.test",
        customer_id: "1001",
        password: "made-in-those-days-1",
      },
    };
    // The file has names instead of what is another one with each run.
    const text = readFileSync(join(folder, name), "utf8")
      .replaceAll("HOST", new URL(server.url).host)
      .replaceAll("ACCESS_ID", owner);
    await using old = await workspace({ program: declared(), config: enablex.config });
    (await old.import(JSON.parse(text))).ok();
    expect((await old.preview("--expect-no-changes")).ok().output, name).toContain("4 unchanged");
    (await old.refresh("--expect-no-changes", "--run-program")).ok();
    expect(enablex.calls(/^(POST|PATCH|PUT|DELETE)/)).toEqual([]);
    await old.writeProgram(declared({ contactName: "Ada King", seats: 6, firstName: "Augusta" }));
    (await old.up()).ok();
    expect(server.state.customers["1001"]?.fields).toMatchObject({ contact_name: "Ada King" });
    expect(server.state.subscriptions["1002"]?.fields).toMatchObject({ seats: 6 });
    expect(server.state.users["1003"]?.fields).toMatchObject({ first_name: "Augusta" });
    expect(JSON.stringify(await old.export())).not.toContain("made-in-those-days-1");
    (await old.destroy()).ok();
    expect(enablex.customers()).toEqual([]);
  }
});
