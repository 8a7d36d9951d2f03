/**
 * `npm run fuzz [-- --cases N --seed S --only WORD --lanes N]`: hostile replies,
 * transports, arguments and config.
 *
 * ```
 * --cases N    number of cases, chosen by the seed; default all
 * --seed S     default 1
 * --only WORD  only cases whose name contains it: replays a failing case by its name
 * --lanes N    cases at once; default 8
 * ```
 */
import { parseArgs } from "node:util";
import { startSandbox } from "../../sandbox/start.ts";
import { chosen, fuzz } from "./run-cases.ts";

/** All cases together stay far below this; one that takes all memory does not. */
const mostMegabytes = 1500;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    lanes: { type: "string", default: "8" },
  },
});
const sandbox = await startSandbox();
try {
  const cases = await chosen(sandbox, {
    seed: Number(values.seed),
    count: Number(values.cases),
    only: values.only,
  });
  const started = Date.now();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 100);
  const { findings, elsewhere } = await fuzz(cases, Number(values.lanes), (text) =>
    console.error(text),
  );
  clearInterval(watch);
  const seconds = (Date.now() - started) / 1000;
  const megabytes = Math.round(peak / 2 ** 20);
  const isTooMuch = megabytes > mostMegabytes;
  const memory = `${megabytes} MB${isTooMuch ? ` (more than ${mostMegabytes})` : ""}`;
  console.error(
    `${cases.length} cases in ${seconds.toFixed(0)} s, at most ${memory}: ` +
      `${findings.length} with findings, ${elsewhere} calls elsewhere`,
  );
  process.exitCode = findings.length + elsewhere > 0 || isTooMuch ? 1 : 0;
} finally {
  await sandbox.stop();
}
