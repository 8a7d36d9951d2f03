import { runnerUser } from "./runner-tree.ts";

export const runnerImage = "localhost/ucaas-runner:1";

/** A secret whose values become environment variables. */
export const environmentSecret = (
  name: string,
  values: Record<string, string>,
  namespace = "default",
) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  stringData: values,
});

export interface JobOptions {
  readonly name: string;
  /** Runs in `/app` with the index in JOB_COMPLETION_INDEX. */
  readonly script: string;
  readonly completions: number;
  readonly parallelism: number;
  readonly retries: number;
}

/** An Indexed Job. A pod that ended is replaced only once it is really gone. */
export const indexedJob = (options: JobOptions) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: options.name, namespace: "default" },
  spec: {
    completionMode: "Indexed",
    completions: options.completions,
    parallelism: options.parallelism,
    backoffLimitPerIndex: options.retries,
    podReplacementPolicy: "Failed",
    template: {
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 10,
        securityContext: { runAsNonRoot: true, runAsUser: runnerUser, fsGroup: runnerUser },
        containers: [
          {
            name: "runner",
            image: runnerImage,
            imagePullPolicy: "Never",
            command: ["/bin/sh", "-c", options.script],
            envFrom: [{ secretRef: { name: "runner" } }],
            securityContext: {
              readOnlyRootFilesystem: true,
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
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
  },
});
