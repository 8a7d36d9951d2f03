import * as pulumi from "@pulumi/pulumi";
import { valueAt } from "./own-property.ts";

/**
 * The environment alone does not tell: an inline program of the Automation API has its
 * config elsewhere. The SDK declares no type for it.
 */
const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };

const warned = new Set<string>();

/**
 * The provider process gets config with the secrets unwrapped, so only the program can
 * tell that one is in plain text.
 */
export function warnOfPlainSecret(key: string, mayBePath: boolean): void {
  if (warned.has(key)) return;
  warned.add(key);
  const [namespace, path] = key.split(":") as [string, string];
  const [name, ...rest] = path.split(".") as [string, ...string[]];
  const config = new pulumi.Config(namespace);
  const isPlain = (fullKey: string) => !runtime.isConfigSecret(fullKey);
  const isSecret = (value: unknown) =>
    value !== undefined && (!mayBePath || String(value).includes("-----BEGIN"));
  const warn = (fullKey: string, command: string) =>
    void pulumi.log.warn(
      `${fullKey} is a secret but is in plain text in the stack's config. Run: pulumi config set ${command} ${fullKey}`,
    );
  const value = rest.length > 0 ? valueAt(structured(config.get(name)), rest) : config.get(name);
  if (isSecret(value) && isPlain(`${namespace}:${name}`))
    warn(key, rest.length > 0 ? "--secret --path" : "--secret");
  if (!isPlain(`${namespace}:accounts`)) return;
  for (const [account, section] of Object.entries(structured(config.get("accounts")) ?? {})) {
    if (isSecret(valueAt(section, [name, ...rest])))
      warn(`${namespace}:accounts.${account}.${path}`, "--secret --path");
  }
}

/**
 * A value that is no object is reported by the provider's check, with the command that
 * fixes it.
 */
function structured(text: string | undefined): object | undefined {
  try {
    return Object(JSON.parse(text ?? "{}"));
  } catch {
    return undefined;
  }
}
