import { UcaasError } from "../../provider/dynamic/errors.ts";
import { GitHub } from "./github.ts";
import { GitLab } from "./gitlab.ts";

/** Where the code is reviewed: as much of GitHub or GitLab as comments and issues need. Texts are Markdown. */
export interface Forge {
  /** Longest text of a comment or an issue, in characters. */
  readonly longestText: number;
  /** The pull request, or merge request, that this run is for. */
  readonly pullRequest: number | undefined;
  /** The log of this run. */
  readonly run: string | undefined;
  /** The commit that is looked at. */
  readonly commit: string | undefined;
  /** Our own comment on a pull request that begins with the marker. */
  findComment(pullRequest: number, marker: string): Promise<Entry | undefined>;
  addComment(pullRequest: number, text: string): Promise<Entry>;
  changeComment(pullRequest: number, id: number, text: string): Promise<Entry>;
  /** Our own open issue that begins with the marker. */
  findIssue(marker: string): Promise<Entry | undefined>;
  openIssue(issue: IssueText): Promise<Entry>;
  /** Changes its text, and closes it when asked, in one step. */
  changeIssue(id: number, issue: IssueText, options?: { close: boolean }): Promise<Entry>;
}

export interface IssueText {
  readonly title: string;
  readonly text: string;
}

/** A comment or an issue. */
export interface Entry {
  readonly id: number;
  readonly url: string;
}

/** The forge whose pipeline this command runs in. */
export function forgeOf(env: NodeJS.ProcessEnv = process.env): Forge {
  if (env.GITHUB_ACTIONS === "true") return new GitHub(env);
  if (env.GITLAB_CI === "true") return new GitLab(env);
  throw new UcaasError("this is neither a GitHub workflow nor a GitLab pipeline", {
    code: "NO_FORGE",
    hint: "the command is for pipelines, which set GITHUB_ACTIONS or GITLAB_CI (docs/gitops.md)",
  });
}
