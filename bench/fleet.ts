import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import Table from "cli-table3";
import { parse, stringify } from "yaml";
import type { FleetReport } from "../cli/fleet/result.ts";
import { type Workspace, workspace } from "../test/engine/workspace.ts";
import { Postgres, toBackendUrl } from "../test/receiver/postgres.ts";
import { type EnablexAccount, enablexAccount } from "./enablex-account.ts";
import { median } from "./interleave.ts";
import { watchProcessTree } from "./process-tree.ts";

export interface FleetOptions {
  readonly stacks: number;
  /** In each stack. */
  readonly customers: number;
  /** Stacks at a time. */
  readonly workers: number;
  /** With the packages of a reseller's project, as npm installs them. */
  readonly modules: string;
}

/** One `ucaas fleet` of all stacks. */
export interface FleetMeasurement extends Omit<FleetOptions, "modules"> {
  readonly action: "up" | "drift";
  /** Of the whole command. */
  readonly seconds: number;
  /** The median of the stacks. */
  readonly secondsOfStack: number;
  /** Of the command and its descendants, which are all engines; Linux only. */
  readonly cpuSeconds?: number;
  readonly peakMemoryBytes?: number;
  readonly requests: number;
  /** In PostgreSQL, with the row versions that it has not reused yet. */
  readonly stateBytes: number;
  readonly journalBytes: number;
}

/**
 * `ucaas fleet up` and `ucaas fleet drift` for many stacks of one reseller's account, with
 * states and journal in one PostgreSQL. The customers are in the stack files.
 */
export async function measureFleet(options: FleetOptions): Promise<FleetMeasurement[]> {
  await using postgres = await Postgres.start();
  const database = await postgres.database();
  const account = await enablexAccount();
  try {
    await using project = await openProject(account, database, options);
    const measurements: FleetMeasurement[] = [];
    for (const action of ["up", "drift"] as const) {
      const measured = await runFleet(action, project, account, options);
      const [size] = await postgres.query(
        database,
        `select pg_total_relation_size('pulumi_state') as state,
           pg_total_relation_size('ucaas_journal') + pg_total_relation_size('ucaas_log') as journal`,
      );
      const { modules: _, ...shape } = options;
      measurements.push({
        ...{ action, ...shape, ...measured },
        stateBytes: Number(size?.state),
        journalBytes: Number(size?.journal),
      });
    }
    return measurements;
  } finally {
    await account.server.stop();
  }
}

async function openProject(
  { server, accessId, accessKey }: EnablexAccount,
  database: string,
  { stacks, customers, modules }: FleetOptions,
): Promise<Workspace> {
  const project = await workspace({
    program: 'export * from "pulumi-ucaas-stacks";\n',
    main: "index.js",
    modules,
    env: {
      PULUMI_BACKEND_URL: toBackendUrl(database),
      UCAAS_JOURNAL: database,
      ENABLEX_BASE_URL: server.baseUrl,
      ENABLEX_ACCESS_ID: accessId,
      ENABLEX_ACCESS_KEY: accessKey,
    },
  });
  const definition = join(project.folder, "Pulumi.yaml");
  const folder = "stacks";
  await writeFile(
    definition,
    stringify({ ...parse(await readFile(definition, "utf8")), stackConfigDir: folder }),
  );
  await mkdir(join(project.folder, folder));
  for (let index = 0; index < stacks; index++) {
    const stack = `stack-${index}`;
    (await project.pulumi(["stack", "init", stack, "--no-select"])).ok();
    const file = join(project.folder, folder, `Pulumi.${stack}.yaml`);
    const content = parse(await readFile(file, "utf8"));
    const declared = { "ucaas:customers": declareCustomers(stack, customers) };
    await writeFile(file, stringify({ ...content, config: declared }));
  }
  return project;
}

function declareCustomers(stack: string, customers: number): Record<string, object> {
  return Object.fromEntries(
    Array.from({ length: customers }, (_, index) => {
      const slug = `${stack}-customer-${index}`;
      const enablex = { contactEmail: `${slug}@example.com` };
      return [slug, { name: `Customer ${index} of ${stack}`, enablex }];
    }),
  );
}

async function runFleet(
  action: FleetMeasurement["action"],
  project: Workspace,
  { server }: EnablexAccount,
  { workers, modules }: FleetOptions,
): Promise<Omit<FleetMeasurement, keyof FleetOptions | "action" | "stateBytes" | "journalBytes">> {
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
  const command = spawn(
    join(modules, ".bin", "ucaas"),
    ["fleet", action, "--parallel", `${workers}`, "--json"],
    { cwd: project.folder, env: project.env, stdio: ["ignore", "pipe", "inherit"] },
  );
  const watch = watchProcessTree(command.pid ?? 0);
  let output = "";
  for await (const text of command.stdout.setEncoding("utf8")) output += text;
  const usage = watch.stop();
  const seconds = (performance.now() - begun) / 1000;
  counting.abort();
  await counter;
  count();
  const report = JSON.parse(output) as FleetReport;
  const others = report.stacks.filter(({ status }) => status !== "done");
  if (others.length > 0) throw new Error(`fleet ${action}: ${JSON.stringify(others[0])}`);
  return {
    ...{ seconds, requests, ...usage },
    secondsOfStack: median(report.stacks.map((stack) => stack.seconds)),
  };
}

export function fleetReport(measurements: readonly FleetMeasurement[]): string {
  const [first] = measurements;
  if (!first) return "";
  const { stacks, customers, workers } = first;
  const table = new Table({
    head: [
      `${stacks} stacks of ${customers} customers, ${workers} at a time`,
      ...["seconds of all", "seconds of a stack", "CPU s a stack", "peak MB of all"],
      ...["requests a stack", "states, MB", "journal, MB"],
    ],
    style: { head: [], border: [] },
  });
  const megabytes = (bytes = 0) => (bytes / 1e6).toFixed(1);
  for (const each of measurements)
    table.push([
      each.action,
      each.seconds.toFixed(0),
      each.secondsOfStack.toFixed(1),
      ((each.cpuSeconds ?? 0) / stacks).toFixed(1),
      megabytes(each.peakMemoryBytes),
      (each.requests / stacks).toFixed(0),
      megabytes(each.stateBytes),
      megabytes(each.journalBytes),
    ]);
  return table.toString();
}
