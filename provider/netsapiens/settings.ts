import type { ConfigOf } from "../runtime/config.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { netsapiensConfig } from "./config.ts";
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
