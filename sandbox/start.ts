/**
 * The vendors' servers together: their addresses, and the credentials with which a
 * reseller gets in.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Account, newAccount } from "./enablex/accounts.ts";
import { enablexServer } from "./enablex/server.ts";
import { readIfThere, writeWhole } from "./files.ts";
import { netsapiensServer } from "./netsapiens/server.ts";
import { initialState as initialNetsapiens } from "./netsapiens/state.ts";
import { initialProvisioning } from "./xelion/provisioning.ts";
import { xelionProvisioningServer, xelionTenantServer } from "./xelion/server.ts";
import { initialTenants } from "./xelion/tenant.ts";
import { type ResellerKey, resellerKey } from "./xima/client-certificate.ts";
import { ximaServer } from "./xima/server.ts";

/**
 * One server, started. `server` is for tests in this process; `control` does the same
 * over HTTP.
 */
interface Running<Server> {
  readonly baseUrl: string;
  readonly control: string;
  readonly server: Server;
}

/** Xelion is two servers: the provisioning service, and the server on which the tenants live. */
const makeServers = () => ({
  xima: ximaServer(),
  enablex: enablexServer(),
  netsapiens: netsapiensServer(),
  xelion: xelionProvisioningServer(),
  "xelion-tenant": xelionTenantServer(),
});
type Servers = ReturnType<typeof makeServers>;
type Name = keyof Servers;

export interface Sandbox {
  readonly xima: Running<Servers["xima"]> & ResellerKey;
  /** A reseller's account. */
  readonly enablex: Running<Servers["enablex"]> & Omit<Account, "role" | "customer_id">;
  /** `baseUrl` is the `apiUrl`; `clientId` and `clientSecret` are a client that exists already. */
  readonly netsapiens: Running<Servers["netsapiens"]> & {
    domain: string;
    apiUsername: string;
    apiPassword: string;
    portalUsername: string;
    portalPassword: string;
    clientId: string;
    clientSecret: string;
    did: string;
  };
  readonly xelion: Running<Servers["xelion"]> & {
    apiKey: string;
    /** The tenants' server, `tenant` for short. */
    tenant: Running<Servers["xelion-tenant"]>;
    tenantName: string;
    userName: string;
    password: string;
  };
  /**
   * What a shell exports so that a stack without addresses and credentials of its own
   * reaches the sandbox, such as `XIMA_BASE_URL`. The key and its certificate are named
   * as files, if there is a data folder, and are given as text otherwise.
   */
  readonly environment: Record<string, string>;
  /** Stops all servers. */
  stop(): Promise<void>;
}

export interface SandboxSettings {
  /** Where data, ports and keys are kept over a restart. Default: nowhere. */
  dataDir?: string;
  /** Ports by server; those that are not named are the ones of the last time, or any free ones. */
  ports?: Partial<Record<Name, number>>;
}

/** Starts all servers, or none. */
export async function startSandbox({
  dataDir,
  ports = {},
}: SandboxSettings = {}): Promise<Sandbox> {
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const remembered = dataDir === undefined ? {} : readPorts(dataDir);
  const servers = makeServers();
  const names = Object.keys(servers) as Name[];
  const stop = async () => {
    await Promise.all(names.map((name) => servers[name].stop()));
  };
  try {
    for (const name of names) {
      const port = ports[name] ?? remembered[name] ?? 0;
      const dataFile = dataDir === undefined ? {} : { dataFile: join(dataDir, `${name}.json`) };
      await servers[name].start({ port, ...dataFile }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") throw error;
        const again =
          dataDir === undefined
            ? ""
            : `, or remove ${join(dataDir, portsFile)} to have other ports`;
        throw new Error(
          `Port ${port} of the ${name} sandbox is taken. Is another sandbox running? Stop it${again}.`,
        );
      });
    }
    const ximaKey = await resellerKey(servers.xima, dataDir);
    const sandbox: Omit<Sandbox, "environment"> = {
      xima: { ...running(servers.xima), ...ximaKey },
      enablex: { ...running(servers.enablex), ...resellerAccount(servers.enablex) },
      netsapiens: { ...running(servers.netsapiens), ...netsapiensCredentials() },
      xelion: {
        ...running(servers.xelion),
        ...xelionCredentials(),
        tenant: running(servers["xelion-tenant"]),
      },
      stop,
    };
    if (dataDir !== undefined) {
      writeWhole(
        join(dataDir, portsFile),
        JSON.stringify(
          Object.fromEntries(names.map((name) => [name, Number(new URL(servers[name].url).port)])),
        ),
      );
    }
    return { ...sandbox, environment: variables(sandbox) };
  } catch (error) {
    await stop();
    throw error;
  }
}

const running = <Server extends { baseUrl: string; control: string }>(
  server: Server,
): Running<Server> => ({
  baseUrl: server.baseUrl,
  control: server.control,
  server,
});

const portsFile = "ports.json";

function readPorts(dataDir: string): Partial<Record<Name, number>> {
  const text = readIfThere(join(dataDir, portsFile));
  if (text === undefined) return {};
  try {
    return z.record(z.string(), z.int().min(1).max(65535)).parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${join(dataDir, portsFile)} does not hold the sandbox's ports: remove it to have new ones`,
      { cause },
    );
  }
}

function resellerAccount(server: Servers["enablex"]) {
  let account = server.state.accounts.find(({ role }) => role === "reseller");
  if (account === undefined) {
    account = newAccount("reseller");
    server.state.accounts.push(account);
    server.save();
  }
  const { accessId, accessKey, email, password } = account;
  return { accessId, accessKey, email, password };
}

function netsapiensCredentials() {
  const { users, admins, clients, phonenumbers } = initialNetsapiens();
  const [apiUsername, user] = Object.entries(users)[0]!;
  const [portalUsername, portalPassword] = Object.entries(admins)[0]!;
  const { clientId, clientSecret } = Object.values(clients)[0]!;
  const [did, { domain }] = Object.entries(phonenumbers)[0]!;
  return {
    domain,
    apiUsername,
    apiPassword: user.password,
    portalUsername,
    portalPassword,
    clientId,
    clientSecret,
    did,
  };
}

function xelionCredentials() {
  const { apiKey } = Object.values(initialProvisioning().organizations)[0]!;
  const [tenantName, users] = Object.entries(initialTenants().tenants)[0]!;
  const [userName, { password }] = Object.entries(users)[0]!;
  return { apiKey, tenantName, userName, password };
}

function variables({
  xima,
  enablex,
  netsapiens,
  xelion,
}: Omit<Sandbox, "environment">): Record<string, string> {
  return {
    XIMA_BASE_URL: xima.baseUrl,
    ...(xima.files === undefined
      ? { XIMA_PRIVATE_KEY: xima.privateKey, XIMA_CERTIFICATE: xima.certificate }
      : {
          XIMA_PRIVATE_KEY_FILE: xima.files.privateKey,
          XIMA_CERTIFICATE_FILE: xima.files.certificate,
        }),
    ENABLEX_BASE_URL: enablex.baseUrl,
    ENABLEX_ACCESS_ID: enablex.accessId,
    ENABLEX_ACCESS_KEY: enablex.accessKey,
    NETSAPIENS_API_URL: netsapiens.baseUrl,
    NETSAPIENS_API_USERNAME: netsapiens.apiUsername,
    NETSAPIENS_API_PASSWORD: netsapiens.apiPassword,
    NETSAPIENS_PORTAL_USERNAME: netsapiens.portalUsername,
    NETSAPIENS_PORTAL_PASSWORD: netsapiens.portalPassword,
    XELION_BASE_URL: xelion.baseUrl,
    XELION_API_KEY: xelion.apiKey,
  };
}
