/**
 * `npm run chaos -- --seed S --stories N [--minutes M] [--hard]`: random stories on the
 * real CLI, against the vendors' sandbox.
 *
 * ```
 * --seed S            seed of the stories; default 1
 * --stories N         number of stories; default 12
 * --first N           number of the first story; default 1
 * --minutes M         start no further story after this time
 * --hard              more resources, steps and faults, longer freezes, lost locks
 * --lanes N           stories at once, each lane with its own servers; default 2
 * --skip-checkpoints  the engine writes its state once, at the end of each run, and all
 *                     machines share a journal
 * --mutant NAME       try a provider with a known fault: the oracle must find it
 * --tell              print the stories instead of running them
 * ```
 *
 * A signal ends the trial with the stories that run, and prints the figures of all.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inLanes } from "./lanes.ts";
import { type MutantName, makeMutant, mutants } from "./mutants.ts";
import { type Outcome, runStory } from "./run-story.ts";
import { Servers } from "./servers.ts";
import { tell, writeStory } from "./story.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    stories: { type: "string", default: "12" },
    first: { type: "string", default: "1" },
    minutes: { type: "string", default: "1000000" },
    lanes: { type: "string", default: "2" },
    hard: { type: "boolean", default: false },
    "skip-checkpoints": { type: "boolean", default: false },
    mutant: { type: "string" },
    tell: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const numbers = Array.from(
  { length: Number(values.stories) },
  (_, at) => Number(values.first) + at,
);
if (values.mutant !== undefined && !Object.hasOwn(mutants, values.mutant))
  throw new Error(
    `There is no mutant ${values.mutant}; there are ${Object.keys(mutants).join(", ")}.`,
  );

if (values.tell)
  for (const number of numbers) console.log(tell(writeStory(seed, number, { hard: values.hard })));
else await main();

async function main(): Promise<void> {
  await using mutant =
    values.mutant === undefined ? undefined : await makeMutant(values.mutant as MutantName);
  const folder = mkdtempSync(join(tmpdir(), "ucaas-chaos-logs-"));
  const until = Date.now() + Number(values.minutes) * 60_000;
  const outcomes: Outcome[] = [];
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isInterrupted) process.exit(130);
      isInterrupted = true;
      console.error("Interrupted: the stories that run are ended. Again ends the trial at once.");
    });
  }
  const mayBegin = () => !isInterrupted && Date.now() < until;
  await inLanes(numbers, { lanes: Number(values.lanes), mayBegin }, async () => {
    const servers = await Servers.start();
    return {
      run: async (number) => {
        const story = writeStory(seed, number, { hard: values.hard });
        const outcome = await runStory(story, servers, {
          packageFolder: mutant?.folder,
          skipCheckpoints: values["skip-checkpoints"],
        });
        outcomes.push(outcome);
        report(outcome, folder);
      },
      close: () => servers.sandbox.stop(),
    };
  });
  const bad = outcomes.filter(({ findings }) => findings.length > 0);
  const counts = Object.entries(
    Object.groupBy(
      bad.flatMap(({ findings }) => findings),
      ({ verdict }) => verdict,
    ),
  ).map(([verdict, findings = []]) => `${findings.length} ${verdict}`);
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  console.log(
    [
      `${outcomes.length} stories`,
      `${sum(({ runs }) => runs.length)} commands`,
      `${sum(({ struck }) => struck)} of ${sum(({ story }) => story.steps.filter(({ blow }) => blow).length)} interruptions struck`,
      `${sum(({ faultsMet }) => faultsMet)} server faults met`,
      `at most ${Math.max(0, ...outcomes.map(({ ups }) => ups))} ups to heal`,
      `${bad.length} stories with findings${counts.length > 0 ? ` (${counts.join(", ")})` : ""}`,
    ].join(", "),
  );
  process.exitCode = bad.length > 0 ? 1 : 0;
}

function report(outcome: Outcome, folder: string): void {
  const { story, findings, runs, ups, seconds } = outcome;
  const head = `story ${story.number}: ${runs.length} commands, ${ups} ups to heal, ${seconds.toFixed(0)} s`;
  if (findings.length === 0) {
    console.log(`✓ ${head}`);
    return;
  }
  const log = join(folder, `story-${story.number}.log`);
  writeFileSync(
    log,
    [
      tell(story),
      ...runs.map(({ command, exitCode, output }) => `$ ${command}\n${output}(${exitCode})`),
    ].join("\n\n"),
  );
  const replay = [
    `npm run chaos -- --seed ${story.seed} --first ${story.number} --stories 1`,
    ...(story.hard ? ["--hard"] : []),
    ...(values["skip-checkpoints"] ? ["--skip-checkpoints"] : []),
    ...(values.mutant ? [`--mutant ${values.mutant}`] : []),
  ].join(" ");
  console.log(
    [
      `✗ ${head}`,
      ...findings.map(({ verdict, about }) => `    ${verdict}: ${about}`),
      tell(story).replace(/^/gm, "    "),
      `    output: ${log}`,
      `    replay: ${replay}`,
    ].join("\n"),
  );
}
