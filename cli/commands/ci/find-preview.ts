import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printJson } from "../../output.ts";

/** `ucaas ci find-preview`: where the plan is that was reviewed before the merge. */
export function findPreviewCommand(): Command {
  return new Command("find-preview")
    .description(
      "find the workflow run that previewed what was merged as this commit, for its plans (GitHub); prints run-id=<number>",
    )
    .option("--commit <sha>", "default the one that the workflow runs for")
    .option("--workflow <file>", "the workflow that previews", "preview.yml")
    .option("--json", "the run as JSON")
    .action(findPreview);
}

interface Options {
  commit?: string;
  workflow: string;
  json?: true;
}

async function findPreview({
  commit = process.env.GITHUB_SHA,
  workflow,
  json,
}: Options): Promise<void> {
  const { GitHub } = await import("../../platform/github.ts");
  if (!commit)
    throw new UcaasError("no commit is given", {
      code: "CONFIG_MISSING",
      operation: "ci find-preview",
      hint: "name it with --commit",
    });
  const runId = await new GitHub(process.env).reviewedRun(commit, workflow);
  if (json) printJson({ commit, workflow, runId });
  else print(`run-id=${runId}`);
}
