import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { importEntry } from "../../provider/runtime/import-file.ts";
import { ucaas } from "../cli/ucaas.ts";
import { eventually } from "../eventually.ts";
import { processesWith } from "../netsapiens/processes.ts";
import { type System, system, there } from "../netsapiens/system.ts";
import { type Run, type Workspace, workspace } from "./workspace.ts";

/**
 * One client of each driver, with every secret that an argument can be; `verified` is
 * what has no secret in it.
 */
const program = ({ made = "xima-acme", port = 5060, password = there.apiPassword } = {}) => `
  import { NetsapiensOAuthClient } from "pulumi-ucaas";
  const given = new NetsapiensOAuthClient("given", {
    domain: "acme", clientId: "${there.clientId}", clientSecret: "${there.clientSecret}", apiPassword: "${password}", did: "${there.did}",
    driver: "existing", sipProxyServerPort: ${port},
  });
  const made = new NetsapiensOAuthClient("made", {
    domain: "acme", clientId: "${made}", did: "3125550100", driver: "portal",
    portal: { username: "superuser", password: "${there.portalPassword}" },
  });
  export const bundle = made.bundle;
  export const secret = made.clientSecret;
  export const verified = [given, made].map(({ verification, apiVersion, verifiedAt }) => ({ verification, apiVersion, verifiedAt }));
`;

let ns: System;
let stack: Workspace;
let temporary: string;
beforeAll(async () => {
  ns = await system();
  temporary = mkdtempSync(join(tmpdir(), "ucaas-run-"));
  stack = await workspace({
    program: program(),
    config: ns.config,
    env: { TMPDIR: temporary, NODE_DEBUG: "ucaas" },
  });
});
afterAll(async () => {
  await stack?.remove();
  await ns.stop();
  rmSync(temporary, { recursive: true, force: true });
});
afterEach(async () => {
  // Each run closes its browser and removes the browser's files.
  await eventually(() => expect(processesWith(temporary)).toEqual([]));
  expect(readdirSync(temporary).filter((name) => name.startsWith("playwright"))).toEqual([]);
  // Devices hold SIP passwords: nothing may ever ask for them.
  expect(ns.server.state.deviceReads).toEqual([]);
});

const secrets = () => [
  there.apiPassword,
  there.portalPassword,
  ...Object.values(ns.server.state.clients).map((client) => client.clientSecret),
];
/** The run, once it is known that no secret was printed, not even at debug level. */
const clean = (run: Run): Run => {
  for (const secret of [...secrets(), ...Object.keys(ns.server.state.tokens)]) {
    for (const spelling of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
    ])
      expect(run.output).not.toContain(spelling);
  }
  return run;
};
const verified = async () =>
  (await stack.outputs()).verified as {
    verification: { step: string; status: string }[];
    verifiedAt: string;
  }[];
const inState = async (name: string) =>
  (await stack.export()).deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));
const createdOrDeleted = () => ns.portalLog().filter((line) => /created|deleted/.test(line));

describe("OAuth clients on the real engine", () => {
  test("up adopts one client, creates the other in a browser and verifies both, without drift", async () => {
    const up = clean((await stack.up()).ok());
    expect(up.output).toContain(
      `NetsapiensOAuthClient ${new URL(ns.server.url).host}/xima-acme: made in the portal`,
    );
    expect(ns.portalLog()).toEqual(["logged in", "created xima-acme"]);
    expect(ns.server.state.portalLog.at(-1)).toMatchObject({ redirectUrl: "" });
    const secret = ns.client("xima-acme")?.clientSecret;
    const outputs = await stack.outputs({ showSecrets: true });
    expect(outputs).toMatchObject({
      secret,
      bundle: {
        domain: "acme",
        sip_proxy_server_host: "127.0.0.1",
        sip_proxy_server_port: 5060,
        api_url: ns.server.url,
        api_client_id: "xima-acme",
        api_client_secret: secret,
        api_username: "api@acme",
        api_password: there.apiPassword,
        did: "3125550100",
      },
    });
    const all = ["apiUrl", "credentials", "permissions", "domain", "users", "did"].map((step) => ({
      step,
      status: "passed",
    }));
    expect(await verified()).toMatchObject([
      { verification: all },
      { verification: all, apiVersion: "45.1.0" },
    ]);
    clean((await stack.preview("--expect-no-changes")).ok());
    clean((await stack.refresh("--preview-only", "--expect-no-changes")).ok());
  });

  test("no secret is in the state, nor in the stack's outputs", async () => {
    for (const name of ["given", "made"]) {
      const { inputs, outputs } = (await inState(name))!;
      expect(outputs).toMatchObject({
        bundle: { ciphertext: expect.any(String) },
        clientSecret: { ciphertext: expect.any(String) },
      });
      for (const secret of secrets())
        expect(JSON.stringify({ inputs, outputs })).not.toContain(secret);
    }
    const files = readdirSync(stack.stateFolder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile(),
    );
    for (const { parentPath, name } of files)
      for (const secret of secrets())
        expect(readFileSync(join(parentPath, name)).includes(secret)).toBe(false);
    expect(await stack.outputs()).toMatchObject({ bundle: "[secret]", secret: "[secret]" });
  });

  test("a change is applied in place, shown as a diff, and verified again", async () => {
    await stack.writeProgram(program({ port: 5061 }));
    const before = await verified();
    expect(clean((await stack.preview("--diff")).ok()).output).toMatch(
      /~ sipProxyServerPort: 5060 => 5061/,
    );
    clean((await stack.up()).ok());
    expect(createdOrDeleted()).toEqual(["created xima-acme"]);
    // The result is the same, so its time stays.
    expect(await verified()).toEqual(before);
    (await stack.preview("--expect-no-changes")).ok();
  });

  test("a fault at the vendor is drift; up fails with the remedy, and passes once it is fixed", async () => {
    ns.server.state.phonenumbers["13125550100"]!.application = "available-number";
    const drift = clean(await stack.refresh("--preview-only", "--expect-no-changes"));
    expect(drift.exitCode).not.toBe(0);
    expect(drift.output).toContain(
      "did failed: the number reaches no user, device or queue (application available-number",
    );
    clean((await stack.refresh()).ok());
    expect((await stack.preview("--expect-no-changes")).exitCode).not.toBe(0);

    const failed = clean(await stack.up());
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toMatch(/the verification failed \(did\)[\s\S]*the client is kept/);
    expect(failed.output).toContain(
      "The DID should be assigned within Netsapiens, and route to the configured CCaaS virtual handset or extension",
    );
    expect(await inState("made")).toMatchObject({
      id: expect.stringMatching(/\/xima-acme$/),
      initErrors: [expect.stringContaining("DID_NOT_ROUTED")],
    });

    ns.server.state.phonenumbers["13125550100"]!.application = "to-user";
    clean((await stack.up()).ok());
    expect((await verified())[1]?.verification.at(-1)).toMatchObject({
      step: "did",
      status: "passed",
    });
    (await stack.preview("--expect-no-changes")).ok();
    expect(createdOrDeleted()).toEqual(["created xima-acme"]);
  });

  test("a refused grant keeps the client, and one missing from the portal's list is recreated", async () => {
    ns.server.state.users["api@acme"]!.password = "rotated-elsewhere";
    clean((await stack.refresh()).ok());
    for (const name of ["given", "made"]) expect(await inState(name)).toBeDefined();
    await stack.setConfig("netsapiens:apiPassword", "rotated-elsewhere", { secret: true });
    await stack.writeProgram(program({ port: 5061, password: "rotated-elsewhere" }));
    clean((await stack.up()).ok());

    ns.server.state.clients = { 1: ns.client(there.clientId)! };
    clean((await stack.refresh()).ok());
    expect(await inState("made")).toBeUndefined();
    clean((await stack.up()).ok());
    expect(createdOrDeleted()).toEqual(["created xima-acme", "created xima-acme"]);
  });

  test("a changed client id is a rotation without an outage: create first, then delete", async () => {
    await stack.writeProgram(
      program({ made: "xima-acme-2", port: 5061, password: "rotated-elsewhere" }),
    );
    clean((await stack.up()).ok());
    expect(createdOrDeleted().slice(2)).toEqual(["created xima-acme-2", "deleted xima-acme"]);
    expect(await stack.outputs({ showSecrets: true })).toMatchObject({
      bundle: { api_client_id: "xima-acme-2" },
      secret: ns.client("xima-acme-2")?.clientSecret,
    });
  });

  test("an import file imports a client with encrypted secrets, and the next preview is empty", async () => {
    const exported = JSON.parse(
      (await stack.pulumi(["stack", "export", "--show-secrets"])).ok().stdout,
    );
    const old = exported.deployment.resources.find(({ urn }: { urn: string }) =>
      urn.endsWith("::made"),
    );
    const plain = (bag: Record<string, unknown>): Record<string, unknown> =>
      JSON.parse(
        JSON.stringify(bag, (_, value) =>
          typeof value?.plaintext === "string" ? JSON.parse(value.plaintext) : value,
        ),
      );
    (await stack.pulumi(["state", "delete", old.urn, "--yes"])).ok();
    const file = join(stack.folder, "import.json");
    const entry = importEntry(
      "NetsapiensOAuthClient",
      "made",
      old.id,
      plain(old.inputs),
      plain(old.outputs),
      ["bundle", "clientSecret", "portal"],
    );
    writeFileSync(file, JSON.stringify({ resources: [entry] }), { mode: 0o600 });
    (
      await stack.pulumi([
        "import",
        "--file",
        file,
        "--generate-code=false",
        "--yes",
        "--protect=false",
        "--skip-preview",
      ])
    ).ok();
    (await stack.preview("--expect-no-changes")).ok();
    expect(JSON.stringify(await inState("made"))).not.toContain(
      ns.client("xima-acme-2")?.clientSecret,
    );
  });

  test("ucaas netsapiens verify runs the same steps for a stack's clients or for another client", async () => {
    const verify = (args: string[], env = {}) =>
      ucaas(["netsapiens", "verify", "--stack", "test", "--json", ...args], {
        cwd: stack.folder,
        env: { ...stack.env, ...env },
      });
    const all = await verify([]);
    expect(all.exitCode, all.stderr).toBe(0);
    const { host } = new URL(ns.server.url);
    expect(
      JSON.parse(all.stdout)
        .map(({ id, passed }: { id: string; passed: boolean }) => [id, passed])
        .sort(),
    ).toEqual([
      [`${host}/${there.clientId}`, true],
      [`${host}/xima-acme-2`, true],
    ]);
    const args = ["--client-id", there.clientId, "--domain", "acme", "--did", there.did];
    const one = await verify(args, { NETSAPIENS_CLIENT_SECRET: "wrong-secret" });
    expect(one.exitCode).toBe(1);
    expect(JSON.parse(one.stdout)).toMatchObject([
      { passed: false, results: [{}, { code: "GRANT_REFUSED" }, {}, {}, {}, {}] },
    ]);
    for (const secret of secrets())
      expect(all.stdout + all.stderr + one.stdout + one.stderr).not.toContain(secret);
  });

  test("destroy deletes created clients, keeps adopted ones, and says where to revoke those", async () => {
    const destroyed = clean((await stack.destroy()).ok());
    expect(destroyed.output).toContain(
      `To revoke it: ${ns.server.url}/SiPbx/adminlogin.php, System → Settings → Advanced → OAuth Clients`,
    );
    expect(Object.values(ns.server.state.clients).map(({ clientId }) => clientId)).toEqual([
      there.clientId,
    ]);
    expect((await stack.export()).deployment.resources ?? []).toEqual([]);
  });
});

describe("a portal that gets another address", () => {
  test("keeps its client, also where the run was killed after the create", async () => {
    await using moved = await system();
    await using own = await workspace({
      program: `
        import { NetsapiensOAuthClient } from "pulumi-ucaas";
        new NetsapiensOAuthClient("made", { domain: "acme", clientId: "xima-acme", driver: "portal" });
      `,
      config: moved.config,
      env: { TMPDIR: temporary },
    });
    const made = async () => {
      const { resources = [] } = (await own.export()).deployment;
      return resources.filter(({ urn }) => urn.endsWith("::made"));
    };
    (await own.up()).ok();
    const [old] = await made();
    const other = moved.server.url.replace("127.0.0.1", "localhost");
    await own.setConfig("netsapiens:apiUrl", other);
    expect((await own.up()).ok().output).toMatch(
      `was not deleted at ${moved.server.url}: the client with this id and secret is in use at ${other}`,
    );
    expect(await made()).toHaveLength(1);
    (await own.preview("--expect-no-changes")).ok();

    const killed = await own.export();
    const pending = { ...old!, delete: true };
    killed.deployment.resources?.push(pending);
    (await own.import(killed)).ok();
    (await own.up()).ok();
    expect(await made()).toMatchObject([{ id: `${new URL(other).host}/xima-acme` }]);
    (await own.refresh("--preview-only", "--expect-no-changes")).ok();
    (await own.destroy()).ok();
    expect(moved.portalLog().filter((line) => /created|deleted/.test(line))).toEqual([
      "created xima-acme",
      "deleted xima-acme",
    ]);
  });
});

describe("a state that an earlier release wrote", () => {
  /** What was declared in those days. */
  const declared = (port: number) => `
    import { NetsapiensOAuthClient } from "pulumi-ucaas";
    new NetsapiensOAuthClient("given", {
      domain: "acme", clientId: "${there.clientId}", clientSecret: "${there.clientSecret}",
      did: "${there.did}", driver: "existing", sipProxyServerPort: ${port},
    });
    new NetsapiensOAuthClient("made", { domain: "acme", clientId: "xima-acme", did: "3125550100", driver: "portal" });
  `;

  test("is understood: an empty preview and refresh, a change in place, and destroy", async () => {
    const folder = join(import.meta.dirname, "../fixtures/netsapiens-oauth-client");
    for (const name of readdirSync(folder)) {
      await using old = await system();
      old.server.state.clients.made = {
        clientId: "xima-acme",
        clientSecret: "made-in-those-days-1",
        redirectUrl: "",
        createdAt: "2026-01-05T09:00:00.000Z",
      };
      // The file has names instead of what is another one with each run.
      const text = readFileSync(join(folder, name), "utf8")
        .replaceAll("HOST", new URL(old.server.url).host)
        .replaceAll("BROWSER_PATH", old.plainConfig["netsapiens:browserPath"]!)
        .replaceAll("SECRET", "made-in-those-days-1");
      await using days = await workspace({
        program: declared(5060),
        config: old.config,
        env: { TMPDIR: temporary },
      });
      (await days.import(JSON.parse(text))).ok();
      expect((await days.preview("--expect-no-changes")).ok().output, name).toContain(
        "3 unchanged",
      );
      (await days.refresh("--expect-no-changes", "--run-program")).ok();
      await days.writeProgram(declared(5061));
      (await days.up()).ok();
      (await days.destroy()).ok();
      expect(old.portalLog()).toEqual(["logged in", "deleted xima-acme"]);
    }
  });
});
