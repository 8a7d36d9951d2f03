import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import Table from "cli-table3";
import PQueue from "p-queue";
import { secret, type Workspace, workspace } from "../test/engine/workspace.ts";
import { Postgres } from "../test/receiver/postgres.ts";
import { ucaas } from "./customer-programs.ts";
import { type EnablexAccount, enablexAccount } from "./enablex-account.ts";
import { median } from "./interleave.ts";
import { watchProcessTree } from "./process-tree.ts";
import { backendDefaults } from "./pulumi-contender.ts";

export interface FleetOptions {
  readonly stacks: number;
  /** In each stack. */
  readonly customers: number;
  /** Stacks at a time. */
  readonly workers: number;
  readonly modules: string;
}

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number;
  readonly requests: number;
  readonly databaseBytes: number;
}

const commands = {
  up: ["up", "--yes", "--skip-preview"],
  drift: ["refresh", "--preview-only", "--expect-no-changes"],
};

/**
 * Many stacks of one reseller's account, with states and journal in one PostgreSQL, so
 * many at a time: the time of all, and what one stack takes. The engine is started for
 * each stack, without `ucaas fleet`.
 */
export async function measureFleet(options: FleetOptions): Promise<string> {
  const { stacks, customers, workers } = options;
  await using postgres = await Postgres.start();
  const database = await postgres.database();
  const account = await enablexAccount();
  const fleet: Workspace[] = [];
  try {
    for (let index = 0; index < stacks; index++)
      fleet.push(await openStack(index, account, database, options));
    const table = new Table({
      head: [
        `${stacks} stacks of ${customers} customers, ${workers} at a time`,
        "seconds of all",
        "CPU s a stack",
        "peak MB a stack",
        "requests a stack",
        "database MB",
      ],
      style: { head: [], border: [] },
    });
    for (const [name, args] of Object.entries(commands)) {
      const round = await runAll(fleet, args, account, workers, async () => {
        const [row] = await postgres.query(
          database,
          `select sum(pg_total_relation_size(to_regclass(name))) as bytes
             from unnest(array['pulumi_state', 'ucaas_journal', 'ucaas_log']) as name`,
        );
        return Number(row?.bytes);
      });
      table.push([
        name,
        round.seconds.toFixed(0),
        round.cpuSeconds.toFixed(1),
        (round.peakMemoryBytes / 1e6).toFixed(0),
        (round.requests / stacks).toFixed(0),
        (round.databaseBytes / 1e6).toFixed(1),
      ]);
    }
    return table.toString();
  } finally {
    for (const stack of fleet) await stack.remove();
    await account.server.stop();
  }
}

function openStack(
  index: number,
  { server, accessId, accessKey }: EnablexAccount,
  database: string,
  { customers, modules }: FleetOptions,
): Promise<Workspace> {
  const program = ucaas
    .program(customers, false)
    .replaceAll('"customer-"', `"stack-${index}-customer-"`)
    .replaceAll('"code-"', `"code-${index}-"`);
  return workspace({
    program,
    modules,
    stack: `stack-${index}`,
    config: {
      "enablex:baseUrl": server.baseUrl,
      "enablex:accessId": accessId,
      "enablex:accessKey": secret(accessKey),
    },
    env: {
      ...backendDefaults,
      PULUMI_BACKEND_URL: `${database.replace(/^postgresql:/, "postgres:")}?sslmode=disable`,
      UCAAS_JOURNAL: database,
    },
  });
}

async function runAll(
  fleet: readonly Workspace[],
  args: string[],
  { server }: EnablexAccount,
  workers: number,
  databaseBytes: () => Promise<number>,
): Promise<Round> {
  const queue = new PQueue({ concurrency: workers });
  const cpuSeconds: number[] = [];
  const peaks: number[] = [];
  let requests = 0;
  // The server's log has a longest length, so it is counted while it grows.
  const counting = new AbortController();
  const count = () => {
    requests += server.received.length;
    server.received = [];
  };
  const counter = (async () => {
    while (!counting.signal.aborted) {
      count();
      await pause(500);
    }
  })();
  const begun = performance.now();
  await queue.addAll(
    fleet.map((stack) => async () => {
      const command = stack.start(args, { timeoutMs: 1_800_000 });
      const watch = watchProcessTree(command.pid ?? 0);
      try {
        (await command.done).ok();
      } finally {
        const usage = watch.stop();
        if (usage) {
          cpuSeconds.push(usage.cpuSeconds);
          peaks.push(usage.peakMemoryBytes);
        }
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  counting.abort();
  await counter;
  count();
  return {
    seconds,
    cpuSeconds: median(cpuSeconds),
    peakMemoryBytes: Math.max(0, ...peaks),
    requests,
    databaseBytes: await databaseBytes(),
  };
}
