import { Command } from "commander";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { type PreviewReport, previewIn } from "../../gitops/preview-report.ts";
import { print, printJson } from "../../output.ts";
import { findProject } from "../../pulumi/project.ts";
import { bareName } from "../../pulumi/stack-name.ts";

const details = `
Exit status: 0 within the limits, or no limits are set; 1 when that is unknown;
2 beyond a limit.

Examples:
  ucaas ci check --preview previews/preview-prod.json
  ucaas ci check --stack prod`;

/** `ucaas ci check`: whether a plan keeps to the limits of its stack (`ucaas:limits`). */
export function checkCommand(): Command {
  return new Command("check")
    .description(
      "see that a change keeps to the limits in the stack file; ends with 2 when it does not",
    )
    .option("--preview <file>", "what ucaas ci preview --out wrote")
    .option("-s, --stack <name>", "without --preview: preview this stack now")
    .option("--json", "the limits that the change goes beyond as JSON")
    .addHelpText("after", details)
    .action(check);
}

async function check({
  preview: file,
  stack,
  json,
}: {
  preview?: string;
  stack?: string;
  json?: true;
}): Promise<void> {
  const report = await reportFrom(file, stack);
  const { summary } = report;
  if (report.status === "failed")
    throw new UcaasError(`the preview of ${report.stack} failed, so nothing can be checked`, {
      code: "PREVIEW_FAILED",
      operation: "ci check",
      hint: steps("Correct what the preview says.", "Run it again."),
    });
  if (!summary)
    throw new UcaasError(`the preview of ${report.stack} has no changes that can be checked`, {
      code: "REPORT_UNREADABLE",
      operation: "ci check",
      hint: "another version wrote it: run ucaas ci preview --out with this version",
    });
  const { violations, limited } = summary;
  if (violations.length > 0)
    process.exitCode = violations.some(({ kind }) => kind === "exceeded") ? 2 : 1;
  if (json) return printJson({ stack: report.stack, limited, violations });
  if (!limited) return print(`${report.stack} has no ucaas:limits, so any change is allowed.`);
  if (violations.length === 0) return print(`${report.stack}: the change keeps to ucaas:limits.`);
  const { limitsText } = await import("../../changes/render-text.ts");
  print(limitsText(summary));
}

/** The selected stack's report has its organization, if it has one. */
function isOf({ stack }: PreviewReport, name: string): boolean {
  return name.includes("/") ? stack === name : bareName(stack) === name;
}

async function reportFrom(
  file: string | undefined,
  stack: string | undefined,
): Promise<PreviewReport> {
  const refuse = (reason: string, hint: string) =>
    new UcaasError(reason, { code: "NO_PREVIEW", operation: "ci check", hint });
  if (file !== undefined) {
    const report = previewIn(file);
    if (report && (stack === undefined || isOf(report, stack))) return report;
    throw report
      ? refuse(
          `${file} is the preview of ${report.stack}, not of ${stack}`,
          "name the stack's own file",
        )
      : refuse(`${file} is missing or cut off`, "run ucaas ci preview --out first");
  }
  if (stack === undefined)
    throw refuse("no preview is named", "give --preview <file> or --stack <name>");
  const { previewStack } = await import("../../changes/preview-stack.ts");
  return await previewStack(findProject(), stack);
}
