import { styleText } from "node:util";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { paint, type Tone } from "./colour.ts";
import { redact, visibleLines } from "./redact.ts";

/** Text, or text in the colour of what it says. */
export type Cell = string | StyledCell;

interface StyledCell {
  readonly text: string;
  readonly tone?: Tone | undefined;
  /** Its lines are not wrapped, since it is copied: an id. */
  readonly whole?: true;
}

/**
 * A table that fits the terminal. Text of others in it is text: control characters are
 * shown by their number. A line break within a cell stays. Where the columns would be too
 * narrow to read, each row is a list.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width = terminalWidth(),
): string {
  const { cells, widths } = measure(head, rows, width);
  const styles = rows.map((row) => row.map(styleOf));
  if (widths === undefined) return asLists(head, cells, styles);
  const lines = [
    drawRow(
      head,
      widths,
      head.map(() => bold),
    ),
    ...cells.map((row, index) => drawRow(row, widths, styles[index]!)),
  ];
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((each) => "─".repeat(each + 2)).join(middle) + right;
  return [rule("┌", "┬", "┐"), lines.join(`\n${rule("├", "┼", "┤")}\n`), rule("└", "┴", "┘")].join(
    "\n",
  );
}

/** Whether the rows are a table in the terminal, and not lists. */
export function fitsTerminal(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width = terminalWidth(),
): boolean {
  return measure(head, rows, width).widths !== undefined;
}

/** The cells as text, and the widths of the columns, where they are not too narrow to read. */
function measure(head: readonly string[], rows: readonly (readonly Cell[])[], width: number) {
  const cells = rows.map((row) => row.map((cell) => visibleLines(redact(textOf(cell)))));
  const whole = cells.map((row, index) =>
    row.map((text, column) => (isWhole(rows[index]![column]!) ? text : "")),
  );
  const least = lengths([head.map(() => ""), ...whole]);
  return { cells, widths: columnWidths(lengths([head, ...cells]), least, width) };
}

/** A row, of as many lines as its highest cell. */
function drawRow(
  row: readonly string[],
  widths: readonly number[],
  styles: readonly Style[],
): string {
  const cells = row.map((cell, column) =>
    wrapAnsi(cell, widths[column]!, { hard: true, trim: false }).split("\n"),
  );
  const height = Math.max(...cells.map((lines) => lines.length));
  const padded = (text: string, width: number, style: Style) =>
    style(text) + " ".repeat(Math.max(0, width - stringWidth(text)));
  return Array.from(
    { length: height },
    (_, line) =>
      `│ ${cells.map((lines, column) => padded(lines[line] ?? "", widths[column]!, styles[column]!)).join(" │ ")} │`,
  ).join("\n");
}

/** The columns of the terminal; without one, no limit, so that a pipe gets one line a row. */
function terminalWidth(): number {
  const told = Number(process.env.COLUMNS) || undefined;
  return process.stdout.isTTY
    ? process.stdout.columns || told || 80
    : (told ?? Number.POSITIVE_INFINITY);
}

/** Narrower columns cut names into pieces. */
const narrowest = 10;

/** The longest line of each column. */
function lengths(rows: readonly (readonly string[])[]): number[] {
  return rows[0]!.map((_, column) =>
    Math.max(
      1,
      ...rows.flatMap((row) => (row[column] ?? "").split("\n").map((line) => stringWidth(line))),
    ),
  );
}

/**
 * As wide as needed; else the widest columns are cut to one width, but to no less than
 * what is kept whole. Undefined when that is too narrow to read.
 */
function columnWidths(
  needed: readonly number[],
  least: readonly number[],
  width: number,
): number[] | undefined {
  // Each column has a border and two blanks, and the last has a border behind it.
  const room = width - 3 * needed.length - 1;
  let cap = Math.max(...needed);
  const cut = () => needed.map((each, column) => Math.min(each, Math.max(cap, least[column]!)));
  const isTooWide = () => cut().reduce((sum, each) => sum + each, 0) > room;
  while (cap >= narrowest && isTooWide()) cap--;
  return isTooWide() ? undefined : cut();
}

function asLists(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  styles: readonly (readonly Style[])[],
): string {
  const longest = Math.max(...head.map((name) => stringWidth(name)));
  const line = (name: string, cell: string, style: Style) =>
    `${bold(name.padEnd(longest))}  ${style(cell.replaceAll("\n", " "))}`;
  return rows
    .map((row, index) =>
      row.map((cell, column) => line(head[column] ?? "", cell, styles[index]![column]!)).join("\n"),
    )
    .join("\n\n");
}

type Style = (text: string) => string;

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function isWhole(cell: Cell): boolean {
  return typeof cell !== "string" && cell.whole === true;
}

function styleOf(cell: Cell): Style {
  return typeof cell === "string" ? (text) => text : (text) => paint(text, cell.tone);
}

/** As `paint`: only where colours are. */
function bold(text: string): string {
  return styleText("bold", text);
}
