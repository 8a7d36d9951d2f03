import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { readText, UnreadableTextError } from "pulumi-ucaas/internal/runtime/read-text";

/** A thing that the user names, since the vendor lists none. */
export interface Identifier {
  /** As the user wrote it. */
  readonly text: string;
  readonly parts: readonly string[];
  /** The customer's name, where the user said it. */
  readonly name?: string;
}

/**
 * Names as they are given on the command line, and as they are in files: one a line,
 * and behind it, after blanks, the customer's name if wanted; empty lines and what begins
 * with `#` do not count. `form` is what a name looks like, such as `reseller/tenant`.
 *
 * @throws {UcaasError} `NAME_MALFORMED`, `NAMED_TWICE`, `NOTHING_NAMED`, `FILE_UNREADABLE`
 */
export function readIdentifiers(
  given: readonly string[] = [],
  files: readonly string[] = [],
  form: string,
  parse: (text: string) => readonly string[] | undefined,
): Identifier[] {
  const lines = [
    ...given.map((text) => ({ text, where: "" })),
    ...files.flatMap((file) =>
      linesOf(file).map((text, index) => ({ text, where: `${file}:${index + 1} ` })),
    ),
  ];
  const named = new Map<string, Identifier>();
  for (const { text, where } of lines) {
    const [, word = "", name] = /^\s*(\S*)\s*(.*?)\s*$/.exec(text) ?? [];
    if (where !== "" && (word === "" || word.startsWith("#"))) continue;
    const parts = parse(word);
    if (!parts)
      throw fault(
        "NAME_MALFORMED",
        `${where}${JSON.stringify(word)} is not of the form ${form}`,
        "see --help",
      );
    const key = JSON.stringify(parts);
    if (named.has(key))
      throw fault("NAMED_TWICE", `${where}${word} is named twice`, "name it once");
    named.set(key, { text: word, parts, ...(name && { name }) });
  }
  if (named.size === 0)
    throw fault(
      "NOTHING_NAMED",
      "no object is named, and this vendor does not list its objects",
      `name each as ${form}`,
    );
  return [...named.values()];
}

/** `a/b`, each with `%2F` for a slash within. */
export function twoParts(text: string): readonly string[] | undefined {
  const parts = text.split("/");
  if (parts.length !== 2 || parts.includes("")) return undefined;
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** @throws {UcaasError} `NOT_FOUND`: the user named an object that does not exist. */
export function notFound(
  vendor: string,
  missing: readonly Pick<Identifier, "text">[],
  who: string,
): UcaasError {
  return new UcaasError(`${who} ${missing.map(({ text }) => text).join(", ")}`, {
    code: "NOT_FOUND",
    vendor,
    operation: "adopt",
    hint: "check the spelling, the account and the address; nothing was written or imported",
  });
}

/**
 * Those of a vendor's list that have at least one of the texts in what is shown of them,
 * in any case; without a text, all.
 *
 * @throws {UcaasError} `NOT_FOUND` for a text that nothing has: it is misspelt, or what it
 *   names does not exist
 */
export function filtered<T>(
  vendor: string,
  listed: readonly T[],
  texts: readonly string[],
  shown: (item: T) => readonly (string | undefined)[],
): T[] {
  const found = listed.map((item) => ({
    item,
    parts: shown(item).map((part) => part?.toLowerCase()),
  }));
  const has = ({ parts }: (typeof found)[number], text: string) =>
    parts.some((part) => part?.includes(text.toLowerCase()));
  const missing = texts.filter((text) => !found.some((each) => has(each, text)));
  if (missing.length > 0)
    throw notFound(
      vendor,
      missing.map((text) => ({ text })),
      "nothing that is listed fits --filter",
    );
  return found
    .filter((each) => texts.length === 0 || texts.some((text) => has(each, text)))
    .map(({ item }) => item);
}

function linesOf(file: string): string[] {
  try {
    return readText(file).split(/\r?\n/);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw fault(
      "FILE_UNREADABLE",
      `${file} ${error.message}`,
      "check the path and its permissions",
    );
  }
}

function fault(code: ErrorCode, reason: string, hint: string): UcaasError {
  return new UcaasError(reason, { code, operation: "adopt", hint });
}
