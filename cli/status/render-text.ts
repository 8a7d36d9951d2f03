import { formatAmounts } from "../cost/money.ts";
import { counted } from "../counted.ts";
import { redact, visible, visibleLines } from "../redact.ts";
import { type Cell, fitsTerminal, renderTable } from "../table.ts";
import type { CertificateEnd } from "./certificates.ts";
import { ageOfCheck, type LastCheck } from "./drift-history.ts";
import { minute } from "./minute.ts";
import { type Amounts, type CustomerStatus, type StatusReport, systems } from "./model.ts";
import { checkLines, countLine, isAllDeclared, openLines } from "./open-lines.ts";

/** The report for a terminal: a row for each customer, then what needs attention. */
export function asText(report: StatusReport): string {
  const { customers, pending, cost, certificates, atVendors, notes } = report;
  const checked = [...checkLines(report), ...atVendors.filter(isAllDeclared).map(countLine)];
  if (customers.length === 0 && pending.length === 0)
    return [
      "The state has no resource of a vendor.",
      ...checked,
      ...attentionLines(report),
      ...noteLines(notes),
    ].join("\n");
  return [
    customerTable(report),
    total(customers) + (cost.length > 0 ? `, ${money(cost)} a month` : ""),
    ...checked,
    ...certificates.map(certificateLine),
    ...attentionLines(report),
    ...noteLines(notes),
  ].join("\n");
}

function certificateLine({ stack, account, endsAt, daysLeft }: CertificateEnd): string {
  const name = account === undefined ? "" : ` (${visible(account)})`;
  const day = endsAt.slice(0, 10);
  const end = daysLeft < 0 ? `ended on ${day}` : `ends on ${day}, in ${counted(daysLeft, "day")}`;
  return `The certificate of ${visible(stack)} xima${name} ${end}.`;
}

/** With a column for each system; in a narrow terminal with one for all. */
function customerTable(report: StatusReport): string {
  const { customers, cost, lastChecks, takenAt } = report;
  const current = lastChecks.filter((check) => ageOfCheck(check, takenAt) === "current");
  const isPriced = cost.length > 0;
  const isChecked = customers.some(({ differences }) => differences !== undefined);
  const head = (names: readonly string[]) => [
    ...["stack", "customer", ...names, "seats"],
    ...(isPriced ? ["a month"] : []),
    ...(isChecked ? ["differ"] : []),
    "last verified",
  ];
  const rows = (cellsOf: (resources: CustomerStatus["resources"]) => string[]) =>
    customers.map((each): Cell[] => [
      each.stack,
      each.customer || "(none)",
      ...cellsOf(each.resources),
      each.seats === null ? { text: "unknown", tone: "attention" } : String(each.seats),
      ...(isPriced ? [money(each.cost)] : []),
      ...(isChecked ? [differenceCell(each, current)] : []),
      each.verifiedAt === undefined ? "" : minute(each.verifiedAt),
    ]);
  const wideHead = head(systems);
  const wideRows = rows((resources) => systems.map((system) => String(resources[system] ?? "")));
  if (fitsTerminal(wideHead, wideRows)) return renderTable(wideHead, wideRows);
  const narrowRows = rows((resources) => [
    systems
      .flatMap((system) => {
        const count = resources[system] ?? 0;
        return count === 0 ? [] : [count === 1 ? system : `${count} ${system}`];
      })
      .join(", "),
  ]);
  return renderTable(head(["systems"]), narrowRows);
}

/** Without colour where nothing differed at a check that is old: much may differ by now. */
function differenceCell(
  { stack, differences }: CustomerStatus,
  current: readonly LastCheck[],
): Cell {
  if (differences === undefined) return "";
  if (differences === null) return { text: "unknown", tone: "attention" };
  if (differences > 0) return { text: String(differences), tone: "attention" };
  return current.some((check) => check.stack === stack) ? { text: "0", tone: "good" } : "0";
}

const money = (amounts: Amounts) => formatAmounts(amounts, " + ");

function attentionLines(report: StatusReport): string[] {
  const open = openLines(report);
  return open.length > 0
    ? ["", "Needs attention:", ...open.map((line) => `  ${visibleLines(redact(line))}`)]
    : [];
}

function noteLines(notes: readonly string[]): string[] {
  return notes.length > 0
    ? ["", ...notes.map((note) => `Note: ${visibleLines(redact(note))}`)]
    : [];
}

function total(customers: readonly CustomerStatus[]): string {
  const seats = customers.reduce((sum, each) => sum + (each.seats ?? 0), 0);
  const unknown = customers.filter((each) => each.seats === null).length;
  const rest = unknown > 0 ? `, and those of ${unknown} that cannot be read` : "";
  return `${counted(customers.length, "customer")}, ${counted(seats, "seat")}${rest}`;
}
