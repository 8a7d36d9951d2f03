import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { commentCommand } from "../../cli/commands/ci/comment.ts";
import { findPreviewCommand } from "../../cli/commands/ci/find-preview.ts";
import { issueCommand } from "../../cli/commands/ci/issue.ts";
import { countCustomers } from "../../cli/drift/customers.ts";
import {
  type CustomerCount,
  driftReport,
  nothingChecked,
  type StackDrift,
} from "../../cli/drift/report.ts";
import { GitHub } from "../../cli/platform/github.ts";
import { GitLab } from "../../cli/platform/gitlab.ts";
import { type Outcome, ucaas } from "../cli/ucaas.ts";
import { gitHubApi, type Permissions } from "./github-api.ts";
import { gitLabApi } from "./gitlab-api.ts";
import { platformServer } from "./platform-server.ts";

const commentMarker = "<!-- ucaas: preview -->";
const issueMarker = "<!-- ucaas: drift -->";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-forge-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keep = (name: string, content: unknown) =>
  writeFileSync(join(folder, name), JSON.stringify(content));
const preview = (stack: string, text: string, status = "ok") =>
  keep(`preview-${stack}.json`, { version: 1, stack, status, text });
const drift = (
  stack: string,
  status: StackDrift["status"],
  differences: StackDrift["differences"] = [],
  customers: CustomerCount[] = [],
) =>
  keep(
    `drift-${stack.split("/").at(-1)}.json`,
    driftReport(
      [
        {
          stack,
          status,
          ...nothingChecked,
          checked: 1,
          differences,
          unknown: status === "unknown" ? [{ reason: "not reached" }] : [],
        },
      ],
      new Date(),
      customers,
    ),
  );
const gone = { resource: "XimaLicense", name: "acme", urn: "urn", kind: "gone" } as const;

const commands = {
  comment: commentCommand,
  issue: issueCommand,
  "find-preview": findPreviewCommand,
};

/**
 * Runs a subcommand as a step of a pipeline does, but in this process: with its
 * variables, and with what it says on stdout, or stderr when it fails.
 */
async function step(
  env: Record<string, string>,
  name: keyof typeof commands,
  ...args: string[]
): Promise<Outcome> {
  for (const pipeline of ["GITHUB_ACTIONS", "GITHUB_EVENT_PATH", "GITLAB_CI"])
    vi.stubEnv(pipeline, undefined);
  for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
  const messages: string[] = [];
  const log = vi
    .spyOn(console, "log")
    .mockImplementation((text: string) => void messages.push(`${text}\n`));
  try {
    await commands[name]().parseAsync(args, { from: "user" });
    return { exitCode: 0, stdout: messages.join(""), stderr: "" };
  } catch (error) {
    return { exitCode: 1, stdout: messages.join(""), stderr: (error as Error).message };
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
}

/** GitHub as one job sees it. */
async function gitHub(permissions: Permissions) {
  const api = await gitHubApi();
  const env = {
    GITHUB_ACTIONS: "true",
    GITHUB_REPOSITORY: api.repository,
    GITHUB_API_URL: api.url,
    GITHUB_TOKEN: api.token(permissions),
    GITHUB_RUN_ID: "99",
    GITHUB_SHA: "a".repeat(40),
  };
  return Object.assign(api, { env });
}

describe("ucaas ci comment", () => {
  test("the first preview adds a comment and the next one edits it, among any number of others", async () => {
    await using github = await gitHub({ "pull-requests": "write" });
    const other = { issue: 7, user: { login: "ada", type: "User" as const } };
    github.state.comments.push({
      ...other,
      id: 1,
      body: `${commentMarker} is what the bot writes`,
    });
    preview("north", "Previewing\nResources:\n    ~ 1 to update\n    4 unchanged\n");
    const comment = (stacks: string, ...more: string[]) =>
      step(
        github.env,
        ...(["comment", "--previews", folder, "--pull-request", "7", "--stacks", stacks] as const),
        ...more,
      );
    expect(await comment('["north","south"]')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Added https.*\n$/),
    });
    for (let id = 2; id < 150; id++)
      github.state.comments.splice(1, 0, { ...other, id, body: "a word" });
    const asJson = await comment('["north","south"]', "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ...{ version: 1, action: "changed", url: expect.stringMatching(/^https/), pullRequest: 7 },
      ...{ previewed: ["north"], missing: ["south"] },
    });
    preview("south", "Resources:\n    + 3 to create\n", "failed");
    expect(await comment('["north","south"]')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Changed https/),
    });

    const ours = github.state.comments.filter(({ user }) => user.type === "Bot");
    expect(ours).toHaveLength(1);
    expect(ours[0]!.body).toContain(
      "| `north` | 1 to update |\n| `south` | **the preview failed** |",
    );
    expect(ours[0]!.body).toContain(
      "[log of the run](https://github.com/voicehouse/ucaas/actions/runs/99)",
    );
    expect(github.state.comments[0]!.body).toContain("is what the bot writes");

    expect(await comment("[]")).toMatchObject({ exitCode: 0 });
    expect(github.state.comments.at(-1)!.body).toContain("No stack is touched");
  });

  test("a stack whose preview left nothing, or half a file, is listed without a preview", async () => {
    await using github = await gitHub({ "pull-requests": "write" });
    writeFileSync(join(folder, "preview-south.json"), '{"version":1,"sta');
    await step(
      github.env,
      "comment",
      "--previews",
      folder,
      "--pull-request",
      "7",
      "--stacks",
      '["north","south"]',
    );
    expect(
      github.state.comments[0]!.body.match(/\*\*no preview\*\*: its job ended before/g),
    ).toHaveLength(2);
  });

  test("previews too long for one comment are shortened, and their text cannot close a block", async () => {
    await using github = await gitHub({ "pull-requests": "write" });
    const line = "    ~ professionalSeats: 5 => 6 ```\n";
    const stacks = ["a", "b", "c"];
    for (const stack of stacks) preview(stack, line.repeat(2000));
    const run = await step(
      github.env,
      "comment",
      "--previews",
      folder,
      "--pull-request",
      "7",
      "--stacks",
      JSON.stringify(stacks),
    );
    expect(run).toMatchObject({ exitCode: 0 });
    const { body } = github.state.comments[0]!;
    expect(body.length).toBeGreaterThan(50_000);
    expect(body.match(/shortened; the run's log has all of it/g)).toHaveLength(3);
    expect(body.match(/^````text$/gm)).toHaveLength(3);
    expect(body.match(/^````$/gm)).toHaveLength(3);
  });

  test("a user's token changes its own comment and issue, not those that quote the marker", async () => {
    await using github = await gitHub({ "pull-requests": "write", issues: "write" });
    const env = { ...github.env, GITHUB_TOKEN: github.userToken("voice-bot") };
    const other = { user: { login: "eve", type: "User" as const } };
    github.state.comments.push({ ...other, issue: 7, id: 1, body: `${commentMarker} planted` });
    github.state.issues.push({
      ...other,
      number: 2,
      title: "x",
      body: `${issueMarker} planted`,
      state: "open",
      state_reason: null,
    });
    preview("north", "Resources:\n    ~ 1 to update\n");
    drift("north", "drift", [gone]);
    for (const result of ["Added", "Changed", "Changed"]) {
      const run = await step(
        env,
        "comment",
        "--previews",
        folder,
        "--pull-request",
        "7",
        "--stacks",
        '["north"]',
      );
      expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(result) });
    }
    for (const result of ["Opened", "Changed"]) {
      const run = await step(env, "issue", "--reports", folder, "--stacks", '["north"]');
      expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(result) });
    }
    expect(github.state.comments.map(({ user }) => user.login)).toEqual(["eve", "voice-bot"]);
    expect(github.state.comments[0]!.body).toContain("planted");
    expect(github.state.issues[0]!.body).toContain("planted");
  });

  test("an event file that cannot be read, or is no event, is named in one line", async () => {
    await using github = await gitHub({ "pull-requests": "write" });
    writeFileSync(join(folder, "event.json"), '{"pull_request":7}');
    for (const [file, reason] of [
      ["event.json", "is not the JSON of a GitHub event"],
      ["none.json", "cannot be read (ENOENT)"],
    ] as const) {
      const env = { ...github.env, GITHUB_EVENT_PATH: join(folder, file) };
      const run = await step(env, "comment", "--previews", folder, "--stacks", '["north"]');
      expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(reason) });
    }
  });

  test("no comment is added when no stack is affected and none was before", async () => {
    await using github = await gitHub({ "pull-requests": "read" });
    expect(
      await step(
        github.env,
        "comment",
        "--previews",
        folder,
        "--pull-request",
        "7",
        "--stacks",
        "[]",
      ),
    ).toMatchObject({ exitCode: 0 });
    expect(github.received.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("a job without the permission gets an error that names it and shows no token", async () => {
    await using github = await gitHub({ contents: "read" });
    const run = await step(
      github.env,
      "comment",
      "--previews",
      folder,
      "--pull-request",
      "7",
      "--stacks",
      '["north"]',
    );
    expect(run).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("a comment needs pull-requests: write"),
    });
    expect(run.stdout + run.stderr).not.toContain(github.env.GITHUB_TOKEN);
  });

  test("a forge that quotes the token in its refusal does not bring it into the log", async () => {
    const token = "ghs_the-token-of-this-job";
    await using proxy = await platformServer(() => ({
      status: 401,
      body: { message: `Bad credentials: Bearer ${token}` },
    }));
    const env = {
      ...process.env,
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "voicehouse/ucaas",
      GITHUB_API_URL: proxy.url,
      GITHUB_TOKEN: token,
    };
    const args = ["comment", "--previews", folder, "--pull-request", "7", "--stacks", '["north"]'];
    const run = await ucaas(args, { cwd: folder, env: { ...env, GITHUB_EVENT_PATH: "" } });
    expect(run).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringContaining("Bad credentials: Bearer [secret] [FORGE_REFUSED"),
    });
    expect(run.stderr).not.toContain(token);
  });

  test("a merge request of GitLab has one note too", async () => {
    await using gitlab = await gitLabApi();
    const env = { ...gitlab.env, CI_MERGE_REQUEST_IID: "7" };
    gitlab.state.notes.push({ id: 1, mergeRequest: 7, body: commentMarker, author: { id: 1 } });
    preview("north", "Resources:\n    ~ 1 to update\n");
    for (const word of ["Added", "Changed"]) {
      const run = await step(env, "comment", "--previews", folder, "--stacks", '["north"]');
      expect(run, run.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(`^${word} https.*#note_500\n$`),
      });
    }
    expect(gitlab.state.notes.filter(({ author }) => author.id === gitlab.me.id)).toMatchObject([
      { body: expect.stringContaining("1 to update") },
    ]);
  });
});

describe("ucaas ci issue", () => {
  const issue = (env: Record<string, string>) =>
    step(env, "issue", "--reports", folder, "--stacks", '["north","south"]');

  test("drift opens one issue, updates it, and closes it when no stack has drift any more", async () => {
    await using github = await gitHub({ issues: "write" });
    const other = {
      title: "x",
      state: "open" as const,
      state_reason: null,
      user: { login: "ada", type: "User" as const },
    };
    github.state.issues.push(
      { ...other, number: 1, body: issueMarker },
      { ...other, number: 2, body: null },
    );
    // To GitHub a pull request is an issue.
    github.state.issues.unshift({
      ...other,
      number: 3,
      body: issueMarker,
      user: { login: "renovate[bot]", type: "Bot" },
      pull_request: {},
    });
    drift("north", "drift", [gone]);
    drift("south", "none");
    expect((await issue(github.env)).stdout).toMatch(/^Opened /);
    drift("north", "drift", [gone, { ...gone, name: "bakery" }]);
    expect((await issue(github.env)).stdout).toMatch(/^Changed /);
    const ours = () =>
      github.state.issues.filter(({ user }) => user.login === "github-actions[bot]");
    expect(ours()).toMatchObject([
      {
        title: "Drift check: drift in north",
        state: "open",
        body: expect.stringContaining("`XimaLicense bakery`"),
      },
    ]);
    drift("north", "none");
    expect((await issue(github.env)).stdout).toMatch(/^Closed /);
    expect(ours()).toMatchObject([
      { state: "closed", state_reason: "completed", title: "Drift check: no drift any more" },
    ]);
    expect((await issue(github.env)).stdout).toBe("No drift, and no issue is open.\n");
    expect(github.state.issues.slice(0, 3)).toMatchObject([
      { state: "open", title: "x" },
      { state: "open" },
      { state: "open" },
    ]);
  });

  test("a check that named its stack with the organization is a check of that stack", async () => {
    await using github = await gitHub({ issues: "write" });
    drift("voicehouse/north", "none");
    drift("voicehouse/ucaas/south", "none");
    expect((await issue(github.env)).stdout).toBe("No drift, and no issue is open.\n");
  });

  describe("of customers that no stack declares", () => {
    const hostileName = "`</code>@all [x](https://evil.example) <!-- \u202e|\n# Old Mill";
    /** The count of one stack that declares some of eight customers. */
    const countOf = (stack: string, declared: string[]) => {
      const listed = ["1", "2", "3", "4", "5", "6", "7"].map((id) => ({
        id,
        name: id === "7" ? hostileName : `Customer ${id}`,
      }));
      const server = "https://api.enablex.example/v1";
      return countCustomers([{ stack, vendor: "enablex", server, declared, listed }], []);
    };
    const north = countOf("north", ["1", "2", "3"]);
    const south = countOf("south", ["4", "5", "6"]);
    const line =
      "EnableX (api.enablex.example): 7 customers exist, 6 are declared in 2 stacks, 1 is not:";

    test("the issue about drift counts them over all reports, and no name is Markdown", async () => {
      await using github = await gitHub({ issues: "write" });
      drift("north", "drift", [gone], north);
      drift("south", "none", [], south);
      const opened = await issue(github.env);
      expect(opened.stdout).toMatch(/^Opened /);
      expect(opened.stdout).toContain(line);
      const { title, body } = github.state.issues[0]!;
      expect(title).toBe("Drift check: drift in north; 1 customer is not declared");
      expect(body).toContain(line);
      expect(body).toContain("ucaas adopt enablex takes them over");
      // All that a name holds is in one code span in one line of a list.
      const item = body!.split("\n").find((each) => each.includes("7 customers exist"))!;
      expect(item).toMatch(/^- (`+)(?!`).*[^`]\1$/);
      expect(item).toContain("Old Mill");
      expect(body).not.toMatch(/^# Old Mill|\u202e/m);
    });

    test("they alone open no issue, unless --fail-on-unmanaged says so; --json tells both", async () => {
      await using github = await gitHub({ issues: "write" });
      drift("north", "none", [], north);
      drift("south", "none", [], south);
      const { stdout } = await issue(github.env);
      expect(stdout).toMatch(/^No drift, and no issue is open\.\n/);
      expect(stdout).toContain(line);
      expect(github.state.issues).toEqual([]);
      const args = ["--reports", folder, "--stacks", '["north","south"]', "--json"];
      const none = JSON.parse((await step(github.env, "issue", ...args)).stdout);
      expect(none).toMatchObject({ version: 1, action: "none", status: "none" });
      expect(none.customers).toMatchObject([{ existing: 7, declared: 6, undeclared: 1 }]);
      const flag = "--fail-on-unmanaged";
      const opened = JSON.parse((await step(github.env, "issue", ...args, flag)).stdout);
      expect(opened).toMatchObject({ action: "opened", status: "drift" });
      expect(opened.url).toMatch(/^https?:/);
      expect(github.state.issues).toMatchObject([
        { state: "open", title: "Drift check: 1 customer is not declared" },
      ]);
      drift("south", "none", [], countOf("south", ["4", "5", "6", "7"]));
      const closed = JSON.parse((await step(github.env, "issue", ...args, flag)).stdout);
      expect(closed).toMatchObject({ action: "closed", status: "none" });
      expect(github.state.issues).toMatchObject([
        { state: "closed", title: "Drift check: no drift any more" },
      ]);
    });

    test("where a stack has no report, they are not known", async () => {
      await using github = await gitHub({ issues: "write" });
      drift("north", "none", [], north);
      const { stdout } = await issue(github.env);
      expect(stdout).toContain("could not tell which customers no stack declares");
      expect(github.state.issues[0]?.title).toBe(
        "Drift check: could not tell for south; customers could not be counted",
      );
    });
  });

  test("an unknown result or a damaged report keeps an open issue open, and the issue says so", async () => {
    await using github = await gitHub({ issues: "write" });
    drift("north", "unknown");
    expect((await issue(github.env)).stdout).toMatch(/^Opened /);
    expect(github.state.issues[0]).toMatchObject({
      title: "Drift check: could not tell for north, south",
      body: expect.stringContaining("`not reached`"),
    });
    drift("north", "none");
    writeFileSync(join(folder, "drift-south.json"), '{"version":1,"stacks":[{"stack":"sou');
    expect((await issue(github.env)).stdout).toMatch(/^Changed /);
    expect(github.state.issues).toMatchObject([
      { state: "open", title: "Drift check: could not tell for south" },
    ]);
  });

  test("where the stacks are not known, the issue says that nothing was checked", async () => {
    await using github = await gitHub({ issues: "write" });
    const run = await step(github.env, "issue", "--reports", folder, "--stacks", "");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toMatch(/^Opened /);
    expect(github.state.issues).toMatchObject([
      {
        state: "open",
        title: "Drift check: could not tell for all stacks",
        body: expect.stringContaining("it is not known which stacks there are"),
      },
    ]);
  });

  test("the same at GitLab", async () => {
    await using gitlab = await gitLabApi();
    drift("south", "none");
    for (const [status, word, state] of [
      ["drift", "Opened", "opened"],
      ["drift", "Changed", "opened"],
      ["none", "Closed", "closed"],
    ] as const) {
      drift("north", status, status === "drift" ? [gone] : []);
      const run = await issue(gitlab.env);
      expect(run, run.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(`^${word} https`),
      });
      expect(gitlab.state.issues).toMatchObject([{ state, author: gitlab.me }]);
    }
  });
});

test.each([
  ["GITHUB_API_URL", GitHub, { GITHUB_REPOSITORY: "voicehouse/ucaas", GITHUB_TOKEN: "token" }],
  ["CI_API_V4_URL", GitLab, { CI_PROJECT_ID: "1", GITLAB_TOKEN: "token" }],
] as const)(
  "an address in %s that is refused is named by the variable, as is what to do",
  (variable, Platform, env) => {
    const at = (address: string) => () => new Platform({ ...env, [variable]: address });
    const toDo = new RegExp(`${variable}: [^]*What to do: [^]*${variable}`);
    for (const address of ["api.forge.example", "https://me:word@forge.example"])
      expect(at(address), address).toThrow(toDo);
    expect(at("http://forge.example")).toThrow(new RegExp(`${variable}: [^]*use https`));
  },
);

describe("ucaas ci find-preview", () => {
  const merged = "a".repeat(40);
  const reviewed = "b".repeat(40);
  const run = {
    workflow: "preview.yml",
    event: "pull_request",
    conclusion: "success",
    head_sha: reviewed,
    head_repository: { full_name: "voicehouse/ucaas" },
  };

  test("it is the newest successful preview run of the merged pull request's last commit", async () => {
    await using github = await gitHub({ actions: "read", "pull-requests": "read" });
    github.state.pulls[merged] = [
      { number: 6, merged_at: null, head: { sha: "c".repeat(40) } },
      { number: 7, merged_at: "2026-11-22T00:00:00Z", head: { sha: reviewed } },
    ];
    github.state.runs.push(
      { ...run, id: 11 },
      { ...run, id: 12 },
      { ...run, id: 13, conclusion: "failure" },
      { ...run, id: 14, workflow: "up.yml" },
      { ...run, id: 15, head_sha: "c".repeat(40) },
    );
    expect(await step(github.env, "find-preview")).toMatchObject({
      exitCode: 0,
      stdout: "run-id=12\n",
    });
    const asJson = await step(github.env, "find-preview", "--json");
    expect(JSON.parse(asJson.stdout)).toEqual({
      ...{ version: 1, commit: merged, workflow: "preview.yml", runId: 12 },
    });
  });

  test("a plan of a fork's workflow is never used, and a commit without a pull request has none", async () => {
    await using github = await gitHub({ actions: "read", "pull-requests": "read" });
    const without = await step(github.env, "find-preview");
    expect(without).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("the commit came by no pull request"),
    });
    github.state.pulls[merged] = [
      { number: 7, merged_at: "2026-11-22T00:00:00Z", head: { sha: reviewed } },
    ];
    github.state.runs.push({ ...run, id: 11, head_repository: { full_name: "eve/ucaas" } });
    const forked = await step(github.env, "find-preview");
    expect(forked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("NO_PREVIEW") });
    expect(forked.stderr).toContain("run the workflow by hand");
  });
});
