import { amount, formatAmount } from "../cost/money.ts";
import { isDeclaredCount } from "../cost/quantities.ts";
import { redact } from "../redact.ts";
import type { Violation } from "./limits.ts";
import type { ChangeReport } from "./report.ts";

type Change = ChangeReport["changes"][number];
type QuantityChange = Change["quantities"][number];

/** The columns of a reviewer's table; the last one only with a price list. */
export function columns({ cost }: ChangeReport): string[] {
  return ["customer", "change", "before → after", "difference", ...(cost ? ["a month"] : [])];
}

/**
 * The rows of a reviewer's table, by customer: text of others as it is, so a renderer
 * has to escape it.
 */
export function rows(report: ChangeReport): string[][] {
  const currency = report.cost?.currency;
  const sorted = report.changes.toSorted((a, b) =>
    a.customer < b.customer ? -1 : a.customer > b.customer ? 1 : 0,
  );
  return sorted
    .flatMap((change) => rowsOf(change, currency))
    .map((row) => (currency ? row : row.slice(0, -1)));
}

const marks: Readonly<Record<Change["action"], string>> = {
  create: "+",
  update: "~",
  replace: "+-",
  delete: "-",
  forget: "-",
  import: "=",
};

const results: Readonly<Record<Change["action"], string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "removed",
  forget: "forgotten: it stays at the vendor",
  import: "imported",
};

function rowsOf(change: Change, currency: string | undefined): string[][] {
  const { action, customer, resource, name, quantities, properties, notes } = change;
  const label = name === customer ? resource : `${resource} ${name}`;
  const head = `${marks[action]} ${label}`;
  const [only] = quantities;
  // What is there once says all in the row of the resource.
  if (only && quantities.length === 1 && properties.length === 0 && !isDeclaredCount(only.sku))
    return [[customer, [head, ...notes, ...only.notes].join("\n"), ...numbers(only, currency)]];
  // An update that shows no value is still one.
  const stays = action === "delete" && quantities.some((each) => each.before === each.after);
  const isWhole = action !== "update" || quantities.length + properties.length === 0;
  return [
    ...(isWhole || notes.length > 0
      ? [[customer, [head, ...notes].join("\n"), "", stays ? "forgotten" : results[action], ""]]
      : []),
    ...quantities.map((each) => [
      customer,
      [each.sku, ...each.notes].join("\n"),
      ...numbers(each, currency),
    ]),
    ...properties.map(({ property, before, after }) => [
      customer,
      `~ ${label} ${property}`,
      `${formatValue(before)} → ${formatValue(after)}`,
      "",
      "",
    ]),
  ];
}

/** `12 → 15`, `+3` and `+€135.00`; `not declared → 5`, `up to +5` and `up to +€225.00`. */
function numbers(
  { before, after, difference, cost, undeclaredBefore }: QuantityChange,
  currency: string | undefined,
): string[] {
  const most = undeclaredBefore ? after : difference;
  const upTo = undeclaredBefore ? "up to " : "";
  const isOpen = most === null || (undeclaredBefore && most === 0);
  return [
    `${before ?? (undeclaredBefore ? "not declared" : "unknown")} → ${after ?? "unknown"}`,
    isOpen ? "unknown" : `${upTo}${most > 0 ? "+" : ""}${most}`,
    cost === undefined || !currency || isOpen
      ? ""
      : `${upTo}${formatAmount(amount(cost), currency, { sign: true })}`,
  ];
}

const longest = 60;

function formatValue(value: unknown): string {
  if (value === undefined) return "—";
  const text = redact(typeof value === "string" ? value : JSON.stringify(value));
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** What the stack costs before and after; undefined without a price list. */
export function costLine({ cost }: ChangeReport): string | undefined {
  if (!cost) return undefined;
  const format = (text: string, sign = false) =>
    formatAmount(amount(text), cost.currency, { sign });
  const [before, after] = [format(cost.before), format(cost.after)];
  const difference = format(cost.difference, true);
  return `The stack costs ${before} a month now, and ${after} after the change (${difference}).`;
}

/** What the sums lack, as far as known. */
export function costGaps({ cost, changes }: ChangeReport): string[] {
  const gaps: string[] = [];
  if (cost && cost.unpriced.length > 0)
    gaps.push(`Without a price, so not in the sums: ${cost.unpriced.join(", ")}`);
  if (cost?.incomplete)
    gaps.push("Some counts are not known before the update, so the sums lack them");
  if (cost && changes.some(({ quantities }) => quantities.some((each) => each.undeclaredBefore)))
    gaps.push("What was not declared before counts as nothing in the sum now");
  return gaps;
}

/** What would be done, in the engine's words: `2 to create`, `1 to update`. */
export function operations({ counts }: Pick<ChangeReport, "counts">): string[] {
  return Object.entries(counts).flatMap(([action, number]) =>
    number === 0 || action === "same" ? [] : [`${number} to ${action}`],
  );
}

/** The block that ends a preview of the engine. */
export function resourceLines({ counts }: ChangeReport): string[] {
  const marked = Object.entries(counts).flatMap(([action, number]) =>
    number === 0 || action === "same"
      ? []
      : [`    ${marks[action as Change["action"]]} ${number} to ${action}`],
  );
  return ["Resources:", ...marked, `    ${counts.same ?? 0} unchanged`];
}

/** `limit: reason (acme, clinic)`, of each limit that the change goes beyond. */
export function violationLines({
  violations,
}: {
  violations: ChangeReport["violations"] | readonly Violation[];
}): { text: string; remedy: string }[] {
  return violations.map(({ limit, kind, reason, customers, remedy }) => {
    const verdict = kind === "exceeded" ? "beyond" : "cannot tell";
    const whose = customers.length > 0 ? ` (${abbreviated(customers)})` : "";
    return { text: `${verdict} ucaas:limits.${limit}: ${reason}${whose}`, remedy };
  });
}

function abbreviated(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
