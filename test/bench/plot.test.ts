import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { customerCharts } from "../../bench/plot.ts";
import { latestSeries, readResults } from "../../bench/results.ts";
import { root } from "../../tools/engine/paths.mjs";

const page = readFileSync(join(root, "docs", "figures.md"), "utf8");

test("the chart of docs/figures.md is what the command on that page draws", () => {
  const [, file = ""] = /`npm run bench -- --plot (\S+)`/.exec(page) ?? [];
  const charts = customerCharts(readResults(join(root, file)));
  expect([...charts.keys()].map((path) => path.replaceAll("\\", "/"))).toEqual(
    [...page.matchAll(/\]\((images\/bench-.*\.svg)\)/g)].map(([, path]) => `docs/${path}`),
  );
  for (const [path, drawing] of charts)
    expect(drawing).toBe(readFileSync(join(root, path), "utf8"));
});

test("without a file, the latest results with several numbers of customers are drawn", () => {
  const { measurements } = readResults(latestSeries("customers"));
  expect(new Set(measurements.map(({ customers }) => customers)).size).toBeGreaterThan(1);
});
