import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type PreviewReport, previewIn } from "../../gitops/preview-report.ts";
import { print, printJson } from "../../output.ts";
import { findProject } from "../../pulumi/project.ts";
import { bareName } from "../../pulumi/stack-name.ts";

const description = [
  "see before pulumi up --plan that nothing else was merged for the stack,",
  "before this commit or after it",
].join(" ");

const details = `
Exit status: 0 the plan may be used, 1 it must not be used.`;

/** `ucaas ci check-plan`: whether a stack is still what its preview saw. */
export function checkPlanCommand(): Command {
  return new Command("check-plan")
    .description(description)
    .requiredOption("--preview <file>", "what ucaas ci preview --out wrote for the pull request")
    .option("--before <commit>", "the commit before the merge: nothing since the preview's base")
    .option("--branch <ref>", "the branch as it is now: nothing since the commit of this clone")
    .option("--json", "whether the plan may be used as JSON")
    .addHelpText("after", details)
    .action(checkPlan);
}

interface Options {
  preview: string;
  before?: string;
  branch?: string;
  json?: true;
}

/** The engine would notice most of it too, but in the middle of the work. */
async function checkPlan({ preview: file, before, branch, json }: Options): Promise<void> {
  if (before === undefined && branch === undefined)
    throw new UcaasError("neither --before nor --branch is given", {
      code: "INVALID_ARGUMENT",
      operation: "ci check-plan",
      hint: "give the commit before the merge, or the branch as it is now",
    });
  const preview = previewIn(file);
  const reason = preview
    ? await reasonAgainst(preview, { before, branch })
    : `${file} is missing or cut off: the preview ended before it was written`;
  const place = { stack: preview?.stack, base: preview?.base, before, branch };
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
  { stack, base }: PreviewReport,
  { before, branch }: Pick<Options, "before" | "branch">,
): Promise<string | undefined> {
  const { changedStacks, hasCommit } = await import("../../gitops/git.ts");
  const project = findProject();
  const name = bareName(stack);
  if (!project.stacks.includes(name)) return `${stack} has no stack file`;
  const merges = [
    { from: base, to: before, merge: "another merge since its preview" },
    // The engine compares new values alone: an older plan would take back a newer merge.
    { from: "HEAD", to: branch, merge: "a later merge" },
  ];
  for (const { from, to, merge } of merges) {
    if (to === undefined) continue;
    if (from === undefined) return "the preview is not of a merge commit: its base is unknown";
    for (const commit of [from, to])
      if (!(await hasCommit(project, commit))) return `commit ${commit} is not in this clone`;
    if ((await changedStacks(project, from, to)).includes(name))
      return `${stack} was changed by ${merge} (git diff ${short(from)} ${short(to)})`;
  }
  return undefined;
}

function short(commit: string): string {
  return /^[0-9a-f]{40,}$/.test(commit) ? commit.slice(0, 12) : commit;
}
