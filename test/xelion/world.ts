import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reservePort } from "../../sandbox/reserve-port.ts";
import { readScenario, type ScenarioName } from "../../sandbox/xelion/scenarios.ts";
import { xelionProvisioningServer, xelionTenantServer } from "../../sandbox/xelion/server.ts";
import { secret } from "../engine/workspace.ts";
import { hangLimit } from "../hang-limit.ts";

export const apiKey = "Sandbox-xelion-key-1";
export const login = { userName: "provisioning", password: "Sandbox-tenant-1" };
export const fairyTail = { version: 1, organization: { name: "Fairy Tail" } };

/**
 * Both servers of Xelion, a journal folder, a port for callbacks, and the config that
 * leads to them.
 */
export async function world({ callback = true }: { callback?: boolean } = {}) {
  const [service, tenant] = [xelionProvisioningServer(), xelionTenantServer()];
  const [journalDir, port] = await Promise.all([
    mkdtemp(join(tmpdir(), "ucaas-xelion-")),
    reservePort(),
    service.start(),
    tenant.start(),
  ]);
  // What a server gives up is lost for good, and a busy machine may take long to answer.
  service.setOptions({ callbackTimeoutMs: hangLimit, tenantTimeoutMs: hangLimit });
  // A tenant for each test that asks for one by name.
  const users = { provisioning: { password: login.password } };
  for (let number = 2; number < 10; number++) tenant.state.tenants[`pbx${number}`] = users;
  const plainConfig: Record<string, unknown> = {
    "xelion:baseUrl": service.baseUrl,
    "xelion:apiKey": apiKey,
    ...(callback && {
      "xelion:callback": { listen: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/xelion` },
    }),
  };
  return {
    service,
    tenant,
    journalDir,
    port,
    /** For the handlers: all in plain text, as the dynamic host hands it over. */
    plainConfig,
    /** For a workspace: the key as a secret. */
    config: { ...plainConfig, "xelion:apiKey": secret(apiKey) },
    /** The arguments of a resource for the tenant pbx1. */
    inputs: {
      serverUrl: tenant.url,
      tenantName: "pbx1",
      tenantLogin: login,
      configuration: fairyTail,
      timeout: "10m",
    },
    /** What becomes of the next order. */
    next: (course: ScenarioName, ms = 5) =>
      service.state.courses.push(readScenario({ course, ms })),
    orders: () => Object.values(service.state.orders),
    sessions: () => Object.values(tenant.state.sessions),
    /** Lets an order go on that holds. */
    proceed: async (id: number) => {
      await fetch(`${service.control}/proceed`, { method: "POST", body: JSON.stringify({ id }) });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([service.stop(), tenant.stop()]);
      await rm(journalDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export type World = Awaited<ReturnType<typeof world>>;
