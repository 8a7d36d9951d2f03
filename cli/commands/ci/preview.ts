import { Command } from "commander";
import { mergedInto } from "../../gitops/git.ts";
import type { PreviewReport } from "../../gitops/preview-report.ts";
import { addedBy, PreviewText } from "../../gitops/preview-text.ts";
import { print, printNotice } from "../../output.ts";
import { OutputFile } from "../../output-file.ts";
import { findProject } from "../../pulumi/project.ts";
import { pulumi } from "../../pulumi/run.ts";
import { redact } from "../../redact.ts";

const details = `
Exit status: 0 when the preview succeeded, 1 when it did not.

Examples:
  ucaas preview --stack prod
  ucaas ci preview --stack prod --plan previews/plan-prod.json --out previews/preview-prod.json`;

/**
 * `ucaas preview`: a preview that a pipeline can hand on, to a comment and to the `pulumi
 * up` that keeps to it.
 */
export function previewCommand(): Command {
  return new Command("preview")
    .description(
      "show what pulumi up would change, without the outputs that stay; keep it for a pipeline",
    )
    .requiredOption("-s, --stack <name>", "the stack")
    .option("--plan <file>", "save the plan here, for pulumi up --plan")
    .option(
      "-o, --out <file>",
      "write what the preview printed here, as JSON, for ucaas ci comment",
    )
    .addHelpText("after", details)
    .action(preview);
}

async function preview({
  stack,
  plan,
  out,
}: {
  stack: string;
  plan?: string;
  out?: string;
}): Promise<void> {
  const [planFile, reportFile] = [plan, out].map((file) =>
    file === undefined ? undefined : OutputFile.prepare(file),
  );
  const project = findProject();
  const text = new PreviewText();
  const lines: string[] = [];
  const show = (more: readonly string[]) => {
    for (const line of more) print(line);
    lines.push(...more);
  };
  const args = ["preview", "--stack", stack, "--diff", "--suppress-progress"];
  if (planFile !== undefined) args.push("--save-plan", planFile.path);
  const { exitCode, stderr } = await pulumi(args, { onLine: (line) => show(text.take(line)) });
  show(text.end());
  const more = addedBy(stderr, lines);
  if (more.length > 0) printNotice(more.join("\n"));
  const report: PreviewReport = {
    version: 1,
    stack,
    status: exitCode === 0 ? "ok" : "failed",
    base: await mergedInto(project),
    text: `${redact([...lines, ...more].join("\n")).trim()}\n`,
  };
  process.exitCode = exitCode === 0 ? 0 : 1;
  reportFile?.write(`${JSON.stringify(report, null, 2)}\n`);
}
