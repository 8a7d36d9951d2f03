import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { stacksCommand } from "../../cli/commands/ci/stacks.ts";
import { templateFolder } from "../../cli/init/template.ts";
import { GitLab } from "../../cli/platform/gitlab.ts";
import { root } from "../../tools/engine/paths.mjs";
import { recorded, reportOf } from "../changes/recorded.ts";
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
  expect(commands).toHaveLength(11);
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

test("approvals of what merge requests run do not hold the nightly checks", () => {
  const environmentsOf = (source: string) =>
    Object.values(jobs).flatMap(({ rules = [], environment }) =>
      environment !== undefined && JSON.stringify(rules).includes(source)
        ? [(environment as { name?: string }).name ?? environment]
        : [],
    );
  const nightly = environmentsOf("schedule");
  expect(nightly).toHaveLength(2);
  for (const source of ["merge_request_event", "push"])
    for (const environment of environmentsOf(source)) expect(nightly).not.toContain(environment);
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

describe("a stack whose preview failed keeps no other stack from its up", () => {
  const ofBranch = ({ if: condition }: { if?: string }) => condition?.includes('== "push"');
  const rulesOf = (name: string) => jobs[name]!.rules as { if: string; allow_failure?: boolean }[];

  test("since that preview may fail, and its own up may not", () => {
    // GitLab starts a job when all jobs of a matrix that it needs have ended well, or may fail.
    for (const rule of rulesOf("preview"))
      expect(rule.allow_failure).toBe(ofBranch(rule) || undefined);
    expect(jobs.preview).not.toHaveProperty("allow_failure");
    // A job that is manual by its rule holds the pipeline until it has ended well.
    expect(jobs.up!.rules).toEqual([expect.objectContaining({ when: "manual" })]);
    for (const place of [jobs.up!, ...rulesOf("up")])
      expect(place).not.toHaveProperty("allow_failure");
  });

  const summary = (limits: object) => reportOf(recorded("changes"), { limits });
  const preview = (status: string, limits = {}) =>
    JSON.stringify({ version: 1, stack: "prod", status, text: "", summary: summary(limits) });
  /** Runs a job's script as GitLab does, with the real `ucaas ci check`. */
  const run = (name: string, files: Record<string, string>, changed = "") => {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-gitlab-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const npx = `#!/bin/bash
      case "$2 $3 $4" in
        "ucaas ci stacks") test -n '${changed}' && echo '${changed}';;
        "ucaas ci check") exec "${process.execPath}" "${join(root, "cli", "start.mjs")}" "\${@:3}";;
        "pulumi up --stack") touch updated;;
      esac`;
    writeFileSync(join(folder, "npx"), npx, { mode: 0o755 });
    mkdirSync(join(folder, "previews"));
    for (const [file, content] of Object.entries(files))
      writeFileSync(join(folder, "previews", file), content);
    const script = (jobs[name]!.script as string[]).join("\n");
    const PATH = `${folder}${delimiter}${process.env.PATH}`;
    const { status } = spawnSync("bash", ["-eo", "pipefail", "-c", script], {
      cwd: folder,
      env: { ...process.env, PATH, STACK: "prod", BRANCH: "main", SINCE: "HEAD^1" },
    });
    const leaves = (file: string) => existsSync(join(folder, file));
    return { status, updated: leaves("updated"), unchanged: leaves("previews/unchanged-prod") };
  };

  test.each([
    ["ended well", { "preview-prod.json": preview("ok") }, { status: 0, updated: true }],
    ["failed", { "preview-prod.json": preview("failed") }, { status: 1, updated: false }],
    [
      "is beyond a limit",
      { "preview-prod.json": preview("ok", { maxRemovals: 0 }) },
      { status: 2, updated: false },
    ],
    ["was cut off", {}, { status: 1, updated: false }],
  ])("and a stack whose preview %s is updated only if all is well", (_, files, outcome) => {
    expect(run("up", { "plan-prod.json": "{}", ...files })).toMatchObject(outcome);
  });

  test("and a stack that the change does not concern needs none", () => {
    expect(run("preview", {}, "[]")).toMatchObject({ status: 0, unchanged: true });
    expect(run("preview", {}, '["prod"]')).toMatchObject({ status: 1, unchanged: false });
    // A file of no stack: `ucaas ci stacks` ends with an error.
    expect(run("preview", {}, "")).toMatchObject({ status: 1, unchanged: false });
    expect(run("up", { "unchanged-prod": "" })).toMatchObject({ status: 0, updated: false });
    expect(run("up", {})).toMatchObject({ status: 1, updated: false });
  });
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
