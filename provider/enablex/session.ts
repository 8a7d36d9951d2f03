import { performance } from "node:perf_hooks";
import { UcaasError } from "../runtime/errors.ts";
import { rememberSecret } from "../runtime/secrets.ts";

export interface Credentials {
  readonly accessId: string;
  readonly accessKey?: string;
  readonly email?: string;
  readonly password?: string;
  /** How long a login is good for. */
  readonly tokenMinutes: number;
}

/** Gets a token from `POST /login`. */
export type Login = (accessId: string, email: string, password: string) => Promise<string>;

/**
 * Who is calling: HTTP Basic where an access key is configured, else a login whose token
 * all calls share (guide). The token is renewed before its end; calls that come meanwhile
 * wait for the one login. It lives in this process only.
 */
export class Session {
  readonly #credentials: Credentials;
  readonly #login: Login;
  readonly #now: () => number;
  #token: { readonly header: Promise<string>; readonly until: number } | undefined;

  /** @throws {UcaasError} `CONFIG_MISSING` when neither kind of credentials is complete */
  constructor(credentials: Credentials, login: Login, now = () => performance.now()) {
    this.#credentials = credentials;
    this.#login = login;
    this.#now = now;
    if (credentials.accessKey) rememberSecret(`${credentials.accessId}:${credentials.accessKey}`);
    const missing = missingCredentials(credentials);
    if (missing) throw missing;
  }

  /** The header `Authorization`. */
  async authorization(): Promise<string> {
    const { accessId, accessKey, email = "", password = "", tokenMinutes } = this.#credentials;
    if (accessKey) return `Basic ${Buffer.from(`${accessId}:${accessKey}`).toString("base64")}`;
    if (!this.#token || this.#now() >= this.#token.until) {
      const life = tokenMinutes * 60_000;
      const header = this.#login(accessId, email, password).then((token) => {
        rememberSecret(token);
        return `Token ${token}`;
      });
      const made = { header, until: this.#now() + life - renewBefore(life) };
      this.#token = made;
      header.catch((error: unknown) => {
        // A refused login stays refused in this run: trying it again for every resource
        // would lock the user out.
        if (
          !(error instanceof UcaasError && error.status !== undefined && error.status < 500) &&
          this.#token === made
        )
          this.#token = undefined;
      });
    }
    return this.#token.header;
  }

  /**
   * Notes that a header was refused with 403 or 1001; true when a call may be tried once
   * more with a new one.
   */
  async refused(authorization: string): Promise<boolean> {
    if (this.#credentials.accessKey) return false;
    // Another call may have logged in again already.
    if ((await this.#token?.header.catch(() => undefined)) === authorization)
      this.#token = undefined;
    return true;
  }
}

/** A tenth of its life before the end, at most two minutes. */
function renewBefore(life: number): number {
  return Math.min(120_000, life / 10);
}

function missingCredentials({ accessKey, email, password }: Credentials): UcaasError | undefined {
  if (accessKey || (email && password)) return undefined;
  const half = email ? "enablex:password" : password ? "enablex:email" : undefined;
  return new UcaasError(half ? `${half} is not set` : "no credentials are configured for EnableX", {
    code: "CONFIG_MISSING",
    vendor: "enablex",
    operation: "config",
    hint: [
      "pulumi config set --secret enablex:accessKey (or set ENABLEX_ACCESS_KEY)",
      "  or set enablex:email and enablex:password (see docs/enablex-customer.md#permissions-at-the-vendor)",
      "  Of an account: pulumi config set --secret --path enablex:accounts.<account>.accessKey",
    ].join("\n"),
  });
}
