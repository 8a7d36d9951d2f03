import { closestMatches, tryParseJson } from "pulumi-ucaas/schemas";
import { isCustomer, ucaasKeys, vendorConfigs } from "./config.ts";
import { isRecord, type Path } from "./object-path.ts";
import type { ConfigSource } from "./rules.ts";
import type { StackFiles } from "./stack-files.ts";
import type { YamlFile } from "./yaml-file.ts";

/** The keys of each namespace that is read. */
export const knownKeys: ReadonlyMap<string, readonly string[]> = new Map<string, string[]>([
  ["ucaas", Object.keys(ucaasKeys)],
  ...Object.values(vendorConfigs).map(({ namespace, keys }): [string, string[]] => [
    namespace,
    [...Object.keys(keys), "accounts"],
  ]),
]);

/** What the engine takes of a stack's file. It ignores all else. */
const engineKeys = ["config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt"];

/**
 * Keys that nothing reads, in the config and beside it: without this, one that is misspelt
 * or indented otherwise is ignored in silence, and with it what it should protect.
 */
export function keyFaults(files: StackFiles, file: YamlFile): string[] {
  const found: string[] = [];
  for (const key of keysIn(file.value([]))) {
    // By convention, a key `x-…` holds what aliases repeat.
    if (engineKeys.includes(key) || key.startsWith("x-")) continue;
    const [near] = closestMatches(key, engineKeys);
    const remedy = near ? `Did you mean ${near}?` : "Indent it below config.";
    found.push(`${file.place([key], "key")} ${key} is not read here. ${remedy}`);
  }
  found.push(...nestedKeyFaults(file, ["environment"]));
  for (const written of keysIn(file.value(["config"]))) {
    const path = ["config", written];
    const [namespace, key] = files.fullKey(written);
    const among = knownKeys.get(namespace);
    const place = file.place(path, "key");
    if (!among) {
      const value = file.isEncrypted(path) ? undefined : file.value(path);
      found.push(...keyOfOthers(files, written, value).map((line) => `${place} ${line}`));
      found.push(...nestedKeyFaults(file, path));
    } else if (!among.includes(key)) found.push(`${place} ${unknownKey(written, key, among)}`);
    else if (key === "accounts") found.push(...accountFaults(file, path, among));
  }
  return found;
}

function accountFaults(file: YamlFile, path: Path, among: readonly string[]): string[] {
  const written = String(path.at(-1));
  const inAccounts = among.filter((each) => each !== "accounts");
  if (file.isEncrypted(path)) return [];
  const nested = nestedKeyFaults(file, path);
  if (nested.length > 0) return nested;
  return keysIn(file.value(path)).flatMap((account) => {
    const section = file.value([...path, account]);
    if (!isRecord(section))
      return `${file.place([...path, account], "key")} ${written}.${account}: expected a map of the account's keys`;
    return keysIn(section)
      .filter((each) => !inAccounts.includes(each))
      .map((each) => {
        const fault = unknownKey(`${written}.${account}.${each}`, each, inAccounts);
        return `${file.place([...path, account, each], "key")} ${fault}`;
      });
  });
}

/** A key with its namespace, such as `ucaas:limits`, at any level below another key. */
function nestedKeyFaults(file: YamlFile, path: Path): string[] {
  return keysIn(file.value(path)).flatMap((key) => {
    const [namespace = "", name = ""] = key.split(":");
    const inner = [...path, key];
    // The engine reads what an environment has there.
    if (inner.join(".") === "environment.values.pulumiConfig") return [];
    if (!knownKeys.get(namespace)?.includes(name)) return nestedKeyFaults(file, inner);
    const isInAccount = path.length > 2 && path[1] === `${namespace}:accounts`;
    const remedy = isInAccount ? `Write ${name}.` : "Indent it as other keys of config.";
    return `${file.place(inner, "key")} ${key} is not read below ${String(path.at(-1))}. ${remedy}`;
  });
}

function keysIn(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

function unknownKey(written: string, key: string, among: readonly string[]): string {
  const near = closestMatches(key, among)[0];
  return `${written} is not a key of the config. ${near ? `Did you mean ${near}?` : `Known: ${among.join(", ")}.`}`;
}

/**
 * A key of another namespace is none of ours, unless it looks like one: below the
 * project's own namespace, which is where `pulumi config set production` puts it, or below
 * one that is nearly ours.
 */
function keyOfOthers(files: StackFiles, written: string, value?: unknown): string[] {
  const [namespace, name] = files.fullKey(written);
  // The engine still reads the form of its first releases.
  const key = name.replace(/^config:/, "");
  const said = written.includes(":") ? written : `${written} (${namespace}:${written})`;
  if (namespace === files.project) {
    const remedy = remedyOfOwn(key, value);
    return remedy === undefined ? [] : [`${said} is not read. ${remedy}`];
  }
  const [meant] = closestMatches(namespace, knownKeys.keys());
  if (meant === undefined || !knownKeys.get(meant)?.includes(key)) return [];
  return [`${said} is not read. Write ${meant}:${key}.`];
}

/** What to do with a key of the project's own namespace; undefined where it is none of ours. */
function remedyOfOwn(key: string, value: unknown): string | undefined {
  if (knownKeys.get("ucaas")?.includes(key)) return `Write ucaas:${key}.`;
  if (knownKeys.has(key) && isRecord(value)) {
    const defaults = key === "ucaas" ? "" : ", or what customers have alike below ucaas:defaults";
    return `Write its keys as ${key}:<key>${defaults}.`;
  }
  const [, namespace = "", name = ""] = /^([a-z]+)[^a-z]([a-zA-Z]+)$/.exec(key) ?? [];
  if (knownKeys.get(namespace)?.includes(name)) return `Write ${namespace}:${name}.`;
  return isCustomer(value) ? "Indent a customer below ucaas:customers." : undefined;
}

/** The same for what the file does not show, such as the config of an environment. */
export function hiddenKeyFaults(files: StackFiles, source: ConfigSource): string[] {
  if (knownKeys.has(files.project)) return [];
  const shown = new Set(
    keysIn(files.file?.value(["config"])).map((written) =>
      files.fullKey(written).join(":").replace(":config:", ":"),
    ),
  );
  return [...Object.keys(ucaasKeys), ...knownKeys.keys()]
    .map((key) => `${files.project}:${key}`)
    .filter((key) => !shown.has(key))
    .flatMap((key) => {
      const value = source.get(key);
      const lines = value === undefined ? [] : keyOfOthers(files, key, tryParseJson(value));
      return lines.map((line) => `the stack's config ${line}`);
    });
}
