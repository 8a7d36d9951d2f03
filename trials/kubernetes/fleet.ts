/** The phase of the trial that runs `ucaas fleet` as Indexed Jobs, while workers die. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Sandbox } from "../../sandbox/start.ts";
import { packagesOfProject, packed } from "../../test/package/packed.ts";
import { type Postgres, toBackendUrl } from "../../test/receiver/postgres.ts";
import type { Cluster } from "./cluster.ts";
import { delayVictims, disturb } from "./disturbances.ts";
import { judge, stacks, writeStackFile } from "./estate.ts";
import { importImage } from "./image.ts";
import { environmentSecret, indexedJob, runnerImage } from "./jobs.ts";
import { finished } from "./pods.ts";
import { runPulumi } from "./pulumi.ts";
import { authorityFile, runnerUser, writeRunnerTree } from "./runner-tree.ts";

interface FleetTrial {
  readonly cluster: Cluster;
  readonly sandbox: Sandbox;
  readonly postgres: Postgres;
  /** URL of the database of state and journal. */
  readonly database: string;
  readonly folder: string;
  /** The certificate of the authority that pods trust. */
  readonly authority: string;
  /** A text with the addresses that pods reach. */
  outside(text: string): string;
  tell(text: string): void;
}

/** @returns what was not as promised, in words */
export async function tryFleet(trial: FleetTrial): Promise<string[]> {
  const { cluster, sandbox, postgres, folder, outside, tell } = trial;
  const database = toBackendUrl(trial.database);
  const passphrase = "trial";
  const backend = {
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_DIY_BACKEND_ZSTD: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const project = await makeProject(
    folder,
    sandbox,
    { ...backend, PULUMI_BACKEND_URL: database },
    outside(sandbox.xelion.tenant.server.url),
  );
  tell(`${stacks.length} stacks are in PostgreSQL`);
  const tree = join(folder, "runner-tree");
  writeRunnerTree(tree, project, trial.authority);
  await importImage(cluster, folder, {
    ...{ name: runnerImage, tree, entrypoint: ["/bin/sh"] },
    ...{ user: `${runnerUser}`, workingDir: "/app" },
  });
  tell("the runner's image is on the node");

  await cluster.apply(
    environmentSecret("runner", {
      ...Object.fromEntries(
        Object.entries(sandbox.environment).map(([name, value]) => [name, outside(value)]),
      ),
      ...backend,
      PULUMI_BACKEND_URL: outside(database),
      PULUMI_HOME: "/home/runner/.pulumi",
      HOME: "/home/runner",
      UCAAS_JOURNAL: outside(database).replace(/[?].*/, ""),
      NODE_EXTRA_CA_CERTS: authorityFile,
      PATH: "/app/node_modules/.bin:/usr/local/bin:/usr/bin:/bin",
      NO_COLOR: "1",
    }),
  );

  delayVictims(sandbox);
  const job = { completions: stacks.length, parallelism: 2 };
  await cluster.apply(indexedJob({ ...job, name: "up", script: script("up"), retries: 6 }));
  const end = new AbortController();
  const disturbances = disturb(cluster, sandbox, postgres, tell, end.signal);
  const up = await finished(cluster, "up");
  end.abort();
  const missed = await disturbances;
  tell(`up: ${up.text}`);

  await cluster.apply(
    indexedJob({
      ...job,
      name: "drift",
      script: script("drift"),
      retries: 2,
    }),
  );
  const drift = await finished(cluster, "drift");
  tell(`drift: ${drift.text}`);
  const [size] = await postgres.query(
    database,
    `select pg_total_relation_size('pulumi_state') as state, pg_total_relation_size('ucaas_journal') as journal`,
  );
  tell(
    `in PostgreSQL: ${Number(size?.state) / 1000} KB of state, ${Number(size?.journal) / 1000} KB of journal`,
  );

  const findings = [...missed, ...judge(sandbox)];
  if (findings.length === 0) tell("✓ each thing was created exactly once");
  if (!up.succeeded) findings.push("up did not succeed");
  if (!drift.succeeded) findings.push("drift did not succeed");
  return findings;
}

/**
 * A Job's controller ends a pod before it starts the next one of the same index, so a
 * lock that is there is of a pod that is gone.
 */
function script(action: "up" | "drift"): string {
  return `set -u
stack=reseller-$((JOB_COMPLETION_INDEX + 1))
pulumi cancel --yes --stack "$stack" >/dev/null 2>&1
exec ucaas fleet ${action} --stacks "$stack" --record /tmp/record.json`;
}

/** A reseller's project, with the packages as npm installs them. */
async function makeProject(
  folder: string,
  sandbox: Sandbox,
  environment: Record<string, string>,
  tenantServer: string,
): Promise<string> {
  await using installed = await packed(...packagesOfProject);
  const project = join(folder, "project");
  cpSync(installed.project, project, { recursive: true, verbatimSymlinks: true });
  writeFileSync(
    join(project, "Pulumi.yaml"),
    stringify({
      name: "voicehouse",
      runtime: { name: "nodejs", options: { typescript: false } },
      main: "index.ts",
      stackConfigDir: "stacks",
    }),
  );
  writeFileSync(join(project, "index.ts"), 'export * from "pulumi-ucaas-stacks";\n');
  mkdirSync(join(project, "stacks"));
  for (const stack of stacks) {
    await runPulumi(project, ["stack", "init", stack, "--no-select"], environment);
    writeStackFile(join(project, "stacks"), stack, tenantServer, sandbox, {});
  }
  return project;
}
