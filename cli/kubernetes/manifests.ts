import { stringify } from "yaml";
import { operatorStacks, workspaceAccess } from "./operator.ts";
import type { ManifestOptions } from "./options.ts";
import { receiverObjects } from "./receiver.ts";
import { driftCronJob, labels, upCronJob } from "./runner.ts";

/** The files of a kustomize base, by name. Secrets are not among them. */
export function manifestFiles(
  options: ManifestOptions,
  project: { readonly name: string; readonly stacks: readonly string[] },
): Map<string, string> {
  const { operator } = options;
  const objects: Record<string, object[]> = {
    "service-account.yaml": [
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "ucaas", labels: labels("runner") },
        automountServiceAccountToken: false,
      },
    ],
    "drift-cronjob.yaml": [driftCronJob(options)],
    ...(operator
      ? {
          "workspace.yaml": workspaceAccess(options.namespace),
          "stacks.yaml": operatorStacks({
            project: project.name,
            stacks: project.stacks,
            image: options.image,
            ...operator,
          }),
        }
      : { "up-cronjob.yaml": [upCronJob(options)] }),
    ...(options.receiver && { "receiver.yaml": receiverObjects(options) }),
  };
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    namespace: options.namespace,
    resources: Object.keys(objects),
  };
  return new Map([
    ["kustomization.yaml", yaml(kustomization)],
    ...Object.entries(objects).map(([name, each]) => [name, each.map(yaml).join("---\n")] as const),
  ]);
}

/** kubectl reads YAML 1.1, in which the name `on` is true. */
function yaml(object: object): string {
  return stringify(object, { version: "1.1", aliasDuplicateObjects: false });
}
