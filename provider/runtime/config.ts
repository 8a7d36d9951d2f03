import type { dynamic } from "@pulumi/pulumi";
import { z } from "zod";
import type { ErrorCode } from "./errors.ts";
import { steps, UcaasError } from "./errors.ts";
import { tryParseJson } from "./parse-json.ts";
import { readText, UnreadableTextError } from "./read-text.ts";
import { rememberSecret } from "./secrets.ts";

/** One key of a vendor's config. */
export interface ConfigKey<T extends z.ZodType = z.ZodType> {
  /**
   * What a value must be. Config arrives as text: use `z.coerce` for numbers,
   * `z.stringbool` for booleans. Optional or default as zod says it.
   */
  readonly value: T;
  /**
   * A secret is remembered for masking, asked for with `--secret`, and warned about when
   * it is in plain text.
   */
  readonly secret?: boolean;
  /** What it is, for the error that asks for it. */
  readonly about: string;
}

/** A vendor's config: the namespace in the stack file and its keys. */
export interface ConfigDefinition<K extends Record<string, ConfigKey> = Record<string, ConfigKey>> {
  readonly namespace: string;
  readonly keys: K;
}

/** The parsed config of one account. */
export type ConfigOf<D> =
  D extends ConfigDefinition<infer K> ? { [N in keyof K]: z.output<K[N]["value"]> } : never;

/**
 * The environment variable that replaces a key: `xima:baseUrl` is `XIMA_BASE_URL`;
 * `XIMA_BASE_URL_FILE` names a file that holds the value.
 */
export function environmentVariable(namespace: string, key: string): string {
  return `${namespace}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase();
}

/** The variable that names a file with the key's value. */
export function environmentFileVariable(namespace: string, key: string): string {
  return `${environmentVariable(namespace, key)}_FILE`;
}

/**
 * Reads and validates a vendor's config, when it is first needed.
 *
 * Without `account` each key is looked for as `<namespace>:<key>` in the stack's config,
 * then in the environment ({@link environmentVariable}). With `account` only the section
 * `<namespace>:accounts.<account>` counts: it stands alone, so that no customer is ever
 * provisioned with the credentials of another account by oversight.
 *
 * @throws {UcaasError} `CONFIG_MISSING`, `CONFIG_INVALID`, `CONFIG_UNKNOWN_ACCOUNT`; each
 *   names the command that fixes it.
 */
export function readConfig<D extends ConfigDefinition>(
  definition: D,
  source: Pick<dynamic.Config, "get">,
  account?: string,
  environment: NodeJS.ProcessEnv = process.env,
): ConfigOf<D> {
  const { namespace, keys } = definition;
  const section = account === undefined ? undefined : accountSection(definition, source, account);
  const faults: { code: ErrorCode; text: string; command: string }[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(keys)) {
    const raw = section
      ? scalarText(section[name])
      : parsed(
          source.get(`${namespace}:${name}`) ?? fromEnvironment(namespace, name, environment),
          key,
        );
    if (key.secret) rememberSecret(raw);
    const result = key.value.safeParse(raw, { reportInput: false });
    if (result.success) {
      values[name] = result.data;
      continue;
    }
    const what = `${configKey(namespace, name, account)} (${key.about})`;
    const command = setCommand(definition, name, account);
    if (raw === undefined)
      faults.push({ code: "CONFIG_MISSING", text: `${what} is not set`, command });
    else {
      const reasons = result.error.issues.map(({ path, message }) => [...path, message].join(": "));
      const text = `${what} is not valid: ${reasons.join("; ")}`;
      faults.push({ code: "CONFIG_INVALID", text, command });
    }
  }
  if (faults.length > 0) {
    const first = faults.find((fault) => fault.code === "CONFIG_MISSING") ?? faults[0];
    throw new UcaasError(faults.map((fault) => fault.text).join("\n  "), {
      code: first?.code ?? "CONFIG_INVALID",
      vendor: namespace,
      operation: "config",
      hint: steps(...faults.map(({ command }) => command)),
    });
  }
  return values as ConfigOf<D>;
}

/** The section of one account. */
function accountSection(
  definition: ConfigDefinition,
  source: Pick<dynamic.Config, "get">,
  account: string,
): Record<string, unknown> {
  const { namespace } = definition;
  const accounts = sections(namespace, source);
  const section = Object.hasOwn(accounts, account) ? accounts[account] : undefined;
  if (section) return section;
  const names = Object.keys(accounts);
  throw new UcaasError(
    `there is no account ${JSON.stringify(account)}; ${names.length ? `known: ${names.join(", ")}` : "no accounts are declared"}`,
    {
      code: "CONFIG_UNKNOWN_ACCOUNT",
      vendor: namespace,
      operation: "config",
      hint: setCommand(definition, "<key>", account),
    },
  );
}

/** The accounts that have a section of their own in a config. */
export function accountNames(
  { namespace }: ConfigDefinition,
  source: Pick<dynamic.Config, "get">,
): string[] {
  return Object.keys(sections(namespace, source));
}

const sectionsSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

function sections(
  namespace: string,
  source: Pick<dynamic.Config, "get">,
): Record<string, Record<string, unknown>> {
  const raw = source.get(`${namespace}:accounts`);
  if (raw === undefined) return {};
  const result = sectionsSchema.safeParse(tryParseJson(raw));
  if (result.success) return result.data;
  throw new UcaasError(`${namespace}:accounts must be a map of sections, one an account`, {
    code: "CONFIG_INVALID",
    vendor: namespace,
    operation: "config",
    hint: `pulumi config set --path ${namespace}:accounts.<name>.<key> <value>`,
  });
}

/** Elsewhere config arrives as text, whatever YAML made of it; so it does from a section. */
function scalarText(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

/**
 * Structured config arrives as JSON text, from the stack as from the environment; a key
 * whose schema is an object or an array wants it parsed.
 */
function parsed(raw: string | undefined, key: ConfigKey): unknown {
  if (raw === undefined) return undefined;
  return /^\s*[{[]/.test(raw) && !key.value.safeParse(raw).success
    ? (tryParseJson(raw) ?? raw)
    : raw;
}

function fromEnvironment(
  namespace: string,
  name: string,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const variable = environmentVariable(namespace, name);
  // A pipeline leaves a variable empty when the secret that it should hold does not exist.
  if (environment[variable]) return environment[variable];
  const fileVariable = environmentFileVariable(namespace, name);
  const file = environment[fileVariable];
  if (!file) return undefined;
  try {
    return readText(file).replace(/\r?\n$/, "");
  } catch (cause) {
    if (!(cause instanceof UnreadableTextError)) throw cause;
    throw new UcaasError(`the file that ${fileVariable} names ${cause.message}`, {
      code: "CONFIG_INVALID",
      vendor: namespace,
      operation: "config",
      hint: `check the path and its permissions, or unset ${fileVariable}`,
    });
  }
}

/** A key as a command or an error names it: `xima:baseUrl`, `xima:accounts.north.baseUrl`. */
export function configKey(namespace: string, name: string, account: string | undefined): string {
  if (account === undefined) return `${namespace}:${name}`;
  const simple = /^[\w-]+$/.test(account);
  return simple
    ? `${namespace}:accounts.${account}.${name}`
    : `'${namespace}:accounts[${JSON.stringify(account)}].${name}'`;
}

/**
 * The command that sets a key; without an account, also the environment variable that can
 * replace it.
 */
export function setCommand(
  { namespace, keys }: ConfigDefinition,
  name: string,
  account: string | undefined,
): string {
  const secret = keys[name]?.secret;
  const flags = [account !== undefined && "--path", secret && "--secret"];
  // A secret's value is asked for by the CLI: on a command line it would stay in the
  // shell's history.
  const command = [
    "pulumi config set",
    ...flags,
    configKey(namespace, name, account),
    !secret && "<value>",
  ]
    .filter(Boolean)
    .join(" ");
  return account === undefined
    ? `${command} (or set ${environmentVariable(namespace, name)})`
    : command;
}
