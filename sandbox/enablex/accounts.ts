/** Who may come in, by HTTP Basic or by a token from `POST /login`, and what each role may see. */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Failure } from "./envelope.ts";

export type Role = "administrator" | "reseller" | "customer" | "user";

export interface Account {
  role: Role;
  accessId: string;
  accessKey: string;
  email: string;
  password: string;
  /** The customer to whom an account of the two lower roles belongs. */
  customer_id?: string;
}

export interface Session {
  accessId: string;
  /** Milliseconds since 1970. */
  expires: number;
}

/** A new account with random credentials. */
export function newAccount(role: Role, customer_id?: string): Account {
  const secret = () => randomBytes(16).toString("base64url");
  const account: Account = {
    role,
    accessId: secret(),
    accessKey: secret(),
    email: `${role}-${randomBytes(4).toString("hex")}@sandbox.test`,
    password: secret(),
  };
  return customer_id === undefined ? account : { ...account, customer_id };
}

/** The account that is calling. */
export function caller(
  headers: IncomingHttpHeaders,
  accounts: Account[],
  sessions: Record<string, Session>,
  expiredAs: 403 | 1001,
  now: number,
): Account {
  const authorization = headers.authorization;
  if (authorization === undefined) throw new Failure(400, "The header Authorization is missing");
  const [, scheme, credentials] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme === "Basic") {
    const given = Buffer.from(credentials!, "base64").toString("utf8");
    const account = accounts.find(
      ({ accessId, accessKey }) => given === `${accessId}:${accessKey}`,
    );
    if (account === undefined) throw new Failure(401, "API ACCESS ID or API ACCESS KEY is wrong");
    return account;
  }
  if (scheme !== "Token") throw new Failure(401, "The header Authorization must be Basic or Token");
  const session = Object.hasOwn(sessions, credentials!) ? sessions[credentials!] : undefined;
  const account = accounts.find(({ accessId }) => accessId === session?.accessId);
  if (session === undefined || account === undefined)
    throw new Failure(1001, "The token is unknown");
  if (session.expires <= now) throw new Failure(expiredAs, "The token has expired, log in again");
  return account;
}

/** Opens a session for the account whose API ACCESS ID, e-mail and password these are. */
export function login(
  headers: IncomingHttpHeaders,
  body: Record<string, unknown>,
  accounts: Account[],
  sessions: Record<string, Session>,
  expires: number,
): { token: string; user: Record<string, unknown> } {
  const id = headers["x-api-id"];
  if (id === undefined) throw new Failure(400, "The header X-Api-Id is missing");
  const account = accounts.find(({ accessId }) => accessId === id);
  if (account === undefined) throw new Failure(401, "The header X-Api-Id is wrong");
  if (body.email !== account.email || body.password !== account.password)
    throw new Failure(401, "Email or password is wrong");
  const token = randomBytes(24).toString("hex");
  sessions[token] = { accessId: account.accessId, expires };
  return {
    token,
    user: { email: account.email, user_type: account.role, customer_id: account.customer_id },
  };
}
