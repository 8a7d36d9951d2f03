import { pageOf, platformServer, type Route, routed, unknownKeys } from "./platform-server.ts";

interface Note {
  id: number;
  mergeRequest: number;
  body: string;
  author: { id: number };
}

interface Issue {
  iid: number;
  title: string;
  description: string | null;
  state: "opened" | "closed";
  author: { id: number };
}

const projectUrl = "https://gitlab.example/voicehouse/ucaas";

/**
 * The routes of GitLab's REST API v4 that pipelines use, after GitLab's documentation;
 * strict in the same way as the stand-in for GitHub.
 */
export async function gitLabApi() {
  const token = "glpat-a-token-of-the-tests";
  const me = { id: 77, username: "project_42_bot" };
  const state = { notes: [] as Note[], issues: [] as Issue[] };
  let nextId = 500;

  const bad = { status: 400, body: { error: "parameters are missing or not allowed" } };
  const missing = { status: 404, body: { message: "404 Not found" } };

  const routes: readonly Route[] = [
    [/^GET \/user$/, () => ({ status: 200, body: me })],
    [
      /^GET \/projects\/42\/merge_requests\/(\d+)\/notes$/,
      ([iid], { query }) => ({
        status: 200,
        body: pageOf(
          state.notes.filter((note) => note.mergeRequest === Number(iid)),
          query,
          20,
        ),
      }),
    ],
    [
      /^POST \/projects\/42\/merge_requests\/(\d+)\/notes$/,
      ([iid], { body }) => {
        if (
          typeof body?.body !== "string" ||
          unknownKeys(body, ["body", "created_at", "internal"]).length > 0
        )
          return bad;
        const note = { id: nextId++, mergeRequest: Number(iid), body: body.body, author: me };
        state.notes.push(note);
        return { status: 201, body: note };
      },
    ],
    [
      /^PUT \/projects\/42\/merge_requests\/(\d+)\/notes\/(\d+)$/,
      ([iid, id], { body }) => {
        const note = state.notes.find(
          (each) => each.id === Number(id) && each.mergeRequest === Number(iid),
        );
        if (!note) return missing;
        if (typeof body?.body !== "string" || unknownKeys(body, ["body"]).length > 0) return bad;
        note.body = body.body;
        return { status: 200, body: note };
      },
    ],
    [
      /^GET \/projects\/42\/issues$/,
      (_, { query }) => {
        const asked = query.get("state") ?? "all";
        const author = query.get("author_id") ?? "any";
        const found = state.issues.filter(
          (issue) =>
            [issue.state, "all"].includes(asked) &&
            [String(issue.author.id), "any"].includes(author),
        );
        return { status: 200, body: pageOf(found.map(shown), query, 20) };
      },
    ],
    [
      /^POST \/projects\/42\/issues$/,
      (_, { body }) => {
        if (
          typeof body?.title !== "string" ||
          unknownKeys(body, ["title", "description", "labels", "confidential"]).length > 0
        )
          return bad;
        const description = typeof body.description === "string" ? body.description : null;
        const issue: Issue = {
          iid: nextId++,
          title: body.title,
          description,
          state: "opened",
          author: me,
        };
        state.issues.push(issue);
        return { status: 201, body: shown(issue) };
      },
    ],
    [
      /^PUT \/projects\/42\/issues\/(\d+)$/,
      ([iid], { body = {} }) => {
        const issue = state.issues.find((each) => each.iid === Number(iid));
        if (!issue) return missing;
        const { state_event: event, ...rest } = body;
        if (
          unknownKeys(rest, ["title", "description", "labels"]).length > 0 ||
          !["undefined", "close", "reopen"].includes(String(event))
        )
          return bad;
        Object.assign(issue, rest, event === "close" ? { state: "closed" } : {});
        return { status: 200, body: shown(issue) };
      },
    ],
  ];

  const server = await platformServer((request) => {
    if (request.headers["private-token"] !== token)
      return { status: 401, body: { message: "401 Unauthorized" } };
    return (
      routed(routes, `${request.method} ${request.path.replace("/api/v4", "")}`, request) ?? missing
    );
  });
  const env = {
    GITLAB_CI: "true",
    GITLAB_TOKEN: token,
    CI_API_V4_URL: `${server.url}/api/v4`,
    CI_PROJECT_ID: "42",
    CI_PROJECT_URL: projectUrl,
    CI_PIPELINE_URL: `${projectUrl}/-/pipelines/9`,
    CI_COMMIT_SHA: "c".repeat(40),
  };
  return { ...server, state, me, env };
}

function shown(issue: Issue): object {
  return { ...issue, web_url: `${projectUrl}/-/issues/${issue.iid}` };
}
