import { mask } from "pulumi-ucaas/internal/runtime/secrets";
import { paint } from "../colour.ts";
import { counted } from "../counted.ts";
import { cell, code, row } from "../markdown.ts";
import { redact, visible, visibleLines } from "../redact.ts";
import { type Cell, renderTable } from "../table.ts";
import { customerLines, customerRemedy } from "./customers.ts";
import type { CheckError, Difference, DriftReport, StackDrift, Status } from "./report.ts";

const head = ["stack", "customer", "resource", "property", "declared", "actual"];

/** The report for a terminal. */
export function asTable({ stacks, customers }: DriftReport): string {
  const rows = stacks.flatMap(({ stack, differences }) =>
    differences.map((difference): Cell[] => {
      const row = toRow(difference);
      const tone = difference.kind === "gone" ? "bad" : "attention";
      return [stack, ...row.slice(0, -1), { text: row.at(-1) ?? "", tone }];
    }),
  );
  const errors = stacks.flatMap(({ stack, unknown }) =>
    unknown.map((error) => {
      const [what, why] = [resourceLabel(error), error.reason].map(visibleLines);
      const parts = [visible(stack), paint("could not tell", "bad"), what, why];
      return parts.filter(Boolean).join(": ");
    }),
  );
  const table = rows.length > 0 ? [renderTable(head, rows)] : [];
  return [
    ...table,
    ...errors,
    `${summary(stacks, paint)}. ${coverage(stacks)}.`,
    ...customerLines(customers),
    ...customerRemedy(customers),
  ].join("\n");
}

/** The report for a comment or an issue. */
export function asMarkdown({ stacks, status, checkedAt, customers }: DriftReport): string {
  const rows = stacks.flatMap(({ stack, differences }) =>
    differences.map((difference) => row([stack, ...toRow(difference)].map(cell))),
  );
  const errors = stacks.flatMap(({ stack, unknown }) =>
    unknown.map((error) => {
      const parts = [code(stack), code(resourceLabel(error)), code(error.reason)];
      return `- **could not tell** ${parts.filter(Boolean).join(": ")}`;
    }),
  );
  return [
    `**${summary(stacks)}** (${checkedAt}). ${coverage(stacks)}.`,
    // Before the table, since a long one is cut at its end.
    ...(customers.length > 0
      ? ["", ...customerLines(customers).map((line) => `- ${code(line)}`)]
      : []),
    ...customerRemedy(customers).flatMap((line) => ["", line]),
    ...(rows.length > 0 ? ["", row(head), row(head.map(() => "---")), ...rows] : []),
    ...(errors.length > 0 ? ["", ...errors] : []),
    ...(status === "none" ? [] : ["", advice]),
    "",
  ].join("\n");
}

const advice = [
  "`pulumi up --refresh` makes everything as declared again.",
  "To keep what is there, declare it.",
  "The next check looks again at what could not be told.",
].join(" ");

/** `3 stacks: 1 without drift, 1 with drift, 1 that could not be told`. */
export function summary(
  stacks: readonly StackDrift[],
  colour: typeof paint = (text) => text,
): string {
  const count = (status: Status) => stacks.filter((each) => each.status === status).length;
  const parts = [
    [count("none"), "without drift", "good"],
    [count("drift"), "with drift", "attention"],
    [count("unknown"), "that could not be told", "bad"],
  ] as const;
  const texts = parts
    .filter(([number]) => number > 0)
    .map(([number, text, tone]) => colour(`${number} ${text}`, tone));
  return `${counted(stacks.length, "stack")}: ${texts.join(", ")}`;
}

/** `12 resources: 8 compared, 3 only known to exist, 1 that cannot be read back`. */
function coverage(stacks: readonly StackDrift[]): string {
  const sum = (key: "checked" | "compared" | "existenceOnly" | "notReadable") =>
    stacks.reduce((total, stack) => total + stack[key], 0);
  const parts = [
    `${sum("compared")} compared`,
    sum("existenceOnly") > 0 && `${sum("existenceOnly")} only known to exist (licences)`,
    sum("notReadable") > 0 && `${sum("notReadable")} that cannot be read back (Xelion orders)`,
  ];
  return `${counted(sum("checked"), "resource")}: ${parts.filter(Boolean).join(", ")}`;
}

/** A difference as cells: customer, resource, property, declared, actual. */
export function toRow(difference: Difference): [string, string, string, string, string] {
  const { customer, resource, name, kind, property, declared, actual } = difference;
  const where = [customer ?? "", name === customer ? resource : `${resource} ${name}`] as const;
  if (kind === "gone") return [...where, "", "exists", "gone"];
  if (kind === "hidden")
    return [...where, "(not shown)", "", "differs in a secret or internal value"];
  return [...where, property ?? "", formatValue(declared), formatValue(actual)];
}

/** A value in one line. */
function formatValue(value: unknown): string {
  if (value === undefined) return "—";
  if (value === mask) return mask;
  const text = visible(redact(JSON.stringify(value)));
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

const longest = 80;

/** The resource that an error is about. */
export function resourceLabel({ customer, resource, name }: CheckError): string {
  return [customer === name ? "" : customer, resource, name].filter(Boolean).join(" ");
}
