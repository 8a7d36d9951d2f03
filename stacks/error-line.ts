import { closestMatches, propertiesAt, propertyPath, wantsScalar } from "pulumi-ucaas/schemas";
import type { z } from "zod";
import { type Path, valueAt } from "./object-path.ts";
import { isUnfilled } from "./placeholder.ts";
import { isSecretByName, isSecretPath } from "./secrets.ts";
import type { Declaration } from "./stack-files.ts";
import type { YamlFile } from "./yaml-file.ts";
import type { YamlFault } from "./yaml-tree.ts";

/** What a fault shows of a file goes to a terminal, a log and a pull request's comment. */
const maxShown = 80;

/** What is shown for a value that is secret, or may be. */
const mask = "[secret]";

/**
 * `place label.path = value: reason`. The value is shown where the schema wants text, a
 * number or a boolean that is no secret: where it wants a map, the value may be a whole
 * map in one text, with its password.
 */
export function faultLine(
  schema: z.ZodType,
  declaration: Declaration,
  path: Path,
  reason: string,
): string {
  const isUnknownKey = reason.startsWith("is not a property");
  const { label, place } = declaration.locate(path, isUnknownKey ? "key" : "value");
  if (isUnknownKey && !mayShowKey(schema, path, valueAt(declaration.value, path) === null)) {
    const section = path.slice(0, -1);
    const fault = "a key here is none of its properties; it is not shown, since it may be a secret";
    const known = propertiesAt(schema, section).join(", ");
    return `${place} ${labelled(label, section)}: ${fault}. Known: ${known}.`;
  }
  const value = valueAt(declaration.value, path);
  const isShown =
    value !== undefined && !isUnknownKey && (typeof value !== "object" || value === null);
  // What is still to be filled in is no value yet.
  const isPlaceholder = isUnfilled(value);
  const isHidden = !isPlaceholder && (declaration.isSecret(path) || isSecretPath(path));
  const shown =
    isShown && (isHidden || isPlaceholder || (value !== null && wantsScalar(schema, path)))
      ? ` = ${isHidden ? mask : shownValue(value)}`
      : "";
  const separator = reason.startsWith("is ") && shown === "" ? "" : ":";
  return `${place} ${labelled(label, path)}${shown}${separator} ${reason}`;
}

/**
 * `place label.path reason`, of what cannot be taken as it is in a file. The text
 * that the fault quotes is shown unless it may be a secret; `path` is the one below the
 * customer.
 */
export function yamlFaultLine(
  schema: z.ZodType,
  file: YamlFile,
  { offset, reason, quotes }: YamlFault,
  label: string,
  path: Path,
): string {
  const isSecret = isSecretPath(path) || isSecretByName([label]);
  const isHidden =
    quotes !== undefined &&
    (isSecret || !mayShowKey(schema, path.length > 0 ? path : [label.replace(/^\w+:/, "")]));
  const isHiddenKey = isHidden && path.at(-1) === quotes;
  const where = labelled(label, isHiddenKey ? path.slice(0, -1) : path);
  const text = isHidden ? reason.replaceAll(JSON.stringify(quotes), mask) : reason;
  const separator = reason.startsWith("is ") ? " " : ": ";
  return `${file.at(offset)} ${where ? `${where}${separator}` : ""}${inert(text)}`;
}

/** `acme.xima.professionalSeats` */
export function labelled(label: string, path: Path): string {
  const property = propertyPath(path);
  return inert([label, property].filter(Boolean).join(property.startsWith("[") ? "" : "."));
}

/** The command that keeps a value encrypted, by the value's label. */
export function setSecret(label: string): string {
  return `pulumi config set --secret --path '${label}'`;
}

/** A value as JSON, not too long, without characters that a terminal or the engine would act on. */
function shownValue(value: unknown): string {
  const text = inert(JSON.stringify(value));
  return text.length > maxShown ? `${text.slice(0, maxShown)}… (${text.length} characters)` : text;
}

/** Without what a terminal or the engine's colour markup would act on. */
function inert(text: string): string {
  return text
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu, escaped)
    .replaceAll("<{%", `<${escaped("{")}%`);
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}

/**
 * A key may be a value that lost its colon: `{username 2000, hunter2}`. One that looks
 * like a known key is none.
 */
function mayShowKey(schema: z.ZodType, path: Path, isBare = false): boolean {
  const key = String(path.at(-1));
  if (closestMatches(key, propertiesAt(schema, path.slice(0, -1))).length > 0) return true;
  return !isBare && /^[\w$-]{1,40}$/.test(key) && !isSecretPath(path.slice(0, -1));
}
