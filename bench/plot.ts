import { join } from "node:path";
import { operations } from "./contender.ts";
import { medianOf } from "./customers.ts";
import type { Measurement, Results } from "./results.ts";

interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly Point[] }[];
}
type Point = readonly [x: number, y: number];

const size = { width: 300, height: 220, left: 48, right: 12, top: 28, bottom: 34 };
const colours = ["#777777", "#0b6bcb", "#c8553d", "#2a9d5c", "#8e44ad"];
const columns = 3;

/** The charts of docs/figures.md, by their files in the repository: one for each latency. */
export function customerCharts(results: Results): Map<string, string> {
  const byLatency = Map.groupBy(results.measurements, ({ latencyMs }) => latencyMs);
  const charts = [...byLatency].map(([latencyMs, rows]) => {
    const panels = [
      ...operations.map((operation) =>
        panel(`${operation}: seconds`, rows, operation, ({ seconds }) => seconds),
      ),
      panel("up: CPU seconds", rows, "up", ({ cpuSeconds }) => cpuSeconds),
      panel("up: peak memory, MB", rows, "up", ({ peakMemoryBytes }) =>
        peakMemoryBytes === undefined ? undefined : peakMemoryBytes / 1e6,
      ),
      panel("drift: requests", rows, "drift", ({ requests }) => requests),
      panel("state file: KB", rows, "up", ({ storedBytes }) =>
        storedBytes === undefined ? undefined : storedBytes / 1000,
      ),
    ];
    const about = [
      "EnableX customers in one stack",
      `${latencyMs} ms of server latency`,
      results.takenAt.slice(0, 10),
      `commit ${results.commit}`,
    ].join(", ");
    const file = join("docs", "images", `bench-${latencyMs}ms.svg`);
    return [file, drawing(about, panels)] as const;
  });
  return new Map(charts);
}

function panel(
  title: string,
  rows: readonly Measurement[],
  operation: Measurement["operation"],
  figure: (row: Measurement) => number | undefined,
): Panel {
  const own = rows.filter((row) => row.operation === operation);
  const lines = [...Map.groupBy(own, ({ contender }) => contender)].map(([name, all]) => ({
    name,
    points: [...Map.groupBy(all, ({ customers }) => customers)]
      .flatMap(([customers, some]): Point[] => {
        const value = medianOf(some, figure);
        return value === undefined || value <= 0 ? [] : [[customers, value]];
      })
      .sort(([a], [b]) => a - b),
  }));
  return { title, lines };
}

/** Small charts beside each other, both axes logarithmic, with one legend. */
function drawing(about: string, panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const colourOf = (name: string) => colours[names.indexOf(name) % colours.length] ?? "#000000";
  const [width, height] = [
    columns * size.width,
    Math.ceil(panels.length / columns) * size.height + 56,
  ];
  const legend = names.map((name, index) => {
    const line = `<path d="M0 -4h20" stroke="${colourOf(name)}" stroke-width="2"/>`;
    return group(size.left + index * 150, 40, `${line}<text x="26">${escapeXml(name)}</text>`);
  });
  const charts = panels.map((one, index) => {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    return group(column * size.width, 56 + row * size.height, chart(one, colourOf));
  });
  const font = 'font-family="sans-serif" font-size="11"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${font}>
<title>${escapeXml(about)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${size.left}" y="18" font-size="12">${escapeXml(about)}</text>
${[...legend, ...charts].join("\n")}
</svg>
`;
}

function group(x: number, y: number, content: string): string {
  return `<g transform="translate(${x} ${y})">${content}</g>`;
}

function label(x: number, y: number, anchor: "middle" | "end", text: string): string {
  return `<text stroke="none" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

function chart({ title, lines }: Panel, colourOf: (name: string) => string): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return "";
  const x = logScale(
    points.map(([value]) => value),
    size.left,
    size.width - size.right,
  );
  const y = logScale(
    points.map(([, value]) => value),
    size.height - size.bottom,
    size.top,
  );
  const [right, bottom] = [size.width - size.right, size.height - size.bottom];
  const grid = [
    ...x.ticks.flatMap((tick) => [
      `<path d="M${tick.at} ${size.top}V${bottom}"/>`,
      label(tick.at, bottom + 14, "middle", tick.label),
    ]),
    ...y.ticks.flatMap((tick) => [
      `<path d="M${size.left} ${tick.at}H${right}"/>`,
      label(size.left - 5, tick.at + 4, "end", tick.label),
    ]),
  ];
  const drawn = lines.flatMap(({ name, points: own }) => {
    const positions = own.map(([px, py]) => `${x.position(px)} ${y.position(py)}`);
    const colour = colourOf(name);
    return [
      `<polyline points="${positions.join(",")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...positions.map((position) => {
        const [cx, cy] = position.split(" ");
        return `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colour}"/>`;
      }),
    ];
  });
  return [
    `<text x="${size.left}" y="18" font-weight="bold">${escapeXml(title)}</text>`,
    `<g stroke="#dddddd" fill="#555555">${grid.join("")}</g>`,
    ...drawn,
  ].join("");
}

/** Powers of ten around the values, and 2 and 5 between them where there are few. */
function logScale(values: readonly number[], from: number, to: number) {
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const [low, high] = [Math.log10(lowest) - 0.06, Math.log10(highest) + 0.06];
  const position = (value: number) =>
    Math.round((from + ((Math.log10(value) - low) / (high - low)) * (to - from)) * 10) / 10;
  const decades = Array.from({ length: 15 }, (_, index) => 10 ** (index - 5));
  const steps = high - low > 1.5 ? [1] : [1, 2, 5];
  const ticks = decades
    .flatMap((decade) => steps.map((step) => step * decade))
    .filter((value) => Math.log10(value) >= low && Math.log10(value) <= high)
    .map((value) => ({ at: position(value), label: Number(value.toPrecision(1)).toString() }));
  return { position, ticks };
}

const escapeXml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
