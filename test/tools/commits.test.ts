import { expect, test } from "vitest";
import { subjectProblem } from "../../tools/commits.mjs";

test.each([
  "fix(enablex): wait for a list that is read again",
  "feat(cli)!: group the commands of pipelines",
  "revert: fix(xima): sign tokens with jose",
  "chore(deps): update dependency zod to v4",
])("a subject with a type and a scope passes: %s", (subject) => {
  expect(subjectProblem(subject)).toBeUndefined();
});

test.each([
  ["fix the list", "not in the form"],
  ["fix: wait for the list", "not in the form"],
  ["fix(enablex) wait for the list", "not in the form"],
  ["fix(enablex): ", "not in the form"],
  [`fix(enablex): ${"x".repeat(59)}`, "73 characters; at most 72"],
])("a subject that is too long or has another form is refused: %s", (subject, problem) => {
  expect(subjectProblem(subject)).toContain(problem);
});
