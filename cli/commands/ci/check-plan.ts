import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { previewIn } from "../../gitops/preview-report.ts";
import { print } from "../../output.ts";
import { findProject } from "../../pulumi/project.ts";

/** `ucaas ci check-plan`: whether a stack is still what its preview saw. */
export function checkPlanCommand(): Command {
  return new Command("check-plan")
    .description(
      "see before pulumi up --plan that nothing else was merged for the stack since its preview; ends with 1 when something was",
    )
    .requiredOption("--preview <file>", "what ucaas ci preview --out wrote for the pull request")
    .requiredOption("--before <commit>", "the commit before the merge")
    .action(checkPlan);
}

/** The engine would notice most of it too, but in the middle of the work. */
async function checkPlan({ preview, before }: { preview: string; before: string }): Promise<void> {
  const { changedStacks, hasCommit } = await import("../../gitops/git.ts");
  const report = previewIn(preview);
  const refuse = (reason: string) =>
    new UcaasError(reason, {
      code: "PLAN_OUTDATED",
      operation: report ? `use the plan of ${report.stack}` : "use the plan",
      hint: `nothing was done. Run the workflow by hand for ${report?.stack ?? "this stack"}: it makes a new preview`,
    });
  if (!report)
    throw refuse(`${preview} is missing or cut off: the preview ended before it was written`);
  const { stack, base } = report;
  const project = findProject();
  if (base === undefined) throw refuse("the preview is not of a merge commit: its base is unknown");
  for (const commit of [base, before])
    if (!(await hasCommit(project, commit))) throw refuse(`commit ${commit} is not in this clone`);
  if ((await changedStacks(project, base, before)).includes(stack)) {
    throw refuse(
      `${stack} was changed by another merge since its preview (git diff ${base.slice(0, 12)} ${before.slice(0, 12)})`,
    );
  }
  print(`Nothing else was merged for ${stack} since its preview.`);
}
