import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printJson } from "../output.ts";
import { findProject } from "../pulumi/project.ts";
import { writeNewFiles } from "../write-new-files.ts";
import { manifestFiles } from "./manifests.ts";
import type { ManifestOptions } from "./options.ts";
import { receiverSecret } from "./receiver.ts";
import { runnerSecret } from "./runner.ts";

/**
 * Writes a kustomize base for the stacks of this project. Nothing is overwritten.
 *
 * @throws {UcaasError} `INVALID_ARGUMENT`, `NO_PROJECT`, `FILES_EXIST`, `FILE_NOT_WRITTEN`
 */
export async function writeManifests(
  folder: string,
  options: ManifestOptions,
  { json }: { json?: boolean } = {},
): Promise<void> {
  requireRepository(options.operator?.repository);
  const { name, stacks } = findProject();
  const files = manifestFiles(options, {
    name,
    stacks: stacks.filter((stack) => stack !== "sandbox"),
  });
  await writeNewFiles(folder, files, {
    operation: "kubernetes manifests",
    hint: steps("Name a new folder.", "Put your changes into an overlay of it."),
  });
  if (json) {
    const secrets = [runnerSecret, ...(options.receiver ? [receiverSecret] : [])];
    const { namespace } = options;
    return printJson({ folder, files: [...files.keys()], namespace, secrets });
  }
  print(`${files.size} files were written to ${folder}. They need a namespace with these Secrets:

  kubectl create namespace ${options.namespace}
  kubectl -n ${options.namespace} create secret generic ${runnerSecret} --from-env-file=runner.env
    PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, UCAAS_JOURNAL${
      options.receiver
        ? `\n  kubectl -n ${options.namespace} create secret generic ${receiverSecret} --from-env-file=receiver.env
    XELION_RELAY_KEY, XELION_RECEIVER_DATABASE_URL, XELION_RECEIVER_PUBLIC_URL;
    behind an Ingress also XELION_RECEIVER_TRUST_PROXY`
        : ""
    }

  kubectl apply -k ${folder}${
    options.operator
      ? ""
      : `\n  kubectl -n ${options.namespace} create job up-1 --from=cronjob/ucaas-up   # pulumi up`
  }`);
}

/**
 * The manifests show the address. The error does not, and the parser of options, whose
 * errors show the argument, does not check it.
 */
function requireRepository(text: string | undefined): void {
  if (text === undefined || hasNoPassword(text)) return;
  throw new UcaasError("--repository is no address of a repository without a password", {
    code: "INVALID_ARGUMENT",
    operation: "kubernetes manifests",
    hint: steps(
      "Write https://… or ssh://….",
      "Give the login by a Secret (gitAuth) in an overlay.",
    ),
  });
}

function hasNoPassword(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:") return !url.username && !url.password && !url.search;
  if (url?.protocol === "ssh:") return !url.password;
  return /^[\w.-]+@[\w.-]+:[\w./~-]+$/.test(text);
}
