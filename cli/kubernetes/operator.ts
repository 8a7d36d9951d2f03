import { createHash } from "node:crypto";
import {
  containerSecurity,
  podSecurity,
  runnerEnvironment,
  runnerResources,
  runnerSecret,
} from "./runner.ts";

/** The operator's limit for the name of a Stack. */
const longest = 42;
const account = "ucaas-workspace";

export interface OperatorOptions {
  readonly project: string;
  readonly stacks: readonly string[];
  /** Of the workspaces: it has the engine that the project pins. */
  readonly image: string;
  readonly repository: string;
  readonly branch: string;
}

/**
 * A `Stack` of the Pulumi Kubernetes Operator for each stack, for those who prefer
 * reconciliation to Jobs. It reads the repository, and looks for drift each hour.
 */
export function operatorStacks(options: OperatorOptions): object[] {
  const { project, stacks, image, repository, branch } = options;
  const secret = (key: string) => ({
    type: "Secret",
    secret: { name: runnerSecret, key },
  });
  return stacks.map((stack) => ({
    apiVersion: "pulumi.com/v1",
    kind: "Stack",
    metadata: { name: stackObjectName(project, stack) },
    spec: {
      stack: `organization/${project}/${stack}`,
      projectRepo: repository,
      branch,
      serviceAccountName: account,
      envRefs: Object.fromEntries(
        ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "UCAAS_JOURNAL"].map((key) => [
          key,
          secret(key),
        ]),
      ),
      // What was changed at a vendor is seen by a refresh.
      refresh: true,
      resyncFrequencySeconds: 3600,
      continueResyncOnCommitMatch: true,
      // A stack that is removed here keeps its customers.
      destroyOnFinalize: false,
      // A stack that the backend lacks is an error: an empty state has none of the customers.
      useLocalStackOnly: true,
      workspaceTemplate: { spec: workspace(image) },
    },
  }));
}

/** The workspaces' own account, with a token: their agent asks the API who calls it. */
export function workspaceAccess(namespace: string): object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `${account}-${namespace}` },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "system:auth-delegator",
      },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  ];
}

function workspace(image: string): object {
  const mounts = [
    { name: "home", mountPath: "/home/runner" },
    { name: "tmp", mountPath: "/tmp" },
  ];
  return {
    image,
    securityProfile: "restricted",
    resources: runnerResources,
    podTemplate: {
      spec: {
        securityContext: podSecurity,
        containers: [
          {
            name: "pulumi",
            // All keys, as the Jobs have them: the backend may need credentials of its own.
            envFrom: [{ secretRef: { name: runnerSecret } }],
            env: runnerEnvironment,
            securityContext: containerSecurity,
            volumeMounts: mounts,
          },
        ],
        volumes: mounts.map(({ name }) => ({ name, emptyDir: {} })),
      },
    },
  };
}

/**
 * `<project>-<stack>`: short, of letters that Kubernetes allows, and of one stack alone,
 * also where several projects share a namespace.
 */
export function stackObjectName(project: string, stack: string): string {
  const whole = `${project}-${stack}`;
  if (/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(whole) && whole.length <= longest) return whole;
  const plain = whole
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "");
  const mark = createHash("sha256").update(`${project}/${stack}`).digest("hex").slice(0, 8);
  return `${plain.slice(0, longest - mark.length - 1).replace(/-+$/, "") || "stack"}-${mark}`;
}
