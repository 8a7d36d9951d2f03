import { z } from "zod";
import type { Finding, Status } from "./check.ts";

const statusSchema = z.enum(["ok", "skipped", "unknown", "action"]);

/** What `ucaas doctor --json` prints. */
export const doctorReportSchema = z.object({
  version: z.literal(1),
  kind: z.literal("doctor"),
  checkedAt: z.string(),
  stack: z.string().optional(),
  status: statusSchema.exclude(["skipped"]),
  findings: z
    .array(
      z.object({
        system: z.string(),
        check: z.string(),
        status: statusSchema,
        found: z.string(),
        remedy: z.string().optional(),
        code: z.string().optional(),
        milliseconds: z.number(),
      }),
    )
    .readonly(),
});
export type DoctorReport = Readonly<z.output<typeof doctorReportSchema>>;

export function doctorReport(
  stack: string | undefined,
  findings: readonly Finding[],
): DoctorReport {
  return {
    version: 1,
    kind: "doctor",
    checkedAt: new Date().toISOString(),
    ...(stack !== undefined && { stack }),
    status: overallStatus(findings.map(({ status }) => status)),
    findings,
  };
}

/** What must be done is known, whatever else is not: `action` is the worst. */
function overallStatus(statuses: readonly Status[]): DoctorReport["status"] {
  if (statuses.includes("action")) return "action";
  return statuses.includes("unknown") ? "unknown" : "ok";
}

/** Of the command. */
export const exitStatus: Record<DoctorReport["status"], number> = { ok: 0, unknown: 1, action: 2 };
