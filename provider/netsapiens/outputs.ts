import { isEqual } from "../runtime/equality.ts";
import { isUnknown } from "../runtime/unknown.ts";
import type { IntegrationBundle } from "./integration-bundle.ts";
import { originOf } from "./resource-id.ts";
import { type OAuthClientInputs, type OAuthClientOutputs, schemaVersion } from "./schema.ts";
import type { Settings } from "./settings.ts";
import type { Verification } from "./verify.ts";

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
export function withSecret(props: OAuthClientOutputs, clientSecret: string): OAuthClientOutputs {
  return { ...props, clientSecret, bundle: { ...props.bundle, api_client_secret: clientSecret } };
}

export function toOutputs(
  news: OAuthClientInputs,
  settings: Settings,
  clientSecret: string | undefined,
  verification: Verification,
  olds: OAuthClientOutputs | undefined,
): OAuthClientOutputs {
  return {
    ...news,
    schemaVersion,
    clientSecret,
    bundle: bundleOf(settings, clientSecret),
    ...verified(verification, olds),
  };
}

/**
 * The outputs that tell of the verification. The time stays while the result does, so
 * that a refresh is quiet.
 */
export function verified(
  { results, apiVersion }: Verification,
  before: OAuthClientOutputs | undefined,
) {
  const same =
    before !== undefined &&
    before.verifiedAt !== undefined &&
    isEqual(results, before.verification);
  return {
    verification: results,
    apiVersion,
    verifiedAt: same ? before.verifiedAt : new Date().toISOString(),
  };
}
