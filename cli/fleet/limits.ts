import { steps } from "pulumi-ucaas/internal/runtime/errors";
import { previewStack } from "../changes/preview-stack.ts";
import type { ChangeReport } from "../changes/report.ts";
import { violationLines } from "../changes/rows.ts";
import { readLimits } from "../cost/terms.ts";
import { andMore } from "../counted.ts";
import type { Project } from "../pulumi/project.ts";
import { stackConfig } from "../pulumi/stack.ts";
import type { Ending } from "./result.ts";

/**
 * Previews a stack with `ucaas:limits` before its update. How the update ends without being
 * begun; undefined where it may run: the stack has no limits, or the change keeps to them.
 *
 * @throws {UcaasError} `NO_STACK`, `BACKEND_FAILED`, `PULUMI_FAILED`, `PULUMI_MISSING`,
 *   `LIMITS_INVALID`, `PRICES_INVALID`
 */
export async function refusedByLimits(
  project: Project,
  stack: string,
): Promise<Ending | undefined> {
  const config = await stackConfig(stack);
  if (readLimits(config) === undefined) return undefined;
  const { status, summary } = await previewStack(project, stack, { config });
  return status === "failed" ? previewFailed(summary) : judgeLimits(summary);
}

/** Of a plan that is not whole, it is not known what it removes and adds. */
function previewFailed({ errors, warnings }: ChangeReport): Ending {
  const [first = "no error is given", ...others] = errors;
  return {
    status: "failed",
    found: `nothing is applied, as the preview failed: ${first}${andMore(others)}`,
    ...(!first.includes("What to do:") && {
      remedy: steps("Correct what the preview says.", "Run the command again."),
    }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** As `ucaas ci check`: a change that is known to go beyond a limit is no failure. */
function judgeLimits(summary: ChangeReport): Ending | undefined {
  const { violations, warnings } = summary;
  if (violations.length === 0) return undefined;
  const lines = violationLines(summary);
  return {
    status: violations.some(({ kind }) => kind === "exceeded") ? "refused" : "failed",
    found: `nothing is applied: ${lines.map(({ text }) => text).join("; ")}`,
    remedy: steps(...lines.map(({ remedy }) => remedy)),
    ...(warnings.length > 0 && { warnings }),
  };
}
