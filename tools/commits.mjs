// Checks the subjects of commits: `node tools/commits.mjs <range>`, such as `main..HEAD`.
// Without a range it checks what main does not have. CI runs it for each pull request.
import { execFileSync } from "node:child_process";

const maxLength = 72;
const form = /^(revert: )?[a-z]+\([a-z0-9][a-z0-9., /-]*\)!?: \S/;

/**
 * @param {string} subject
 * @returns {string | undefined}
 */
export function subjectProblem(subject) {
  if (subject.length > maxLength) return `${subject.length} characters; at most ${maxLength}`;
  return form.test(subject) ? undefined : "not in the form `type(scope): what it does`";
}

if (import.meta.main) {
  const range = process.argv[2] ?? "main..HEAD";
  const listed = execFileSync("git", ["log", "--no-merges", "--format=%h %s", range], {
    encoding: "utf8",
  });
  for (const line of listed.split("\n").filter(Boolean)) {
    const problem = subjectProblem(line.slice(line.indexOf(" ") + 1));
    if (problem === undefined) continue;
    console.log(`${line}\n  ${problem}`);
    process.exitCode = 1;
  }
}
