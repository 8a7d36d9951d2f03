import { existsSync } from "node:fs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { knownOrganization } from "pulumi-ucaas/internal/runtime/stack-identity";
import { stackName } from "pulumi-ucaas/internal/runtime/stack-record";
import type { Limits } from "pulumi-ucaas-stacks/internal/limits";
import type { BillingTerms } from "ucaas/internal/cost/billing";
import { readLimits, readTerms } from "ucaas/internal/cost/terms";
import { findProject, type Project } from "ucaas/internal/pulumi/project";
import { type State, stackConfig, stackState } from "ucaas/internal/pulumi/stack";

/** What a stack's state and config say before a deployment. */
interface Stack {
  readonly state: readonly State[];
  readonly limits: Limits | undefined;
  readonly terms: BillingTerms;
}

/**
 * Reads the stack that a resource belongs to, by the Pulumi CLI: an engine tells a policy
 * neither the config of the stack nor its state.
 *
 * @throws {UcaasError} `POLICY_NO_PROJECT`, and what the CLI says
 */
export async function readStack(urn: string): Promise<Stack> {
  const [name = "", project = ""] = urn.replace(/^urn:pulumi:/, "").split("::");
  const organization = knownOrganization(process.env.PULUMI_ORGANIZATION);
  const found = projectFolder(project);
  process.chdir(found);
  const stack = stackName(`${project}/${name}`, organization);
  const [{ resources: state }, config] = await Promise.all([stackState(stack), stackConfig(stack)]);
  return { state, limits: readLimits(config), terms: readTerms(config, found) };
}

/**
 * The folder of the project. The engine starts a pack in the pack's own folder; the
 * shell's folder is the project's, or one below it.
 */
function projectFolder(name: string): string {
  const { UCAAS_PROJECT: given, PWD: shell } = process.env;
  for (const folder of [given, shell, process.cwd()]) {
    const project = folder && existsSync(folder) ? findProjectIfAny(folder) : undefined;
    if (project?.name === name) return project.folder;
  }
  throw new UcaasError(`the project ${name} is not in ${shell ?? process.cwd()}`, {
    code: "POLICY_NO_PROJECT",
    operation: "read ucaas:limits",
    hint: "run pulumi in the project's folder, or name that folder in UCAAS_PROJECT",
  });
}

function findProjectIfAny(folder: string): Project | undefined {
  try {
    return findProject(folder);
  } catch (error) {
    if (error instanceof UcaasError && error.code === "NO_PROJECT") return undefined;
    throw error;
  }
}
