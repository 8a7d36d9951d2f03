/**
 * `npm run hunt-secrets`: plants a canary in each secret of config and arguments. It runs
 * the CLI through errors that quote them, and searches for every spelling of every
 * canary. It searches all outputs, all files, and the command lines and environments of
 * all processes.
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
import { secret, workspace } from "../../test/engine/workspace.ts";
import { canary, leaksBelow, leaksIn } from "./leaks.ts";

/** Where canaries were looked for. `engine` are the places that are the engine's own. */
interface SecretLocation {
  readonly name: string;
  readonly engine: boolean;
  readonly leaks: readonly string[];
}

/** A canary that a header and a URL's user can carry. */
const plain = (name: string) => `Canary-${name}-0123456789-abcdefghij`;

const sandbox = await startSandbox();
const debug = await mkdtemp(join(tmpdir(), "ucaas-hunt-"));
const places: SecretLocation[] = [];
try {
  const { xima, enablex, netsapiens, xelion } = sandbox;
  const passphrase = canary("passphrase of the key");
  const sip = ["username", "password", "sipServer", "outboundProxy"].map((name) =>
    canary(`sip ${name}`),
  );
  const [accessKey, apiKey, tenantPassword, clientSecret, apiPassword, userPassword] = [
    plain("accessKey"),
    plain("apiKey"),
    canary("tenantPassword"),
    plain("clientSecret"),
    canary("apiPassword"),
    canary("userPassword"),
  ];
  for (const account of enablex.server.state.accounts) account.accessKey = accessKey;
  for (const organization of Object.values(xelion.server.state.organizations).slice(0, 1))
    organization.apiKey = apiKey;
  xelion.server.setOptions({ orderRoute: true });
  xelion.tenant.server.state.tenants[xelion.tenantName] = {
    [xelion.userName]: { password: tenantPassword },
  };
  const user = netsapiens.server.state.users[netsapiens.apiUsername];
  if (user) user.password = apiPassword;
  for (const client of Object.values(netsapiens.server.state.clients))
    client.clientSecret = clientSecret;
  const privateKey = createPrivateKey(xima.privateKey)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    .toString();
  const lines = [xima.privateKey, privateKey].flatMap((pem) => pem.split("\n").slice(1, -2));
  const given = [
    passphrase,
    ...sip,
    accessKey,
    apiKey,
    tenantPassword,
    clientSecret,
    apiPassword,
    userPassword,
    ...lines,
  ];
  const tokens = () => [
    ...Object.keys(enablex.server.state.sessions),
    ...Object.keys(netsapiens.server.state.tokens),
  ];
  const secrets = () => [
    ...given,
    ...tokens(),
    ...Object.keys(xelion.tenant.server.state.sessions),
  ];

  const program = (version: number) => `
    import * as pulumi from "@pulumi/pulumi";
    import * as ucaas from "pulumi-ucaas";
    const config = new pulumi.Config();
    const [username, password, sipServer, outboundProxy] = [0, 1, 2, 3].map((index) => config.requireSecret("sip" + index));
    export const licence = new ucaas.XimaLicense("licence", {
      ccId: { resellerId: "hunt", resellerName: "Hunt", tenantId: "acme", tenantName: "Acme" },
      professionalSeats: ${4 + version}, sipCredentials: { username, password, sipServer, outboundProxy },
    });
    const { customerId } = new ucaas.EnableXCustomer("customer", { customerName: "Acme ${version}", customerCode: "ACME" });
    export const user = new ucaas.EnableXUser("user", {
      customerId, userType: "moderator", firstName: "Ada ${version}", email: "ada@acme.example",
      fields: { password: config.requireSecret("userPassword") },
    });
    export const tenant = new ucaas.XelionTenantProvision("tenant", {
      serverUrl: ${JSON.stringify(xelion.tenant.server.url)}, tenantName: ${JSON.stringify(xelion.tenantName)},
      tenantLogin: { userName: ${JSON.stringify(xelion.userName)}, password: config.requireSecret("tenantPassword") },
      configuration: { version: 1, organization: { name: "Acme ${version}" } }, timeout: "20s",
    });
    export const client = new ucaas.NetsapiensOAuthClient("client", {
      domain: ${JSON.stringify(netsapiens.domain)}, did: ${JSON.stringify(netsapiens.did)},
      clientId: ${JSON.stringify(netsapiens.clientId)}, clientSecret: config.requireSecret("clientSecret"), driver: "existing",
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
      "enablex:consistencySeconds": 2,
      "enablex:settleSeconds": 2,
      "netsapiens:apiUrl": netsapiens.baseUrl,
      "netsapiens:apiUsername": netsapiens.apiUsername,
      "netsapiens:apiPassword": secret(apiPassword),
      "xelion:baseUrl": xelion.baseUrl,
      "xelion:apiKey": secret(apiKey),
      "xelion:orderPath": "/api/v1/orders/{id}",
      "xelion:pollSeconds": 0.2,
      ...Object.fromEntries(sip.map((value, index) => [`sip${index}`, secret(value)])),
      userPassword: secret(userPassword),
      tenantPassword: secret(tenantPassword),
      clientSecret: secret(clientSecret),
    },
  });

  const commandLines = new Set<string>();
  const environments = new Set<string>();
  const watch = setInterval(() => lookAtProcesses(mark, commandLines, environments), 50);
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
   * What a server says that quotes what it was sent or knows, at such a length that it is
   * cut somewhere.
   */
  const quoting = (own: readonly string[]) =>
    Array.from(
      { length: 40 },
      (_, at) =>
        `${"x".repeat(at)}refused: ${own.join(" and ")} ${JSON.stringify(own)} ${encodeURIComponent(own.join())}`,
    ).join(" ");
  /** Each server refuses the next writes. */
  const refuse = () => {
    const fault = { kind: "status", status: 400, times: 3 } as const;
    xima.server.fault({
      ...fault,
      bodyMatches: "Seats",
      body: { code: "VALIDATION_ERROR", message: quoting(sip) },
    });
    const refusal = {
      result: 406,
      msg: quoting([accessKey]),
      desc: quoting([accessKey, userPassword]),
    };
    enablex.server.fault({ ...fault, method: "POST", path: "/users", body: refusal });
    enablex.server.fault({ ...fault, method: "PATCH", path: "/users", body: refusal });
    xelion.server.fault({
      ...fault,
      method: "POST",
      path: "/provision$",
      body: quoting([apiKey, tenantPassword]),
    });
    netsapiens.server.fault({
      ...fault,
      body: { code: 400, message: quoting([clientSecret, apiPassword]) },
    });
  };
  const calm = () => {
    for (const { server } of [xima, enablex, netsapiens, xelion, xelion.tenant])
      server.faults.clear();
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
  await look("stack output --json", ["stack", "output", "--json"]);
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

  console.log(`${secrets().length} secrets, in each of their spellings`);
  for (const { name, engine, leaks } of places) {
    console.log(
      `${leaks.length === 0 ? "✓" : engine ? "!" : "✗"} ${name}: ${leaks.length === 0 ? "none" : `${leaks.length} leaks${engine ? " (the engine's own)" : ""}`}`,
    );
    if (!engine) for (const leak of new Set(leaks)) console.log(`    ${leak.slice(0, 300)}`);
  }
  process.exitCode = places.some(({ engine, leaks }) => !engine && leaks.length > 0) ? 1 : 0;
} finally {
  await sandbox.stop();
  await rm(debug, { recursive: true, force: true });
}

function lookAtProcesses(mark: string, commandLines: Set<string>, environments: Set<string>): void {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!environment.includes(`UCAAS_TRIAL=${mark}`)) continue;
      commandLines.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      for (const variable of environment.split("\0")) environments.add(variable);
    } catch {
      // It ended while it was looked at.
    }
  }
}

/** The engine hands the decrypted config to the program in variables of its own. */
function only(environments: ReadonlySet<string>, engine: boolean): string {
  return [...environments]
    .filter((variable) => /^PULUMI_(NODEJS_)?CONFIG/.test(variable) === engine)
    .join("\n");
}
