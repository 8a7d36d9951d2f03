import { steps } from "pulumi-ucaas/internal/runtime/errors";
import { previewStack } from "../changes/preview-stack.ts";
import type { ChangeReport } from "../changes/report.ts";
import { violationLines } from "../changes/rows.ts";
import { readLimits } from "../cost/terms.ts";
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
  if (readLimits(await stackConfig(stack)) === undefined) return undefined;
  const { status, summary } = await previewStack(project, stack);
  return status === "failed" ? previewFailed(summary) : judgeLimits(summary);
}

/** Of a plan that is not whole, it is not known what it removes and adds. */
function previewFailed({ errors: [first = "no error is given", ...others] }: ChangeReport): Ending {
  return {
    status: "failed",
    found: `nothing is applied, as the preview failed: ${first}${andMore(others)}`,
    remedy: steps("Correct what the preview says.", "Run the command again."),
  };
}

function judgeLimits(summary: ChangeReport): Ending | undefined {
  const [first, ...others] = violationLines(summary);
  if (first === undefined) return undefined;
  const found = `nothing is applied: ${first.text}${andMore(others)}`;
  return { status: "failed", found, remedy: first.remedy };
}

function andMore(others: readonly unknown[]): string {
  return others.length > 0 ? ` (and ${others.length} more)` : "";
}
