import { readFileSync } from "node:fs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { Api, type Request } from "./api.ts";
import type { CommentRef, IssueText, Platform } from "./platform.ts";
import { requireEnv } from "./require-env.ts";

// Fields as GitHub's REST API documents them (version 2022-11-28): issues, issue
// comments, commits, workflow runs.
const entrySchema = z.object({ html_url: z.string() });
const author = z.object({ type: z.string(), login: z.string().optional() }).nullable();
const userSchema = z.object({ login: z.string() });
const commentSchema = entrySchema.extend({
  id: z.number(),
  body: z.string().optional(),
  user: author,
});
const issueSchema = entrySchema.extend({
  number: z.number(),
  body: z.string().nullish(),
  user: author,
  pull_request: z.object({}).optional(),
});
const pullSchema = z.object({
  number: z.number(),
  merged_at: z.string().nullable(),
  head: z.object({ sha: z.string() }),
});
const runsSchema = z.object({
  workflow_runs: z.array(
    z.object({
      id: z.number(),
      head_sha: z.string(),
      head_repository: z.object({ full_name: z.string() }).nullable(),
    }),
  ),
});
const eventSchema = z.object({
  pull_request: z.object({ number: z.number(), head: z.object({ sha: z.string() }) }).optional(),
});

/** GitHub, by the token of the workflow's job. */
export class GitHub implements Platform {
  /** Documented for issues and comments alike. */
  readonly longestText = 65_536;
  readonly pullRequest: number | undefined;
  readonly run: string | undefined;
  readonly commit: string | undefined;
  readonly #api: Api;
  readonly #repository: string;
  readonly #token: string;
  #isOurs: Promise<(user: z.output<typeof author>) => boolean> | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#repository = requireEnv(env, "GITHUB_REPOSITORY", "GitHub sets it in each job");
    const token = requireEnv(
      env,
      "GITHUB_TOKEN",
      "give the step github.token as GITHUB_TOKEN, in its env",
    );
    this.#token = token;
    this.#api = new Api({
      vendor: "github",
      baseUrl: env.GITHUB_API_URL || "https://api.github.com",
      variable: "GITHUB_API_URL",
      token,
      headers: {
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        authorization: `Bearer ${token}`,
      },
      permissions:
        "see the job's `permissions` in the workflow: a comment needs pull-requests: write, " +
        "an issue issues: write, a reviewed preview actions: read",
    });
    const event = env.GITHUB_EVENT_PATH ? eventIn(env.GITHUB_EVENT_PATH) : {};
    this.pullRequest = event.pull_request?.number;
    // A workflow of a pull request runs on a merge commit of its own. Readers know the
    // head.
    this.commit = event.pull_request?.head.sha ?? env.GITHUB_SHA;
    this.run =
      env.GITHUB_RUN_ID &&
      `${env.GITHUB_SERVER_URL || "https://github.com"}/${this.#repository}/actions/runs/${env.GITHUB_RUN_ID}`;
  }

  async findComment(pullRequest: number, marker: string): Promise<CommentRef | undefined> {
    const isOurs = await this.#author();
    const ours = await this.#api.find(
      commentSchema,
      this.#at("find the comment", "issues/{number}/comments", { number: pullRequest }),
      ({ body, user }) => body?.startsWith(marker) === true && isOurs(user),
    );
    return ours && { id: ours.id, url: ours.html_url };
  }

  async addComment(pullRequest: number, text: string): Promise<CommentRef> {
    const request = this.#at(`comment on pull request ${pullRequest}`, "issues/{number}/comments", {
      number: pullRequest,
    });
    const { id, html_url: url } = await this.#api.post(commentSchema, request, { body: text });
    return { id, url };
  }

  async changeComment(pullRequest: number, id: number, text: string): Promise<CommentRef> {
    const request = this.#at(
      `change the comment on pull request ${pullRequest}`,
      "issues/comments/{id}",
      { id },
    );
    const { html_url: url } = await this.#api.change("PATCH", commentSchema, request, {
      body: text,
    });
    return { id, url };
  }

  async findIssue(marker: string): Promise<CommentRef | undefined> {
    const isOurs = await this.#author();
    // Pull requests are issues too.
    const ours = await this.#api.find(
      issueSchema,
      {
        ...this.#at("find the issue", "issues"),
        query: { state: "open", sort: "created", direction: "asc" },
      },
      ({ body, user, pull_request }) =>
        pull_request === undefined && body?.startsWith(marker) === true && isOurs(user),
    );
    return ours && { id: ours.number, url: ours.html_url };
  }

  async openIssue({ title, text }: IssueText): Promise<CommentRef> {
    const { number, html_url: url } = await this.#api.post(
      issueSchema,
      this.#at("open the issue", "issues"),
      { title, body: text },
    );
    return { id: number, url };
  }

  async changeIssue(
    id: number,
    { title, text }: IssueText,
    { close } = { close: false },
  ): Promise<CommentRef> {
    const request = this.#at(`change issue ${id}`, "issues/{id}", { id });
    const closing = close ? { state: "closed", state_reason: "completed" } : {};
    const { html_url: url } = await this.#api.change("PATCH", issueSchema, request, {
      title,
      body: text,
      ...closing,
    });
    return { id, url };
  }

  /**
   * The run of a workflow that previewed what was merged as this commit: the newest that
   * succeeded for the last commit of the pull request.
   *
   * @throws {UcaasError} `NO_PULL_REQUEST`, `NO_PREVIEW`
   */
  async reviewedRun(commit: string, workflow: string): Promise<number> {
    const operation = `find the reviewed preview of ${commit}`;
    const pulls = await this.#api.get(
      z.array(pullSchema),
      this.#at(operation, "commits/{commit}/pulls", { commit }),
    );
    const merged = pulls.find((pull) => pull.merged_at !== null);
    const byHand =
      "merge a pull request that was previewed, or run the workflow by hand for this stack, which previews again";
    if (!merged)
      throw new UcaasError("the commit came by no pull request", {
        code: "NO_PULL_REQUEST",
        vendor: "github",
        operation,
        hint: byHand,
      });
    const { workflow_runs: runs } = await this.#api.get(runsSchema, {
      ...this.#at(operation, "actions/workflows/{workflow}/runs", { workflow }),
      query: { head_sha: merged.head.sha, event: "pull_request", status: "success", per_page: 100 },
    });
    // A fork's workflow can put anything into its artifacts.
    const own = runs.filter(
      (run) =>
        run.head_sha === merged.head.sha && run.head_repository?.full_name === this.#repository,
    );
    if (own.length > 0) return Math.max(...own.map(({ id }) => id));
    throw new UcaasError(
      `pull request ${merged.number} has no preview of its last commit ${merged.head.sha} that succeeded`,
      {
        code: "NO_PREVIEW",
        vendor: "github",
        operation,
        hint: byHand,
      },
    );
  }

  /**
   * Tells our own texts from those of others who quote the marker. A job's own token
   * (`ghs_…`) writes as a bot and may not ask who it is; a user's token may. Where GitHub
   * does not say, the marker alone counts.
   */
  #author(): Promise<(user: z.output<typeof author>) => boolean> {
    this.#isOurs ??= (async () => {
      const byBot = (user: z.output<typeof author>) => user?.type === "Bot";
      if (this.#token.startsWith("ghs_")) return byBot;
      try {
        const { login } = await this.#api.get(userSchema, {
          operation: "read the token's user",
          path: "/user",
        });
        return (user) => user?.login === login;
      } catch (error) {
        // GitHub refuses this to the token of an app, which writes as a bot.
        if (error instanceof UcaasError && error.code === "FORGE_REFUSED") return byBot;
        if (error instanceof UcaasError && error.code === "MALFORMED_REPLY") return () => true;
        throw error;
      }
    })();
    return this.#isOurs;
  }

  #at(operation: string, path: string, params: Record<string, string | number> = {}): Request {
    const [owner = "", repository = ""] = this.#repository.split("/");
    return {
      operation,
      path: `/repos/{owner}/{repository}/${path}`,
      params: { owner, repository, ...params },
    };
  }
}

/** @throws {UcaasError} `CONFIG_INVALID` */
function eventIn(file: string): z.output<typeof eventSchema> {
  let reason: string;
  try {
    const event = eventSchema.safeParse(tryParseJson(readFileSync(file, "utf8")));
    if (event.success) return event.data;
    reason = "is not the JSON of a GitHub event";
  } catch (error) {
    reason = `cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  throw new UcaasError(`the file ${file} of GITHUB_EVENT_PATH ${reason}`, {
    code: "CONFIG_INVALID",
    vendor: "github",
    hint: "run the command in a GitHub workflow, which sets GITHUB_EVENT_PATH, or unset GITHUB_EVENT_PATH",
  });
}
