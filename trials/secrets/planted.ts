/** What the hunt plants, and where. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { canary } from "./leaks.ts";

/** A canary that a header and a URL can carry. */
const plain = (name: string) => `Canary-${name}-0123456789-abcdefghij`;

/** By the config key, the argument or the variable that holds it. */
export const planted = {
  "xima:privateKeyPassphrase": canary("passphrase of the key"),
  "enablex:accessKey": plain("accessKey"),
  "enablex:password": canary("password of the login"),
  "netsapiens:apiPassword": canary("apiPassword"),
  "netsapiens:portalPassword": canary("portalPassword"),
  "xelion:apiKey": plain("apiKey"),
  "xelion:callback.relayKey": plain("relayKey"),
  "ucaas:journal": plain("journal"),
  "XimaLicense.sipCredentials.username": canary("sip username"),
  "XimaLicense.sipCredentials.password": canary("sip password"),
  "XimaLicense.sipCredentials.sipServer": canary("sip sipServer"),
  "XimaLicense.sipCredentials.outboundProxy": canary("sip outboundProxy"),
  "EnableXUser.password": canary("userPassword"),
  "EnableXUser.fields": canary("further field"),
  "XelionTenantProvision.tenantToken": plain("tenantToken"),
  "XelionTenantProvision.tenantLogin.password": canary("tenantPassword"),
  "XelionTenantProvision.configuration": canary("in the configuration"),
  "NetsapiensOAuthClient.clientSecret": plain("clientSecret"),
  "NetsapiensOAuthClient.apiPassword": canary("apiPassword of the client"),
  "NetsapiensOAuthClient.portal.password": canary("portal password of the client"),
  UCAAS_WEBHOOK_URL: plain("webhook"),
  GITLAB_TOKEN: plain("gitlab"),
} as const;

/** The further names that sound like a secret's, and why no text is planted there; `*` is all below. */
export const notPlanted: Readonly<Record<string, string>> = {
  "xima:privateKey": "each line of the key itself is looked for",
  "enablex:tokenMinutes": "is a number of minutes",
  "enablex:routes.*": "are names of the API's fields",
  "NetsapiensOAuthClient.portal.labels.*": "are texts of controls in the portal",
  GITHUB_TOKEN:
    "ucaas ci comment runs for GitLab; both platforms share the client that has the token",
  XELION_RELAY_KEY: "the receiver is not run; test/receiver looks at what it prints",
};

/**
 * What a server says that quotes what it was sent or knows, at such a length that it is
 * cut somewhere.
 */
export const quoting = (own: readonly string[]) =>
  Array.from(
    { length: 40 },
    (_, at) =>
      `${"x".repeat(at)}refused: ${own.join(" and ")} ${JSON.stringify(own)} ${encodeURIComponent(own.join())}`,
  ).join(" ");

/** A relay, a chat and a GitLab in one: it refuses all, and quotes the secrets that it got. */
export async function quotingServer(): Promise<{ url: string; server: Server }> {
  const server = createServer(({ url = "", headers }, response) => {
    const got = Object.values(planted).filter((text) =>
      `${url}${Object.values(headers)}`.includes(text),
    );
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ message: quoting(got) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
