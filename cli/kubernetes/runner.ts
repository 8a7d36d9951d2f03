import type { ManifestOptions } from "./options.ts";

/** The user of the images that this project describes. */
const user = 1000;

/** The Secret whose keys are the runner's environment; the operator creates it. */
export const runnerSecret = "ucaas-runner";

/** What every container may not do. */
export const containerSecurity = {
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  fsGroup: user,
  seccompProfile: { type: "RuntimeDefault" },
};

/** With 200 customers of stack files, in an account of 10,000, an engine takes 1.3 GB. */
export const runnerResources = {
  requests: { cpu: "500m", memory: "1280Mi" },
  limits: { memory: "2Gi" },
};

/** Of every container that runs the engine. */
export const runnerEnvironment = [
  { name: "HOME", value: "/home/runner" },
  { name: "PULUMI_HOME", value: "/home/runner/.pulumi" },
  { name: "PULUMI_DIY_BACKEND_ZSTD", value: "true" },
  // Chromium's own needs a user namespace or a setuid program, and these pods allow neither.
  { name: "NETSAPIENS_BROWSER_SANDBOX", value: "false" },
];

/**
 * `pulumi up` of all stacks, for `kubectl create job --from`. It is suspended, so that to
 * apply the manifests changes nothing at a vendor; its schedule, 31 February, never comes.
 */
export function upCronJob(options: ManifestOptions): object {
  // A killed pod leaves its stack locked, and no other pod has this index.
  const job = jobSpec("up", ["--cancel"], 6, options);
  return cronJob("up", { schedule: "0 0 31 2 *", suspend: true, job });
}

/** The nightly drift check. A pod that found drift ends with 2 and fails its index at once. */
export function driftCronJob(options: ManifestOptions): object {
  const job = jobSpec("drift", [], 2, options);
  return cronJob("drift", { schedule: options.schedule, suspend: false, job });
}

function cronJob(
  action: string,
  { schedule, suspend, job }: { schedule: string; suspend: boolean; job: object },
): object {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: `ucaas-${action}`, labels: labels(action) },
    spec: {
      schedule,
      timeZone: "Etc/UTC",
      suspend,
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 7,
      jobTemplate: { metadata: { labels: labels(action) }, spec: job },
    },
  };
}

function jobSpec(action: string, flags: string[], retries: number, options: ManifestOptions) {
  const { image, shards } = options;
  return {
    completionMode: "Indexed",
    completions: shards,
    parallelism: shards,
    backoffLimitPerIndex: retries,
    maxFailedIndexes: shards,
    // A stack is not run twice at a time: the next pod starts when the last one has ended.
    podReplacementPolicy: "Failed",
    podFailurePolicy: {
      rules: [
        { action: "FailIndex", onExitCodes: { operator: "In", values: [2] } },
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      ],
    },
    template: {
      metadata: { labels: labels(action) },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: "ucaas",
        automountServiceAccountToken: false,
        // Ctrl-C for the engine: it finishes the requests that are under way.
        terminationGracePeriodSeconds: 120,
        securityContext: podSecurity,
        containers: [
          {
            name: "runner",
            image,
            workingDir: "/app",
            // Not by npx, which would prefer npm's launcher to the engine of the image.
            command: [
              ...["ucaas", "fleet", action, "--shards", `${shards}`, "--parallel", "1", ...flags],
              // The servers of `ucaas sandbox` run on a developer's machine alone.
              ...["--except", "sandbox"],
              ...["--record", `/tmp/fleet-${action}.json`],
            ],
            envFrom: [{ secretRef: { name: runnerSecret } }],
            env: runnerEnvironment,
            resources: runnerResources,
            securityContext: containerSecurity,
            volumeMounts: [
              { name: "home", mountPath: "/home/runner" },
              { name: "tmp", mountPath: "/tmp" },
            ],
          },
        ],
        volumes: [
          { name: "home", emptyDir: {} },
          { name: "tmp", emptyDir: {} },
        ],
      },
    },
  };
}

export function labels(component: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": "ucaas",
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/managed-by": "kustomize",
  };
}
