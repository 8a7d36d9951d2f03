/** The password grant, by the route of API v2 and by that of v1. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { SandboxRequest } from "../http-types.ts";
import { ApiError } from "./api-error.ts";
import type { NetsapiensServer } from "./options.ts";
import { shownScope } from "./permissions.ts";
import { splitLogin } from "./state.ts";

const passwordGrant = z.strictObject({
  grant_type: z.literal("password"),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  username: z.string().min(1),
  password: z.string().min(1),
});

const seconds = 3600;

export function grantV2(request: SandboxRequest, server: NetsapiensServer): object {
  if (mediaType(request) !== "application/json")
    throw new ApiError(400, "expected Content-Type application/json");
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new ApiError(400, "the body is not JSON");
  }
  return grant(body, server);
}

export function grantV1(request: SandboxRequest, server: NetsapiensServer): object {
  if (mediaType(request) !== "application/x-www-form-urlencoded")
    throw new ApiError(400, "expected a form-encoded body");
  return grant(Object.fromEntries(new URLSearchParams(request.body)), server);
}

function grant(body: unknown, server: NetsapiensServer): object {
  const { options, state } = server;
  const asked = passwordGrant.safeParse(body);
  if (!asked.success) throw new ApiError(400, z.prettifyError(asked.error));
  const { client_id, client_secret, username, password } = asked.data;

  const row = Object.keys(state.clients).find((key) => {
    const client = state.clients[key]!;
    return client.clientId === client_id && client.clientSecret === client_secret;
  });
  const user = Object.hasOwn(state.users, username) ? state.users[username] : undefined;
  // One answer for all four mistakes: the API does not say which.
  if (row === undefined || user === undefined || user.password !== password)
    throw new ApiError(options.refusedStatus, "Invalid credentials");

  const { user: name, domain } = splitLogin(username);
  const about = {
    username,
    user: name,
    login: username,
    displayName: name,
    department: "",
    user_email: `${name}@${domain}.example`,
    token_type: "Bearer",
    scope: shownScope(user.scope, options.scopeSpelling) as string | null,
    domain,
    territory: state.domains[domain]?.territory ?? "",
    uid: `${name}@${domain}`,
    apiversion: options.apiversion,
    client_id: options.echoedClientId ?? client_id,
  };
  if (options.grantWithoutToken) return about;
  if (user.mfa && options.mfaShows === "flag") return { ...about, scope: null, mfa_required: true };

  const token = randomBytes(16).toString("hex");
  state.tokens[token] = { login: username, row, expiresAt: server.now() + seconds * 1000 };
  const granted = {
    access_token: token,
    expires_in: seconds,
    refresh_token: randomBytes(16).toString("hex"),
    ...about,
  };
  if (user.mfa) return { ...granted, scope: options.mfaShows === "scope" ? "MFA" : "mfa_required" };
  if (user.legacyPassword)
    return options.legacyPasswordShows === "scope"
      ? { ...granted, scope: null }
      : { ...granted, recover: true };
  return granted;
}

const mediaType = (request: SandboxRequest) =>
  (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
