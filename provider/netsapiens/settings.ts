import { baseUrlOf } from "../http/pool.ts";
import type { ConfigOf } from "../runtime/config.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { IntegrationBundle } from "./integration-bundle.ts";
import type { netsapiensConfig, OAuthClientInputs } from "./schema.ts";

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

/**
 * The origin that a URL leads to, in its normal form: the guide wants the portal's URL
 * without a path.
 */
export function originOf(apiUrl: string): string {
  return baseUrlOf("netsapiens", apiUrl);
}

/** A client's id: `<host>/<clientId>`. */
export function idOf(settings: Settings): string {
  return `${new URL(originOf(settings.apiUrl)).host}/${settings.clientId}`;
}

/** All that the Xima side needs (guide), by the guide's names. */
export function bundleOf(settings: Settings, clientSecret: string | undefined): IntegrationBundle {
  const known = !isUnknown(settings.apiUrl);
  return {
    domain: settings.domain,
    sip_proxy_server_host:
      settings.sipProxyServerHost ?? (known ? new URL(settings.apiUrl).hostname : settings.apiUrl),
    sip_proxy_server_port: settings.sipProxyServerPort ?? 5060,
    api_url: known ? originOf(settings.apiUrl) : settings.apiUrl,
    api_client_id: settings.clientId,
    ...(clientSecret !== undefined && { api_client_secret: clientSecret }),
    api_username: settings.apiUsername,
    api_password: settings.apiPassword,
    ...(settings.did !== undefined && { did: settings.did }),
  };
}
