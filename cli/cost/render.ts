import { stringify } from "csv-stringify/sync";
import { redact, visible } from "../redact.ts";
import { renderTable } from "../table.ts";
import {
  areOfSeveralStacks,
  type CostLine,
  type CostReport,
  type CostSum,
  unreadCounts,
} from "./estate.ts";
import { amount, formatAmount, formatAmounts } from "./money.ts";

/** The report for a terminal; `width` is the terminal's own unless it is given. */
export function costText(report: CostReport, width?: number): string {
  const { lines, bySku, byReseller, total } = report;
  if (lines.length === 0) return "The stack has nothing that is billed.";
  const severalStacks = areOfSeveralStacks(lines);
  const head = ["reseller", "customer", "SKU", "units", "price", "a month"];
  const rows = lines.map((line) => [...(severalStacks ? [line.stack] : []), ...cells(line)]);
  const tables = [
    renderTable(severalStacks ? ["stack", ...head] : head, rows, width),
    renderTable(["SKU", "units", "a month"], bySku.map(sumCells), width),
    renderTable(["reseller", "units", "a month"], byReseller.map(sumCells), width),
  ];
  return [...tables, ...summary(report, total)].join("\n");
}

function summary(report: CostReport, total: CostSum): string[] {
  const { lines, unpriced, incomplete, adopted } = report;
  const amounts = formatAmounts(total.amounts, " and ");
  const hasPrices = lines.some(({ price }) => price !== undefined);
  return [
    ...(amounts ? [`In all ${amounts} a month.`] : []),
    ...(hasPrices ? [] : ["Without ucaas:prices there are counts alone (docs/cost.md)."]),
    ...(incomplete
      ? [`Counts that cannot be read, so not in the sums: ${unreadCounts(lines)}.`]
      : []),
    ...(amounts && unpriced.length > 0
      ? [`Without a price, so not in the sums: ${unpriced.map(visible).join(", ")}.`]
      : []),
    ...(adopted.length > 0
      ? [
          `Adopted licences count what is declared, not what else they have: ${adopted.map(visible).join(", ")}.`,
        ]
      : []),
  ];
}

function cells({ reseller, customer, sku, quantity, billed, notes, ...money }: CostLine): string[] {
  const { currency, price, amount: total } = money;
  const units = billed === quantity ? "" : ` (${quantity ?? "unknown"} declared)`;
  const format = (text: string | undefined) =>
    text === undefined || !currency ? "" : formatAmount(amount(text), currency);
  return [
    reseller,
    customer,
    [sku, ...notes].join("\n"),
    `${billed ?? "unknown"}${units}`,
    format(price),
    format(total),
  ];
}

function sumCells({ name, billed, amounts }: CostSum): string[] {
  return [name || "—", String(billed), formatAmounts(amounts, "\n")];
}

/**
 * The lines as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front.
 */
export function costCsv({ lines }: CostReport): string {
  const columns = [
    "stack",
    "reseller",
    "customer",
    "sku",
    "quantity",
    "billed",
    "price",
    "amount",
    "currency",
    "notes",
  ] as const;
  return stringify(
    lines.map((line) => ({
      ...line,
      notes: line.notes.join("; "),
      ...textOf(line),
    })),
    { header: true, columns: [...columns], escape_formulas: true, record_delimiter: "\r\n" },
  );
}

/** Text of others, with control characters by their number. */
function textOf({ stack, reseller, customer, sku }: CostLine): Record<string, string> {
  const texts = { stack, reseller, customer, sku };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, visible(redact(text))]),
  );
}
