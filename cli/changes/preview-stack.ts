import { readLimits, readTerms } from "../cost/terms.ts";
import { mergedInto } from "../gitops/git.ts";
import type { PreviewReport } from "../gitops/preview-report.ts";
import { type Preview, parsePreview } from "../pulumi/preview.ts";
import type { Project } from "../pulumi/project.ts";
import { type PulumiRun, pulumi } from "../pulumi/run.ts";
import { pulumiError, type StackConfig, stackConfig } from "../pulumi/stack.ts";
import { redact } from "../redact.ts";
import { checkLimits } from "./limits.ts";
import { asPlainText } from "./render-text.ts";
import { type ChangeReport, changeReport } from "./report.ts";
import { summarize } from "./summarize.ts";

/** Columns of a report in a pipeline's log and in a comment of release 0.1.0. */
const logWidth = 120;

/**
 * Previews a stack with the engine and reports what the plan changes.
 *
 * @param options.config the stack's config, where it has been read already
 * @throws {UcaasError} `PULUMI_MISSING`, and from the stack's config `PRICES_INVALID`,
 *   `LIMITS_INVALID`
 */
export async function previewStack(
  project: Project,
  stack: string,
  { plan, config }: { plan?: string; config?: StackConfig } = {},
): Promise<PreviewReport & { summary: ChangeReport }> {
  // Without its steps, the deletion of what a replacement left is not shown.
  const args = ["preview", "--stack", stack, "--json", "--show-sames", "--show-replacement-steps"];
  if (plan !== undefined) args.push("--save-plan", plan);
  const run = await pulumi(args);
  const preview = parsePreview(run.stdout);
  const hasFailed =
    run.exitCode !== 0 ||
    preview === undefined ||
    preview.diagnostics.some(({ severity }) => severity === "error");
  const report = hasFailed
    ? failedReport(preview ?? nothing, run)
    : // A preview masks keys with a secret in them, such as accounts.
      reportOf(preview, config ?? (await stackConfig(stack)), project);
  const summary = withoutSecrets(report);
  return {
    version: 1,
    stack,
    status: hasFailed ? "failed" : "ok",
    base: await mergedInto(project),
    text: `${redact(asPlainText(summary, logWidth))}\n`,
    summary,
  };
}

function reportOf(preview: Preview, config: StackConfig, project: Project): ChangeReport {
  const summary = summarize(preview, readTerms(config, project.folder));
  const limits = readLimits(config);
  return changeReport(summary, limits && checkLimits(summary, limits));
}

const nothing: Preview = { steps: [], diagnostics: [] };

/** Of a plan that is not whole, neither sums nor limits can be known. */
function failedReport(preview: Preview, run: PulumiRun): ChangeReport {
  const report = changeReport(summarize(preview, { prices: undefined }), undefined);
  if (report.errors.length > 0) return report;
  const { reason, hint } = pulumiError("preview", run);
  return { ...report, errors: [`${reason}. What to do: ${hint}`] };
}

/** Every text of a report passes the masking, values that the engine printed too. */
function withoutSecrets(report: ChangeReport): ChangeReport {
  return JSON.parse(JSON.stringify(report), (_, value: unknown) =>
    typeof value === "string" ? redact(value) : value,
  ) as ChangeReport;
}
