import { longestSecret, maskSecrets } from "./secrets.ts";

/** No text of this package is longer, in characters; a vendor's reply may be. */
export const longestText = 8_000;

/**
 * A text as it may be shown on a terminal, in a table or a report: known secrets masked,
 * no longer than `limit`, and without what a terminal or Pulumi would act on: escape
 * sequences, control and bidirectional characters, what has no width, and Pulumi's colour
 * markup, at which the engine panics. Line breaks and tabs stay.
 */
export function printable(text: string, limit = longestText): string {
  return harmless(text, limit, (masked) => masked);
}

/** As {@link printable}, in one line: for a cell of a table, or a name. */
export function printableLine(text: string, limit = longestText): string {
  return printable(text, limit).replace(/[\n\t]/g, escaped);
}

/** As {@link printable}, with each run of blanks as one: the words of another in a sentence. */
export function printableWords(text: string, limit = longestText): string {
  return harmless(text, limit, (masked) => masked.replace(/\s+/g, " ").trim());
}

/** @param change  is made to the masked text: a secret that was changed would not be found */
function harmless(text: string, limit: number, change: (masked: string) => string): string {
  // Masked before it is cut: half a secret would not be found. A text of megabytes is cut
  // first, and what could be half a secret goes.
  const isHuge = text.length > 8 * limit + longestSecret();
  const masked = maskSecrets(isHuge ? text.slice(0, 8 * limit + longestSecret()) : text);
  const whole = change(isHuge ? masked.slice(0, -longestSecret() || undefined) : masked);
  const cut =
    isHuge || whole.length > limit
      ? `${whole.slice(0, limit)}… (${text.length} characters)`
      : whole;
  return cut.replace(active, escaped).replaceAll("<{%", "<{ %");
}

/** All that is no visible character or plain blank, but line breaks and tabs. */
const active = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, "0")}`;
}
