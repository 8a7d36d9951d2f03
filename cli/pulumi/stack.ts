import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { fromProgram, type Project } from "./project.ts";
import { errorOf, type PulumiRun, pulumi } from "./run.ts";
import { nameInProject } from "./stack-name.ts";

/** A stack's config, decrypted, by full key. */
export interface StackConfig {
  get(key: string): string | undefined;
  require(key: string): string;
  /** Whether the engine counts the whole key as secret, since something in it is. */
  isSecret(key: string): boolean;
  /** All full keys: `xima:baseUrl`. */
  keys(): readonly string[];
}

const configSchema = z.record(
  z.string(),
  z.object({ value: z.string().optional(), secret: z.boolean().optional() }),
);

const bag = z.record(z.string(), z.unknown()).optional();

/** A resource as the engine keeps it. */
export const stateSchema = z.object({
  urn: z.string(),
  type: z.string(),
  /** False for a component. */
  custom: z.boolean().optional(),
  id: z.string().optional(),
  parent: z.string().optional(),
  protect: z.boolean().optional(),
  /** A replacement was cut off: this one is still to be deleted, and the other has its URN. */
  delete: z.boolean().optional(),
  /** The program only reads it. */
  external: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
  inputs: bag,
  outputs: bag,
  additionalSecretOutputs: z.array(z.string()).optional(),
  /** Why its last create or update failed, although it exists. */
  initErrors: z.array(z.string()).nullish(),
  /** A replacement was cut off: this one is deleted, and the other is not created. */
  pendingReplacement: z.boolean().optional(),
  /** The URN of the resource whose provider reports it, together with that one. */
  viewOf: z.string().optional(),
});
export type State = Readonly<z.output<typeof stateSchema>>;

/** `type` is `creating`, `updating`, `deleting`, … */
const pendingSchema = z.object({ type: z.string(), resource: stateSchema });
export type PendingOperation = Readonly<z.output<typeof pendingSchema>>;

const exportSchema = z.object({
  deployment: z.object({
    resources: z.array(stateSchema).nullish(),
    pending_operations: z.array(pendingSchema).nullish(),
  }),
});

/** A stack's state, as `pulumi stack export` prints it. */
export interface StackState {
  readonly resources: readonly State[];
  /** Operations that were begun and whose end is not on record. */
  readonly pending: readonly PendingOperation[];
}

/**
 * The stack that is selected, as the CLI takes its name in the project's folder.
 *
 * @throws {UcaasError} `NO_STACK`, `BACKEND_FAILED`, `PULUMI_FAILED`, `PULUMI_MISSING`
 */
export async function selectedStack(
  project: Pick<Project, "name">,
  signal?: AbortSignal,
): Promise<string> {
  // Else the CLI leaves the organization out, also where it is not the default one.
  const run = await pulumi(["stack", "--show-name", "--fully-qualify-stack-names"], { signal });
  if (run.exitCode === 0) return nameInProject(run.stdout.trim(), project.name);
  throw pulumiError("find the selected stack", run);
}

/**
 * The config, in which a relative folder of the journal is the provider's.
 *
 * @throws {UcaasError} `NO_STACK`, `BACKEND_FAILED`, `PULUMI_FAILED`, `PULUMI_MISSING`
 */
export async function stackConfig(stack: string, signal?: AbortSignal): Promise<StackConfig> {
  const args = ["config", "--json", "--show-secrets"];
  const config = configIn(await printed(`read the config of ${stack}`, args, stack, signal));
  const given = config.get("ucaas:journalDir");
  if (!given) return config;
  const folder = fromProgram(given);
  return { ...config, get: (key) => (key === "ucaas:journalDir" ? folder : config.get(key)) };
}

const readConfig = "read the stack's config";

/** @throws {UcaasError} `PULUMI_FAILED` */
export function configIn(text: string): StackConfig {
  const values = parsed(configSchema, readConfig, text);
  return {
    get: (key) => values[key]?.value,
    require: (key) => values[key]?.value ?? "",
    isSecret: (key) => values[key]?.secret ?? false,
    keys: () => Object.keys(values),
  };
}

/**
 * What is secret in it is encrypted, unless it is asked for.
 *
 * @throws {UcaasError} `NO_STACK`, `BACKEND_FAILED`, `PULUMI_FAILED`, `PULUMI_MISSING`
 */
export async function stackState(
  stack: string,
  { showSecrets = false, signal }: { showSecrets?: boolean; signal?: AbortSignal } = {},
): Promise<StackState> {
  const operation = `read the state of ${stack}`;
  const text = await printed(
    operation,
    ["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])],
    stack,
    signal,
  );
  const { deployment } = parsed(exportSchema, operation, text);
  return { resources: deployment.resources ?? [], pending: deployment.pending_operations ?? [] };
}

async function printed(
  operation: string,
  args: readonly string[],
  stack: string,
  signal?: AbortSignal,
): Promise<string> {
  const run = await pulumi([...args, "--stack", stack], { signal });
  if (run.exitCode === 0) return run.stdout;
  throw pulumiError(operation, run);
}

/**
 * Why a command of the CLI failed. `NO_STACK` is a stack that is not there;
 * `BACKEND_FAILED` a backend that does not answer.
 */
export function pulumiError(
  operation: string,
  run: Pick<PulumiRun, "exitCode" | "stderr">,
): UcaasError {
  const reason = errorOf(run);
  const [, code, hint] = causes.find(([pattern]) => pattern.test(reason)) ?? unknownCause;
  return new UcaasError(reason, { code, operation, hint });
}

const unknownCause = [
  undefined,
  "PULUMI_FAILED",
  steps("Correct what pulumi reports.", "Run the command again."),
] as const;

/**
 * By the words of the CLI: its exit status tells a missing stack from other errors, but
 * not those from each other.
 */
const causes: readonly (readonly [pattern: RegExp, code: ErrorCode, hint: string])[] = [
  [
    /\bno stack (selected|named)\b/i,
    "NO_STACK",
    "name a stack with --stack, or select one: pulumi stack select lists them",
  ],
  [
    /passphrase/i,
    "PASSPHRASE",
    "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to the passphrase of the stack",
  ],
  [
    /PULUMI_ACCESS_TOKEN|not logged in|unauthorized|\b401\b|could not determine current user/i,
    "BACKEND_REFUSED",
    "set PULUMI_ACCESS_TOKEN, or log in with pulumi login",
  ],
  [
    anyOf(
      /unable to open state|unable to (open|check|get) (bucket|the backend)|blob \(|AccessDenied/,
      /performing HTTP request|connection refused|no such host|i\/o timeout|TLS handshake/,
    ),
    "BACKEND_FAILED",
    "check PULUMI_BACKEND_URL, the network and the backend's credentials (pulumi whoami --verbose shows which backend is used)",
  ],
  [
    /failed to load checkpoint: EOF/i,
    "STATE_UNREADABLE",
    steps(
      "Delete the empty .json.attrs file of the stack, below .pulumi/stacks in the backend's folder. The state itself is whole.",
      "Run pulumi cancel, then pulumi up.",
      "Add ?metadata=skip to the backend's URL: no such file is written then (docs/reliability.md).",
    ),
  ],
  [
    /no Pulumi\.yaml project file found/i,
    "NO_PROJECT",
    "run the command in the folder of the Pulumi project",
  ],
  [
    /could not unmarshal|invalid YAML|failed to load project|project file/i,
    "PROJECT_INVALID",
    "correct the file that is named above",
  ],
];

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), "i");
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  operation: string,
  text: string,
): z.output<Schema> {
  const result = schema.safeParse(tryParseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UcaasError(
    `pulumi printed other JSON than expected (${issue?.path.join(".") || "at the top"})`,
    {
      code: "PULUMI_FAILED",
      operation,
      hint: "use the version of the Pulumi CLI that pulumi-ucaas was tested with (docs/cli.md)",
    },
  );
}
