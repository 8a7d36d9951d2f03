import { setTimeout as pause } from "node:timers/promises";
import type { Sandbox } from "../../sandbox/start.ts";
import type { Postgres } from "../../test/receiver/postgres.ts";
import type { Cluster } from "./cluster.ts";
import { customerCode } from "./estate.ts";
import { containerOf, deletePod } from "./pods.ts";

/** Two creates and an order whose replies come so late that their worker dies before. */
const victims = {
  create: { stack: "reseller-2", slug: "beta" },
  order: { stack: "reseller-3", slug: "alpha" },
  killed: { stack: "reseller-5", slug: "gamma" },
  database: { stack: "reseller-6", slug: "beta" },
};

/** Makes the servers answer the victims late. */
export function delayVictims({ enablex, xelion }: Sandbox): void {
  const late = { kind: "delayAfter", method: "POST", ms: 120_000 } as const;
  for (const victim of [victims.create, victims.killed])
    enablex.server.fault({
      ...late,
      path: "/customers$",
      bodyMatches: `"${customerCode(victim.stack, victim.slug)}"`,
    });
  xelion.server.fault({ ...late, path: "/provision$", bodyMatches: `${victims.order.stack}-` });
  enablex.server.fault({
    ...late,
    ms: 5000,
    path: "/customers$",
    bodyMatches: `"${customerCode(victims.database.stack, victims.database.slug)}"`,
  });
}

/**
 * Waits for each victim's request to be carried out, and strikes before it is answered.
 *
 * @returns what could not be done until the signal, in words
 */
export async function disturb(
  cluster: Cluster,
  { enablex, xelion }: Sandbox,
  postgres: Postgres,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const hasCustomer =
    ({ stack, slug }: { stack: string; slug: string }) =>
    () =>
      Object.values(enablex.server.state.customers).some(
        ({ fields }) => fields.customer_code === customerCode(stack, slug),
      );
  const hasOrder = () =>
    Object.values(xelion.server.state.orders).some(({ tenantName }) =>
      tenantName.startsWith(victims.order.stack),
    );
  const strike = async (what: string, isTime: () => boolean, action: () => Promise<unknown>) => {
    try {
      while (!isTime()) await pause(50, undefined, { signal });
      await action();
      tell(what);
      return [];
    } catch (error) {
      return [`not done: ${what} (${(error as Error).message})`];
    }
  };
  const { create, order, killed, database } = victims;
  const missed = await Promise.all([
    strike(
      `the pod of ${create.stack} is deleted in the middle of a create`,
      hasCustomer(create),
      () => deletePod(cluster, create.stack),
    ),
    strike(`the pod of ${order.stack} is deleted in the middle of an order`, hasOrder, () =>
      deletePod(cluster, order.stack),
    ),
    strike(`the worker of ${killed.stack} is killed with SIGKILL`, hasCustomer(killed), async () =>
      cluster.kill(await containerOf(cluster, killed.stack)),
    ),
    strike(
      "the database ends as in a crash, and starts again 2 s later",
      hasCustomer(database),
      async () => {
        await postgres.down();
        await pause(2000);
        await postgres.up();
      },
    ),
  ]);
  return missed.flat();
}
