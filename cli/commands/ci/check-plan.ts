import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type PreviewReport, previewIn } from "../../gitops/preview-report.ts";
import { print, printJson } from "../../output.ts";
import { findProject } from "../../pulumi/project.ts";

/** `ucaas ci check-plan`: whether a stack is still what its preview saw. */
export function checkPlanCommand(): Command {
  return new Command("check-plan")
    .description(
      "see before pulumi up --plan that nothing else was merged for the stack since its preview; ends with 1 when something was",
    )
    .requiredOption("--preview <file>", "what ucaas ci preview --out wrote for the pull request")
    .requiredOption("--before <commit>", "the commit before the merge")
    .option("--json", "whether the plan may be used as JSON")
    .action(checkPlan);
}

interface Options {
  preview: string;
  before: string;
  json?: true;
}

/** The engine would notice most of it too, but in the middle of the work. */
async function checkPlan({ preview: file, before, json }: Options): Promise<void> {
  const preview = previewIn(file);
  const reason = await reasonAgainst(preview, file, before);
  const place = { stack: preview?.stack, base: preview?.base, before };
  if (json) printJson({ usable: reason === undefined, ...place, reason });
  if (reason !== undefined)
    throw new UcaasError(reason, {
      code: "PLAN_OUTDATED",
      operation: preview ? `use the plan of ${preview.stack}` : "use the plan",
      hint: `nothing was done. Run the workflow by hand for ${preview?.stack ?? "this stack"}: it makes a new preview`,
    });
  if (!json) print(`Nothing else was merged for ${preview?.stack} since its preview.`);
}

/** Why the plan must not be used; undefined where it may. */
async function reasonAgainst(
  preview: PreviewReport | undefined,
  file: string,
  before: string,
): Promise<string | undefined> {
  const { changedStacks, hasCommit } = await import("../../gitops/git.ts");
  if (!preview) return `${file} is missing or cut off: the preview ended before it was written`;
  const { stack, base } = preview;
  const project = findProject();
  if (base === undefined) return "the preview is not of a merge commit: its base is unknown";
  for (const commit of [base, before])
    if (!(await hasCommit(project, commit))) return `commit ${commit} is not in this clone`;
  if ((await changedStacks(project, base, before)).includes(stack))
    return `${stack} was changed by another merge since its preview (git diff ${base.slice(0, 12)} ${before.slice(0, 12)})`;
  return undefined;
}
