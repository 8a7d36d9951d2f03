import { UcaasError } from "../provider/dynamic/errors.ts";
import { json } from "../provider/dynamic/json.ts";
import { errorOf, pulumi } from "./pulumi.ts";

/** A stack's config, decrypted, by full key. */
export interface StackConfig {
  get(key: string): string | undefined;
  require(key: string): string;
  /** Whether the engine counts the whole key as secret, since something in it is. */
  isSecret(key: string): boolean;
}

/** A stack's state, as `pulumi stack export` prints it. */
export interface StackState {
  readonly resources: readonly State[];
  /** Operations that were begun and whose end is not on record. */
  readonly pending: readonly PendingOperation[];
}

/** A resource as the engine keeps it. */
export interface State {
  readonly urn: string;
  readonly type: string;
  /** False for a component. */
  readonly custom?: boolean;
  readonly id?: string;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly additionalSecretOutputs?: readonly string[];
}

export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, … */
  readonly type: string;
  readonly resource: State;
}

/**
 * The stack that is selected, as the CLI takes its name.
 *
 * @throws {UcaasError} `NO_STACK`, `PULUMI_MISSING`
 */
export async function selectedStack(): Promise<string> {
  const run = await pulumi(["stack", "--show-name"]);
  if (run.exitCode === 0) return run.stdout.trim();
  throw new UcaasError(errorOf(run), { code: "NO_STACK", hint: "name a stack with --stack, or select one with pulumi stack select" });
}

/** @throws {UcaasError} `PULUMI_FAILED`, `PULUMI_MISSING` */
export async function stackConfig(stack: string): Promise<StackConfig> {
  return configIn(await printed("read the stack's config", ["config", "--json", "--show-secrets"], stack));
}

/** @throws {UcaasError} `PULUMI_FAILED` */
export function configIn(text: string): StackConfig {
  const values = answer<Record<string, { value?: string; secret: boolean }>>("read the stack's config", text);
  return {
    get: (key) => values[key]?.value,
    require: (key) => values[key]?.value ?? "",
    isSecret: (key) => values[key]?.secret ?? false,
  };
}

/**
 * What is secret in it is encrypted, unless it is asked for.
 *
 * @throws {UcaasError} `PULUMI_FAILED`, `PULUMI_MISSING`
 */
export async function stackState(stack: string, { showSecrets = false } = {}): Promise<StackState> {
  const operation = "read the stack's state";
  const text = await printed(operation, ["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])], stack);
  const { deployment } = answer<{ deployment: { resources?: State[]; pending_operations?: PendingOperation[] } }>(operation, text);
  return { resources: deployment.resources ?? [], pending: deployment.pending_operations ?? [] };
}

async function printed(operation: string, args: readonly string[], stack: string): Promise<string> {
  const run = await pulumi([...args, "--stack", stack]);
  if (run.exitCode === 0) return run.stdout;
  throw new UcaasError(errorOf(run), { code: "PULUMI_FAILED", operation });
}

function answer<T>(operation: string, text: string): T {
  const value = json(text);
  if (value !== undefined) return value as T;
  throw new UcaasError("pulumi did not answer with JSON", { code: "PULUMI_FAILED", operation });
}
