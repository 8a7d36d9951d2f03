import { randomBytes } from "node:crypto";
import {
  type PlatformReply,
  type PlatformRequest,
  pageOf,
  platformServer,
  type Route,
  routed,
  unknownKeys,
} from "./platform-server.ts";

/** What a job's token may do: the `permissions` of the job. */
export type Permissions = Record<string, "read" | "write">;

interface Comment {
  id: number;
  issue: number;
  body: string;
  user: { login: string; type: "Bot" | "User" };
}

interface Issue {
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  state_reason: string | null;
  user: { login: string; type: "Bot" | "User" };
  pull_request?: object;
}

const repository = "voicehouse/ucaas";
const bot = { login: "github-actions[bot]", type: "Bot" } as const;

/**
 * The routes of GitHub's REST API that pipelines use, after GitHub's documentation
 * (version 2022-11-28). It is strict: a missing header, a permission that the job did not
 * ask for, a key that is not documented or a text that is too long is refused.
 */
export async function gitHubApi() {
  const tokens = new Map<string, Permissions>();
  /** Tokens of people, by login. A job's own token writes as the bot. */
  const users = new Map<string, string>();
  const state = {
    comments: [] as Comment[],
    issues: [] as Issue[],
    /** Pull requests by a commit that they brought. */
    pulls: {} as Record<
      string,
      { number: number; merged_at: string | null; head: { sha: string } }[]
    >,
    runs: [] as {
      id: number;
      workflow: string;
      head_sha: string;
      event: string;
      conclusion: string;
      head_repository: { full_name: string } | null;
    }[],
  };
  let nextId = 1000;
  const tokenOf = (headers: PlatformRequest["headers"]) =>
    /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
  const writer = (headers: PlatformRequest["headers"]) => {
    const login = users.get(tokenOf(headers));
    return login === undefined ? bot : { login, type: "User" as const };
  };

  const invalid = (more = "") => refusal(422, `Validation Failed${more}`);
  const missing = refusal(404, "Not Found");
  const asked = (query: URLSearchParams, key: string, value: string) =>
    !query.has(key) || query.get(key) === value;

  /** Each route needs one of its scopes: `read` for GET, `write` for the other methods. */
  const routes: readonly [scopes: string[], ...Route][] = [
    [
      ["issues", "pull-requests"],
      /^GET issues\/(\d+)\/comments$/,
      ([issue], { query }) => ({
        status: 200,
        body: pageOf(
          state.comments.filter((comment) => comment.issue === Number(issue)).map(shown),
          query,
          30,
        ),
      }),
    ],
    [
      ["issues", "pull-requests"],
      /^POST issues\/(\d+)\/comments$/,
      ([issue], { body, headers }) => {
        if (typeof body?.body !== "string" || unknownKeys(body, ["body"]).length > 0)
          return invalid();
        const comment: Comment = {
          id: nextId++,
          issue: Number(issue),
          body: body.body,
          user: writer(headers),
        };
        state.comments.push(comment);
        return { status: 201, body: shown(comment) };
      },
    ],
    [
      ["issues", "pull-requests"],
      /^PATCH issues\/comments\/(\d+)$/,
      ([id], { body }) => {
        const comment = state.comments.find((each) => each.id === Number(id));
        if (!comment) return missing;
        if (typeof body?.body !== "string" || unknownKeys(body, ["body"]).length > 0)
          return invalid();
        comment.body = body.body;
        return { status: 200, body: shown(comment) };
      },
    ],
    [
      ["issues"],
      /^GET issues$/,
      (_, { query }) => {
        const wanted = query.get("state") ?? "open";
        const found = state.issues.filter((issue) => wanted === "all" || issue.state === wanted);
        return { status: 200, body: pageOf(found.map(shownIssue), query, 30) };
      },
    ],
    [
      ["issues"],
      /^POST issues$/,
      (_, { body, headers }) => {
        if (
          typeof body?.title !== "string" ||
          unknownKeys(body, ["title", "body", "labels", "assignees", "milestone"]).length > 0
        )
          return invalid();
        const text = typeof body.body === "string" ? body.body : null;
        const issue: Issue = {
          number: nextId++,
          title: body.title,
          body: text,
          state: "open",
          state_reason: null,
          user: writer(headers),
        };
        state.issues.push(issue);
        return { status: 201, body: shownIssue(issue) };
      },
    ],
    [
      ["issues"],
      /^PATCH issues\/(\d+)$/,
      ([number], { body = {} }) => {
        const issue = state.issues.find((each) => each.number === Number(number));
        if (!issue) return missing;
        const known = [
          "title",
          "body",
          "state",
          "state_reason",
          "labels",
          "assignees",
          "milestone",
        ];
        if (unknownKeys(body, known).length > 0) return invalid();
        if ("state" in body && !["open", "closed"].includes(String(body.state)))
          return invalid(": state");
        if (
          "state_reason" in body &&
          !["completed", "not_planned", "duplicate", "reopened", "null"].includes(
            String(body.state_reason),
          )
        )
          return invalid();
        Object.assign(issue, body);
        return { status: 200, body: shownIssue(issue) };
      },
    ],
    [
      ["pull-requests"],
      /^GET commits\/([0-9a-f]{40})\/pulls$/,
      ([commit = ""], { query }) => ({
        status: 200,
        body: pageOf(state.pulls[commit] ?? [], query, 30),
      }),
    ],
    [
      ["actions"],
      /^GET actions\/workflows\/([\w.-]+)\/runs$/,
      ([workflow], { query }) => {
        const runs = state.runs.filter(
          (run) =>
            run.workflow === workflow &&
            asked(query, "head_sha", run.head_sha) &&
            asked(query, "event", run.event) &&
            asked(query, "status", run.conclusion),
        );
        return {
          status: 200,
          body: { total_count: runs.length, workflow_runs: pageOf(runs, query, 30) },
        };
      },
    ],
  ];

  function handle(request: PlatformRequest): PlatformReply {
    const { method, path, headers, body } = request;
    if (!headers["user-agent"])
      return refusal(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
      );
    if (headers.accept !== "application/vnd.github+json")
      return refusal(415, "Unsupported 'Accept' header");
    if (headers["x-github-api-version"] !== "2022-11-28")
      return refusal(400, "X-GitHub-Api-Version is not supported");
    const login = users.get(tokenOf(headers));
    const permissions = tokens.get(tokenOf(headers));
    if (!permissions) return refusal(401, "Bad credentials");
    if (method === "GET" && path === "/user")
      return login === undefined
        ? refusal(403, "Resource not accessible by integration")
        : { status: 200, body: writer(headers) };
    if (typeof body?.body === "string" && body.body.length > 65_536)
      return invalid(": body is too long (maximum is 65536 characters)");
    const line = `${method} ${path.replace(`/repos/${repository}/`, "")}`;
    const needed = method === "GET" ? ["read", "write"] : ["write"];
    const permitted = (scopes: readonly string[]) =>
      scopes.some((scope) => needed.includes(permissions[scope] ?? ""));
    if (routes.some(([scopes, pattern]) => pattern.test(line) && !permitted(scopes)))
      return refusal(403, "Resource not accessible by integration");
    return (
      routed(
        routes.map(([, ...route]) => route),
        line,
        request,
      ) ?? missing
    );
  }

  const server = await platformServer(handle);
  return {
    ...server,
    repository,
    state,
    /** A token as a job with these permissions gets it. */
    token(permissions: Permissions): string {
      const token = `ghs_${randomBytes(18).toString("hex")}`;
      tokens.set(token, permissions);
      return token;
    },
    /** A token that a person made, who may write. */
    userToken(login: string): string {
      const token = `ghp_${randomBytes(18).toString("hex")}`;
      tokens.set(token, { "pull-requests": "write", issues: "write" });
      users.set(token, login);
      return token;
    },
  };
}

export type GitHubApi = Awaited<ReturnType<typeof gitHubApi>>;

function refusal(status: number, message: string): PlatformReply {
  return {
    status,
    body: { message, documentation_url: "https://docs.github.com/rest", status: String(status) },
  };
}

function shown({ issue, ...comment }: Comment): object {
  return {
    ...comment,
    html_url: `https://github.com/${repository}/pull/${issue}#issuecomment-${comment.id}`,
  };
}

function shownIssue(issue: Issue): object {
  return { ...issue, html_url: `https://github.com/${repository}/issues/${issue.number}` };
}
