import { UcaasError } from "../runtime/errors.ts";
import { isRecord } from "../runtime/is-record.ts";
import { hashOf } from "../runtime/journal.ts";
import { valueAt } from "../runtime/own-property.ts";
import { readText, UnreadableTextError } from "../runtime/read-text.ts";
import { rememberSecret } from "../runtime/secrets.ts";
import { hasUnknown, isUnknown } from "../runtime/unknown.ts";
import { propertyPath } from "../runtime/validation.ts";
import { type InexactNumber, inexactNumberIn, roundedNumberIn } from "./exact-numbers.ts";
import type { ProvisionInputs } from "./schema.ts";

/** A Configurator configuration as it is sent. */
export interface Configuration {
  /** The argument that it came from, for failures. */
  readonly property: "configuration" | "configurationFile";
  /**
   * What is sent: the text as it was given, or the object as JSON with its keys in the
   * program's order.
   */
  readonly text: string;
  readonly value: Record<string, unknown>;
  /** Of the meaning: the order of keys and white space do not count. */
  readonly hash: string;
}

/** A file larger than this is none. */
const largest = 5 * 1024 * 1024;

/**
 * The configuration that the inputs declare, or undefined while not all of it is known.
 *
 * @throws {UcaasError} `CONFIGURATION_UNREADABLE`
 */
export async function configurationOf(inputs: ProvisionInputs): Promise<Configuration | undefined> {
  const { configuration, configurationFile } = inputs;
  if (configurationFile !== undefined) {
    if (isUnknown(configurationFile)) return undefined;
    return fromText("configurationFile", contentOf(configurationFile), true);
  }
  if (configuration === undefined || hasUnknown(configuration)) return undefined;
  rememberSecrets(configuration, inputs.__secretPaths);
  const mayShow = (inputs.__secretPaths ?? "[]") === "[]";
  if (typeof configuration === "string") {
    const ordered = fromText("configuration", configuration, mayShow);
    // The service may quote one value of a secret text.
    if (!mayShow) rememberLeaves(ordered.value);
    return ordered;
  }
  const rounded = roundedNumberIn(configuration);
  if (rounded) throw inexact("configuration", rounded, false);
  const value = inOrder(configuration, inputs.__keyOrder);
  return { property: "configuration", text: JSON.stringify(value), value, hash: hashOf(value) };
}

function contentOf(file: string): string {
  try {
    return readText(file, { maxBytes: largest, regular: true });
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw unreadable("configurationFile", `${file} ${error.message}`);
  }
}

function fromText(
  property: Configuration["property"],
  given: string,
  mayShow: boolean,
): Configuration {
  const text = given.replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw unreadable(property, "is not JSON");
  }
  if (!isRecord(value)) throw unreadable(property, "must be a JSON object");
  const number = inexactNumberIn(text);
  if (number) throw inexact(property, number, mayShow);
  return { property, text, value, hash: hashOf(value) };
}

function unreadable(property: Configuration["property"], reason: string): UcaasError {
  return new UcaasError(`${property}: ${reason}`, {
    code: "CONFIGURATION_UNREADABLE",
    vendor: "xelion",
    operation: "configuration",
    hint: `correct ${property}: a JSON object, as a file in UTF-8 or as text`,
  });
}

function inexact(
  property: Configuration["property"],
  { path, source }: InexactNumber,
  mayShow: boolean,
): UcaasError {
  return new UcaasError(`${property}: the number at ${propertyPath(path)} cannot be kept exactly`, {
    code: "CONFIGURATION_UNREADABLE",
    vendor: "xelion",
    operation: "configuration",
    hint: `write it as text, in quotes${mayShow ? `: "${source}"` : ""}`,
  });
}

/**
 * The object with its keys in the order that the program gave them. The engine keeps
 * properties sorted by name.
 */
export function inOrder<T>(value: T, keyOrder: string | undefined): T {
  if (keyOrder === undefined) return value;
  const lists = (JSON.parse(keyOrder) as string[][])[Symbol.iterator]();
  const visit = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(visit);
    if (typeof item !== "object" || item === null) return item;
    const source = item as Record<string, unknown>;
    const keys = new Set([...(lists.next().value ?? []), ...Object.keys(source)]);
    return Object.fromEntries(
      [...keys].filter((key) => Object.hasOwn(source, key)).map((key) => [key, visit(source[key])]),
    );
  };
  return visit(value) as T;
}

/**
 * What the program marked as secret arrives here as it is; the service's words about a
 * configuration may quote it.
 */
function rememberSecrets(configuration: unknown, secretPaths: string | undefined): void {
  for (const path of JSON.parse(secretPaths ?? "[]") as (string | number)[][]) {
    rememberLeaves(valueAt(configuration, path));
  }
}

function rememberLeaves(value: unknown): void {
  if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) rememberLeaves(item);
  else if (typeof value === "string" || typeof value === "number") rememberSecret(String(value));
}
