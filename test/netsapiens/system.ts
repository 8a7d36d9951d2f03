import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetsapiensOptions } from "../../sandbox/netsapiens/options.ts";
import { netsapiensServer } from "../../sandbox/netsapiens/server.ts";
import { chromiumPath } from "../../tools/chromium.ts";
import { secret } from "../engine/workspace.ts";

/** What the sandbox's first state holds. */
export const there = {
  domain: "acme",
  did: "+13125550100",
  clientId: "existing-client",
  clientSecret: "Sandbox-secret-1",
  apiPassword: "Sandbox-api-1",
  portalPassword: "Sandbox-portal-1",
};

/**
 * A NetSapiens system, and the config that leads to it. The browser is one for all tests;
 * what failed walks keep goes into a folder of its own.
 */
export async function system(options: Partial<NetsapiensOptions> = {}) {
  const server = netsapiensServer();
  await server.start({ options });
  const evidenceDir = mkdtempSync(join(tmpdir(), "ucaas-evidence-"));
  const plainConfig: Record<string, string> = {
    "ucaas:journalDir": join(evidenceDir, "journal"),
    "netsapiens:apiUrl": server.url,
    "netsapiens:apiUsername": "api@acme",
    "netsapiens:apiPassword": there.apiPassword,
    "netsapiens:portalUsername": "superuser",
    "netsapiens:portalPassword": there.portalPassword,
    "netsapiens:browserPath": await chromiumPath(),
    "netsapiens:browserSandbox": "false",
    "netsapiens:evidenceDir": evidenceDir,
  };
  const stop = async () => {
    await server.stop();
    rmSync(evidenceDir, { recursive: true, force: true });
  };
  return {
    server,
    evidenceDir,
    /** For the handlers: all in plain text, as the dynamic host hands it over. */
    plainConfig,
    /** For a workspace: the passwords as secrets. */
    config: {
      ...plainConfig,
      "netsapiens:apiPassword": secret(there.apiPassword),
      "netsapiens:portalPassword": secret(there.portalPassword),
    },
    /** The portal's log in words: `created xima-acme`. */
    portalLog: () =>
      server.state.portalLog.map((event) =>
        "clientId" in event ? `${event.did} ${event.clientId}` : event.did,
      ),
    /** Requests to the API, without the browser's. */
    apiCalls: () =>
      server.received
        .filter(({ path }) => path.startsWith("/ns-api/"))
        .map(({ method, path }) => `${method} ${path}`),
    client: (clientId: string) =>
      Object.values(server.state.clients).find((client) => client.clientId === clientId),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export type System = Awaited<ReturnType<typeof system>>;
