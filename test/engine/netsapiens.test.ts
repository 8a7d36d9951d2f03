import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processesWith } from "../netsapiens/processes.ts";
import { type System, system, there } from "../netsapiens/system.ts";
import { type Workspace, workspace } from "./workspace.ts";

/** One client of each driver. */
const program = ({ made = "xima-acme", port = 5060, more = "" } = {}) => `
  import { NetsapiensOAuthClient } from "pulumi-ucaas";
  const given = new NetsapiensOAuthClient("given", {
    domain: "acme", clientId: "${there.clientId}", clientSecret: "${there.clientSecret}", did: "${there.did}", driver: "existing", sipProxyServerPort: ${port},
  });
  const made = new NetsapiensOAuthClient("made", { domain: "acme", clientId: "${made}", did: "3125550100", driver: "portal" });
  export const bundle = made.bundle;
  export const verification = made.verification;
  export const secret = made.clientSecret;
  export const verifiedAt = given.verifiedAt;
  ${more}
`;

describe("an OAuth client on the real engine", { timeout: 180_000 }, () => {
  let ns: System;
  let stack: Workspace;
  let temporary: string;

  beforeAll(async () => {
    ns = await system();
    temporary = mkdtempSync(join(tmpdir(), "ucaas-run-"));
    stack = await workspace({ program: program(), config: ns.config, env: { TMPDIR: temporary } });
  }, 60_000);
  afterAll(async () => {
    await stack.remove();
    await ns.stop();
    rmSync(temporary, { recursive: true, force: true });
  });

  test("up adopts the one, makes the other in a browser, and gives the bundle; the next preview is empty", async () => {
    (await stack.up()).ok();
    expect(ns.portalLog()).toEqual(["logged in", "created xima-acme"]);
    expect(ns.server.state.portalLog.at(-1)).toMatchObject({ redirectUrl: "" });
    const outputs = await stack.outputs({ showSecrets: true });
    const made = ns.client("xima-acme");
    expect(outputs.secret).toBe(made?.clientSecret);
    expect(outputs.bundle).toEqual({
      domain: "acme",
      sip_proxy_server_host: "127.0.0.1",
      sip_proxy_server_port: 5060,
      api_url: ns.server.url,
      api_client_id: "xima-acme",
      api_client_secret: made?.clientSecret,
      api_username: "api@acme",
      api_password: there.apiPassword,
      did: "3125550100",
    });
    expect(outputs.verification).toMatchObject(
      ["apiUrl", "credentials", "permissions", "domain", "users", "did"].map((step) => ({ step, status: "passed" })),
    );
    (await stack.preview("--expect-no-changes")).ok();
    (await stack.refresh("--preview-only", "--expect-no-changes")).ok();
  });

  test("no browser outlives a run, and it leaves no files behind", () => {
    expect(processesWith(temporary)).toEqual([]);
    expect(readdirSync(temporary).filter((name) => name.startsWith("playwright"))).toEqual([]);
  });
});
