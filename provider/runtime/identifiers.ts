import { z } from "zod";
import { quotesSecret } from "./secrets.ts";

/**
 * A text that names something at a vendor: an id, a login name, a host. Two that look the
 * same must be the same, so what a person cannot see is refused: blanks at the ends,
 * control and format characters (zero width, bidirectional), blanks other than the plain
 * one, and what is no character at all. An `ä` is taken as one character or two, and the
 * two spellings count as one: see {@link inOneSpelling}.
 */
export function identifier() {
  return checked(identifierProblem);
}

/** A password, key or token. As {@link identifier}, but any blank may stand inside it. */
export function credential() {
  return checked(credentialProblem);
}

/**
 * A name for people. As {@link identifier}, but the joiners and variation selectors of
 * scripts and emoji are part of it.
 */
export function displayName() {
  return checked(displayNameProblem);
}

/** No vendor has a longer id. Each is part of URLs, of the state and of messages. */
const longestId = 256;

/**
 * The id that a vendor gave, as text; undefined for what the engine could not print, or no
 * request could name.
 */
export function vendorId(value: unknown): string | undefined {
  // A number that JavaScript cannot keep would be the id of another one.
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string" || id.length > longestId) return undefined;
  // Parts of a path that lead elsewhere; and an id cannot be masked.
  if (id === "." || id === ".." || quotesSecret(id)) return undefined;
  return identifierProblem(id) === undefined ? id : undefined;
}

/** The same text for all Unicode spellings that look the same. */
export function inOneSpelling(text: string): string {
  return text.normalize("NFC");
}

/** A text as it is, and how else a server may have it. */
export function spellingsOf(text: string): string[] {
  return [...new Set([text, inOneSpelling(text), text.normalize("NFD")])];
}

/**
 * The failure of an id that changes its Unicode spelling alone. A vendor may take both for
 * one, and the replacement would then delete what it has just taken over.
 */
export function changedSpelling(
  property: string,
  before: unknown,
  now: unknown,
): { property: string; reason: string }[] {
  if (typeof before !== "string" || typeof now !== "string" || now === before) return [];
  if (inOneSpelling(now) !== inOneSpelling(before)) return [];
  const reason = `changes its Unicode spelling alone (${spellingChange(before, now)}). What to do: declare "${before}"`;
  return [{ property, reason }];
}

/** `U+0061 at position 2 in place of U+00E4` */
export function spellingChange(before: string, now: string): string {
  const [old, young] = [[...before], [...now]];
  const place = young.findIndex((character, index) => character !== old[index]);
  return `${codePoint(young[place])} at position ${place + 1} in place of ${codePoint(old[place])}`;
}

function checked(problemOf: (value: string) => string | undefined) {
  const filled = z.string().min(1, { error: "must not be empty", abort: true });
  return filled.superRefine((value, context) => {
    const message = problemOf(value);
    if (message) context.addIssue({ code: "custom", message, continue: false });
  });
}

/** What is wrong with an identifier, in words that show no more of it than one code point. */
function identifierProblem(value: string): string | undefined {
  // The engine takes it for a colour where it prints the id, and panics.
  if (value.includes("<{%")) return "must not contain <{%";
  return problem(value, (character) => isHidden(character) || isOtherBlank(character));
}

/** What is wrong with a credential, in words that show no more of it than one code point. */
export function credentialProblem(value: string): string | undefined {
  return problem(value, isHidden);
}

function displayNameProblem(value: string): string | undefined {
  return problem(
    value,
    (character) => isHidden(character) && !/\u200c|\u200d|\p{Variation_Selector}/u.test(character),
  );
}

function problem(value: string, isRefused: (character: string) => boolean): string | undefined {
  if (/^\p{White_Space}*$/u.test(value)) return "must not be empty";
  const characters = [...value];
  const stray = characters.findIndex(isRefused);
  if (stray >= 0)
    return `must not contain ${codePoint(characters[stray])} at position ${stray + 1}`;
  if (isBlank(characters[0])) return `must not begin with ${codePoint(characters[0])}`;
  if (isBlank(characters.at(-1)))
    return `must not end with ${codePoint(characters.at(-1))} at position ${characters.length}`;
  return undefined;
}

/**
 * Control, format and line separators, lone surrogates, non-characters, and the mark of
 * bytes that were no text.
 */
function isHidden(character: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufffd]/u.test(
    character,
  );
}

function isOtherBlank(character: string): boolean {
  return character !== " " && /\p{Zs}|\u2800/u.test(character);
}

function isBlank(character = ""): boolean {
  return /\p{White_Space}/u.test(character);
}

const names = new Map([
  ["\t", "tab"],
  ["\n", "line feed"],
  ["\r", "carriage return"],
  [" ", "space"],
  ["\u00a0", "no-break space"],
  ["\u00ad", "soft hyphen"],
  ["\u200b", "zero width space"],
  ["\u200e", "left-to-right mark"],
  ["\u200f", "right-to-left mark"],
  ["\ufeff", "byte order mark"],
  ["\ufffd", "replacement character: is the file UTF-8?"],
]);

/** `U+200B (zero width space)` */
function codePoint(character = ""): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const name = names.get(character);
  return name ? `U+${hex} (${name})` : `U+${hex}`;
}
