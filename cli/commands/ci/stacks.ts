import { Command } from "commander";
import { shardOf } from "../../fleet/shard.ts";
import { print, printNotice } from "../../output.ts";
import { checkStackNames, findProject, type Project } from "../../pulumi/project.ts";
import { wholeNumberUpTo } from "../whole-number.ts";

/** What a matrix of GitHub takes. */
const mostJobs = 256;

/** `ucaas ci stacks`: which stacks there are, or which ones a change concerns. */
export function stacksCommand(): Command {
  return new Command("stacks")
    .description("list the stacks that have a stack file, or those that a change concerns")
    .option(
      "--changed-since <commit>",
      "only stacks whose files changed since then; all of them when code changed, or when that commit is not known",
    )
    .option("--only <name...>", "only these, which must be there")
    .option("--except <name...>", "not these")
    .option(
      "--shards <count>",
      'as shards for ucaas fleet --shard: ["1/8", "2/8", …], those that have one of these stacks',
      wholeNumberUpTo(mostJobs),
    )
    .option("--json", "as a JSON array, for a matrix")
    .action(stacks);
}

interface Options {
  changedSince?: string;
  only?: string[];
  except?: string[];
  shards?: number;
  json?: true;
}

async function stacks({ changedSince, only, except = [], shards, json }: Options): Promise<void> {
  const project = findProject();
  checkStackNames(project, { only, except }, { operation: "ci stacks", onlyOption: "--only" });
  const found = changedSince === undefined ? project.stacks : await changed(project, changedSince);
  const chosen = found.filter(
    (stack) => (only === undefined || only.includes(stack)) && !except.includes(stack),
  );
  const listed = shards === undefined ? chosen : shardsOf(chosen, shards);
  if (json) print(JSON.stringify(listed));
  else for (const name of listed) print(name);
}

/** The shards that have at least one of the stacks. */
function shardsOf(stacks: readonly string[], count: number): string[] {
  const used = new Set(stacks.map((stack) => shardOf(stack, count)));
  return [...used].sort((a, b) => a - b).map((index) => `${index}/${count}`);
}

async function changed(project: Project, commit: string): Promise<readonly string[]> {
  const { changedStacks, hasCommit, refuseFilesOfNoStack } = await import("../../gitops/git.ts");
  if (await hasCommit(project, commit)) {
    await refuseFilesOfNoStack(project, commit);
    return await changedStacks(project, commit, "HEAD");
  }
  // Of a branch that was just made the commit before is 000….
  printNotice(
    `The commit ${JSON.stringify(commit)} is not in this clone, so all stacks count as changed.`,
  );
  return project.stacks;
}
