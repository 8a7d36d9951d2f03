import { readLimits, readTerms } from "../cost/terms.ts";
import { mergedInto } from "../gitops/git.ts";
import type { PreviewReport } from "../gitops/preview-report.ts";
import { parsePreview } from "../pulumi/preview.ts";
import type { Project } from "../pulumi/project.ts";
import { errorOf, pulumi } from "../pulumi/run.ts";
import { redact } from "../redact.ts";
import { checkLimits } from "./limits.ts";
import { asText } from "./render-text.ts";
import { type ChangeReport, changeReport } from "./report.ts";
import { summarize } from "./summarize.ts";

/**
 * Previews a stack with the engine and reports what the plan changes.
 *
 * @throws {UcaasError} `PULUMI_MISSING`, and from the stack's config `PRICES_INVALID`,
 *   `LIMITS_INVALID`
 */
export async function previewStack(
  project: Project,
  stack: string,
  { plan }: { plan?: string } = {},
): Promise<PreviewReport & { summary: ChangeReport }> {
  const args = ["preview", "--stack", stack, "--json", "--show-sames"];
  if (plan !== undefined) args.push("--save-plan", plan);
  const run = await pulumi(args);
  const preview = parsePreview(run.stdout);
  const report = preview ? reportOf(preview, project) : nothing;
  const failed = run.exitCode !== 0 || preview === undefined || report.errors.length > 0;
  const summary = withoutSecrets(failed ? failedReport(report, errorOf(run)) : report);
  return {
    version: 1,
    stack,
    status: failed ? "failed" : "ok",
    base: await mergedInto(project),
    text: `${redact(asText(summary, 120))}\n`,
    summary,
  };
}

function reportOf(
  preview: NonNullable<ReturnType<typeof parsePreview>>,
  project: Project,
): ChangeReport {
  const config = { get: (key: string) => preview.config[key] };
  const summary = summarize(preview, readTerms(config, project.folder));
  const limits = readLimits(config);
  return changeReport(summary, limits && checkLimits(summary, limits));
}

const nothing: ChangeReport = {
  changes: [],
  counts: {},
  limited: false,
  violations: [],
  warnings: [],
  errors: [],
};

/** Of a plan that is not whole, neither sums nor limits can be told. */
function failedReport({ cost: _, ...report }: ChangeReport, reason: string): ChangeReport {
  const errors = report.errors.length > 0 ? report.errors : [reason];
  return { ...report, errors, violations: [] };
}

/** Every text of a report passes the masking, values that the engine printed too. */
function withoutSecrets(report: ChangeReport): ChangeReport {
  return JSON.parse(JSON.stringify(report), (_, value: unknown) =>
    typeof value === "string" ? redact(value) : value,
  ) as ChangeReport;
}
