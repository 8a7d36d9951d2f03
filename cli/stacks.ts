import { execFile } from "node:child_process";
import { posix, relative, sep } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { UcaasError } from "../provider/dynamic/errors.ts";
import { touchedStacks } from "./gitops/touched.ts";
import { findProject, type Project } from "./project.ts";

/** `ucaas stacks`: which stacks there are, or which ones a change concerns. */
export function stacksCommand(): Command {
  return new Command("stacks")
    .description("list the stacks that have a stack file, or those that a change concerns")
    .option(
      "--changed-since <commit>",
      "only stacks whose files changed since then; all of them when code changed, or when that commit is not known",
    )
    .option("--only <name...>", "only these, which must be there")
    .option("--except <name...>", "not these")
    .option("--json", "as a JSON array, for a matrix")
    .action(stacks);
}

interface Options {
  changedSince?: string;
  only?: string[];
  except?: string[];
  json?: true;
}

async function stacks({ changedSince, only, except = [], json }: Options): Promise<void> {
  const project = findProject();
  for (const name of only ?? []) {
    if (project.stacks.includes(name)) continue;
    throw new UcaasError(`there is no stack file Pulumi.${name}.yaml in ${project.stackFolder}`, {
      code: "NO_STACK",
      operation: "stacks",
      hint: `the stacks are: ${project.stacks.join(", ")}`,
    });
  }
  const found = changedSince === undefined ? project.stacks : await changed(project, changedSince);
  const chosen = found.filter((stack) => (only === undefined || only.includes(stack)) && !except.includes(stack));
  process.stdout.write(json ? `${JSON.stringify(chosen)}\n` : chosen.map((stack) => `${stack}\n`).join(""));
}

async function changed({ folder, stackFolder, stacks }: Project, commit: string): Promise<readonly string[]> {
  const git = async (...args: string[]) => (await promisify(execFile)("git", ["-C", folder, ...args], { maxBuffer: 64e6 })).stdout;
  const known = await git("rev-parse", "--quiet", "--verify", "--end-of-options", `${commit}^{commit}`).catch(() => "");
  if (known === "") {
    // Of a branch that was just made the commit before is 000…, and after a forced push it may be nowhere.
    console.error(`The commit ${JSON.stringify(commit)} is not in this clone, so all stacks count as changed.`);
    return stacks;
  }
  const prefix = (await git("rev-parse", "--show-prefix")).trim();
  const names = (await git("diff", "--name-only", "--no-renames", "-z", known.trim(), "HEAD")).split("\0").filter(Boolean);
  const files = names.map((name) => posix.relative(prefix, name));
  return touchedStacks(files, relative(folder, stackFolder).split(sep).join("/"), stacks);
}
