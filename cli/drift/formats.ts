import Table from "cli-table3";
import { code, row } from "../markdown.ts";
import { about, cells, type DriftReport, summary } from "./report.ts";

const head = ["stack", "customer", "resource", "property", "declared", "actual"];

/** The report for a terminal. */
export function asTable({ stacks }: DriftReport): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { stack, differences } of stacks) for (const difference of differences) table.push([stack, ...cells(difference)]);
  const doubts = stacks.flatMap(({ stack, unknown }) =>
    unknown.map((doubt) => `${stack}: could not tell: ${[about(doubt), doubt.reason].filter(Boolean).join(": ")}`),
  );
  return [...(table.length > 0 ? [table.toString()] : []), ...doubts, `${summary(stacks)}.`].join("\n");
}

/** The report for a comment or an issue. */
export function asMarkdown({ stacks, status, checkedAt }: DriftReport): string {
  const rows = stacks.flatMap(({ stack, differences }) => differences.map((difference) => row([stack, ...cells(difference)].map(code))));
  const doubts = stacks.flatMap(({ stack, unknown }) =>
    unknown.map((doubt) => `- **could not tell** ${[code(stack), code(about(doubt)), code(doubt.reason)].filter(Boolean).join(": ")}`),
  );
  return [
    `**${summary(stacks)}** (${checkedAt})`,
    ...(rows.length > 0 ? ["", row(head), row(head.map(() => "---")), ...rows] : []),
    ...(doubts.length > 0 ? ["", ...doubts] : []),
    ...(status === "none" ? [] : ["", advice]),
    "",
  ].join("\n");
}

const advice =
  "`pulumi up --refresh` makes it as declared again. To keep what is there, declare it. What could not be told is looked at again the next time.";
