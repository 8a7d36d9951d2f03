/** A Xelion server with its tenants: logging in, renewing, logging out. Nothing of telephony. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { json, type Reply, type SandboxRequest } from "../http-types.ts";
import { commonOptions, type SandboxServer } from "../server.ts";

export const tenantOptions = z.strictObject({
  ...commonOptions,
  tokenLifetimeSeconds: z
    .number()
    .positive()
    .default(3600)
    .describe("how long a login or a renewal is valid"),
  version: z.string().default("9.0.0").describe("what /server/version tells"),
});

export type TenantOptions = z.output<typeof tenantOptions>;

interface TenantUser {
  password: string;
  disabled?: boolean;
  passwordExpired?: boolean;
  /** A second factor is wanted. */
  mfa?: boolean;
}

interface Session {
  tenant: string;
  userName: string;
  userSpace: string;
  renewalToken: string;
  /** ISO 8601. */
  validUntil: string;
}

export interface TenantState {
  /** Users of each tenant, by name. */
  tenants: Record<string, Record<string, TenantUser>>;
  /** Sessions by their token. A session taken away here was logged out elsewhere. */
  sessions: Record<string, Session>;
  /** Every try to log in; `answered` is 200 or the error code. */
  logins: { at: string; tenant: string; userName: string; userSpace: string; answered: number }[];
}

export const initialTenants = (): TenantState => ({
  tenants: { pbx1: { provisioning: { password: "Sandbox-tenant-1" } } },
  sessions: {},
  logins: [],
});

const messages: Record<number, string> = {
  10004: "Wrong user name or password",
  10005: "There is a session of this user space already",
  10006: "The user is disabled",
  10007: "The password has expired",
  10013: "Multi-factor authentication is required",
  10400: "Too many requests",
};

/** An error in the vendor's shape. Where no code is published, the HTTP status stands for it. */
export function tenantError(status: number, errorCode: number = status, info = ""): Reply {
  return json(status, { errorCode, message: messages[errorCode] ?? `Error ${status}`, info });
}

export function answerTenant(
  request: SandboxRequest,
  server: SandboxServer<TenantState, TenantOptions>,
): Reply {
  const [, name = "", route] = /^\/api\/v1\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
  const tenant = decode(name);
  const users =
    tenant !== undefined && Object.hasOwn(server.state.tenants, tenant)
      ? server.state.tenants[tenant]
      : undefined;
  if (tenant === undefined || users === undefined || route === undefined)
    return tenantError(404, 404, "no such tenant or route");
  switch (`${request.method} ${route}`) {
    case "GET server/version":
      return json(200, { version: server.options.version });
    case "POST me/login":
      return logIn(request, server, tenant, users);
    case "POST me/renew":
      return renew(request, server, tenant);
    case "POST me/logout": {
      const token = tokenOf(request, server, tenant);
      if (token === undefined) return tenantError(401);
      delete server.state.sessions[token];
      return { status: 204 };
    }
    case "GET me": {
      const token = tokenOf(request, server, tenant);
      return token === undefined
        ? tenantError(401)
        : json(200, { userName: server.state.sessions[token]!.userName });
    }
    default:
      return tenantError(404, 404, "no such route");
  }
}

const login = z.strictObject({
  userName: z.string().min(1),
  password: z.string().min(1),
  userSpace: z.string().min(1),
});

function logIn(
  request: SandboxRequest,
  server: SandboxServer<TenantState, TenantOptions>,
  tenant: string,
  users: Record<string, TenantUser>,
): Reply {
  const body = login.safeParse(readJson(request));
  if (!body.success) return tenantError(400, 400, z.prettifyError(body.error));
  const { userName, password, userSpace } = body.data;
  const user = Object.hasOwn(users, userName) ? users[userName] : undefined;
  const taken = Object.values(server.state.sessions).some(
    (session) =>
      session.tenant === tenant &&
      session.userName === userName &&
      session.userSpace === userSpace &&
      isAlive(session, server.now()),
  );
  const refused =
    user === undefined || user.password !== password
      ? 10004
      : user.disabled
        ? 10006
        : user.passwordExpired
          ? 10007
          : user.mfa
            ? 10013
            : taken
              ? 10005
              : undefined;
  server.state.logins.push({
    at: new Date().toISOString(),
    tenant,
    userName,
    userSpace,
    answered: refused ?? 200,
  });
  if (refused !== undefined) return tenantError(401, refused);
  return open(server, { tenant, userName, userSpace });
}

function renew(
  request: SandboxRequest,
  server: SandboxServer<TenantState, TenantOptions>,
  tenant: string,
): Reply {
  const renewalToken = readJson(request);
  if (typeof renewalToken !== "string")
    return tenantError(400, 400, "expected the renewal token as a JSON string");
  const { sessions } = server.state;
  const token = Object.keys(sessions).find(
    (each) => sessions[each]!.renewalToken === renewalToken && sessions[each]!.tenant === tenant,
  );
  if (token === undefined) return tenantError(401);
  const { userName, userSpace } = sessions[token]!;
  delete sessions[token];
  return open(server, { tenant, userName, userSpace });
}

function open(
  server: SandboxServer<TenantState, TenantOptions>,
  who: Pick<Session, "tenant" | "userName" | "userSpace">,
): Reply {
  const [authentication, renewalToken] = [
    randomBytes(33).toString("hex"),
    randomBytes(33).toString("hex"),
  ];
  const validUntil = new Date(
    server.now() + server.options.tokenLifetimeSeconds * 1000,
  ).toISOString();
  server.state.sessions[authentication] = { ...who, renewalToken, validUntil };
  return json(200, { authentication, renewalToken, validUntil });
}

/** The token of a live session of this tenant, from `Authorization: xelion <token>`. */
function tokenOf(
  request: SandboxRequest,
  server: SandboxServer<TenantState, TenantOptions>,
  tenant: string,
): string | undefined {
  const token = /^xelion (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  const session = token === undefined ? undefined : server.state.sessions[token];
  return session?.tenant === tenant && isAlive(session, server.now()) ? token : undefined;
}

const isAlive = (session: Session, now: number): boolean => Date.parse(session.validUntil) > now;

function readJson(request: SandboxRequest): unknown {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return undefined;
  try {
    return JSON.parse(request.body);
  } catch {
    return undefined;
  }
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
