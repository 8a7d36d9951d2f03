import { createHash } from "node:crypto";
import { runnerSecret } from "./runner.ts";

/** The operator's limit for the name of a Stack. */
const longest = 42;

export interface OperatorOptions {
  readonly project: string;
  readonly stacks: readonly string[];
  readonly repository: string;
  readonly branch: string;
}

/**
 * A `Stack` of the Pulumi Kubernetes Operator for each stack, for those who prefer
 * reconciliation to Jobs. It reads the repository, and looks for drift each hour.
 */
export function operatorStacks({ project, stacks, repository, branch }: OperatorOptions): object[] {
  const secret = (key: string) => ({
    type: "Secret",
    secret: { name: runnerSecret, key },
  });
  return stacks.map((stack) => ({
    apiVersion: "pulumi.com/v1",
    kind: "Stack",
    metadata: { name: nameOf(stack) },
    spec: {
      stack: `organization/${project}/${stack}`,
      projectRepo: repository,
      branch,
      serviceAccountName: "ucaas",
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
    },
  }));
}

/** A name for Kubernetes: short, of letters that it allows, and of one stack alone. */
function nameOf(stack: string): string {
  const plain = stack
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (plain === stack && plain.length <= longest) return plain;
  const mark = createHash("sha256").update(stack).digest("hex").slice(0, 8);
  return `${plain.slice(0, longest - mark.length - 1).replace(/-+$/, "") || "stack"}-${mark}`;
}
