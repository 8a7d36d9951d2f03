/**
 * Where the code is reviewed: as much of GitHub or GitLab as comments and issues need.
 * Texts are Markdown.
 */
export interface Platform {
  /** Longest text of a comment or an issue, in characters. */
  readonly longestText: number;
  /** The pull request, or merge request, that this run is for. */
  readonly pullRequest: number | undefined;
  /** The log of this run. */
  readonly run: string | undefined;
  /** The commit that is looked at. */
  readonly commit: string | undefined;
  /** Our own comment on a pull request that begins with the marker. */
  findComment(pullRequest: number, marker: string): Promise<CommentRef | undefined>;
  addComment(pullRequest: number, text: string): Promise<CommentRef>;
  changeComment(pullRequest: number, id: number, text: string): Promise<CommentRef>;
  /** Our own open issue that begins with the marker. */
  findIssue(marker: string): Promise<CommentRef | undefined>;
  openIssue(issue: IssueText): Promise<CommentRef>;
  /** Changes its text, and closes it when asked, in one step. */
  changeIssue(id: number, issue: IssueText, options?: { close: boolean }): Promise<CommentRef>;
}

export interface IssueText {
  readonly title: string;
  readonly text: string;
}

/** A comment or an issue. */
export interface CommentRef {
  readonly id: number;
  readonly url: string;
}
