/** For each resource the calls of its life, and the config that leads to a server. */
import type { Sandbox } from "../../sandbox/start.ts";

/** Of each request, and of an order. */
export const deadlineSeconds = 1;

export interface Scenario {
  readonly type: string;
  /** For the names of cases, where the type has another scenario. */
  readonly title?: string;
  /** Addresses of the sandbox's servers, by the name under which the config asks for them. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** Stack config, with the addresses of the servers that are to be called. */
  config(urls: Readonly<Record<string, string>>): Record<string, string>;
  inputs(urls: Readonly<Record<string, string>>): Record<string, unknown>;
  /** What an update changes. */
  readonly changes: Record<string, unknown>;
  /** All secrets of config and arguments. */
  readonly secrets: readonly string[];
}

const origin = (url: string) => new URL(url).origin;
const identity = { __stack: "fuzz/one", __resource: "thing" };

export function scenariosOf({ xima, enablex, netsapiens, xelion }: Sandbox): Scenario[] {
  // A customer for the subscription and the user, and a route that shows an order's end.
  enablex.server.state.customers["1"] = {
    owner: enablex.accessId,
    fields: { customer_name: "Owner", customer_code: "OWNER" },
  };
  xelion.server.setOptions({ orderRoute: true });
  const sipPassword = "Fuzz-sip-password-1";
  const licence: Scenario = {
    type: "XimaLicense",
    upstreams: { xima: origin(xima.baseUrl) },
    config: ({ xima: url }) => ({
      "xima:baseUrl": `${url}/v1`,
      "xima:privateKey": xima.privateKey,
      "xima:certificate": xima.certificate,
      "xima:deadlineSeconds": String(deadlineSeconds),
    }),
    inputs: () => ({
      ...identity,
      ccId: { resellerId: "fuzz", resellerName: "Fuzz", tenantId: "t1", tenantName: "Tenant" },
      professionalSeats: 5,
      aiMessaging: { standardBundles: 1 },
      sipCredentials: {
        username: "2000",
        password: sipPassword,
        sipServer: "sip.example",
        outboundProxy: "proxy.example",
      },
    }),
    changes: { professionalSeats: 7 },
    secrets: [sipPassword],
  };
  const enablexOf = (
    type: string,
    inputs: Record<string, unknown>,
    changes: Record<string, unknown>,
  ): Scenario => ({
    type,
    upstreams: { enablex: origin(enablex.baseUrl) },
    config: ({ enablex: url }) => ({
      "enablex:baseUrl": `${url}/ucaas/v1`,
      "enablex:accessId": enablex.accessId,
      "enablex:accessKey": enablex.accessKey,
      "enablex:consistencySeconds": "0.2",
      "enablex:settleSeconds": "0.2",
      "enablex:deadlineSeconds": String(deadlineSeconds),
    }),
    inputs: () => ({ ...identity, ...inputs }),
    changes,
    secrets: [enablex.accessKey],
  });
  const declared = { customerName: "Acme", customerCode: "FUZZ-2" };
  const byKey = enablexOf("EnableXCustomer", declared, { customerName: "Acme Limited" });
  const byLogin: Scenario = {
    ...byKey,
    title: "EnableXCustomer by login",
    config(urls) {
      const { "enablex:accessKey": _, ...config } = byKey.config(urls);
      const { email, password } = enablex;
      return { ...config, "enablex:email": email, "enablex:password": password };
    },
    secrets: [enablex.password],
  };
  const customer = enablexOf(
    "EnableXCustomer",
    {
      customerName: "Acme",
      customerCode: "FUZZ-1",
      contactEmail: "it@fuzz.example",
      officeAddress: { address1: "1 High Street", country: "GB" },
      status: "active",
    },
    { customerName: "Acme Limited" },
  );
  const tenant: Scenario = {
    type: "XelionTenantProvision",
    upstreams: { xelion: xelion.server.url, tenant: xelion.tenant.server.url },
    config: ({ xelion: url = "" }) => ({
      "xelion:baseUrl": url,
      "xelion:apiKey": xelion.apiKey,
      "xelion:orderPath": "/api/v1/orders/{id}",
      "xelion:pollSeconds": "0.1",
      "xelion:deadlineSeconds": String(deadlineSeconds),
    }),
    inputs: ({ tenant: url }) => ({
      ...identity,
      serverUrl: url,
      tenantName: xelion.tenantName,
      tenantLogin: { userName: xelion.userName, password: xelion.password },
      configuration: { version: 1, organization: { name: "Fuzz" } },
      timeout: `${deadlineSeconds}s`,
      __secretPaths: "[]",
      __keyOrder: JSON.stringify([["version", "organization"], ["name"]]),
    }),
    changes: { configuration: { version: 1, organization: { name: "Fuzz 2" } } },
    secrets: [xelion.apiKey, xelion.password],
  };
  const client: Scenario = {
    type: "NetsapiensOAuthClient",
    upstreams: { netsapiens: origin(netsapiens.baseUrl) },
    config: ({ netsapiens: url = "" }) => ({
      "netsapiens:apiUrl": url,
      "netsapiens:apiUsername": netsapiens.apiUsername,
      "netsapiens:apiPassword": netsapiens.apiPassword,
      "netsapiens:deadlineSeconds": String(deadlineSeconds),
    }),
    inputs: () => ({
      ...identity,
      domain: netsapiens.domain,
      did: netsapiens.did,
      clientId: netsapiens.clientId,
      clientSecret: netsapiens.clientSecret,
      driver: "existing",
    }),
    changes: { minimumScope: "Office Manager" },
    secrets: [netsapiens.clientSecret, netsapiens.apiPassword],
  };
  return [
    licence,
    customer,
    byLogin,
    enablexOf(
      "EnableXSubscription",
      { customerId: "1", planId: "12", fields: { note: "one" } },
      { fields: { note: "two" } },
    ),
    enablexOf(
      "EnableXUser",
      { customerId: "1", userType: "moderator", email: "ada@fuzz.example", firstName: "Ada" },
      { firstName: "Augusta" },
    ),
    tenant,
    client,
  ];
}
