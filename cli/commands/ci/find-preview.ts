import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print } from "../../output.ts";

/** `ucaas ci find-preview`: where the plan is that was reviewed before the merge. */
export function findPreviewCommand(): Command {
  return new Command("find-preview")
    .description(
      "find the workflow run that previewed what was merged as this commit, for its plans (GitHub); prints run-id=<number>",
    )
    .option("--commit <sha>", "default the one that the workflow runs for")
    .option("--workflow <file>", "the workflow that previews", "preview.yml")
    .action(
      async ({
        commit = process.env.GITHUB_SHA,
        workflow,
      }: {
        commit?: string;
        workflow: string;
      }) => {
        const { GitHub } = await import("../../platform/github.ts");
        if (!commit)
          throw new UcaasError("no commit is given", {
            code: "CONFIG_MISSING",
            operation: "ci find-preview",
            hint: "name it with --commit",
          });
        print(`run-id=${await new GitHub(process.env).reviewedRun(commit, workflow)}`);
      },
    );
}
