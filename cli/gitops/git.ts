import { execFile } from "node:child_process";
import { posix, relative, sep } from "node:path";
import { promisify } from "node:util";
import type { Project } from "../project.ts";
import { touchedStacks } from "./touched.ts";

/** What git prints, in the project's folder. */
async function git({ folder }: Project, ...args: string[]): Promise<string> {
  return (await promisify(execFile)("git", ["-C", folder, ...args], { maxBuffer: 64e6 })).stdout;
}

/** Whether this clone has a commit: a shallow one has not all of them, and after a forced push one may be nowhere. */
export async function hasCommit(project: Project, commit: string): Promise<boolean> {
  return await git(project, "rev-parse", "--quiet", "--verify", "--end-of-options", `${commit}^{commit}`).then(
    () => true,
    () => false,
  );
}

/** The files that differ between two commits, relative to the project's folder. */
async function changedFiles(project: Project, from: string, to: string): Promise<string[]> {
  const prefix = (await git(project, "rev-parse", "--show-prefix")).trim();
  const names = await git(project, "diff", "--name-only", "--no-renames", "-z", "--end-of-options", from, to);
  return names
    .split("\0")
    .filter(Boolean)
    .map((name) => posix.relative(prefix, name));
}

/** The stacks that the difference between two commits concerns. */
export async function changedStacks(project: Project, from: string, to: string): Promise<string[]> {
  const { folder, stackFolder, stacks } = project;
  return touchedStacks(await changedFiles(project, from, to), relative(folder, stackFolder).split(sep).join("/"), stacks);
}

/** Into what this commit is a merge; undefined when it is none, or when this is no clone. The commit itself says so, be the clone as shallow as it may. */
export async function mergedInto(project: Project): Promise<string | undefined> {
  const commit = await git(project, "cat-file", "commit", "HEAD").catch(() => "");
  const parents = [...(commit.split("\n\n")[0] ?? "").matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent]) => parent);
  return parents.length > 1 ? parents[0] : undefined;
}
