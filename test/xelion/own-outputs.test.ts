import { expect, test } from "vitest";
import { createDispatcher, type TypedProvider } from "../../provider/runtime/dispatch.ts";
import { acceptEarlierRuns } from "../../provider/runtime/earlier-runs.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";
import { xelionTenantProvisionProvider } from "../../provider/xelion/provider.ts";
import type { ProvisionOutputs } from "../../provider/xelion/schema.ts";
import { type World, world } from "./world.ts";

const type = "XelionTenantProvision";
const stack = "ucaas-test/test";

/** The provider as the dynamic host calls it. */
async function dispatcher(w: World) {
  const values: Record<string, unknown> = { ...w.plainConfig, "ucaas:journalDir": w.journalDir };
  const get = (key: string) => {
    const value = values[key];
    return (typeof value === "object" ? JSON.stringify(value) : value) as never;
  };
  await acceptEarlierRuns(new Journal({ get }), stack);
  const call = createDispatcher({
    [type]: async (config) => xelionTenantProvisionProvider(config) as TypedProvider,
  });
  return (method: "diff" | "create" | "update", ...args: unknown[]) =>
    call(type, method, args, { get, require: get });
}

/** All parts of it that could be a short secret by chance: a PIN, the name of a SIP user. */
const rememberPartsOf = (text: string) => {
  for (let at = 0; at + 4 <= text.length; at += 4) rememberSecret(text.slice(at, at + 4));
};

test("a short secret that is a part of the order's hash, id or time sends no second order", async () => {
  await using w = await world();
  const call = await dispatcher(w);
  const inputs = { ...w.inputs, __stack: stack, __resource: "pbx1", __provider: "line" };
  w.next("completes");
  const first = (await call("create", inputs)) as { id: string; outs: ProvisionOutputs };
  const { configurationHash, intent, submittedAt } = first.outs;
  for (const text of [configurationHash, intent.intentId, submittedAt]) rememberPartsOf(text);

  const { id, outs } = (await call("update", first.id, first.outs, {
    ...inputs,
    wait: "submitted",
  })) as { id?: string; outs: ProvisionOutputs };
  expect(outs).toMatchObject({ configurationHash, submittedAt, intent });
  expect(await call("diff", id ?? first.id, outs, { ...inputs, wait: "submitted" })).toMatchObject({
    changes: false,
  });
  // Created in a process that knows these secrets from the beginning.
  const other = { ...inputs, tenantName: "pbx2", __resource: "pbx2" };
  w.next("completes");
  const second = (await call("create", other)) as { id: string; outs: ProvisionOutputs };
  expect(second.outs.configurationHash).toBe(configurationHash);
  expect(second.outs.intent.configurationHash).toBe(configurationHash);
  expect(await call("diff", second.id, second.outs, other)).toMatchObject({ changes: false });
  await call("update", second.id, second.outs, other);
  expect(w.orders()).toHaveLength(2);
});

test("a state whose hash an earlier release masked in part is ordered as it is declared", async () => {
  await using w = await world();
  const call = await dispatcher(w);
  const inputs = { ...w.inputs, __stack: stack, __resource: "pbx1", __provider: "line" };
  w.next("completes");
  const { id, outs } = (await call("create", inputs)) as { id: string; outs: ProvisionOutputs };
  const configurationHash = `${outs.configurationHash.slice(0, 20)}[secret]${outs.configurationHash.slice(24)}`;
  const masked = { ...outs, configurationHash, intent: { ...outs.intent, configurationHash } };
  expect(await call("diff", id, masked, inputs)).toMatchObject({ changes: false });
  await call("update", id, masked, inputs);
  expect(w.orders()).toHaveLength(1);
  const changed = { ...inputs, configuration: { version: 1, organization: { name: "Other" } } };
  expect(await call("diff", id, masked, changed)).toMatchObject({ changes: true });
});
