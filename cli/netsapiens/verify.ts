import { createInterface } from "node:readline";
import { NetsapiensClient } from "pulumi-ucaas/internal/netsapiens/client";
import { netsapiensConfig } from "pulumi-ucaas/internal/netsapiens/config";
import type { IntegrationBundle } from "pulumi-ucaas/internal/netsapiens/integration-bundle";
import { originOf } from "pulumi-ucaas/internal/netsapiens/resource-id";
import { oauthClientSchema } from "pulumi-ucaas/internal/netsapiens/schema";
import type { Scope } from "pulumi-ucaas/internal/netsapiens/scopes";
import {
  chosenSteps,
  type Step,
  type StepResult,
  steps,
  type Verify,
} from "pulumi-ucaas/internal/netsapiens/steps";
import { type Verification, verify } from "pulumi-ucaas/internal/netsapiens/verify";
import { type ConfigOf, readConfig } from "pulumi-ucaas/internal/runtime/config";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { oneOf, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
import { askSecret } from "../ask-secret.ts";
import type { Tone } from "../colour.ts";
import { print } from "../output.ts";
import { inProgramFolder } from "../pulumi/project.ts";
import { type State, stackConfig, stackState } from "../pulumi/stack.ts";
import { redact } from "../redact.ts";
import { renderTable } from "../table.ts";

/** The options of `ucaas netsapiens verify`. */
export interface VerifyOptions {
  readonly stack?: string;
  readonly account?: string;
  readonly clientId?: string;
  readonly apiUrl?: string;
  readonly domain?: string;
  readonly apiUsername?: string;
  readonly did?: string;
  readonly didDestination?: string;
  readonly minimumScope?: Scope;
  readonly steps?: readonly Step[];
  readonly stdin?: true;
  readonly json?: true;
}

type Config = ConfigOf<typeof netsapiensConfig>;

/** What is verified: what Xima was given, or is about to be given. */
interface Target {
  readonly bundle: Omit<IntegrationBundle, "sip_proxy_server_host" | "sip_proxy_server_port">;
  readonly minimumScope: Scope;
  readonly didDestination?: string;
  readonly homeCountry: string;
}

/**
 * Verifies what the options name, and prints how it came out. Gives whether every step
 * that was asked for passed.
 */
export async function verifyClients(options: VerifyOptions): Promise<boolean> {
  refuseInvalid(options);
  refuseUnused(options);
  const config = await configOf(options);
  const inState = options.stack !== undefined && options.clientId === undefined;
  const targets = inState
    ? await targetsOf(options.stack!, options, config)
    : [await targetOf(options, config)];
  const clients = new Map<string, NetsapiensClient>();
  const reports = [];
  for (const target of targets) {
    const origin = originOf(target.bundle.api_url);
    const client = clients.get(origin) ?? new NetsapiensClient(origin, config);
    clients.set(origin, client);
    reports.push(
      reportOf(
        target,
        await verifyTarget(client, target, options.steps),
        chosenSteps(options.steps),
      ),
    );
  }
  if (options.json) print(redact(JSON.stringify(reports, undefined, 2)));
  else for (const report of reports) print(redact(inWords(report)));
  return reports.every(({ passed }) => passed);
}

/** With a stack, as its provider reads it. Else the environment is this command's own. */
async function configOf({ stack, account }: VerifyOptions): Promise<Config> {
  if (stack === undefined) return readConfig(netsapiensConfig, { get: () => undefined }, account);
  const source = await stackConfig(stack);
  return inProgramFolder(() => readConfig(netsapiensConfig, source, account));
}

/** The rules are the resource's own. */
function refuseInvalid({ apiUrl, did }: VerifyOptions): void {
  const { error } = oauthClientSchema.pick({ apiUrl: true, did: true }).safeParse({ apiUrl, did });
  const issue = error?.issues[0];
  if (!issue) return;
  const option = issue.path[0] === "did" ? "--did" : "--api-url";
  throw fault(
    "INVALID_ARGUMENT",
    `${option} ${issue.message}`,
    "see npx ucaas netsapiens verify --help",
  );
}

/** A state names domain, server and login of each of its clients: these would choose nothing. */
function refuseUnused(options: VerifyOptions): void {
  if (options.stack === undefined || options.clientId !== undefined) return;
  const ofOneClient = {
    "--domain": options.domain,
    "--api-url": options.apiUrl,
    "--api-username": options.apiUsername,
    "--stdin": options.stdin,
  };
  const given = Object.entries(ofOneClient).flatMap(([option, value]) => (value ? [option] : []));
  if (given.length > 0)
    throw fault(
      "INVALID_ARGUMENT",
      `${given.join(", ")} without --client-id would be passed over`,
      "name the client with --client-id, or verify all clients of the stack with --stack alone",
    );
}

/** Runs the chosen steps against one client; default all. */
export function verifyTarget(
  client: NetsapiensClient,
  { bundle, minimumScope, didDestination, homeCountry }: Target,
  chosen: Verify = "all",
): Promise<Verification> {
  const {
    api_client_id: clientId,
    api_client_secret: clientSecret = "",
    api_username: username,
    api_password: password,
    domain,
    did,
  } = bundle;
  return verify(
    client,
    {
      clientId,
      clientSecret,
      username,
      password,
      domain,
      did,
      didDestination,
      homeCountry,
      minimumScope,
    },
    chosen,
  );
}

interface Report extends Verification {
  readonly id: string;
  readonly passed: boolean;
}

function reportOf(
  { bundle }: Target,
  { results, apiVersion }: Verification,
  asked: readonly Step[],
): Report {
  const passed = results.every(({ step, status }) => status === "passed" || !asked.includes(step));
  return {
    id: `${new URL(originOf(bundle.api_url)).host}/${bundle.api_client_id}`,
    passed,
    apiVersion,
    results,
  };
}

const tones: Record<StepResult["status"], Tone> = {
  passed: "good",
  failed: "bad",
  skipped: "faint",
};

function inWords({ id, passed, results }: Report): string {
  const rows = results.map((result) => [
    result.step,
    { text: result.status, tone: tones[result.status] },
    explained(result),
  ]);
  const table = renderTable(["Step", "Status", "Evidence and what to do"], rows);
  const verdict = passed ? "All steps that were asked for passed." : "Not all steps passed.";
  const onlyDidSkipped =
    !passed &&
    results.at(-1)?.status === "skipped" &&
    results.slice(0, -1).every(({ status }) => status !== "failed");
  const hint = onlyDidSkipped
    ? ` The last one wants --did <number>; to leave it out: --steps ${steps.slice(0, -1).join(",")}`
    : "";
  return `${id}\n${table}\n${verdict}${hint}`;
}

function explained({ evidence, code, remedy }: StepResult): string {
  return [`${evidence}${code ? ` [${code}]` : ""}`, remedy].filter(Boolean).join("\n");
}

/** The client that the options name. */
async function targetOf(options: VerifyOptions, config: Config): Promise<Target> {
  const {
    clientId,
    domain,
    apiUrl = config.apiUrl,
    apiUsername = config.apiUsername,
    did,
  } = options;
  const missing = [
    clientId === undefined && "--client-id",
    domain === undefined && "--domain",
    apiUrl === undefined && "--api-url",
    apiUsername === undefined && "--api-username",
  ].filter((name) => name !== false);
  if (
    clientId === undefined ||
    domain === undefined ||
    apiUrl === undefined ||
    apiUsername === undefined
  ) {
    throw fault(
      "CONFIG_MISSING",
      `what to verify is not known: ${missing.join(", ")} missing`,
      "see npx ucaas netsapiens verify --help",
    );
  }
  const { clientSecret } = readConfig(clientSecretConfig, { get: () => undefined });
  const lines = options.stdin ? await linesOfStdin() : [];
  const secret =
    clientSecret ??
    (await missingSecret(`Secret of the client ${clientId}`, "NETSAPIENS_CLIENT_SECRET", lines));
  const password =
    config.apiPassword ??
    (await missingSecret(`Password of ${apiUsername}`, "NETSAPIENS_API_PASSWORD", lines));
  return {
    bundle: {
      domain,
      api_url: apiUrl,
      api_client_id: clientId,
      api_client_secret: secret,
      api_username: apiUsername,
      api_password: password,
      did,
    },
    minimumScope: options.minimumScope ?? "Office Manager",
    didDestination: options.didDestination,
    homeCountry: config.homeCountry,
  };
}

/** It has no key in a stack's config, where a client's secret belongs to its resource. */
const clientSecretConfig = {
  namespace: "netsapiens",
  keys: {
    clientSecret: {
      value: netsapiensConfig.keys.apiPassword.value,
      secret: true,
      about: "secret of the client",
    },
  },
};

async function missingSecret(question: string, variable: string, lines: string[]): Promise<string> {
  const hint = oneOf(
    `set ${variable}`,
    `set ${variable}_FILE to a file that holds it`,
    "use --stdin",
  );
  const secret = lines.shift() || (await askSecret(question, hint));
  rememberSecret(secret);
  return secret;
}

async function linesOfStdin(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) lines.push(line);
  return lines;
}

/** All clients in the state of a stack. */
async function targetsOf(stack: string, options: VerifyOptions, config: Config): Promise<Target[]> {
  const { resources } = await stackState(stack, { showSecrets: true });
  const targets = targetsIn(
    resources.filter(
      ({ type, inputs }) =>
        type.endsWith(":NetsapiensOAuthClient") &&
        (options.account === undefined || inputs?.account === options.account),
    ),
    config,
    options,
  );
  if (targets.length > 0) return targets;
  throw fault(
    "NO_CLIENT",
    `the stack ${stack} has no NetsapiensOAuthClient in its state`,
    "run `pulumi up` first, or name a client with --client-id",
  );
}

/** What clients in a state were handed out with; the state must show its secrets. */
export function targetsIn(
  clients: readonly State[],
  { homeCountry }: Pick<Config, "homeCountry">,
  { minimumScope, did, didDestination }: VerifyOptions = {},
): Target[] {
  return clients.flatMap(({ inputs, outputs }) => {
    const { plaintext } = (outputs?.bundle ?? {}) as { plaintext?: string };
    const bundle = tryParseJson(plaintext ?? "") as IntegrationBundle | undefined;
    if (!bundle) return [];
    for (const secret of [bundle.api_client_secret, bundle.api_password]) rememberSecret(secret);
    const declared = inputs?.minimumScope as Scope | undefined;
    return [
      {
        bundle: { ...bundle, did: did ?? bundle.did },
        minimumScope: minimumScope ?? declared ?? "Office Manager",
        didDestination: didDestination ?? (inputs?.didDestination as string | undefined),
        homeCountry,
      },
    ];
  });
}

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, vendor: "netsapiens", operation: "verify", hint });
}
