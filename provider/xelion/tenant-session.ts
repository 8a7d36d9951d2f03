import { randomBytes } from "node:crypto";
import ms from "ms";
import { HttpClient, type HttpResponse } from "../http/client.ts";
import type { Limits } from "../http/pool.ts";
import { UcaasError } from "../runtime/errors.ts";
import { logWarning } from "../runtime/log.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { resourceId } from "./resource-id.ts";
import { loginSchema, type ProvisionInputs, xelionErrorSchema } from "./schema.ts";

/** A token with which an order works on its tenant. */
export interface TenantSession {
  readonly token: string;
  /** Seconds that it is still valid, by the server's clock; undefined when unknown. */
  readonly validSeconds?: number;
  /** Ends the session, if it was opened here. The order needs it as long as it runs. */
  close(): Promise<void>;
}

/**
 * The token that is given, or one of a login of this order's own that is valid long enough.
 *
 * @throws {UcaasError} `NO_SESSION`, and as {@link logIn} and {@link requireLongEnough} do
 */
export async function sessionFor(
  inputs: ProvisionInputs,
  serverUrl: string,
  timeout: string,
  limits: Limits & { deadlineSeconds: number; signal?: AbortSignal },
): Promise<TenantSession> {
  const { tenantName, tenantToken, tenantLogin } = inputs;
  if (tenantToken !== undefined) return givenSession(tenantToken);
  if (!tenantLogin) {
    throw new UcaasError("the order needs a session, but tenantToken and tenantLogin are missing", {
      code: "NO_SESSION",
      vendor: "xelion",
      operation: `provision ${tenantName}`,
      hint: "declare one of them; nothing was sent",
    });
  }
  const session = await logIn(serverUrl, tenantName, tenantLogin, limits);
  try {
    if (session.validSeconds === undefined)
      logWarning(
        "XelionTenantProvision",
        resourceId(inputs),
        "the Xelion server does not say how long the session is valid",
      );
    requireLongEnough(session, timeout, tenantName);
    return session;
  } catch (error) {
    await session.close().catch(() => {});
    throw error;
  }
}

/** A session that the program gives. The code that opened it ends it. */
function givenSession(token: string): TenantSession {
  rememberSecret(token);
  return { token, close: async () => {} };
}

interface TenantLogin {
  readonly userName: string;
  readonly password: string;
}

const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    10004: "check userName and password of tenantLogin, and tenantName",
    10005: "run the command again: each order logs in with a userSpace of its own",
    10006: "the user is disabled: enable it, or use another for tenantLogin",
    10007: "the password has expired: set a new one on the Xelion server, and in tenantLogin",
    10013:
      "this user needs a second factor, which a program cannot give: use a user without it for tenantLogin, or pass tenantToken",
    10400: "the Xelion server has had too many requests; wait a little",
    10402: "the Xelion server has had too many requests; wait a little",
  }),
);

/**
 * Logs in to a tenant for one order (Xelion API manual), with a `userSpace` of its own: a
 * second login with the same one fails, and the logout at the end must not end the
 * session of another order.
 *
 * @throws {UcaasError} `LOGIN_REFUSED` with the server's code, `MALFORMED_REPLY`
 */
export async function logIn(
  serverUrl: string,
  tenantName: string,
  login: TenantLogin,
  limits: Limits & { deadlineSeconds: number; signal?: AbortSignal },
): Promise<TenantSession> {
  rememberSecret(login.password);
  const retry = { deadline: limits.deadlineSeconds * 1000 };
  const http = new HttpClient({
    vendor: "xelion",
    baseUrl: serverUrl,
    limits,
    retry,
    signal: limits.signal,
  });
  const operation = `log in to ${tenantName}`;
  const send = (route: string, headers: Record<string, string>, body?: unknown) =>
    http.send({
      operation,
      method: "POST",
      path: `/api/v1/{tenant}/me/${route}`,
      params: { tenant: tenantName },
      // A login whose answer was lost holds its userSpace: repeating it would fail.
      retry: "if-unsent",
      buildRequest: () => ({
        headers: { "content-type": "application/json", ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    });

  const reply = await send(
    "login",
    {},
    { ...login, userSpace: `pulumi-ucaas-${randomBytes(8).toString("hex")}` },
  );
  if (reply.status !== 200) throw refusal(reply, operation);
  const result = loginSchema.safeParse(reply.json);
  if (!result.success) {
    throw new UcaasError("the Xelion server's reply has no authentication", {
      code: "MALFORMED_REPLY",
      vendor: "xelion",
      operation,
      status: reply.status,
      hint: "check serverUrl: this is not an answer of the Xelion API",
    });
  }
  const { authentication: token, validUntil } = result.data;
  rememberSecret(token);
  return {
    token,
    validSeconds: secondsLeft(validUntil, reply.headers.date),
    async close() {
      await send("logout", { authorization: `xelion ${token}` });
    },
  };
}

/** By the server's own clock where it tells. A time without a zone is taken for UTC (inferred). */
export function secondsLeft(
  validUntil: string | undefined,
  serverDate: string | undefined,
): number | undefined {
  if (validUntil === undefined) return undefined;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(validUntil.trim());
  const end = Date.parse(hasZone ? validUntil : `${validUntil.trim().replace(" ", "T")}Z`);
  const now = Date.parse(serverDate ?? "");
  return Number.isNaN(end) ? undefined : (end - (Number.isNaN(now) ? Date.now() : now)) / 1000;
}

/**
 * @throws {UcaasError} `SESSION_TOO_SHORT`: an order uses the token while it runs, so it
 * must outlive the wait.
 */
export function requireLongEnough(
  { validSeconds }: TenantSession,
  timeout: string,
  tenantName: string,
): void {
  const needed = ms(timeout as ms.StringValue) / 1000;
  if (validSeconds === undefined || validSeconds >= needed) return;
  throw new UcaasError(
    `the tenant's session is valid for ${Math.max(0, Math.round(validSeconds / 60))} minutes, and the order may take ${timeout}`,
    {
      code: "SESSION_TOO_SHORT",
      vendor: "xelion",
      operation: `provision ${tenantName}`,
      hint: "nothing was sent. Declare a shorter timeout, or have sessions of this user last longer on the Xelion server",
    },
  );
}

function refusal(reply: HttpResponse, operation: string): UcaasError {
  const error = xelionErrorSchema.safeParse(reply.json).data;
  const vendorCode = error && String(error.errorCode);
  return new UcaasError(error?.message ?? "the Xelion server refused the login", {
    code: "LOGIN_REFUSED",
    vendor: "xelion",
    operation,
    status: reply.status,
    vendorCode,
    hint:
      (vendorCode && remedies.get(vendorCode)) ??
      (reply.status === 404
        ? "check serverUrl and tenantName"
        : "see whether the Xelion server is up"),
  });
}
