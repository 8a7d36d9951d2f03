import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { receiverSecret } from "../../cli/kubernetes/receiver.ts";
import { node, root } from "../../tools/engine/paths.mjs";
import { Callbacks } from "./callbacks.ts";
import type { Cluster } from "./cluster.ts";
import { environmentSecret, runnerImage } from "./jobs.ts";
import { containerId, evictPod, isReady, type Pod, podsWith } from "./pods.ts";
import { receiverImage } from "./receiver-tree.ts";

const namespace = "ucaas";
const selector = "app.kubernetes.io/component=receiver";

/**
 * Runs the receiver from the files of `ucaas kubernetes manifests`, and sends it callbacks
 * through its Service. Meanwhile one pod is evicted, and later the other one is killed.
 *
 * @returns what was not as promised, in words
 */
export async function tryReceiver(
  cluster: Cluster,
  folder: string,
  databaseUrl: string,
  tell: (text: string) => void,
): Promise<string[]> {
  const findings: string[] = [];
  const seconds = stopwatch();
  const relayKey = randomBytes(32).toString("base64");
  await cluster.kubectl("create", "namespace", namespace);
  await cluster.apply(
    environmentSecret(
      receiverSecret,
      {
        XELION_RELAY_KEY: relayKey,
        XELION_RECEIVER_DATABASE_URL: databaseUrl,
        XELION_RECEIVER_PUBLIC_URL: "https://relay.example",
      },
      namespace,
    ),
  );
  const base = writeManifests(folder);
  await cluster.kubectl("apply", "--server-side", "--validate=strict", "-k", base);
  const first = await twoReadyPods(cluster, []);
  const url = await serviceUrl(cluster);
  tell(`receiver: both pods are ready after ${seconds()} s`);

  const callbacks = new Callbacks(url, relayKey);
  try {
    await callbacks.start();
    await acknowledged(callbacks, 300);

    const [evicted, killed] = first as [Pod, Pod];
    const before = callbacks.failures;
    const afterEviction = stopwatch();
    await evictPod(cluster, evicted);
    const isRefused = await evictPod(cluster, killed).then(
      () => false,
      () => true,
    );
    if (!isRefused) findings.push("both pods of the receiver could be evicted at a time");
    await twoReadyPods(cluster, [containerId(evicted)]);
    tell(`receiver: one pod was evicted; two are ready after ${afterEviction()} s`);
    await acknowledged(callbacks, 300);
    if (callbacks.failures > before)
      findings.push(`callbacks failed while a pod was evicted: ${callbacks.failures - before}`);

    const afterKill = stopwatch();
    await cluster.kill(containerId(killed));
    await twoReadyPods(cluster, [containerId(evicted), containerId(killed)]);
    tell(`receiver: the other one was killed with SIGKILL; two are ready after ${afterKill()} s`);
    await acknowledged(callbacks, 300);

    await callbacks.stop();
    findings.push(...(await callbacks.judge()));
    tell(
      `receiver: ${callbacks.acknowledged} callbacks acknowledged, ${callbacks.failures} attempts failed`,
    );
  } finally {
    await callbacks.close();
  }
  if (findings.length === 0) tell("✓ the receiver has each acknowledged callback exactly once");
  return findings;
}

/** As a user does, in a project's folder. */
function writeManifests(folder: string): string {
  const project = join(folder, "receiver-project");
  mkdirSync(project);
  writeFileSync(join(project, "Pulumi.yaml"), "name: voicehouse\nruntime: nodejs\n");
  execFileSync(
    node,
    [
      ...[join(root, "cli", "start.mjs"), "kubernetes", "manifests", "base"],
      ...["--namespace", namespace, "--image", runnerImage, "--receiver-image", receiverImage],
    ],
    { cwd: project },
  );
  return join(project, "base");
}

/** The pods, once there are two, both ready, and neither has a container of these. */
async function twoReadyPods(cluster: Cluster, gone: readonly string[]): Promise<Pod[]> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const pods = await podsWith(cluster, selector, namespace);
    const ready = pods.filter((pod) => isReady(pod) && !gone.includes(containerId(pod)));
    if (ready.length === 2 && pods.length === 2) return ready;
    if (Date.now() > deadline) {
      const { stdout } = await cluster.kubectl("describe", "pods", "-n", namespace, "-l", selector);
      throw new Error(`${ready.length} of the receiver's two pods are ready.\n${stdout}`);
    }
    await pause(250);
  }
}

/** The Service's address, once kube-proxy passes it on. */
async function serviceUrl(cluster: Cluster): Promise<string> {
  const { stdout } = await cluster.kubectl(
    ...["get", "service", "xelion-receiver", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"],
  );
  const url = `http://${stdout}`;
  const deadline = Date.now() + 60_000;
  while (!(await isHealthy(url))) {
    if (Date.now() > deadline) throw new Error("The receiver's Service passes nothing on.");
    await pause(250);
  }
  return url;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** Waits until so many more callbacks are acknowledged. */
async function acknowledged(callbacks: Callbacks, more: number): Promise<void> {
  const enough = callbacks.acknowledged + more;
  const deadline = Date.now() + 120_000;
  while (callbacks.acknowledged < enough) {
    if (Date.now() > deadline) throw new Error("The receiver acknowledges no callbacks.");
    await pause(100);
  }
}

function stopwatch(): () => string {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}
