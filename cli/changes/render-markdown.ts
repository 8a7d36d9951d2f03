import { block, cell, code, row, shortened } from "../markdown.ts";
import type { ChangeReport } from "./report.ts";
import { columns, costGaps, costLine, rows, violationLines } from "./rows.ts";

/** More rows are counted: a reviewer reads the log for them. */
const maxRows = 50;
const maxMessages = 10;

/**
 * The report for a comment, of at most that many characters. All text of others is code,
 * so nothing in it is a link, a mention or a tag.
 */
export function asMarkdown(report: ChangeReport, length: number): string {
  const all = rows(report);
  const head = columns(report);
  for (let count = Math.min(maxRows, all.length); ; count = Math.floor(count / 2)) {
    const text = render(report, head, all, count);
    if (text.length <= length || count === 0)
      return text.length <= length ? text : shortened(text, length);
  }
}

function render(report: ChangeReport, head: string[], all: string[][], count: number): string {
  const table = all.slice(0, count).map((cells) => row(cells.map(toCell)));
  const more = all.length - count;
  const limits = violationLines(report).map(
    ({ text, remedy }) => `- ${code(text)}. ${code(capital(remedy))}.`,
  );
  const parts = [
    limits.length > 0 ? ["**Limits of the stack:**", "", ...limits] : [],
    all.length > 0 ? [row(head), row(head.map(() => "---")), ...table] : [],
    all.length === 0 && report.errors.length === 0 ? ["Nothing changes."] : [],
    more > 0 ? [`… and ${more} more rows; the run's log has all of them.`] : [],
    [costLine(report) ?? []].flat(),
    costGaps(report).map(code),
    messages("error", report.errors),
    messages("warning", report.warnings),
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}

/** A cell may have several lines; notes are below what they are about. */
function toCell(text: string): string {
  return text.split("\n").map(cell).filter(Boolean).join("<br>");
}

function messages(kind: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const more = texts.length > maxMessages ? [`… and ${texts.length - maxMessages} more`] : [];
  return [
    block([...texts.slice(0, maxMessages).map((text) => `${kind}: ${text}`), ...more].join("\n")),
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
