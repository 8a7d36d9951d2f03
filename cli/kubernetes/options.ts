/** What the manifests depend on. */
export interface ManifestOptions {
  readonly namespace: string;
  /** Holds the project in `/app`, with its packages, and the Pulumi CLI. */
  readonly image: string;
  readonly receiverImage: string;
  /** How many pods share the stacks. */
  readonly shards: number;
  /** Of the drift check, as cron writes it. */
  readonly schedule: string;
  readonly receiver: boolean;
  /** For the Pulumi Kubernetes Operator in place of the Job. */
  readonly operator?: { readonly repository: string; readonly branch: string };
}
