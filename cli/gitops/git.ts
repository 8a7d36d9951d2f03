import { execFile } from "node:child_process";
import { posix, relative, sep } from "node:path";
import { promisify } from "node:util";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import type { Project } from "../pulumi/project.ts";
import { redact } from "../redact.ts";
import { affectedStacks, filesOfNoStack } from "./affected-stacks.ts";

/** What git prints, in the project's folder. */
async function git({ folder }: Project, ...args: string[]): Promise<string> {
  return (await promisify(execFile)("git", ["-C", folder, ...args], { maxBuffer: 64e6 })).stdout;
}

/**
 * Whether this clone has a commit: a shallow one has not all of them, and after a forced
 * push one may be nowhere.
 *
 * @throws {UcaasError} `GIT_FAILED` when git cannot say
 */
export async function hasCommit(project: Project, commit: string): Promise<boolean> {
  // Anything that keeps git from reading the repository shows here, apart from the
  // question about the commit.
  await git(project, "rev-parse", "--git-dir").catch(failed("read the repository"));
  return await git(
    project,
    "rev-parse",
    "--quiet",
    "--verify",
    "--end-of-options",
    `${commit}^{commit}`,
  ).then(
    () => true,
    () => false,
  );
}

/** The files that differ between two commits, relative to the project's folder. */
async function changedFiles(
  project: Project,
  from: string,
  to: string,
  ...options: string[]
): Promise<string[]> {
  const operation = "compare two commits";
  const prefix = (await git(project, "rev-parse", "--show-prefix").catch(failed(operation))).trim();
  const args = ["diff", "--name-only", "--no-renames", "-z", ...options, "--end-of-options"];
  const names = await git(project, ...args, from, to).catch(failed(operation));
  return names
    .split("\0")
    .filter(Boolean)
    .map((name) => posix.relative(prefix, name));
}

/**
 * The stacks that the difference between two commits concerns.
 *
 * @throws {UcaasError} `GIT_FAILED`
 */
export async function changedStacks(project: Project, from: string, to: string): Promise<string[]> {
  const files = await changedFiles(project, from, to);
  return affectedStacks(files, stackFolderOf(project), project.stacks);
}

/**
 * Refuses what this clone's commit has changed since another one, and no stack reads: the
 * change would concern no stack, and every pipeline would be green.
 *
 * @throws {UcaasError} `NO_STACK`, `GIT_FAILED`
 */
export async function refuseFilesOfNoStack(project: Project, from: string): Promise<void> {
  const { stacks } = project;
  const files = await changedFiles(project, from, "HEAD", "--diff-filter=d");
  const found = filesOfNoStack(files, stackFolderOf(project), stacks);
  if (found.length === 0) return;
  throw new UcaasError(`no stack reads ${found.join(", ")}`, {
    code: "NO_STACK",
    operation: "ci stacks",
    hint: `move the files to the folder of their stack, or add the file of that stack: the stacks are ${stacks.join(", ")}`,
  });
}

/** The folder of the stack files as git names it, from the project's folder. */
function stackFolderOf({ folder, stackFolder }: Project): string {
  return relative(folder, stackFolder).split(sep).join("/");
}

/**
 * Into what this commit is a merge; undefined when it is none, or when this is no clone.
 * The commit itself says so, so a shallow clone is enough.
 */
export async function mergedInto(project: Project): Promise<string | undefined> {
  const commit = await git(project, "cat-file", "commit", "HEAD").catch(() => "");
  const header = commit.split("\n\n")[0] ?? "";
  const parents = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent]) => parent);
  return parents.length > 1 ? parents[0] : undefined;
}

function failed(operation: string): (error: unknown) => never {
  return (error) => {
    const { code, stderr = "", message } = error as NodeJS.ErrnoException & { stderr?: string };
    const reason =
      code === "ENOENT"
        ? "the command `git` is not on the PATH"
        : redact(stderr.trim() || message)
            .split("\n", 1)
            .join();
    throw new UcaasError(reason, {
      code: "GIT_FAILED",
      vendor: "git",
      operation,
      hint: remedyFor(stderr, code),
    });
  };
}

function remedyFor(stderr: string, code: unknown): string {
  if (code === "ENOENT") return "install git, or run the command where it is";
  if (/dubious ownership/.test(stderr)) {
    const named = /git config --global --add safe\.directory \S+/.exec(stderr)?.[0];
    const command = named ?? "git config --global --add safe.directory <clone>";
    return `the clone belongs to another user. Run the job as its owner, or: ${command}`;
  }
  if (/not a git repository/.test(stderr)) return "run the command in a clone of the repository";
  return "see what git says about the clone: git status";
}
