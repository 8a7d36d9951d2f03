import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newOrder } from "../../provider/xelion/order.ts";
import { orderFromState, toOutputs } from "../../provider/xelion/outputs.ts";
import type { ProvisionOutputs } from "../../provider/xelion/schema.ts";

const folder = join(import.meta.dirname, "../fixtures/xelion-tenant-provision");

interface Recorded {
  deployment: { resources: { type: string; outputs: ProvisionOutputs }[] };
}

test.each(readdirSync(folder))(
  "the state that release 0.1.0 wrote has its whole order (%s)",
  (file) => {
    const { resources } = (JSON.parse(readFileSync(join(folder, file), "utf8")) as Recorded)
      .deployment;
    const outs = resources.find(({ type }) => type.endsWith("XelionTenantProvision"))!.outputs;
    expect(outs).toMatchObject({ schemaVersion: 1 });
    expect(orderFromState(outs)).toEqual({
      intentId: "06b2d30166dab64b68551fadcfd7aba2",
      configurationHash: "d46c3d121c2c50bfe13f1bc22748a67f0811667d7481e37dcd6ef8c49016f9fe",
      retryFailed: null,
      givenOrderId: null,
      callback: "direct",
      submittedAt: "2026-11-22T09:45:38.248Z",
      finishedAt: "2026-11-22T09:45:38.381Z",
      orderId: 1,
      status: "COMPLETED",
      lastMid: 3,
      endMid: 3,
      statusHistory: outs.statusHistory,
      heard: [],
    });
  },
);

test("the state keeps an order complete, also when the engine drops null values", () => {
  const declared = {
    configurationHash: "a",
    retryFailed: null,
    givenOrderId: null,
    wait: "completed",
  } as const;
  const order = newOrder(declared, null, "2025-01-31T02:00:00.000Z");
  const outs = toOutputs(
    { serverUrl: "https://pbx.example", tenantName: "pbx1" },
    order,
    "https://provisioning.example",
  );
  const kept = JSON.parse(
    JSON.stringify(outs, (_, value) => value ?? undefined),
  ) as ProvisionOutputs;
  expect(kept).toMatchObject({ schemaVersion: 2, status: "UNKNOWN" });
  expect(orderFromState(kept)).toEqual(order);
});
