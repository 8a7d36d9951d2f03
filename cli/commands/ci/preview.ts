import { Command } from "commander";
import { print, printNotice } from "../../output.ts";
import { OutputFile } from "../../output-file.ts";
import { findProject } from "../../pulumi/project.ts";
import { selectedStack } from "../../pulumi/stack.ts";

const details = `
Exit status: 0 when the preview succeeded, 1 when it did not.

Examples:
  ucaas preview --stack prod
  ucaas preview --stack prod --json
  ucaas ci preview --stack prod --plan plan.json --out preview-prod.json`;

/**
 * `ucaas preview`: what a plan changes, for a reviewer, and for a pipeline that hands it
 * on: to a comment, to a check of the limits, and to the `pulumi up` that keeps to it.
 */
export function previewCommand(): Command {
  return new Command("preview")
    .description(
      "show what pulumi up would change: by customer, each seat before and after, and what it costs a month",
    )
    .option("-s, --stack <name>", "the stack; default the selected one")
    .option("--json", "the report as JSON")
    .option("--plan <file>", "save the plan here, for pulumi up --plan")
    .option("-o, --out <file>", "write the JSON report here, for ucaas ci check and ci comment")
    .addHelpText("after", details)
    .action(preview);
}

async function preview({
  stack: given,
  json,
  plan,
  out,
}: {
  stack?: string;
  json?: true;
  plan?: string;
  out?: string;
}): Promise<void> {
  const [{ previewStack }, { asText }] = await Promise.all([
    import("../../changes/preview-stack.ts"),
    import("../../changes/render-text.ts"),
  ]);
  const planFile = OutputFile.prepare(plan, "--plan");
  const reportFile = OutputFile.prepare(out, "--out");
  const project = findProject();
  const stack = given ?? (await selectedStack(project));
  // The CLI prints its JSON at the end.
  if (process.stderr.isTTY) printNotice(`Previewing ${stack} …`);
  const report = await previewStack(project, stack, { plan: planFile?.path });
  const text = `${JSON.stringify(report, null, 2)}\n`;
  process.exitCode = report.status === "ok" ? 0 : 1;
  print(json ? text.trimEnd() : asText(report.summary));
  reportFile?.write(text);
}
