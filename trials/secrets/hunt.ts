/**
 * `npm run hunt-secrets`: plants a canary in each secret that `planted.ts` names. It runs
 * Pulumi and `ucaas` through errors that quote them, and searches for every spelling of
 * every canary. It searches all outputs, all files, and the command lines and
 * environments of all processes.
 *
 * What the engine itself shows when it is asked to (`-v=9`, gRPC log, tracing) and what
 * it hands to its processes (`PULUMI_CONFIG`) is listed apart: SECURITY.md says what to
 * do about it. The command ends with 1 when anything else has a canary.
 */
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startSandbox } from "../../sandbox/start.ts";
import { ucaas } from "../../test/cli/ucaas.ts";
import { secret, workspace } from "../../test/engine/workspace.ts";
import { leaksBelow, leaksIn } from "./leaks.ts";
import { planted, quoting, quotingServer } from "./planted.ts";

/** Where canaries were looked for. `engine` are the places that are the engine's own. */
interface SecretLocation {
  readonly name: string;
  readonly engine: boolean;
  readonly leaks: readonly string[];
}

const sandbox = await startSandbox();
const { url: refusing, server: refuser } = await quotingServer();
const debug = await mkdtemp(join(tmpdir(), "ucaas-hunt-"));
const places: SecretLocation[] = [];
try {
  const { xima, enablex, netsapiens, xelion } = sandbox;
  const passphrase = planted["xima:privateKeyPassphrase"];
  const accessKey = planted["enablex:accessKey"];
  const ofArguments = Object.entries(planted).filter(([name]) => /^[A-Z].*\./.test(name));
  const of = (vendor: string) =>
    ofArguments.filter(([name]) => name.startsWith(vendor)).map(([, text]) => text);
  for (const account of enablex.server.state.accounts)
    Object.assign(account, { accessKey, password: planted["enablex:password"] });
  for (const organization of Object.values(xelion.server.state.organizations).slice(0, 1))
    organization.apiKey = planted["xelion:apiKey"];
  xelion.server.setOptions({ orderRoute: true });
  xelion.tenant.server.state.tenants[xelion.tenantName] = {
    [xelion.userName]: { password: planted["XelionTenantProvision.tenantLogin.password"] },
  };
  const user = netsapiens.server.state.users[netsapiens.apiUsername];
  if (user) user.password = planted["NetsapiensOAuthClient.apiPassword"];
  for (const client of Object.values(netsapiens.server.state.clients))
    client.clientSecret = planted["NetsapiensOAuthClient.clientSecret"];
  const privateKey = createPrivateKey(xima.privateKey)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    .toString();
  const lines = [xima.privateKey, privateKey].flatMap((pem) => pem.split("\n").slice(1, -2));
  const given = [...Object.values(planted), ...lines];
  const tokens = () => [
    ...Object.keys(enablex.server.state.sessions),
    ...Object.keys(netsapiens.server.state.tokens),
  ];
  const secrets = () => [
    ...given,
    ...tokens(),
    ...Object.keys(xelion.tenant.server.state.sessions),
  ];

  const server = JSON.stringify(xelion.tenant.server.url);
  const program = (version: number) => `
    import * as pulumi from "@pulumi/pulumi";
    import * as ucaas from "pulumi-ucaas";
    const config = new pulumi.Config();
    const secret = (name) => config.requireSecret(name.replaceAll(".", "-"));
    const [username, password, sipServer, outboundProxy] = ["username", "password", "sipServer", "outboundProxy"]
      .map((name) => secret("XimaLicense.sipCredentials." + name));
    export const licence = new ucaas.XimaLicense("licence", {
      ccId: { resellerId: "hunt", resellerName: "Hunt", tenantId: "acme", tenantName: "Acme" },
      professionalSeats: ${4 + version}, sipCredentials: { username, password, sipServer, outboundProxy },
    });
    const { customerId } = new ucaas.EnableXCustomer("customer", { customerName: "Acme ${version}", customerCode: "ACME" });
    export const byLogin = new ucaas.EnableXCustomer("byLogin", {
      customerName: "Bakery ${version}", customerCode: "BAKERY", account: "login",
    });
    export const user = new ucaas.EnableXUser("user", {
      customerId, userType: "moderator", firstName: "Ada ${version}", email: "ada@acme.example",
      password: secret("EnableXUser.password"), fields: { api_token: secret("EnableXUser.fields") },
    });
    export const tenant = new ucaas.XelionTenantProvision("tenant", {
      serverUrl: ${server}, tenantName: ${JSON.stringify(xelion.tenantName)},
      tenantLogin: { userName: ${JSON.stringify(xelion.userName)}, password: secret("XelionTenantProvision.tenantLogin.password") },
      configuration: { version: 1, organization: { name: "Acme ${version}" } }, timeout: "20s",
    });
    export const byToken = new ucaas.XelionTenantProvision("byToken", {
      serverUrl: ${server}, tenantName: "bakery", tenantToken: secret("XelionTenantProvision.tenantToken"),
      configuration: { version: 1, organization: { name: "Bakery ${version}", note: secret("XelionTenantProvision.configuration") } },
      timeout: "20s",
    });
    export const byRelay = new ucaas.XelionTenantProvision("byRelay", {
      serverUrl: ${server}, tenantName: "clinic", tenantToken: secret("XelionTenantProvision.tenantToken"), account: "relay",
      configuration: { version: 1, organization: { name: "Clinic ${version}" } }, timeout: "20s",
    });
    export const client = new ucaas.NetsapiensOAuthClient("client", {
      domain: ${JSON.stringify(netsapiens.domain)}, did: ${JSON.stringify(netsapiens.did)},
      clientId: ${JSON.stringify(netsapiens.clientId)}, driver: "existing",
      clientSecret: secret("NetsapiensOAuthClient.clientSecret"), apiPassword: secret("NetsapiensOAuthClient.apiPassword"),
      portal: { username: "admin", password: secret("NetsapiensOAuthClient.portal.password") },
    });`;
  const mark = `hunt-${process.pid}`;
  await using stack = await workspace({
    program: program(1),
    env: { NODE_DEBUG: "ucaas", UCAAS_TRIAL: mark },
    config: {
      "xima:baseUrl": xima.baseUrl,
      "xima:certificate": xima.certificate,
      "xima:privateKey": secret(privateKey),
      "xima:privateKeyPassphrase": secret(passphrase),
      "enablex:baseUrl": enablex.baseUrl,
      "enablex:accessId": enablex.accessId,
      "enablex:accessKey": secret(accessKey),
      "enablex:accounts": secret({
        login: {
          baseUrl: enablex.baseUrl,
          accessId: enablex.accessId,
          email: enablex.email,
          password: planted["enablex:password"],
          consistencySeconds: 2,
        },
      }),
      "enablex:consistencySeconds": 2,
      "enablex:settleSeconds": 2,
      "netsapiens:apiUrl": netsapiens.baseUrl,
      "netsapiens:apiUsername": netsapiens.apiUsername,
      "netsapiens:apiPassword": secret(planted["netsapiens:apiPassword"]),
      "netsapiens:portalPassword": secret(planted["netsapiens:portalPassword"]),
      "xelion:baseUrl": xelion.baseUrl,
      "xelion:apiKey": secret(planted["xelion:apiKey"]),
      "xelion:accounts": secret({
        relay: {
          baseUrl: xelion.baseUrl,
          apiKey: planted["xelion:apiKey"],
          callback: { relayUrl: refusing, relayKey: planted["xelion:callback.relayKey"] },
        },
      }),
      "xelion:orderPath": "/api/v1/orders/{id}",
      "xelion:pollSeconds": 0.2,
      ...Object.fromEntries(
        ofArguments.map(([name, text]) => [name.replaceAll(".", "-"), secret(text)]),
      ),
    },
  });

  const commandLines = new Set<string>();
  const environments = new Set<string>();
  let watch = setInterval(() => lookAtProcesses(mark, commandLines, environments), 50);
  const up = ["up", "--yes", "--skip-preview", "--diff", "--continue-on-error"];
  const look = async (
    name: string,
    args: string[],
    engine = false,
    env: Record<string, string> = {},
  ) => {
    const { output } = await stack.pulumi(args, { env });
    places.push({ name: `output of pulumi ${name}`, engine, leaks: leaksIn(output, secrets()) });
  };
  /**
   * Each server refuses the next writes, and quotes what it was sent: what another resource
   * has may not be known yet when the text is cut.
   */
  const refuse = () => {
    const fault = { kind: "status", status: 400, times: 3 } as const;
    xima.server.fault({
      ...fault,
      bodyMatches: "Seats",
      body: { code: "VALIDATION_ERROR", message: quoting(of("Xima")) },
    });
    const refusal = (...own: string[]) => ({
      ...fault,
      body: { result: 406, msg: quoting(own.slice(0, 1)), desc: quoting(own) },
    });
    for (const method of ["POST", "PATCH"])
      enablex.server.fault({ ...refusal(accessKey, ...of("EnableX")), method, path: "/users" });
    const byLogin = refusal(planted["enablex:password"]);
    enablex.server.fault({ ...byLogin, times: 1, method: "POST", path: "/login" });
    const sent = {
      Acme: [planted["XelionTenantProvision.tenantLogin.password"]],
      Bakery: [
        planted["XelionTenantProvision.tenantToken"],
        planted["XelionTenantProvision.configuration"],
      ],
    };
    for (const [bodyMatches, own] of Object.entries(sent)) {
      const body = quoting([planted["xelion:apiKey"], ...own]);
      xelion.server.fault({ ...fault, method: "POST", path: "/provision$", bodyMatches, body });
    }
    netsapiens.server.fault({
      ...fault,
      body: {
        code: 400,
        message: quoting([
          ...of("Netsapiens"),
          planted["netsapiens:apiPassword"],
          planted["netsapiens:portalPassword"],
        ]),
      },
    });
  };
  const calm = () => {
    for (const { server } of [xima, enablex, netsapiens, xelion, xelion.tenant])
      server.faults.clear();
  };
  const lookWithOurs = async (name: string, ...args: string[]) => {
    const run = await ucaas(args, { cwd: stack.folder, env: { ...stack.env, ...inPipeline } });
    places.push({
      name: `output of ucaas ${name}`,
      engine: false,
      leaks: leaksIn(run.stdout + run.stderr, secrets()),
    });
  };
  const inPipeline = {
    GITLAB_CI: "true",
    GITHUB_ACTIONS: "",
    CI_PROJECT_ID: "7",
    CI_API_V4_URL: `${refusing}/api/v4`,
    GITLAB_TOKEN: planted.GITLAB_TOKEN,
    UCAAS_WEBHOOK_URL: `${refusing}/hooks/${planted.UCAAS_WEBHOOK_URL}`,
  };
  await look("preview --diff", ["preview", "--diff"]);
  refuse();
  await look("up, refused", [...up, "--logtostderr", "-v=3"]);
  calm();
  await look("up", [...up, "--logtostderr", "-v=3"]);
  await stack.writeProgram(program(2));
  refuse();
  await look("up of a change, refused", up);
  calm();
  await look("up --json of a change", ["up", "--yes", "--skip-preview", "--json"]);
  await look("refresh --diff", ["refresh", "--yes", "--diff"]);
  await look("stack export", ["stack", "export"]);
  const { resources = [] } = (await stack.export()).deployment;
  const made = new Set(resources.map(({ urn }) => urn.split("::").at(-1)));
  // The relay refuses the order of byRelay.
  const lacking = ["licence", "customer", "byLogin", "user", "tenant", "byToken", "client"].filter(
    (name) => !made.has(name),
  );
  if (lacking.length > 0) throw new Error(`The life lacks ${lacking.join(", ")}.`);
  await look("stack output --json", ["stack", "output", "--json"]);
  await lookWithOurs(
    "preview",
    "preview",
    "--stack",
    "test",
    "--out",
    "previews/preview-test.json",
  );
  await lookWithOurs("status", "status", "--stack", "test");
  refuse();
  await lookWithOurs("drift, refused", "drift", "--stack", "test", "--out", "drift.json");
  await lookWithOurs("doctor, refused", "doctor", "--stack", "test", "--out", "doctor.json");
  calm();
  await lookWithOurs("drift", "drift", "--stack", "test");
  await lookWithOurs("doctor", "doctor", "--stack", "test");
  await lookWithOurs("notify", "notify", "doctor.json", "drift.json");
  await lookWithOurs("ci comment", "ci", "comment", "--stacks", '["test"]', "--pull-request", "7");

  // The text is on the command line with which it is set.
  clearInterval(watch);
  const journal = `postgres://ucaas:${planted["ucaas:journal"]}@127.0.0.1:9/journal`;
  await stack.setConfig({ "ucaas:journal": secret(journal) });
  watch = setInterval(() => lookAtProcesses(mark, commandLines, environments), 50);
  await look("up, without the journal's database", up);
  await lookWithOurs("doctor, without the journal's database", "doctor", "--stack", "test");
  await stack.removeConfig("ucaas:journal");
  places.push({
    name: "files of project, state, journal and home",
    engine: false,
    leaks: await leaksBelow(dirname(stack.folder), secrets()),
  });

  const grpc = join(debug, "grpc.json");
  const trace = join(debug, "trace");
  await look("preview -v=9 --logflow", ["preview", "--logtostderr", "--logflow", "-v=9"], true);
  await look("preview with PULUMI_DEBUG_GRPC", ["preview"], true, { PULUMI_DEBUG_GRPC: grpc });
  await look("preview --tracing", ["preview", `--tracing=file:${trace}`], true);
  for (const [name, file] of Object.entries({ "the gRPC log": grpc, "the trace": trace })) {
    const text = await readFile(file).catch(() => "");
    places.push({ name, engine: true, leaks: leaksIn(text, secrets()) });
  }
  await look("destroy", ["destroy", "--yes", "--skip-preview"]);
  clearInterval(watch);
  places.push(
    {
      name: "command lines of all processes",
      engine: false,
      leaks: leaksIn([...commandLines].join("\n"), secrets()),
    },
    {
      name: "environments of processes, PULUMI_CONFIG",
      engine: true,
      leaks: leaksIn(only(environments, true), secrets()),
    },
    {
      name: "environments of processes, all else",
      engine: false,
      leaks: leaksIn(only(environments, false), secrets()),
    },
  );

  console.log(
    `${secrets().length} secrets, in each of their spellings; ${commandLines.size} command lines, ${environments.size} variables of processes`,
  );
  for (const { name, engine, leaks } of places) {
    console.log(
      `${leaks.length === 0 ? "✓" : engine ? "!" : "✗"} ${name}: ${leaks.length === 0 ? "none" : `${leaks.length} leaks${engine ? " (the engine's own)" : ""}`}`,
    );
    if (!engine) for (const leak of new Set(leaks)) console.log(`    ${leak.slice(0, 300)}`);
  }
  process.exitCode = places.some(({ engine, leaks }) => !engine && leaks.length > 0) ? 1 : 0;
} finally {
  await sandbox.stop();
  refuser.close();
  await rm(debug, { recursive: true, force: true });
}

function lookAtProcesses(mark: string, commandLines: Set<string>, environments: Set<string>): void {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!environment.includes(`UCAAS_TRIAL=${mark}`)) continue;
      commandLines.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      for (const variable of environment.split("\0"))
        if (!isGiven(variable)) environments.add(variable);
    } catch (error) {
      // It ended while it was looked at, or is another user's.
      if (!["ENOENT", "ESRCH", "EACCES"].includes(String((error as NodeJS.ErrnoException).code)))
        throw error;
    }
  }
}

/** Who runs the pipeline gives these two in the environment. */
function isGiven(variable: string): boolean {
  return /^(UCAAS_WEBHOOK_URL|GITLAB_TOKEN)=/.test(variable);
}

/** The engine hands the decrypted config to the program in variables of its own. */
function only(environments: ReadonlySet<string>, engine: boolean): string {
  return [...environments]
    .filter((variable) => /^PULUMI_(NODEJS_)?CONFIG/.test(variable) === engine)
    .join("\n");
}
