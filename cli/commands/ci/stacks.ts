import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printNotice } from "../../output.ts";
import { findProject, type Project } from "../../pulumi/project.ts";

/** `ucaas ci stacks`: which stacks there are, or which ones a change concerns. */
export function stacksCommand(): Command {
  return new Command("stacks")
    .description("list the stacks that have a stack file, or those that a change concerns")
    .option(
      "--changed-since <commit>",
      "only stacks whose files changed since then; all of them when code changed, or when that commit is not known",
    )
    .option("--only <name...>", "only these, which must be there")
    .option("--except <name...>", "not these")
    .option("--json", "as a JSON array, for a matrix")
    .action(stacks);
}

interface Options {
  changedSince?: string;
  only?: string[];
  except?: string[];
  json?: true;
}

async function stacks({ changedSince, only, except = [], json }: Options): Promise<void> {
  const project = findProject();
  for (const name of only ?? []) {
    if (project.stacks.includes(name)) continue;
    throw new UcaasError(`there is no stack file Pulumi.${name}.yaml in ${project.stackFolder}`, {
      code: "NO_STACK",
      operation: "stacks",
      hint: `the stacks are: ${project.stacks.join(", ")}`,
    });
  }
  const found = changedSince === undefined ? project.stacks : await changed(project, changedSince);
  const chosen = found.filter(
    (stack) => (only === undefined || only.includes(stack)) && !except.includes(stack),
  );
  if (json) print(JSON.stringify(chosen));
  else for (const stack of chosen) print(stack);
}

async function changed(project: Project, commit: string): Promise<readonly string[]> {
  const { changedStacks, hasCommit } = await import("../../gitops/git.ts");
  if (await hasCommit(project, commit)) return await changedStacks(project, commit, "HEAD");
  // Of a branch that was just made the commit before is 000….
  printNotice(
    `The commit ${JSON.stringify(commit)} is not in this clone, so all stacks count as changed.`,
  );
  return project.stacks;
}
