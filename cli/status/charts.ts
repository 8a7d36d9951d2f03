import { scaleBand, scaleLinear } from "d3-scale";
import { html } from "hono/html";

export type Markup = ReturnType<typeof html>;

/** One bar: its name, its length, and the figure that is written at its end. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
}

const rowHeight = 42;
const nameHeight = 18;
const labelWidth = 95;
/** Narrow, so that text stays readable where the drawing shrinks to a telephone. */
const width = 360;
/** So many characters of a name fit above its bar. */
const longestName = 40;

/** Horizontal bars, the first on top. The description says each figure to a screen reader. */
export function barChart(id: string, title: string, bars: readonly Bar[]): Markup {
  const height = bars.length * rowHeight + 8;
  const y = scaleBand<number>()
    .domain(bars.map((_, index) => index))
    .range([4, height - 4])
    .padding(0.12);
  const x = scaleLinear()
    .domain([0, Math.max(1, ...bars.map(({ value }) => value))])
    .range([0, width - labelWidth]);
  const rows = bars.map(({ name, value, label }, index) => {
    const top = (y(index) ?? 0) + nameHeight;
    const height = y.bandwidth() - nameHeight;
    const middle = top + height / 2;
    const length = Math.max(1, x(value));
    return html`<text x="0" y="${top - 5}">${shortened(name)}</text>
<rect class="bar" x="0" y="${top}" width="${length}" height="${height}" rx="3" />
<text class="figure" x="${length + 8}" y="${middle}" dominant-baseline="central">${label}</text>
`;
  });
  const description = bars.map(({ name, label }) => `${name}: ${label}`).join("; ");
  return drawing(id, title, description, height, rows);
}

/** One column: what was found at a time, and whether anything stayed unknown. */
export interface Column {
  readonly name: string;
  readonly found: number;
  readonly unknown: number;
}

const chartHeight = 160;
const axis = { left: 34, bottom: 30, top: 12 };

/** Columns over time, the last on the right: differences, and above them what is unknown. */
export function columnChart(id: string, title: string, columns: readonly Column[]): Markup {
  const x = scaleBand<number>()
    .domain(columns.map((_, index) => index))
    .range([axis.left, width - 8])
    .padding(0.25);
  const y = scaleLinear()
    .domain([0, Math.max(4, ...columns.map(({ found, unknown }) => found + unknown))])
    .nice(4)
    .range([chartHeight - axis.bottom, axis.top]);
  const lines = y.ticks(4).map(
    (
      tick,
    ) => html`<line class="grid" x1="${axis.left}" x2="${width - 8}" y1="${y(tick)}" y2="${y(tick)}" />
<text x="${axis.left - 8}" y="${y(tick)}" text-anchor="end" dominant-baseline="central">${tick}</text>
`,
  );
  const marks = columns.map(({ found, unknown }, index) => {
    const left = x(index) ?? 0;
    const rectangle = (tone: string, bottom: number, top: number) =>
      html`<rect class="${tone}" x="${left}" y="${top}" width="${x.bandwidth()}" height="${bottom - top}" />
`;
    if (found + unknown === 0) return rectangle("none", y(0), y(0) - 3);
    return [rectangle("drift", y(0), y(found)), rectangle("unknown", y(found), y(found + unknown))];
  });
  // Names that overlap cannot be read: the first and the last say the range.
  const name = (text: string | undefined, left: number, anchor: string) =>
    html`<text x="${left}" y="${chartHeight - 8}" text-anchor="${anchor}">${text}</text>
`;
  const names = [
    name(columns[0]?.name, axis.left, "start"),
    columns.length > 1 && name(columns.at(-1)?.name, width - 8, "end"),
  ];
  const description = columns
    .map(({ name, found, unknown }) => `${name}: ${found} differ, ${unknown} unknown`)
    .join("; ");
  return drawing(id, title, description, chartHeight, [...lines, ...marks, ...names]);
}

function drawing(
  id: string,
  title: string,
  description: string,
  height: number,
  content: readonly unknown[],
): Markup {
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${content}</svg>
`;
}

function shortened(name: string): string {
  const characters = [...name];
  return characters.length > longestName
    ? `${characters.slice(0, longestName - 1).join("")}…`
    : name;
}
