import type { Tone } from "../colour.ts";
import { counted } from "../counted.ts";
import { remedyInCell } from "../remedy.ts";
import { renderTable } from "../table.ts";
import type { Finding, Status } from "./check.ts";
import type { DoctorReport } from "./report.ts";

const words: Record<Status, string> = {
  ok: "ok",
  skipped: "skipped",
  unknown: "UNKNOWN",
  action: "ACTION",
};

const tones: Record<Status, Tone> = {
  ok: "good",
  skipped: "faint",
  unknown: "attention",
  action: "bad",
};

/** One row a finding, and one line that says what it comes to. */
export function asTable({ stack, status, findings }: DoctorReport): string {
  const rows = findings.map((finding) => [
    `${finding.system}: ${finding.check}`,
    { text: words[finding.status], tone: tones[finding.status] },
    textOf(finding),
    duration(finding.milliseconds),
  ]);
  const table = renderTable(["check", "status", "found, and what to do", "time"], rows);
  const about = stack === undefined ? "without a stack" : `stack ${stack}`;
  return `${table}\n${summary(findings)[status]} (${about})`;
}

function textOf({ found, remedy, code }: Finding): string {
  const reason = code === undefined ? found : `${found} [${code}]`;
  return remedy === undefined ? reason : `${reason}\n${remedyInCell(remedy)}`;
}

function summary(findings: readonly Finding[]): Record<DoctorReport["status"], string> {
  const count = (status: Status) => findings.filter((each) => each.status === status).length;
  const [unknown, action] = [count("unknown"), count("action")];
  const untold = unknown > 0 ? `, and ${unknown} could not be told` : "";
  return {
    ok: "All is in order.",
    unknown: `${unknown} of ${counted(findings.length, "check")} could not tell.`,
    action: `${action} of ${counted(findings.length, "finding")} ${action === 1 ? "needs" : "need"} action${untold}.`,
  };
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
