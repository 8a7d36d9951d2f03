import { Command } from "commander";
import { checkCommand } from "./ci/check.ts";
import { checkPlanCommand } from "./ci/check-plan.ts";
import { commentCommand } from "./ci/comment.ts";
import { findPreviewCommand } from "./ci/find-preview.ts";
import { issueCommand } from "./ci/issue.ts";
import { previewCommand } from "./ci/preview.ts";
import { stacksCommand } from "./ci/stacks.ts";

/** `ucaas ci`: the steps of a pipeline. docs/gitops.md shows them in workflows. */
export function ciCommand(): Command {
  return new Command("ci")
    .description("steps of a pipeline: previews, plans, comments and issues (docs/gitops.md)")
    .addCommand(stacksCommand())
    .addCommand(previewCommand())
    .addCommand(checkCommand())
    .addCommand(commentCommand())
    .addCommand(findPreviewCommand())
    .addCommand(checkPlanCommand())
    .addCommand(issueCommand());
}

/** The names of release 0.1.0. They work, and help does not list them. */
export function formerCiCommands(): Command[] {
  return [
    stacksCommand(),
    commentCommand(),
    findPreviewCommand().name("reviewed-preview"),
    checkPlanCommand().name("plan-fits"),
    issueCommand(),
  ];
}
