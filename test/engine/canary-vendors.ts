// Each vendor with a canary in every secret that it can be given: config and arguments.
// Programs take them from the config, as people do.
import { createPrivateKey } from "node:crypto";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";
import { canary } from "../../trials/secrets/leaks.ts";
import { enablexReseller } from "../enablex/enablex-server.ts";
import { world } from "../xelion/world.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { secret } from "./workspace.ts";

export interface Planted {
  /** As its log lines begin. */
  readonly vendor: string;
  readonly config: Record<string, unknown>;
  /** What is in a block of the program; the second text changes what the first one makes. */
  readonly programs: readonly [string, string];
  /** What a refused run says. */
  readonly refusal: string;
  /** All secrets, those included that the vendor gave out meanwhile. */
  secrets(): readonly string[];
  /**
   * The next write, which one of the programs brings about, is refused by a server that
   * quotes what it was sent.
   */
  refuse(which: 0 | 1): void;
  /** Another secret is put into the server by hand. */
  changeElsewhere(): Promise<void> | void;
  /** An answer that a write needs breaks off. */
  breakOff(): void;
  stop(): Promise<void>;
}

const refusedWith = (...secrets: string[]) =>
  `refused: ${secrets.join(" and ")} with ${JSON.stringify(secrets)}`;

export async function ximaPlanted(): Promise<Planted> {
  const { server, pem, config } = await licenceServer();
  const passphrase = canary("passphrase");
  const elsewhere = canary("elsewhere");
  const sip = ["username", "password", "sipServer", "outboundProxy"].map(canary);
  const privateKey = createPrivateKey(pem)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    .toString();
  const program = (seats: number) => `
    const [username, password, sipServer, outboundProxy] = [0, 1, 2, 3].map((index) => config.requireSecret("sip" + index));
    new ucaas.XimaLicense("licence", {
      ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "acme", tenantName: "Acme" },
      professionalSeats: ${seats},
      reassertAfter: "1s",
      sipCredentials: { username, password, sipServer, outboundProxy },
    });`;
  return {
    vendor: "xima",
    config: {
      ...config,
      "xima:privateKey": secret(privateKey),
      "xima:privateKeyPassphrase": secret(passphrase),
      ...Object.fromEntries(sip.map((value, index) => [`sip${index}`, secret(value)])),
    },
    programs: [program(5), program(6)],
    refusal: "VALIDATION_ERROR",
    secrets: () => [
      passphrase,
      elsewhere,
      ...sip,
      ...pem.split("\n").slice(1, -2),
      ...privateKey.split("\n").slice(1, -2),
    ],
    refuse: () =>
      void server.fault({
        kind: "status",
        status: 400,
        bodyMatches: "professionalSeats",
        body: { code: "VALIDATION_ERROR", message: refusedWith(...sip) },
      }),
    changeElsewhere: () =>
      void Object.assign(server.state.customers["voicehouse/acme"]!.licence.sipCredentials!, {
        password: elsewhere,
      }),
    breakOff: () => void server.fault({ kind: "malformed", bodyMatches: "professionalSeats" }),
    stop: () => server.stop(),
  };
}

/** Both ways in: the customer is made with the access key, the user by a login. */
export async function enablexPlanted(): Promise<Planted> {
  const enablex = await enablexReseller();
  const { server } = enablex;
  const [accessKey, login, password, greeting, elsewhere, renewed] = [
    "key",
    "login",
    "password",
    "greeting",
    "elsewhere",
    "renewed",
  ].map(canary) as [string, string, string, string, string, string];
  const account = server.state.accounts.find(({ role }) => role === "reseller")!;
  Object.assign(account, { accessKey, password: login });
  const { accessId, email } = account;
  const common = { baseUrl: server.baseUrl, accessId, consistencySeconds: "2", settleSeconds: "2" };
  const program = (name: string) => `
    const { customerId } = new ucaas.EnableXCustomer("customer", { customerName: "Acme", customerCode: "ACME" });
    new ucaas.EnableXUser("user", {
      account: "login", customerId, userType: "moderator", firstName: "Ada", email: "ada@acme.test",
      // The name of the second field does not show that it is secret.
      fields: { password: config.requireSecret("${name}"), greeting: config.requireSecret("greeting") },
    });`;
  return {
    vendor: "enablex",
    config: {
      ...Object.fromEntries(
        Object.entries(common).map(([key, value]) => [`enablex:${key}`, value]),
      ),
      "enablex:accessKey": secret(accessKey),
      "enablex:accounts": secret({ login: { ...common, email, password: login } }),
      userPassword: secret(password),
      renewedPassword: secret(renewed),
      greeting: secret(greeting),
    },
    programs: [program("userPassword"), program("renewedPassword")],
    refusal: "VALIDATION_FAILED",
    secrets: () => [
      accessKey,
      login,
      password,
      greeting,
      elsewhere,
      renewed,
      ...Object.keys(server.state.sessions),
    ],
    refuse: (which) =>
      void server.fault({
        kind: "status",
        status: 406,
        path: "/users",
        bodyMatches: "password",
        body: {
          result: 406,
          msg: "Validation failed",
          desc: refusedWith([password, renewed][which]!, greeting),
        },
      }),
    changeElsewhere: () =>
      enablex.change("users", Object.keys(server.state.users)[0]!, { greeting: elsewhere }),
    breakOff: () => void server.fault({ kind: "malformed", method: "POST", path: "/users$" }),
    stop: () => server.stop(),
  };
}

export async function netsapiensPlanted(): Promise<Planted> {
  const server = netsapiensServer();
  await server.start({ options: {} });
  const [clientSecret, apiPassword, portalPassword, renewed] = [
    "clientSecret",
    "apiPassword",
    "portalPassword",
    "renewed",
  ].map(canary) as [string, string, string, string];
  const client = Object.values(server.state.clients)[0]!;
  client.clientSecret = clientSecret;
  server.state.users["api@acme"]!.password = apiPassword;
  const program = (name: string) => `
    const client = new ucaas.NetsapiensOAuthClient("client", {
      driver: "existing", domain: "acme", did: "+13125550100",
      clientId: "${client.clientId}", clientSecret: config.requireSecret("${name}"),
    });
    outputs.bundle = client.bundle;
    outputs.clientSecret = client.clientSecret;`;
  const tokenRoute = { method: "POST", path: "/tokens" };
  return {
    vendor: "netsapiens",
    config: {
      "netsapiens:apiUrl": server.url,
      "netsapiens:apiUsername": "api@acme",
      "netsapiens:apiPassword": secret(apiPassword),
      "netsapiens:portalUsername": "superuser",
      "netsapiens:portalPassword": secret(portalPassword),
      clientSecret: secret(clientSecret),
      renewedSecret: secret(renewed),
    },
    programs: [program("clientSecret"), program("renewedSecret")],
    refusal: "GRANT_REFUSED",
    secrets: () => [
      clientSecret,
      apiPassword,
      portalPassword,
      renewed,
      ...Object.keys(server.state.tokens),
    ],
    refuse: (which) =>
      void server.fault({
        ...tokenRoute,
        kind: "status",
        status: 401,
        body: { code: 401, message: refusedWith([clientSecret, renewed][which]!, apiPassword) },
      }),
    changeElsewhere: () => void Object.assign(client, { clientSecret: renewed }),
    breakOff: () => void server.fault({ ...tokenRoute, kind: "malformed" }),
    stop: () => server.stop(),
  };
}

export async function xelionPlanted(): Promise<Planted> {
  const xelion = await world();
  const { service, tenant } = xelion;
  // What goes into a header as it is can have neither a blank nor a letter beyond ASCII.
  const [apiKey, tenantToken] = ['Canary-apiKey:+/%&"\\9', 'Canary-tenantToken:+/%&"\\9'];
  const [login, pin, renewed] = ["login", "pin", "renewed"].map(canary) as [string, string, string];
  service.state.organizations.reseller!.apiKey = apiKey;
  tenant.state.tenants.pbx1!.provisioning!.password = login;
  const validUntil = new Date(Date.now() + 3_600_000).toISOString();
  tenant.state.sessions[tenantToken] = {
    tenant: "pbx2",
    userName: "provisioning",
    userSpace: "ours",
    renewalToken: "none",
    validUntil,
  };
  const tokens = new Set<string>();
  const program = (name: string) => `
    new ucaas.XelionTenantProvision("tenant", {
      serverUrl: "${tenant.url}", tenantName: "pbx1", timeout: "60s",
      tenantLogin: { userName: "provisioning", password: config.requireSecret("tenantPassword") },
      configuration: { version: 1, organization: { name: "Acme" }, zeta: [{ pin: config.requireSecret("${name}") }], departments: [] },
    });
    new ucaas.XelionTenantProvision("brought", {
      serverUrl: "${tenant.url}", tenantName: "pbx2", timeout: "60s", tenantToken: config.requireSecret("tenantToken"),
      configuration: { version: 1, organization: { name: "Acme" }, departments: [] },
    });`;
  return {
    vendor: "xelion",
    config: {
      ...xelion.config,
      "xelion:apiKey": secret(apiKey),
      tenantPassword: secret(login),
      tenantToken: secret(tenantToken),
      tenantPin: secret(pin),
      renewedPin: secret(renewed),
    },
    programs: [program("tenantPin"), program("renewedPin")],
    refusal: "CONFIGURATION_REFUSED",
    secrets: () => {
      for (const { tenantToken } of xelion.orders()) tokens.add(tenantToken);
      return [apiKey, tenantToken, login, pin, renewed, ...tokens];
    },
    refuse: (which) =>
      void service.fault({
        kind: "status",
        status: 400,
        method: "POST",
        path: "/provision$",
        bodyMatches: "zeta",
        body: refusedWith([pin, renewed][which]!, apiKey),
      }),
    changeElsewhere: () => {},
    breakOff: () => void tenant.fault({ kind: "malformed", path: "/login" }),
    stop: () => xelion[Symbol.asyncDispose](),
  };
}
