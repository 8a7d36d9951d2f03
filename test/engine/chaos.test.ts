import { expect, test } from "vitest";
import { mutantStories, otherMachineStories } from "../../trials/chaos/mutant-stories.ts";
import { type MutantName, makeMutant, mutants } from "../../trials/chaos/mutants.ts";
import { type Outcome, runStory } from "../../trials/chaos/run-story.ts";
import { Servers } from "../../trials/chaos/servers.ts";
import { tell, writeStory } from "../../trials/chaos/story.ts";

/** Two at once, each with servers of its own. */
async function inLanes<Item, Result>(
  work: readonly Item[],
  run: (work: Item, servers: Servers) => Promise<Result>,
) {
  const results: Result[] = [];
  const left = [...work];
  const lane = async () => {
    const servers = await Servers.start();
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        results.push(await run(next, servers));
    } finally {
      await servers.sandbox.stop();
    }
  };
  await Promise.all([lane(), lane()]);
  return results;
}

const text = ({ story, runs }: Outcome) =>
  [tell(story), ...runs.map(({ command, output }) => `$ ${command}\n${output}`)].join("\n");

test("twenty-one runs with kills and server faults end as declared, without a duplicate", async () => {
  const random = Array.from({ length: 3 }, (_, at) => writeStory(1, at + 1, { short: true }));
  const written = Object.values(mutantStories).map(({ story }) => story);
  const stories = [...random, ...otherMachineStories, ...written];
  const outcomes = await inLanes(stories, (story, servers) => runStory(story, servers));
  expect(outcomes).toHaveLength(21);
  for (const outcome of outcomes) expect(outcome.findings, text(outcome)).toEqual([]);
});

test("the oracle sees each provider that repeats, forgets or takes away", async () => {
  const seen = await inLanes(Object.keys(mutants) as MutantName[], async (name, servers) => {
    await using mutant = await makeMutant(name);
    const { story, verdict } = mutantStories[name];
    const outcome = await runStory(story, servers, { packageFolder: mutant.folder });
    return {
      name,
      sees: outcome.findings.some((finding) => finding.verdict === verdict),
      text: text(outcome),
    };
  });
  for (const { name, sees, text } of seen) expect(sees, `${name}\n${text}`).toBe(true);
});
