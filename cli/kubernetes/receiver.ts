import type { ManifestOptions } from "./options.ts";
import { containerSecurity, labels, podSecurity } from "./runner.ts";

/** The Secret with relay key, database URL, public URL and trusted proxies; the operator creates it. */
export const receiverSecret = "xelion-receiver";

const port = 8080;
const probe = (path: string) => ({ httpGet: { path, port: "http" }, timeoutSeconds: 5 });

/** The receiver of Xelion's callbacks: two replicas that share one database. */
export function receiverObjects({ receiverImage }: ManifestOptions): object[] {
  const selector = { matchLabels: selected() };
  const metadata = { name: "xelion-receiver", labels: labels("receiver") };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 2,
        selector,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: labels("receiver") },
          spec: {
            serviceAccountName: "ucaas",
            automountServiceAccountToken: false,
            securityContext: podSecurity,
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: selector,
              },
            ],
            containers: [
              {
                name: "receiver",
                image: receiverImage,
                ports: [{ name: "http", containerPort: port }],
                envFrom: [{ secretRef: { name: receiverSecret } }],
                env: [{ name: "XELION_RECEIVER_LISTEN", value: `0.0.0.0:${port}` }],
                readinessProbe: { ...probe("/health"), periodSeconds: 5 },
                // Without its database it is not ready, and a restart would not help.
                livenessProbe: { ...probe("/live"), periodSeconds: 10 },
                // The Service still sends callbacks to a pod that has just been deleted.
                lifecycle: { preStop: { sleep: { seconds: 10 } } },
                // Measured within this limit: 125 MiB after 6,000 callbacks, 2 ms of CPU each.
                resources: {
                  requests: { cpu: "50m", memory: "128Mi" },
                  limits: { memory: "256Mi" },
                },
                securityContext: containerSecurity,
                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
              },
            ],
            volumes: [{ name: "tmp", emptyDir: {} }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: selected(), ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata,
      spec: { minAvailable: 1, selector },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata,
      spec: {
        podSelector: selector,
        policyTypes: ["Ingress"],
        ingress: [{ ports: [{ port: "http" }] }],
      },
    },
  ];
}

function selected(): Record<string, string> {
  const { "app.kubernetes.io/managed-by": _, ...stable } = labels("receiver");
  return stable;
}
