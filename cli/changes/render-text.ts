import { stripVTControlCharacters } from "node:util";
import type { Tone } from "../colour.ts";
import { visible, visibleLines } from "../redact.ts";
import { type Cell, renderTable } from "../table.ts";
import type { ChangeReport } from "./report.ts";
import { columns, costGaps, costLine, resourceLines, rows, violationLines } from "./rows.ts";

/** The report for a terminal; `width` is the terminal's own unless it is given. */
export function asText(report: ChangeReport, width?: number): string {
  const table = rows(report);
  return [
    ...(table.length > 0 ? [renderTable(columns(report), table.map(toCells), width)] : []),
    ...(table.length === 0 && report.errors.length === 0 ? ["Nothing changes."] : []),
    ...[costLine(report) ?? []].flat(),
    ...costGaps(report).map((gap) => `${visible(gap)}.`),
    ...report.errors.map((error) => `error: ${visibleLines(error)}`),
    ...report.warnings.map((warning) => `warning: ${visibleLines(warning)}`),
    ...[limitsText(report) || []].flat(),
    ...resourceLines(report),
  ].join("\n");
}

/** As `asText`, for a report that is kept: without the colours of a terminal. */
export function asPlainText(report: ChangeReport, width: number): string {
  return stripVTControlCharacters(asText(report, width));
}

/** What comes is green, what goes is red, and what becomes another thing is yellow. */
function toCells([
  customer = "",
  change = "",
  values = "",
  difference = "",
  ...cost
]: string[]): Cell[] {
  return [
    customer,
    { text: change, tone: toneOf(change) },
    values,
    { text: difference, tone: toneOf(difference) },
    ...cost,
  ];
}

function toneOf(text: string): Tone | undefined {
  if (text.startsWith("~") || text.startsWith("+-")) return "attention";
  if (text.startsWith("+")) return "good";
  return text.startsWith("-") ? "bad" : undefined;
}

/** Each limit that the change goes beyond, and what to do; empty when it keeps to all. */
export function limitsText(report: ChangeReport): string {
  return violationLines(report)
    .map(({ text, remedy }) => `${visible(text)}\n    What to do: ${visibleLines(remedy)}`)
    .join("\n");
}
