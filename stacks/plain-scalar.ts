/**
 * YAML without quotes: `012` is 10 for the engine, 12 for YAML 1.2 and text for the
 * person who wrote it. One rule for all files: an unquoted value or key whose text is not
 * what every reader makes of it is an error.
 */

/** What YAML 1.1 or 1.2 may take for a number, whatever it makes of it. */
const numeric: readonly RegExp[] = [
  /^[-+]?(0b[01_]+|0o?[0-7_]+|0x[\da-f_]+)$/i,
  /^[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)(e[-+]?\d+)?$/i,
  /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/, // of base 60
  /^[-+]?\.(inf|nan)$/i,
];

const date = /^\d{4}-\d{1,2}-\d{1,2}([Tt\s].*)?$/;
/** YAML 1.1 has them for `true` and `false`; the engine and YAML 1.2 for text. */
const otherBoolean = /^(yes|no|on|off)$/i;

/** What unquoted text means, to every reader alike; or why it has no such meaning. */
export type PlainScalar =
  | { readonly value: string | number | boolean | null }
  | { readonly ambiguous: string };

/** Decides what an unquoted value means. */
export function plainScalar(text: string): PlainScalar {
  if (text === "" || text === "null") return { value: null };
  if (text === "true" || text === "false") return { value: text === "true" };
  if (/^(true|false)$/i.test(text))
    return {
      ambiguous: `is ambiguous: write ${text.toLowerCase()}, or text in quotes (${quoted(text)})`,
    };
  if (text === "~" || /^null$/i.test(text))
    return { ambiguous: `is ambiguous: write null, or text in quotes (${quoted(text)})` };
  if (numeric.some((form) => form.test(text))) return numberOf(text);
  if (date.test(text) || otherBoolean.test(text))
    return { ambiguous: `is ambiguous: write it in quotes (${quoted(text)})` };
  return { value: text };
}

/** Only a number that is written as a number prints is the same to all. */
function numberOf(text: string): PlainScalar {
  const value = Number(text);
  const isSame =
    String(value) === text && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isSame
    ? { value }
    : {
        ambiguous: `is ambiguous: write it in quotes (${quoted(text)}), or as a plain decimal number`,
      };
}

/**
 * Decides what an unquoted key means: keys are text, and one that means nothing else may
 * go without quotes.
 */
export function plainKey(text: string): PlainScalar {
  const meaning = plainScalar(text);
  if ("value" in meaning && meaning.value !== null) return { value: text };
  if (text === "") return { ambiguous: "a key is missing before the colon" };
  return { ambiguous: `is ambiguous: write the key in quotes (${quoted(text)})` };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
