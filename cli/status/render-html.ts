import { html, raw } from "hono/html";
import { amount, formatAmount, formatAmounts } from "../cost/money.ts";
import { isSeat } from "../cost/quantities.ts";
import { counted } from "../counted.ts";
import { overallStatus } from "../drift/report.ts";
import { redact, visible, visibleLines } from "../redact.ts";
import { type Bar, barChart, columnChart, type Markup } from "./charts.ts";
import { ageOfCheck } from "./drift-history.ts";
import { minute } from "./minute.ts";
import { type Amounts, type CustomerStatus, type StatusReport, systems } from "./model.ts";
import { checkLines, countLine, openLines } from "./open-lines.ts";
import { pageStyle } from "./page-style.ts";

const systemNames = {
  xima: "Xima",
  enablex: "EnableX",
  netsapiens: "NetSapiens",
  xelion: "Xelion",
} as const;

/** More bars would not be read; the rest is one bar. */
const mostBars = 15;

/**
 * The report as one HTML file: no script, and no request to anything. Text of others is
 * text: the template escapes it, and control characters are shown by their number.
 */
export function asHtml(report: StatusReport): string {
  const shown = cleaned(report);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Status of ${shown.project}</title>
<style>${raw(pageStyle)}</style>
</head>
<body>
<a class="skip" href="#customers">Skip to the customers</a>
${heading(shown)}
<main>
${tiles(shown)}
${attention(shown)}
<div class="charts">
${seatsChart(shown)}
${driftChart(shown)}
${costChart(shown)}
</div>
${customers(shown)}
</main>
${footer(shown)}
</body>
</html>
`;
  return String(page);
}

/** Each text without known secrets, and with control characters by their number. */
function cleaned<T>(value: T): T {
  if (typeof value === "string") return visibleLines(redact(value)) as T;
  if (Array.isArray(value)) return value.map(cleaned) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [visible(redact(key)), cleaned(each)]);
  return Object.fromEntries(entries) as T;
}

function heading({ project, stacks, takenAt }: StatusReport): Markup {
  return html`<header>
<h1>Status of ${project}</h1>
<p class="quiet">${counted(stacks.length, "stack")}: ${stacks.join(", ")}.
Taken at ${minute(takenAt)} from the state; no vendor was asked.</p>
</header>`;
}

function tiles(report: StatusReport): Markup {
  const { customers, cost } = report;
  const seats = customers.reduce((sum, each) => sum + (each.seats ?? 0), 0);
  const unreadable = customers.filter((each) => each.seats === null).length;
  const open = openLines(report).length;
  const facts: [figure: string, text: string, tone?: string][] = [
    [String(customers.length), customers.length === 1 ? "customer" : "customers"],
    unreadable > 0
      ? [String(seats), `seats, and those of ${unreadable} that cannot be read`, "warn"]
      : [String(seats), seats === 1 ? "seat" : "seats"],
    [cost.length > 0 ? money(cost) : "–", cost.length > 0 ? "a month" : "no prices configured"],
    driftTile(report),
    [String(open), open === 1 ? "needs attention" : "need attention", open > 0 ? "warn" : "good"],
  ];
  const tile = ([figure, text, tone = ""]: (typeof facts)[number]) =>
    html`<li><strong class="${tone}">${figure}</strong><span>${text}</span></li>
`;
  return html`<ul class="tiles">
${facts.map(tile)}</ul>`;
}

/** The worst of the stacks' last checks. A stack without a current one may have any drift. */
function driftTile({ lastChecks, stacks, takenAt }: StatusReport): [string, string, string?] {
  const [oldest] = lastChecks.map(({ checkedAt }) => checkedAt.slice(0, 10)).sort();
  if (oldest === undefined) return ["–", "no drift report"];
  const isWhole = stacks.every((name) => lastChecks.some(({ stack }) => stack === name));
  const status = overallStatus([
    ...lastChecks.map((check) =>
      check.status === "none" && ageOfCheck(check, takenAt) !== "current"
        ? "unknown"
        : check.status,
    ),
    ...(isWhole ? [] : (["unknown"] as const)),
  ]);
  const isOneDay = lastChecks.every(({ checkedAt }) => checkedAt.startsWith(oldest));
  const when = isOneDay ? `drift check of ${oldest}` : `drift checks since ${oldest}`;
  return [driftWords[status], when, driftTones[status]];
}

const driftWords = { none: "No drift", drift: "Drift", unknown: "Unknown" } as const;
const driftTones = { none: "good", drift: "bad", unknown: "warn" } as const;

function attention(report: StatusReport): Markup | undefined {
  const lines = openLines(report);
  if (lines.length === 0) return undefined;
  const list = html`<ul class="attention">
${lines.map((line) => html`<li>${line}</li>\n`)}</ul>`;
  return card("attention", "Needs attention", list);
}

function seatsChart({ bySku }: StatusReport): Markup {
  const bars = bySku
    .filter(({ name, billed }) => isSeat(name) && billed > 0)
    .map(({ name, billed }) => ({ name, value: billed, label: String(billed) }));
  return chart("seats", "Billed seats by kind", "The state has no seats.", bars, (rest) => ({
    name: counted(rest.length, "other kind"),
    ...total(rest, String),
  }));
}

function costChart({ customers, cost, stacks }: StatusReport): Markup {
  const [currency] = cost;
  const bars = customers.flatMap(({ stack, customer, cost: own }) => {
    const each = own.find((one) => one.currency === currency?.currency);
    if (!each || !currency) return [];
    const label = formatAmount(amount(each.amount), currency.currency);
    const name = `${stacks.length > 1 ? `${stack} ` : ""}${customer || "(no customer)"}`;
    return [{ name, value: Number(each.amount), label }];
  });
  const others = cost.slice(1).map((each) => each.currency);
  const title = `Cost by customer${others.length > 0 ? `, without ${others.join(", ")}` : ""}`;
  return chart("cost", title, "Set ucaas:prices to see costs.", bars, (rest) => ({
    name: counted(rest.length, "other customer"),
    ...total(rest, (sum) => formatAmount(amount(sum.toFixed(2)), currency?.currency ?? "")),
  }));
}

function total(bars: readonly Bar[], format: (sum: number) => string) {
  const value = bars.reduce((sum, bar) => sum + bar.value, 0);
  return { value, label: format(value) };
}

/** The longest bars first, and the rest as one. */
function chart(
  id: string,
  title: string,
  nothing: string,
  bars: readonly Bar[],
  restOf: (bars: readonly Bar[]) => Bar,
): Markup {
  const sorted = bars.toSorted((a, b) => b.value - a.value);
  const rest = sorted.slice(mostBars);
  const drawn = [...sorted.slice(0, mostBars), ...(rest.length > 0 ? [restOf(rest)] : [])];
  return card(id, title, drawn.length > 0 ? barChart(id, title, drawn) : quiet(nothing));
}

function driftChart(report: StatusReport): Markup {
  const { driftChecks } = report;
  const title = "Drift in the last reports";
  if (driftChecks.length === 0)
    return card("drift", title, quiet("Name the reports' folder with --report-dir."));
  const columns = driftChecks.map(({ checkedAt, stacks }) => ({
    name: minute(checkedAt),
    found: stacks.reduce((sum, each) => sum + count(each.differences), 0),
    unknown: stacks.reduce((sum, each) => sum + each.unknown, 0),
  }));
  const legend = html`<p class="legend">
<span class="bad">■ resources that differ</span>
<span class="warn">■ unknown</span>
<span class="good">■ no drift</span>
</p>`;
  const times = checkLines(report).map(quiet);
  return card("drift", title, columnChart("drift", title, columns), legend, ...times);
}

const count = (differences: Readonly<Record<string, number>>) =>
  Object.values(differences).reduce((sum, each) => sum + each, 0);

function card(id: string, title: string, ...content: Markup[]): Markup {
  return html`<section aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
${content}</section>`;
}

const quiet = (text: string) => html`<p class="quiet">${text}</p>
`;

function customers({ customers: all, stacks, atVendors }: StatusReport): Markup {
  const listed = atVendors.map(countLine);
  const severalStacks = stacks.length > 1;
  const column = (name: string) => html`<th scope="col">${name}</th>`;
  const figures = (name: string) => html`<th scope="col" class="number">${name}</th>`;
  const head = [
    column("Customer"),
    severalStacks && column("Stack"),
    systems.map((system) => figures(systemNames[system])),
    figures("Seats"),
    figures("Cost a month"),
    column("Last verified"),
    figures("Differ"),
  ];
  return html`<section class="table" id="customers" aria-labelledby="customers-heading">
<h2 id="customers-heading">Customers</h2>
${listed.map(quiet)}
<div class="scroll" tabindex="0" role="region" aria-label="Table of customers">
<table>
<caption>Resources by system, seats, cost, and when a vendor last confirmed them</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${all.map((each) => row(each, severalStacks))}</tbody>
</table>
</div>
</section>`;
}

function row(each: CustomerStatus, severalStacks: boolean): Markup {
  const { customer, stack, resources, seats, cost, verifiedAt, differences } = each;
  const figure = (text: unknown) => html`<td class="number">${String(text ?? "")}</td>`;
  return html`<tr>
<th scope="row">${customer || "(no customer)"}</th>
${severalStacks && html`<td>${stack}</td>`}
${systems.map((system) => figure(resources[system]))}
${figure(seats ?? "unknown")}
${figure(money(cost))}
<td class="time">${verifiedAt === undefined ? "" : minute(verifiedAt)}</td>
<td class="number ${differences ? "bad" : ""}">${differences === null ? "unknown" : String(differences ?? "")}</td>
</tr>
`;
}

function footer({ notes }: StatusReport): Markup {
  return html`<footer>
${notes.map((note) => html`<p>Note: ${note}</p>\n`)}<p>Made by ucaas status --html.</p>
</footer>`;
}

const money = (amounts: Amounts) => formatAmounts(amounts, " + ");
