import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox } from "../../sandbox/start.ts";
import { ucaas } from "../cli/ucaas.ts";
import { control } from "../xima/licence-server.ts";
import { stackProject } from "./stack-project.ts";

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** A stack of stacks/, the vendors that it is for, and the command. */
async function world(config: Record<string, unknown>) {
  const sandbox = await startSandbox();
  const {
    NETSAPIENS_PORTAL_USERNAME: _,
    NETSAPIENS_PORTAL_PASSWORD: __,
    ...environment
  } = sandbox.environment;
  const stack = await stackProject(config, environment);
  const folder = join(stack.folder, "stacks", "customers", "test");
  const adopt = (...args: string[]) =>
    ucaas(["adopt", ...args, "--stack", "test"], {
      cwd: stack.folder,
      env: stack.env as NodeJS.ProcessEnv,
    });
  const state = async () => (await stack.export()).deployment.resources ?? [];
  return {
    sandbox,
    stack,
    folder,
    adopt,
    state,
    file: (slug: string) => readFileSync(join(folder, `${slug}.yaml`), "utf8"),
    edit(slug: string, change: (text: string) => string) {
      writeFileSync(join(folder, `${slug}.yaml`), change(this.file(slug)));
    },
    /**
     * Adopts, and says that it is proved; whether that is so, the engine itself is asked
     * in some tests.
     */
    async adopted(...args: string[]) {
      const run = await adopt(...args, "--yes");
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      expect(run.stdout).toContain(
        "Proved: the preview is empty, and no secret is readable in the exported state.",
      );
    },
    async hasNothingToDo(...args: string[]) {
      const preview = await stack.preview("--expect-no-changes", ...args);
      expect(preview.exitCode, preview.output).toBe(0);
    },
    /** What it says when it does not, while the state stays as it is. */
    async refused(...args: string[]) {
      const before = await state();
      const run = await adopt(...args, "--yes");
      expect(run.exitCode, run.stdout).toBe(1);
      expect(await state()).toEqual(before);
      return run.stderr;
    },
    ofType: async (type: string) =>
      (await state()).filter((resource) => resource.type.endsWith(`:${type}`)),
    async [Symbol.asyncDispose]() {
      await stack.remove();
      await sandbox.stop();
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

/** Makes things at EnableX as its portal would. */
async function makeAtEnablex(
  { sandbox: { enablex } }: World,
  path: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${enablex.baseUrl}${path}`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${enablex.accessId}:${enablex.accessKey}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}

const writes = (received: readonly Request[]) =>
  received.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);

test("300 EnableX customers are listed, declared and imported at once, without a change", async () => {
  await using it = await world({ "ucaas:customers": {} });
  const { server, accessId, control: address } = it.sandbox.enablex;
  await control(address, "seed", {
    customers: 300,
    accessId,
    fields: { contact_name: "Contact #", office_address: { city: "Leeds", country_id: "1" } },
  });
  const [first = ""] = Object.keys(server.state.customers);
  await makeAtEnablex(it, "/users", {
    customer_id: first,
    user_type: "moderator",
    first_name: "Ada",
    email: "ada@customers.test",
  });
  await makeAtEnablex(it, "/subscriptions", {
    customer_id: first,
    plan_id: "12",
    user_license: { qty: 500 },
  });
  const requestCount = server.received.length;

  const shown = await it.adopt("enablex");
  expect(shown.exitCode, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(
    new RegExp(
      `${first} .*Customer 1 .*C-1 .*active .*1 .*1 .*c-1 .*new: stacks/customers/test/c-1.yaml`,
    ),
  );
  expect(shown.stdout).toContain("300 at the vendor: 300 to declare and import");
  expect(shown.stdout).toContain(
    "Nothing was written or imported. To do it:\n  npx ucaas adopt enablex --stack test --yes",
  );
  expect(existsSync(it.folder)).toBe(false);
  expect(await it.state()).toEqual([]);

  await it.adopted("enablex");
  expect(readdirSync(it.folder)).toHaveLength(300);
  expect(await it.ofType("EnableXCustomer")).toHaveLength(300);
  expect((await it.ofType("EnableXUser")).map(({ urn }) => urn)).toEqual([
    "urn:pulumi:test::ucaas::ucaas:index:Customer$pulumi-nodejs:dynamic/ucaas:EnableXUser::c-1-ada",
  ]);
  expect((await it.ofType("EnableXSubscription")).map(({ inputs }) => inputs?.fields)).toEqual([
    { user_license: { qty: 500 } },
  ]);
  expect(writes(server.received.slice(requestCount))).toEqual([]);
});

test("in a project without stack files, nothing is written, and the error says why", async () => {
  await using it = await world({ "ucaas:customers": {} });
  await control(it.sandbox.enablex.control, "seed", {
    customers: 2,
    accessId: it.sandbox.enablex.accessId,
  });
  it.stack.write("index.ts", "export const customers = 0;\n");
  const message = await it.refused("enablex");
  expect(message).toContain(
    "the program of this project does not read stack files [FILES_NOT_READ]",
  );
  expect(existsSync(it.folder)).toBe(false);

  it.stack.write("index.ts", 'throw new Error("the program is broken");\n');
  expect(await it.refused("enablex")).toMatch(/the program is broken.*\[PREVIEW_FAILED\]/s);
  expect(existsSync(it.folder)).toBe(false);
});

describe("adoption for customers that are in the stack files", () => {
  let it: World;
  const stackFile = () => join(it.stack.folder, "stacks", "Pulumi.test.yaml");
  const changeStackFile = (change: (text: string) => string) =>
    writeFileSync(stackFile(), change(readFileSync(stackFile(), "utf8")));
  const encrypt = async (path: string, value: string) =>
    (
      await it.stack.pulumi([
        "config",
        "set",
        "--secret",
        "--path",
        `ucaas:customers.${path}`,
        value,
      ])
    ).ok();

  beforeAll(async () => {
    it = await world({
      "ucaas:defaults": { xima: { ccId: { resellerId: "voicehouse" } } },
      "ucaas:customers": {
        acme: {
          name: "Acme Ltd",
          xima: { ccId: { resellerName: "Voicehouse" }, essentialSeats: 5 },
        },
      },
    });
    changeStackFile((text) => `# Ours\n${text}`);
    (await it.stack.up()).ok();
  });
  afterAll(() => it[Symbol.asyncDispose]());

  test("EnableX customers join a file by slug or by email, and one without both is left out", async () => {
    const before = readFileSync(stackFile(), "utf8");
    await makeAtEnablex(it, "/customers", {
      customer_name: "Acme Limited",
      customer_code: "ACME",
      contact_email: "it@acme.example",
    });
    await makeAtEnablex(it, "/customers", {
      customer_name: "Bäckerei Zürich",
      contact_email: "office@bakery.example",
      individual: true,
    });
    await makeAtEnablex(it, "/customers", { customer_name: "Nobody" });
    await it.adopted("enablex");
    await it.hasNothingToDo();
    expect(readFileSync(stackFile(), "utf8")).toBe(before);
    expect(it.file("acme")).not.toContain("name: Acme Ltd");
    expect(it.file("baeckerei-zuerich")).toMatch(
      /^# yaml-language-server.*\nname: Bäckerei Zürich\nenablex:\n {2}customerCode: null\n/,
    );
    expect(readdirSync(it.folder)).toEqual(["acme.yaml", "baeckerei-zuerich.yaml"]);
    const [acme] = await it.ofType("EnableXCustomer");
    expect(acme).toMatchObject({
      id: "1001",
      parent: "urn:pulumi:test::ucaas::ucaas:index:Customer::acme",
      outputs: { customerId: "1001", statusText: "Active" },
    });
  });

  test("no import runs while the stack has pending changes or the declaration differs", async () => {
    await makeAtEnablex(it, "/customers", {
      customer_name: "Clinic",
      customer_code: "CLINIC",
      contact_name: "Ada",
    });
    changeStackFile((text) => text.replace("essentialSeats: 5", "essentialSeats: 6"));
    const waiting = await it.refused("enablex", "--filter", "clinic");
    const [reason, change] = [
      /the stack has other changes waiting \(1\), so nothing was imported:\n +/,
      /update ucaas:index:Customer\S*:XimaLicense acme .*\[OTHER_CHANGES\]/,
    ];
    expect(waiting).toMatch(new RegExp(reason.source + change.source, "s"));
    changeStackFile((text) => text.replace("essentialSeats: 6", "essentialSeats: 5"));

    it.edit("clinic", (text) => text.replace("contactName: Ada", "contactName: Eve"));
    const otherwise = await it.refused("enablex", "--filter", "clinic");
    expect(otherwise).toMatch(
      /EnableXCustomer clinic: contactName is declared "Eve", there it is "Ada".*\[NOT_AS_DECLARED\]/s,
    );
    it.edit("clinic", (text) => text.replace("contactName: Eve", "contactName: Ada"));
    await it.adopted("enablex", "--filter", "clinic");
  });

  test("Xima seats are blanks in the file; no import while one is left, and only reads are sent", async () => {
    const { server } = it.sandbox.xima;
    server.state.customers["voicehouse/clinic"] = {
      ccId: {
        resellerId: "voicehouse",
        resellerName: "Voicehouse",
        tenantId: "clinic",
        tenantName: "Clinic",
      },
      licence: { eliteSeats: 20 },
    };
    const requestCount = server.received.length;
    expect(await it.refused("xima", "--tenant", "voicehouse/nobody")).toMatch(
      /the licensing API does not know voicehouse\/nobody \[NOT_FOUND\]/,
    );

    const kept = it.file("clinic");
    const blanks = await it.refused("xima", "--tenant", "voicehouse/clinic");
    expect(it.file("clinic").startsWith(kept)).toBe(true);
    const line =
      it
        .file("clinic")
        .split("\n")
        .findIndex((text) => text.includes("eliteSeats")) + 1;
    expect(blanks).toContain(
      [
        `stacks/customers/test/clinic.yaml:${line}:15 clinic.xima.eliteSeats =`,
        '"<fill in: number of seats, 0 or at least 5>": is a blank, which is still to be filled in',
      ].join(" "),
    );
    expect(blanks).toContain("[FILES_NOT_READY]");
    expect(blanks).toContain("npx ucaas adopt xima --tenant voicehouse/clinic --stack test --yes");

    it.edit("clinic", (text) =>
      text
        .replace(/eliteSeats: .*/, "eliteSeats: 20")
        .replace(/^.*fill in.*\n/gm, "")
        .replace(/^ {2}(aiMessaging|aiAudioServices):\n/gm, ""),
    );
    await it.adopted("xima", "--tenant", "voicehouse/clinic");
    expect((await it.ofType("XimaLicense")).map(({ id }) => id)).toContain("voicehouse/clinic");
    const sent = server.received
      .slice(requestCount)
      .map(({ body }) =>
        Object.keys(JSON.parse(body)).filter((key) => !["jti", "exp"].includes(key)),
      );
    expect(new Set(sent.map(String))).toEqual(new Set(["ccId"]));
  });

  test("NetSapiens: a client is verified, and its secrets are readable nowhere", async () => {
    const { clientId, clientSecret, apiPassword, server } = it.sandbox.netsapiens;
    const missing = await it.refused("netsapiens", "--client", `acme/${clientId}`);
    expect(missing).toMatch(
      /stacks\/customers\/test\/acme\.yaml:\d+:\d+ acme\.netsapiens\.clientSecret is missing/,
    );
    expect(missing).toContain(
      "pulumi config set --secret --path 'ucaas:customers.acme.netsapiens.clientSecret'",
    );

    await encrypt("acme.netsapiens.clientSecret", "wr0ng-canary");
    const wrong = await it.refused("netsapiens", "--client", `acme/${clientId}`);
    expect(wrong).toMatch(/NetsapiensOAuthClient acme: .*credentials.*\[NOT_AS_DECLARED\]/s);
    expect(wrong).not.toContain("canary");

    await encrypt("acme.netsapiens.clientSecret", clientSecret);
    await it.adopted("netsapiens", "--client", `acme/${clientId}`);
    const state = JSON.stringify(await it.state());
    for (const secret of [clientSecret, apiPassword]) expect(state).not.toContain(secret);
    expect(new Set(writes(server.received))).toEqual(new Set(["POST /ns-api/v2/tokens"]));
  });

  test("Xelion: the configuration is a blank, and no order is sent", async () => {
    const { server, tenant, tenantName, password } = it.sandbox.xelion;
    const blanks = await it.refused(
      "xelion",
      "--tenant",
      `${tenant.baseUrl}/${tenantName}`,
      "--as",
      `${new URL(tenant.baseUrl).host}/${tenantName}=clinic`,
    );
    expect(blanks).toMatch(/clinic\.xelion\.configuration = .*is a blank/);
    it.edit("clinic", (text) =>
      text
        .replace(/configuration: .*/, "configuration: {version: 1, organization: {name: Clinic}}")
        .replace(/userName: .*/, "userName: provisioning"),
    );
    await encrypt("clinic.xelion.tenantLogin.password", password);
    await it.adopted("xelion", "--tenant", `${tenant.baseUrl}/${tenantName}`);
    expect(server.state.orders).toEqual({});
    expect(tenant.server.state.logins).toEqual([]);
    expect(JSON.stringify(await it.state())).not.toContain(password);
  });

  test("and all of it stays as it is when the program is run, and when it is refreshed", async () => {
    const before = Object.fromEntries(
      Object.entries(it.sandbox).flatMap(([name, vendor]) =>
        typeof vendor === "object" && "server" in vendor
          ? [[name, vendor.server.received.length]]
          : [],
      ),
    );
    (await it.stack.up("--refresh")).ok();
    await it.hasNothingToDo("--refresh");
    const after = Object.entries(before).flatMap(([name, count]) =>
      writes(
        (it.sandbox as unknown as Record<string, { server: { received: Request[] } }>)[
          name
        ]!.server.received.slice(count as number),
      ),
    );
    expect(new Set(after)).toEqual(
      new Set([
        "POST /v1/licensing/update",
        "POST /ns-api/v2/tokens",
        "POST /api/v1/provision/test",
      ]),
    );
    expect(it.sandbox.xelion.server.state.orders).toEqual({});
    expect(it.sandbox.xima.server.state.customers["voicehouse/clinic"]?.licence).toEqual({
      eliteSeats: 20,
    });
  });
});
