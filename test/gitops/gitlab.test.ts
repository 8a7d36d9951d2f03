import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { stacksCommand } from "../../cli/commands/ci/stacks.ts";
import { templateFolder } from "../../cli/init/template.ts";
import { GitLab } from "../../cli/platform/gitlab.ts";
import { workflowFiles, workflowText } from "./runner.ts";

const text = readFileSync(join(templateFolder, ".gitlab-ci.yml"), "utf8");
const { stages, variables, workflow, ...jobs } = parse(text) as {
  stages: string[];
  variables: object;
  workflow: { auto_cancel: object; rules: object[] };
} & Record<string, Record<string, unknown>>;
const lines = Object.values(jobs).flatMap((job) => [
  ...((job.before_script ?? []) as string[]),
  ...((job.script ?? []) as string[]),
  ...((job.after_script ?? []) as string[]),
]);

test("the pipeline for GitLab runs the commands of GitHub's workflows, which run in the tests", () => {
  const workflows = workflowFiles().map(workflowText).join("\n");
  const commands = lines.filter((line) => /^np[mx] /.test(line));
  expect(commands).toHaveLength(10);
  for (const command of commands) expect(workflows).toContain(`run: ${command}\n`);
  const known = stacksCommand().options.map(({ long }) => long);
  const used = lines.flatMap(
    (line) => /ucaas ci stacks (.*)\)/.exec(line)?.[1]?.match(/--[\w-]+/g) ?? [],
  );
  expect(used.length).toBeGreaterThan(0);
  for (const option of used) expect(known).toContain(option);
});

/** As `extends` gives it. */
const jobOf = (name: string) => ({ ...jobs[String(jobs[name]?.extends)], ...jobs[name] });

test("packages and the engine are installed by one job, which has no stack's secrets", () => {
  const installing = Object.keys(jobs).filter((name) =>
    /npm ci|npm install|npm run engine/.test(JSON.stringify(jobOf(name))),
  );
  expect(installing).toEqual(["install"]);
  expect(jobs.install).not.toHaveProperty("environment");
  // Before any job, GitLab would run these in each.
  for (const key of ["default", "before_script"]) expect(jobs).not.toHaveProperty(key);
});

test("every other job gets packages and engine from that job, where npx looks for them", () => {
  const { script, artifacts } = jobs.install as {
    script: string[];
    artifacts: { paths: string[] };
  };
  expect(script).toEqual(["npm ci", "npm run engine"]);
  expect(artifacts.paths).toEqual(["node_modules/", ".pulumi-home/versions/"]);
  expect(variables).toMatchObject({ PULUMI_HOME: "$CI_PROJECT_DIR/.pulumi-home" });
  const triggers = new Set<unknown>();
  for (const name of Object.keys(jobs).filter((each) => each !== "install" && each[0] !== ".")) {
    expect(jobOf(name).needs, name).toContain("install");
    for (const { if: condition } of jobs[name]!.rules as { if: string }[]) triggers.add(condition);
  }
  const rules = jobs.install!.rules as { if: string }[];
  expect(new Set(rules.map(({ if: condition }) => condition))).toEqual(triggers);
});

test("each nightly check sends its own report to a chat, where there is a webhook", () => {
  for (const name of ["drift", "doctor"]) {
    const { script, after_script: after = [] } = jobs[name] as Record<string, string[]>;
    const [report] = /"reports\/.*"$/.exec(script!.at(-1)!)!;
    expect(after, name).toEqual([
      `if [ -n "$UCAAS_WEBHOOK_URL" ]; then npx --no-install ucaas notify --only-problems ${report}; fi`,
    ]);
  }
});

test("its scripts are bash, and its jobs are of a stage and need jobs that there are", () => {
  expect(variables).toMatchObject({ GIT_DEPTH: "0" });
  for (const line of lines) execFileSync("bash", ["-n", "-c", line]);
  for (const [name, job] of Object.entries(jobs)) {
    if (!name.startsWith(".")) expect(stages, name).toContain(job.stage);
    for (const needed of [job.needs ?? [], job.extends ?? []].flat() as string[])
      expect(Object.keys(jobs), name).toContain(needed);
  }
});

test("a newer commit ends previews of a merge request, and never what a merge has started", () => {
  expect(workflow.auto_cancel).toEqual({ on_new_commit: "none" });
  expect(workflow.rules).toEqual([
    {
      if: '$CI_PIPELINE_SOURCE == "merge_request_event"',
      auto_cancel: { on_new_commit: "interruptible" },
    },
    { when: "always" },
  ]);
  const interruptible = Object.keys(jobs).filter((name) => jobs[name]?.interruptible);
  expect(interruptible).toEqual(["install", "preview", "comment"]);
});

test("every job has a time limit, and those that write one text for all run one at a time", () => {
  for (const [name, job] of Object.entries(jobs)) {
    const base = jobs[String(job.extends)];
    expect(job.timeout ?? base?.timeout, name).toMatch(/^\d+ (minutes|hours?)$/);
  }
  expect(jobs.comment?.resource_group).toBe("comment-$CI_MERGE_REQUEST_IID");
  expect(jobs.issue?.resource_group).toBe("drift-issue");
});

test("the token for comments is not asked for as a protected variable, which no branch gets", () => {
  const env = { GITLAB_CI: "true", CI_PROJECT_ID: "1", CI_API_V4_URL: "https://gitlab.example" };
  expect(() => new GitLab(env)).toThrow(
    /GITLAB_TOKEN is not set[\s\S]*masked CI\/CD variable that is not protected/,
  );
});
