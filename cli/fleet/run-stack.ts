import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { counted } from "../counted.ts";
import { checkStack } from "../drift/check.ts";
import type { CustomerSurvey } from "../drift/customer-survey.ts";
import { resourceLabel } from "../drift/render.ts";
import type { CheckError } from "../drift/report.ts";
import { openWritesOrReason } from "../open-writes.ts";
import { isAtVendor } from "../pulumi/locator.ts";
import { openOperations, settleOperations } from "../pulumi/open-operations.ts";
import type { Project } from "../pulumi/project.ts";
import { pulumi } from "../pulumi/run.ts";
import { stackState } from "../pulumi/stack.ts";
import { EngineRun, judgeRun } from "./engine-run.ts";
import { refusedByLimits } from "./limits.ts";
import type { Action, Ending, StackResult } from "./result.ts";

/** Does one thing with one stack. What goes wrong with it is its result. */
export async function runStack(
  action: Action,
  stack: string,
  {
    project,
    cancel,
    survey,
  }: { readonly project: Project; readonly cancel?: true; readonly survey: CustomerSurvey },
): Promise<StackResult> {
  const started = Date.now();
  // Where there is no lock, it changes nothing.
  if (cancel) await pulumi(["cancel", "--yes", "--stack", stack]);
  const ending = await perform(action, stack, { project, survey }).catch(
    (error: unknown): Ending => {
      if (error instanceof UcaasError && error.code !== "PULUMI_MISSING")
        return { status: "failed", found: error.reason, remedy: error.hint };
      throw error;
    },
  );
  const now = new Date();
  const seconds = Math.round((now.getTime() - started) / 100) / 10;
  return { stack, ...ending, seconds, finishedAt: now.toISOString() };
}

async function perform(
  action: Action,
  stack: string,
  { project, survey }: { readonly project: Project; readonly survey: CustomerSurvey },
): Promise<Ending> {
  if (action === "drift") return await driftOf(stack, survey);
  if (action === "status") return await statusOf(stack);
  const refusal = action === "up" ? await refusedByLimits(project, stack) : undefined;
  if (refusal) return refusal;
  const { env } = process;
  const events = new EngineRun();
  const run = await pulumi(
    [
      action,
      "--stack",
      stack,
      "--json",
      ...(action === "preview" ? [] : ["--yes", "--skip-preview"]),
    ],
    {
      env: {
        // Without it a preview prints one document at its end.
        PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
        // What one customer fails at stops no other.
        PULUMI_CONTINUE_ON_ERROR: "true",
        // A 24th of the bytes in each checkpoint. The engine refuses two ways to compress.
        ...(!compression.some((name) => env[name]) && { PULUMI_DIY_BACKEND_ZSTD: "true" }),
      },
      onLine: (line) => events.take(line),
    },
  );
  const ending = judgeRun(run, events, { stack, planned: action === "preview" });
  // Without the program, the engine cannot tell what interrupted runs have left.
  const left =
    action === "destroy" && ending.status === "done"
      ? await openWritesOrReason(stack, (await stackState(stack)).resources)
      : [];
  const warnings = [...new Set([...events.warnings, ...left])];
  return { ...ending, ...(warnings.length > 0 && { warnings }) };
}

/** By which a user chooses how the state is compressed; the last two are their old names. */
const compression = [
  ...["PULUMI_DIY_BACKEND_ZSTD", "PULUMI_DIY_BACKEND_GZIP"],
  ...["PULUMI_SELF_MANAGED_STATE_ZSTD", "PULUMI_SELF_MANAGED_STATE_GZIP"],
] as const;

async function driftOf(stack: string, survey: CustomerSurvey): Promise<Ending> {
  const { status, compared, existenceOnly, differences, unknown } = await checkStack(stack, survey);
  if (status === "unknown") return { status: "failed", found: untold(unknown, differences.length) };
  const known = existenceOnly > 0 ? `, ${existenceOnly} only known to exist` : "";
  const coverage = `${compared} compared${known}`;
  return status === "drift"
    ? { status: "found", found: `${counted(differences.length, "differs", "differ")}, ${coverage}` }
    : { status: "done", found: `no drift, ${coverage}` };
}

/** What is known of a stack whose drift is not: the first cause, with its resource. */
function untold([first, ...others]: readonly CheckError[], differences: number): string {
  const found = differences > 0 ? `${counted(differences, "differs", "differ")}, ` : "";
  const place = others.length > 0 ? ` (first of ${others.length + 1})` : "";
  const cause = first ? [resourceLabel(first), first.reason] : ["no reason given"];
  return `${found}could not tell${place}: ${cause.filter(Boolean).join(": ")}`;
}

async function statusOf(stack: string): Promise<Ending> {
  const state = await stackState(stack);
  const { resources } = state;
  const pending = openOperations(state);
  const customers = resources.filter(({ type }) => type === "ucaas:index:Customer").length;
  const atVendors = resources.filter(isAtVendor).length;
  const warnings = await openWritesOrReason(stack, resources);
  const found = [
    counted(customers, "customer"),
    `${counted(atVendors, "resource")} at vendors`,
    ...(pending.length > 0 ? [counted(pending.length, "pending operation")] : []),
  ].join(", ");
  return {
    status: pending.length + warnings.length > 0 ? "found" : "done",
    found,
    ...(pending.length > 0 && { remedy: settleOperations(pending, stack) }),
    ...(warnings.length > 0 && { warnings }),
  };
}
