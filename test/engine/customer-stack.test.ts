import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { type StackProject, stackProject } from "./stack-project.ts";

// biome-ignore lint/suspicious/noExplicitAny: a stack file is free text to the engine, and these tests bend it.
type StackFile = Record<string, any>;

const canaries = {
  sip: "sip-canary-4711",
  contact: "Contact-Canary",
  client: "Client-canary-4711",
};

describe("the customers of a stack's files on the real engine", () => {
  let sandbox: Sandbox;
  let stack: StackProject;
  let file: StackFile;

  beforeAll(async () => {
    sandbox = await startSandbox();
    const { clientId, did, server } = sandbox.netsapiens;
    server.state.clients["7"] = {
      clientId: "second",
      clientSecret: canaries.client,
      redirectUrl: "",
      createdAt: "2026-01-05T09:00:00.000Z",
    };
    stack = await stackProject(
      {
        "ucaas:defaults": {
          xima: { ccId: { resellerId: "voicehouse", resellerName: "Voicehouse" } },
          netsapiens: { driver: "existing" },
        },
        "ucaas:customers": {
          acme: {
            name: "Acme Ltd",
            netsapiens: { domain: "acme", clientId, did },
            xima: {
              professionalSeats: "twelve",
              sipCredentials: { username: "2000", transport: "tls" },
            },
          },
          bakery: {
            name: "Bakery",
            xima: { essentialSeats: 5 },
            enablex: {
              contactEmail: "office@bakery.example",
              users: {
                ada: { userType: "moderator", firstName: "Ada", email: "ada@bakery.example" },
              },
            },
          },
        },
      },
      sandbox.environment,
    );
    stack.write(
      "customers/test/clinic.yaml",
      "name: Clinic\nnetsapiens: {domain: acme, clientId: second}\nxima: {eliteSeats: 20}\n",
    );
  });
  afterAll(async () => {
    await stack.remove();
    await sandbox.stop();
  });

  const encrypt = async (path: string, value: string) =>
    (
      await stack.pulumi(["config", "set", "--secret", "--path", `ucaas:customers.${path}`, value])
    ).ok();
  const change = (how: (customers: StackFile, file: StackFile) => void) => {
    file = stack.stackFile();
    how(file["ucaas:customers"], file);
    stack.writeStackFile(file);
  };
  const licences = () => sandbox.xima.server.state.customers;
  const resources = async () => (await stack.export()).deployment.resources ?? [];

  test("an error in them is reported with its place; nothing is registered or sent", async () => {
    const run = await stack.up();
    expect(run.exitCode).not.toBe(0);
    expect(run.output).toContain(
      'stacks/Pulumi.test.yaml:18:28 acme.xima.professionalSeats = "twelve": must be a whole number',
    );
    expect(run.output).toContain("acme.netsapiens.clientSecret is missing");
    expect(run.output).not.toMatch(/\n\s+at /);
    const registered = (await resources())
      .map(({ type }) => type)
      .filter((type) => type !== "pulumi:providers:pulumi");
    expect(registered).toEqual(["pulumi:pulumi:Stack"]);
    expect(
      [sandbox.xima, sandbox.netsapiens, sandbox.enablex].flatMap(({ server }) => server.received),
    ).toEqual([]);
  });

  test("up creates each one, and verifies the client before the licence uses its SIP server", async () => {
    change(({ acme }) => {
      acme.xima.professionalSeats = 12;
    });
    await encrypt("acme.netsapiens.clientSecret", sandbox.netsapiens.clientSecret);
    await encrypt("acme.xima.sipCredentials.password", canaries.sip);
    await encrypt("bakery.enablex.contactName", canaries.contact);
    await encrypt("clinic.netsapiens.clientSecret", canaries.client);
    (await stack.up()).ok();
    expect(licences()).toMatchObject({
      "voicehouse/acme": {
        licence: {
          professionalSeats: 12,
          sipCredentials: {
            username: "2000",
            password: canaries.sip,
            sipServer: "acme",
            outboundProxy: "127.0.0.1",
            sipPort: 5060,
            transport: "tls",
          },
        },
      },
      "voicehouse/bakery": { licence: { essentialSeats: 5 } },
      "voicehouse/clinic": { ccId: { tenantName: "Clinic" }, licence: { eliteSeats: 20 } },
    });
    const order = [...sandbox.netsapiens.server.received, ...sandbox.xima.server.received]
      .filter(({ path, body }) => path.includes("phonenumbers") || body.includes('"acme"'))
      .sort((a, b) => a.at.localeCompare(b.at));
    expect(order.map(({ method }) => method)).toEqual(["GET", "POST", "POST"]);
    expect((await stack.outputs()).customers).toEqual({
      acme: "Acme Ltd · NetSapiens existing-client, 6 of 6 steps verified · Xima voicehouse/acme, 12 professional seats",
      bakery: "Bakery · Xima voicehouse/bakery, 5 essential seats · EnableX 1001, Active",
      clinic:
        "Clinic · NetSapiens second, 5 of 5 steps verified · Xima voicehouse/clinic, 20 elite seats",
    });
    const licenceOfClinic = (await resources()).find(({ urn }) =>
      urn.endsWith("XimaLicense::clinic"),
    );
    expect(licenceOfClinic?.dependencies).toEqual([
      expect.stringContaining("NetsapiensOAuthClient::clinic"),
    ]);
    expect((await stack.outputs({ showSecrets: true })).bundles).toMatchObject({
      acme: { domain: "acme", api_client_secret: sandbox.netsapiens.clientSecret },
    });
  });

  test("only the values encrypted in the file are encrypted in the state, so diffs stay readable", async () => {
    const { clientSecret, apiPassword } = sandbox.netsapiens;
    for (const secret of [...Object.values(canaries), clientSecret, apiPassword])
      expect(filesWith(stack.stateFolder, secret), secret).toEqual([]);
    change(({ acme, bakery }) => {
      acme.xima.professionalSeats = 15;
      bakery.enablex.contactEmail = "desk@bakery.example";
    });
    const preview = (await stack.preview("--diff")).ok().output;
    expect(preview).toMatch(/~ professionalSeats: 12 => 15/);
    expect(preview).toMatch(/~ contactEmail: "office@bakery\.example" => "desk@bakery\.example"/);
    expect(preview).toMatch(/contactName *: \[secret\]/);
    for (const secret of Object.values(canaries)) expect(preview).not.toContain(secret);
  });

  test("one that fails keeps its dependents, shows no stack trace, and stops no other", async () => {
    const number = sandbox.netsapiens.server.state.phonenumbers[sandbox.netsapiens.did]!;
    number.application = "available-number";
    change(({ acme }) => {
      acme.netsapiens.sipProxyServerPort = 5061;
    });
    const run = await stack.up();
    expect(run.exitCode).not.toBe(0);
    expect(run.output).toContain("VERIFICATION_FAILED");
    expect(run.output).toContain(
      "error: acme: the licence at Xima is left as it is, since the NetSapiens client failed",
    );
    expect(run.output).not.toMatch(/\n\s+at |failed to register/);
    expect((await stack.outputs()).customers).toMatchObject({
      acme: "Acme Ltd · NetSapiens FAILED · Xima left as it is",
    });
    expect(licences()["voicehouse/acme"]?.licence).toMatchObject({
      professionalSeats: 12,
      sipCredentials: { sipPort: 5060 },
    });
    expect(Object.values(sandbox.enablex.server.state.customers)[0]?.fields).toMatchObject({
      contact_email: "desk@bakery.example",
    });

    number.application = "to-user";
    (await stack.up()).ok();
    expect(licences()["voicehouse/acme"]?.licence).toMatchObject({
      professionalSeats: 15,
      sipCredentials: { sipPort: 5061 },
    });
    expect((await stack.preview("--expect-no-changes")).exitCode).toBe(0);
  });

  test("in production, deletion needs unprotect first, then runs in order and lists what remains", async () => {
    change((_customers, whole) => {
      whole["ucaas:production"] = true;
    });
    (await stack.up()).ok();
    const { acme } = file["ucaas:customers"];
    change((customers, whole) => {
      delete customers.acme;
      whole["ucaas:removed"] = ["acme"];
    });
    const refused = await stack.preview();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(
      /XimaLicense::acme" cannot be deleted\s+because it is protected/,
    );

    change((customers, whole) => {
      customers.acme = { ...acme, protect: false };
      delete whole["ucaas:removed"];
    });
    (await stack.up()).ok();
    change((customers, whole) => {
      delete customers.acme;
      whole["ucaas:removed"] = ["acme"];
    });
    const { output } = (await stack.up()).ok();
    expect(output.indexOf("XimaLicense acme deleted")).toBeGreaterThan(0);
    expect(output.indexOf("NetsapiensOAuthClient acme deleting")).toBeGreaterThan(
      output.indexOf("XimaLicense acme deleted"),
    );
    expect(output).toMatch(
      /XimaLicense voicehouse\/acme: is scheduled for deletion \S+ .*deletionId \S+/,
    );
    expect(output).toMatch(
      /NetsapiensOAuthClient \S+\/existing-client: is kept at NetSapiens.* System → Settings → Advanced → OAuth Clients/,
    );
    const left = (await resources()).filter(({ type }) => /ucaas/.test(type));
    expect(left.map(({ urn }) => urn).filter((urn) => urn.endsWith("::acme"))).toEqual([]);
    expect(left.filter(({ protect }) => protect !== true)).toEqual([]);
  });
});

/** The files below a folder that contain a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, "utf8").includes(text));
}
