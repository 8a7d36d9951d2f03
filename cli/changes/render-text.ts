import { visible } from "../redact.ts";
import { renderTable } from "../table.ts";
import type { ChangeReport } from "./report.ts";
import { columns, costGaps, costLine, resourceLines, rows, violationLines } from "./rows.ts";

/** The report for a terminal; `width` is the terminal's own unless it is given. */
export function asText(report: ChangeReport, width?: number): string {
  const table = rows(report);
  return [
    ...(table.length > 0 ? [renderTable(columns(report), table, width)] : []),
    ...(table.length === 0 && report.errors.length === 0 ? ["Nothing changes."] : []),
    ...[costLine(report) ?? []].flat(),
    ...costGaps(report).map((gap) => `${visible(gap)}.`),
    ...report.errors.map((error) => `error: ${lines(error)}`),
    ...report.warnings.map((warning) => `warning: ${lines(warning)}`),
    ...[limitsText(report) || []].flat(),
    ...resourceLines(report),
  ].join("\n");
}

/** Each limit that the change goes beyond, and what to do; empty when it keeps to all. */
export function limitsText(report: ChangeReport): string {
  return violationLines(report)
    .map(({ text, remedy }) => `${visible(text)}\n    What to do: ${visible(remedy)}`)
    .join("\n");
}

function lines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
