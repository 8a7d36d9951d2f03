import type { ConfigOf } from "../runtime/config.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { netsapiensConfig } from "./config.ts";
import { originOf } from "./resource-id.ts";
import type { OAuthClientInputs } from "./schema.ts";
export type Config = ConfigOf<typeof netsapiensConfig>;

/** What is declared, the config's defaults filled in. In a preview any of it may be unknown. */
export interface Settings extends OAuthClientInputs {
  readonly apiUrl: string;
  readonly apiUsername: string;
  readonly apiPassword: string;
  readonly homeCountry: string;
  readonly portal: NonNullable<OAuthClientInputs["portal"]> & {
    readonly evidenceDir?: string;
    readonly sandbox?: boolean;
  };
}

/** The arguments with the config's defaults, and every secret among them remembered for masking. */
export function toSettings(inputs: OAuthClientInputs, config: Config): Settings {
  const portal = isUnknown(inputs.portal) ? {} : inputs.portal;
  const settings: Settings = {
    ...inputs,
    apiUrl: inputs.apiUrl ?? config.apiUrl ?? "",
    apiUsername: inputs.apiUsername ?? config.apiUsername ?? "",
    apiPassword: inputs.apiPassword ?? config.apiPassword ?? "",
    homeCountry: config.homeCountry,
    portal: {
      ...portal,
      username: portal?.username ?? config.portalUsername,
      password: portal?.password ?? config.portalPassword,
      browserPath: portal?.browserPath ?? config.browserPath,
      evidenceDir: config.evidenceDir,
      sandbox: config.browserSandbox,
    },
  };
  for (const secret of [settings.clientSecret, settings.apiPassword, settings.portal.password])
    rememberSecret(secret);
  return settings;
}

/** What the driver `portal` logs in with, as far as it is known. */
type Login = { readonly username?: string; readonly password?: string };

/**
 * The login for the portal of a client in the state. A config's login is for that config's
 * host alone: by now, that may be another one than the client's.
 *
 * @param declared what the resource itself has of it
 * @param own the config of the resource's account, whose login counts for each host when
 *   it names none
 * @param others the configs of all accounts
 */
export function portalLoginAt(
  apiUrl: string,
  declared: Login,
  own: Config,
  others: readonly Config[],
): Required<Login> | undefined {
  const candidates = [
    ...(own.apiUrl === undefined ? [own] : []),
    ...[own, ...others].filter((config) => leadsTo(config, apiUrl)),
  ];
  for (const { portalUsername, portalPassword } of [{}, ...candidates] as Partial<Config>[]) {
    const { username = portalUsername, password = portalPassword } = declared;
    if (username !== undefined && password !== undefined) return { username, password };
  }
  return undefined;
}

function leadsTo(config: Config, apiUrl: string): boolean {
  return config.apiUrl !== undefined && originOf(config.apiUrl) === originOf(apiUrl);
}
