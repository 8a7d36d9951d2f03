import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { parse } from "yaml";
import { print } from "../output.ts";
import { findProject } from "../pulumi/project.ts";
import { writeExclusive } from "../write-exclusive.ts";
import { manifestFiles } from "./manifests.ts";
import type { ManifestOptions } from "./options.ts";
import { receiverSecret } from "./receiver.ts";
import { runnerSecret } from "./runner.ts";

/**
 * Writes a kustomize base for the stacks of this project. Nothing is overwritten.
 *
 * @throws {UcaasError} `NO_PROJECT`, `FILES_EXIST`, `FILE_NOT_WRITTEN`
 */
export async function writeManifests(folder: string, options: ManifestOptions): Promise<void> {
  const { folder: root, stacks } = findProject();
  const { name } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { name: string };
  const files = manifestFiles(options, {
    name,
    stacks: stacks.filter((stack) => stack !== "sandbox"),
  });
  const existing = [...files.keys()].filter((file) => existsSync(join(folder, file)));
  if (existing.length > 0)
    throw new UcaasError(`${folder} has ${existing.join(", ")} already; nothing was written`, {
      code: "FILES_EXIST",
      operation: "kubernetes manifests",
      hint: "name a new folder, and put your changes into an overlay of it",
    });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files)
    await writeExclusive(join(folder, file), text, {
      mode: 0o644,
      operation: "kubernetes manifests",
    });
  print(`${files.size} files were written to ${folder}. They need these Secrets in namespace ${options.namespace}:

  kubectl -n ${options.namespace} create secret generic ${runnerSecret} --from-env-file=runner.env
    PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, UCAAS_JOURNAL${
      options.receiver
        ? `\n  kubectl -n ${options.namespace} create secret generic ${receiverSecret} --from-env-file=receiver.env
    XELION_RELAY_KEY, XELION_RECEIVER_DATABASE_URL, XELION_RECEIVER_PUBLIC_URL`
        : ""
    }

  kubectl apply -k ${folder}`);
}
