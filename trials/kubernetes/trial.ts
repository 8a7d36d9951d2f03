/**
 * `npm run trial:kubernetes`: the receiver, and a fleet of eight stacks, on a real
 * Kubernetes of one node, with all they keep in PostgreSQL, while pods die and the database
 * restarts. Needs Linux, root, Go, and the packages that it names. The first run builds
 * Kubernetes.
 *
 *   npm run trial:kubernetes [-- --only receiver|fleet] [--keep]     --keep leaves folder and logs
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { Postgres } from "../../test/receiver/postgres.ts";
import { bridge, Cluster } from "./cluster.ts";
import { kubernetesCommands } from "./commands.ts";
import { prepareServers } from "./estate.ts";
import { tryFleet } from "./fleet.ts";
import { type Certificate, type Forward, forward, makeCertificate } from "./forward.ts";
import { importImage } from "./image.ts";
import { podLogs } from "./pods.ts";
import { tryReceiver } from "./receiver.ts";
import { writeReceiverTree } from "./receiver-tree.ts";

const { values } = parseArgs({
  options: { keep: { type: "boolean", default: false }, only: { type: "string" } },
});

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
  const { only } = values;
  if (only !== undefined && !["receiver", "fleet"].includes(only))
    throw new Error("--only takes receiver or fleet.");
  const command = kubernetesCommands();
  const sandbox = await startSandbox();
  cleanUps.push(() => sandbox.stop());
  prepareServers(sandbox);
  const postgres = await Postgres.start();
  cleanUps.push(() => postgres[Symbol.asyncDispose]());
  const database = await postgres.database();

  const cluster = new Cluster(join(folder, "cluster"), command);
  cleanUps.push(() => cluster.stop());
  await cluster.start();
  const pauseTree = join(folder, "pause-tree");
  mkdirSync(pauseTree);
  copyFileSync(command("pause"), join(pauseTree, "pause"));
  const pauseImage = { name: "localhost/pause:1", tree: pauseTree, entrypoint: ["/pause"] };
  await importImage(cluster, folder, pauseImage);
  tell("the node is ready");

  const certificate = makeCertificate(folder, bridge.address);
  // The sandbox's orders ask the tenants' server by the address that pods use.
  setDefaultCACertificates([...getCACertificates(), certificate.cert.toString()]);
  const forwards = await forwardServers(sandbox, database, certificate);
  cleanUps.push(() => forwards.close());

  const findings: string[] = [];
  if (only !== "fleet") {
    await importImage(cluster, folder, writeReceiverTree(join(folder, "receiver-tree")));
    const url = forwards.outside(await postgres.database());
    findings.push(...(await tryReceiver(cluster, folder, url, tell)));
  }
  if (only !== "receiver") {
    const { outside } = forwards;
    findings.push(
      ...(await tryFleet({
        ...{ cluster, sandbox, postgres, database, folder, outside, tell },
        authority: certificate.file,
      })),
    );
  }
  for (const finding of findings) console.error(`✗ ${finding}`);
  if (findings.length > 0) {
    console.error(podLogs(cluster));
    process.exitCode = 1;
  }
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
