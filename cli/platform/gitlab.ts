import { z } from "zod";
import { Api, type Request } from "./api.ts";
import type { CommentRef, IssueText, Platform } from "./platform.ts";
import { requireEnv } from "./require-env.ts";

// Fields as GitLab's REST API v4 documents them: notes of a merge request, issues, the
// current user.
const author = z.object({ id: z.number() });
const noteSchema = z.object({ id: z.number(), body: z.string(), author });
const issueSchema = z.object({
  iid: z.number(),
  description: z.string().nullable(),
  author,
  web_url: z.string(),
});
const userSchema = z.object({ id: z.number() });

/** GitLab, by a project access token: the token of a job may not write comments. */
export class GitLab implements Platform {
  readonly longestText = 1_000_000;
  readonly pullRequest: number | undefined;
  readonly run: string | undefined;
  readonly commit: string | undefined;
  readonly #api: Api;
  readonly #project: string;
  readonly #projectUrl: string;

  constructor(env: NodeJS.ProcessEnv) {
    this.#project = requireEnv(env, "CI_PROJECT_ID", "GitLab sets it in each job");
    this.#projectUrl = env.CI_PROJECT_URL ?? "";
    const token = requireEnv(
      env,
      "GITLAB_TOKEN",
      [
        "set it to a project access token with the scope api, as a masked CI/CD variable",
        "that is not protected: merge requests get no protected ones",
      ].join(" "),
    );
    this.#api = new Api({
      vendor: "gitlab",
      baseUrl: requireEnv(env, "CI_API_V4_URL", "GitLab sets it in each job"),
      variable: "CI_API_V4_URL",
      token,
      headers: { "private-token": token },
      permissions:
        "GITLAB_TOKEN must be a project access token with the scope api and the role Reporter " +
        "or higher; CI_JOB_TOKEN may not write comments",
    });
    this.pullRequest = env.CI_MERGE_REQUEST_IID ? Number(env.CI_MERGE_REQUEST_IID) : undefined;
    this.run = env.CI_PIPELINE_URL;
    this.commit = env.CI_COMMIT_SHA;
  }

  async findComment(mergeRequest: number, marker: string): Promise<CommentRef | undefined> {
    const me = await this.#me();
    const request = this.#at("find the comment", "merge_requests/{iid}/notes", {
      iid: mergeRequest,
    });
    const ours = await this.#api.find(
      noteSchema,
      { ...request, query: { sort: "asc", order_by: "created_at" } },
      (note) => note.author.id === me && note.body.startsWith(marker),
    );
    return ours && this.#note(mergeRequest, ours.id);
  }

  async addComment(mergeRequest: number, text: string): Promise<CommentRef> {
    const request = this.#at(
      `comment on merge request ${mergeRequest}`,
      "merge_requests/{iid}/notes",
      { iid: mergeRequest },
    );
    return this.#note(mergeRequest, (await this.#api.post(noteSchema, request, { body: text })).id);
  }

  async changeComment(mergeRequest: number, id: number, text: string): Promise<CommentRef> {
    const request = this.#at(
      `change the comment on merge request ${mergeRequest}`,
      "merge_requests/{iid}/notes/{id}",
      {
        iid: mergeRequest,
        id,
      },
    );
    await this.#api.change("PUT", noteSchema, request, { body: text });
    return this.#note(mergeRequest, id);
  }

  async findIssue(marker: string): Promise<CommentRef | undefined> {
    const me = await this.#me();
    const ours = await this.#api.find(
      issueSchema,
      {
        ...this.#at("find the issue", "issues"),
        query: {
          state: "opened",
          scope: "all",
          author_id: me,
          sort: "asc",
          order_by: "created_at",
        },
      },
      (issue) => issue.author.id === me && issue.description?.startsWith(marker) === true,
    );
    return ours && { id: ours.iid, url: ours.web_url };
  }

  async openIssue({ title, text }: IssueText): Promise<CommentRef> {
    const { iid, web_url: url } = await this.#api.post(
      issueSchema,
      this.#at("open the issue", "issues"),
      { title, description: text },
    );
    return { id: iid, url };
  }

  async changeIssue(
    id: number,
    { title, text }: IssueText,
    { close } = { close: false },
  ): Promise<CommentRef> {
    const request = this.#at(`change issue ${id}`, "issues/{iid}", { iid: id });
    const body = { title, description: text, ...(close && { state_event: "close" }) };
    return { id, url: (await this.#api.change("PUT", issueSchema, request, body)).web_url };
  }

  /** The user of the token: a marker in another user's comment is a quotation. */
  async #me(): Promise<number> {
    return (
      await this.#api.get(userSchema, {
        operation: "see whom GITLAB_TOKEN speaks for",
        path: "/user",
      })
    ).id;
  }

  #note(mergeRequest: number, id: number): CommentRef {
    return { id, url: `${this.#projectUrl}/-/merge_requests/${mergeRequest}#note_${id}` };
  }

  #at(operation: string, path: string, params: Record<string, string | number> = {}): Request {
    return {
      operation,
      path: `/projects/{project}/${path}`,
      params: { project: this.#project, ...params },
    };
  }
}
