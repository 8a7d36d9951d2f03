/** The routes below `/ns-api/`. */
import { html, json, type Reply, type SandboxRequest } from "../http-types.ts";
import { ApiError } from "./api-error.ts";
import type { NetsapiensOptions, NetsapiensServer } from "./options.ts";
import { mayListUsers, sees, shownScope } from "./permissions.ts";
import { splitLogin, type User } from "./state.ts";
import { grantV1, grantV2 } from "./tokens.ts";

export function answerApi(request: SandboxRequest, server: NetsapiensServer): Reply {
  let reply: Reply;
  try {
    reply = route(request, server);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    reply = json(error.status, { code: error.status, message: error.message });
  }
  const isJson = reply.headers?.["content-type"]?.includes("json");
  return isJson && server.options.jsonAsHtml
    ? { ...reply, headers: { "content-type": "text/html; charset=UTF-8" } }
    : reply;
}

function route(request: SandboxRequest, server: NetsapiensServer): Reply {
  const { options, state } = server;
  const { method, path } = request;

  // Checked before all else: no switch may hide such a request.
  if (
    /\/devices(\/|$)/i.test(path) ||
    /(^|[?&])object=device/i.test(`${request.query}&${request.body}`)
  ) {
    state.deviceReads.push({ at: new Date().toISOString(), method, path });
    throw new ApiError(
      403,
      "devices hold SIP passwords: the integration must never ask for them (said by the sandbox)",
    );
  }
  if (options.blocked === "json") throw new ApiError(403, "Forbidden");
  if (options.blocked === "html")
    return html(
      403,
      "<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1></body></html>\n",
    );

  if (path === "/ns-api/oauth2/token")
    return { status: 301, headers: { location: "/ns-api/oauth2/token/" } };
  if (path === "/ns-api/oauth2/token/")
    return post(request, options.tokensV1) ?? json(200, grantV1(request, server));
  if (!path.startsWith("/ns-api/v2/")) throw new ApiError(404, "Resource Not Found");

  const missing = absent(options.v2);
  if (missing !== undefined) return missing;
  if (path === "/ns-api/v2/tokens")
    return post(request, options.tokensV2) ?? json(200, grantV2(request, server));
  if (method !== "GET")
    throw new ApiError(path === "/ns-api/v2/version" ? 405 : 404, "Resource Not Found");
  if (path === "/ns-api/v2/version")
    return json(200, { apiversion: options.apiversion, hostname: new URL(server.url).hostname });
  return read(request, server);
}

/** The reads that want a token. */
function read(request: SandboxRequest, server: NetsapiensServer): Reply {
  const { options, state } = server;
  const login = bearer(request, server);
  const user = state.users[login];
  if (user === undefined) throw new ApiError(401, "Unauthorized");
  const own = splitLogin(login);

  const [collection, domainName, kind, name, ...rest] = segments(request.path);
  if (collection !== "domains" || domainName === undefined || rest.length > 0)
    throw new ApiError(404, "Resource Not Found");
  const wanted = domainName === "~" ? own.domain : domainName;

  // Everybody may read himself, whatever his scope.
  if (kind === "users" && name === "~" && wanted === own.domain)
    return json(200, shownUser(login, user, options));

  const domain = state.domains[wanted];
  if (domain === undefined || domain.hidden) throw new ApiError(404, `Domain ${wanted} not found`);
  if (!sees(user, own.domain, wanted, state)) throw new ApiError(403, "Forbidden");
  if (kind === undefined)
    return json(200, { domain: wanted, reseller: domain.territory, description: "" });

  if (options.usersForbidden && kind === "users") throw new ApiError(403, "Forbidden");
  if (!mayListUsers(user)) throw new ApiError(403, "Forbidden");
  if (kind === "users") {
    const users = Object.entries(state.users).filter(
      ([each]) => splitLogin(each).domain === wanted,
    );
    if (name === undefined)
      return json(
        200,
        users.slice(0, limit(request)).map(([each, its]) => shownUser(each, its, options)),
      );
    const found = users.find(([each]) => splitLogin(each).user === name);
    if (found === undefined) throw new ApiError(404, `User ${name} not found`);
    return json(200, shownUser(...found, options));
  }
  if (kind === "phonenumbers" && name !== undefined) {
    const number = state.phonenumbers[name];
    if (number === undefined || number.domain !== wanted)
      throw new ApiError(404, `Phone number ${name} not found`);
    return json(200, {
      phonenumber: name,
      domain: wanted,
      enabled: number.enabled ?? "yes",
      "dial-rule-application": number.application,
      "dial-rule-translation-destination-user": number.destinationUser ?? "",
    });
  }
  throw new ApiError(404, "Resource Not Found");
}

const shownUser = (login: string, user: User, { scopeSpelling }: NetsapiensOptions) => ({
  ...splitLogin(login),
  "name-first-name": splitLogin(login).user,
  "name-last-name": "User",
  "email-address": `${splitLogin(login).user}@${splitLogin(login).domain}.example`,
  "login-username": login,
  "user-scope": shownScope(user.scope, scopeSpelling),
  "account-status": user.accountStatus ?? "standard",
});

/** The login name behind the request's token. */
function bearer(request: SandboxRequest, server: NetsapiensServer): string {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const granted = token === undefined ? undefined : server.state.tokens[token];
  // A token outlives neither its hour nor its client.
  if (
    granted === undefined ||
    granted.expiresAt <= server.now() ||
    server.state.clients[granted.row] === undefined
  ) {
    throw new ApiError(401, "Unauthorized");
  }
  return granted.login;
}

function segments(path: string): string[] {
  try {
    return path.slice("/ns-api/v2/".length).split("/").map(decodeURIComponent);
  } catch {
    throw new ApiError(400, "Bad Request");
  }
}

function limit(request: SandboxRequest): number {
  const text = request.query.get("limit") ?? "100";
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new ApiError(400, "limit: expected a whole number from 1");
  return Number(text);
}

/**
 * What is answered in place of a token route; undefined when the route is served and was
 * called rightly.
 */
function post(request: SandboxRequest, served: "served" | "404" | "html"): Reply | undefined {
  const missing = absent(served);
  if (missing === undefined && request.method !== "POST")
    throw new ApiError(405, "Method Not Allowed");
  return missing;
}

function absent(served: "served" | "404" | "html"): Reply | undefined {
  if (served === "served") return undefined;
  const page =
    "<!doctype html>\n<html><head><title>Manager Portal</title></head><body><p>Please log in.</p></body></html>\n";
  return served === "html"
    ? html(200, page)
    : html(
        404,
        "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n",
      );
}
