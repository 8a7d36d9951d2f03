/**
 * `npm run trial:kubernetes`: a fleet of eight stacks on a real Kubernetes of one node,
 * with its state in PostgreSQL, while workers die and the database restarts. Needs Linux,
 * root, Go, and the packages that it names. The first run builds Kubernetes.
 *
 *   npm run trial:kubernetes [-- --keep]     --keep leaves folder and logs
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { packed } from "../../test/package/packed.ts";
import { Postgres } from "../../test/receiver/postgres.ts";
import { bridge, Cluster } from "./cluster.ts";
import { kubernetesCommands } from "./commands.ts";
import { delayVictims, disturb } from "./disturbances.ts";
import { judge, prepareServers, stacks, writeStackFile } from "./estate.ts";
import { type Certificate, type Forward, forward, makeCertificate } from "./forward.ts";
import { imageArchive } from "./image.ts";
import { environmentSecret, indexedJob, runnerImage } from "./jobs.ts";
import { finished, podLogs } from "./pods.ts";
import { runPulumi } from "./pulumi.ts";
import { authorityFile, runnerUser, writeRunnerTree } from "./runner-tree.ts";

const { values } = parseArgs({ options: { keep: { type: "boolean", default: false } } });

const begun = performance.now();
const tell = (text: string) =>
  console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const folder = mkdtempSync(join(tmpdir(), "ucaas-kubernetes-"));
const cleanUps: (() => unknown)[] = [];
if (!values.keep) cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
});
try {
  await Promise.race([trial(), interrupted]);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  tell(values.keep ? `stopped; the logs are in ${folder}` : "stopped");
}

async function trial(): Promise<void> {
  const command = kubernetesCommands();
  const sandbox = await startSandbox();
  cleanUps.push(() => sandbox.stop());
  prepareServers(sandbox);
  const postgres = await Postgres.start();
  cleanUps.push(() => postgres[Symbol.asyncDispose]());
  const database = toBackendUrl(await postgres.database());

  const cluster = new Cluster(join(folder, "cluster"), command);
  cleanUps.push(() => cluster.stop());
  await cluster.start();
  tell("the node is ready");

  const certificate = makeCertificate(folder, bridge.address);
  // The sandbox's orders ask the tenants' server by the address that pods use.
  setDefaultCACertificates([...getCACertificates(), certificate.cert.toString()]);
  const forwards = await forwardServers(sandbox, database, certificate);
  cleanUps.push(() => forwards.close());
  const passphrase = "trial";
  const backend = {
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_DIY_BACKEND_ZSTD: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const project = await makeProject(
    sandbox,
    { ...backend, PULUMI_BACKEND_URL: database },
    forwards.outside(sandbox.xelion.tenant.server.url),
  );
  tell(`${stacks.length} stacks are in PostgreSQL`);
  await importImages(cluster, project, command("pause"), certificate.file);
  tell("the images are on the node");

  await cluster.apply(
    environmentSecret("runner", {
      ...Object.fromEntries(
        Object.entries(sandbox.environment).map(([name, value]) => [name, forwards.outside(value)]),
      ),
      ...backend,
      PULUMI_BACKEND_URL: forwards.outside(database),
      PULUMI_HOME: "/home/runner/.pulumi",
      HOME: "/home/runner",
      UCAAS_JOURNAL: forwards.outside(database).replace(/[?].*/, ""),
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
  for (const finding of findings) console.error(`✗ ${finding}`);
  if (findings.length === 0) tell("✓ each thing was created exactly once");
  if (findings.length > 0 || !up.succeeded || !drift.succeeded) {
    console.error(podLogs(cluster));
    process.exitCode = 1;
  }
}

/** The engine knows `postgres`, and asks for TLS unless told otherwise. */
function toBackendUrl(url: string): string {
  return `${url.replace(/^postgresql:/, "postgres:")}?sslmode=disable`;
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

/**
 * Makes the servers reachable from pods: the vendors' with TLS, without which the provider
 * sends no credentials to another machine, and the database as it is.
 */
async function forwardServers(sandbox: Sandbox, database: string, certificate: Certificate) {
  const urls = [...Object.values(sandbox.environment), sandbox.xelion.tenant.server.url];
  const portOf = (url: string) => Number(/127[.]0[.]0[.]1:(\d+)/.exec(url)?.[1] ?? 0);
  const byPort = new Map<number, Forward>();
  for (const port of new Set(urls.map(portOf)))
    if (port) byPort.set(port, await forward(bridge.address, port, certificate));
  byPort.set(portOf(database), await forward(bridge.address, portOf(database)));
  return {
    /** A text with the addresses that pods reach. */
    outside: (text: string) =>
      text
        .replace(/127[.]0[.]0[.]1:(\d+)/, (all, port) => {
          const target = byPort.get(Number(port));
          return target ? `${bridge.address}:${target.port}` : all;
        })
        .replace(/^http:/, "https:"),
    close: () => {
      for (const each of byPort.values()) each.close();
    },
  };
}

/** A reseller's project, with the packages as npm installs them. */
async function makeProject(
  sandbox: Sandbox,
  environment: Record<string, string>,
  tenantServer: string,
): Promise<string> {
  await using installed = await packed(
    "pulumi-ucaas",
    "pulumi-ucaas-stacks",
    "pulumi-ucaas-receiver",
    "pulumi-ucaas-sandbox",
    "ucaas",
  );
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

async function importImages(
  cluster: Cluster,
  project: string,
  pauseCommand: string,
  authority: string,
): Promise<void> {
  const [pauseTree, runnerTree] = ["pause-tree", "runner-tree"].map((name) =>
    join(folder, name),
  ) as [string, string];
  mkdirSync(pauseTree);
  copyFileSync(pauseCommand, join(pauseTree, "pause"));
  writeRunnerTree(runnerTree, project, authority);
  const all = [
    { name: "localhost/pause:1", tree: pauseTree, entrypoint: ["/pause"] },
    {
      name: runnerImage,
      tree: runnerTree,
      entrypoint: ["/bin/sh"],
      user: `${runnerUser}`,
      workingDir: "/app",
    },
  ];
  for (const options of all) {
    const work = mkdtempSync(join(folder, "image-"));
    await cluster.importImage(await imageArchive(options, work));
    rmSync(work, { recursive: true });
    rmSync(options.tree, { recursive: true });
  }
}
