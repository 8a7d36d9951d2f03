import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import { stacks } from "./estate.ts";

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations: Record<string, string>;
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly phase: string;
    readonly conditions?: { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: { readonly containerID?: string }[];
  };
}

/** The pods with a label, such as `job-name=up`. */
export async function podsWith(
  cluster: Cluster,
  label: string,
  namespace = "default",
): Promise<Pod[]> {
  const { stdout } = await cluster.kubectl(
    ...["get", "pods", "-n", namespace, "-l", label, "-o", "json"],
  );
  return (JSON.parse(stdout) as { items: Pod[] }).items;
}

export const containerId = ({ status }: Pod): string =>
  status.containerStatuses?.[0]?.containerID?.replace("containerd://", "") ?? "";

/** A pod that is being deleted counts as not ready. */
export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

/**
 * Deletes a pod as `kubectl drain` does. It is refused when the pod's budget has no pod to
 * spare.
 */
export async function evictPod(cluster: Cluster, { metadata }: Pod): Promise<void> {
  const { name, namespace } = metadata;
  const file = join(cluster.folder, `evict-${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } }),
  );
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  await cluster.kubectl("create", "--raw", path, "-f", file);
}

async function runningPod(cluster: Cluster, stack: string): Promise<Pod> {
  const index = `${stacks.indexOf(stack)}`;
  const pod = (await podsWith(cluster, "job-name=up")).find(
    ({ metadata, status }) =>
      metadata.annotations["batch.kubernetes.io/job-completion-index"] === index &&
      status.phase === "Running",
  );
  if (!pod) throw new Error(`No pod runs for ${stack}.`);
  return pod;
}

export async function deletePod(cluster: Cluster, stack: string): Promise<void> {
  const { metadata } = await runningPod(cluster, stack);
  await cluster.kubectl("delete", "pod", metadata.name);
}

export async function containerOf(cluster: Cluster, stack: string): Promise<string> {
  return containerId(await runningPod(cluster, stack));
}

/** Waits for the end of a Job. */
export async function finished(
  cluster: Cluster,
  job: string,
): Promise<{ succeeded: boolean; text: string }> {
  const start = performance.now();
  for (;;) {
    const { stdout } = await cluster.kubectl("get", "job", job, "-o", "json");
    const { status } = JSON.parse(stdout) as {
      status: {
        succeeded?: number;
        failed?: number;
        conditions?: { type: string; status: string }[];
      };
    };
    const ended = status.conditions?.find(
      ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
    );
    if (ended) {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      return {
        succeeded: ended.type === "Complete",
        text: `${ended.type} after ${seconds} s, ${status.succeeded ?? 0} pods succeeded, ${status.failed ?? 0} failed`,
      };
    }
    await pause(1000);
  }
}

/** What all pods printed, with the kubelet's marks. */
export function podLogs(cluster: Cluster): string {
  const files = readdirSync(cluster.podLogs, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".log"))
    .sort()
    .map((file) => `--- ${file}\n${readFileSync(join(cluster.podLogs, file), "utf8")}`)
    .join("\n");
}
