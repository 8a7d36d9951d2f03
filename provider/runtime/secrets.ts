/**
 * Texts that must never be seen; filled as config and arguments are read, for the life of
 * the provider process.
 */
const known = new Set<string>();

/** What was remembered, without its spellings. */
const remembered = new Set<string>();

/**
 * The longest first, or a secret that contains another would be masked only in part;
 * undefined when one was added since.
 */
let longestFirst: readonly string[] | undefined;

export const mask = "[secret]";

/**
 * Remembers a secret, in the spellings in which it could turn up in a server's error
 * message; one of several lines also line by line. Values below four characters would
 * mask ordinary words.
 */
export function rememberSecret(value: unknown): void {
  if (typeof value !== "string" || value.length < 4 || remembered.has(value)) return;
  remembered.add(value);
  longestFirst = undefined;
  const lines = value.split(/\r?\n/);
  if (lines.length > 1)
    for (const line of lines) if (line.length >= 16 && !line.startsWith("-----")) known.add(line);
  for (const spelling of spellings(value)) known.add(spelling);
  // A page shows a run of blanks as one.
  const inOneLine = value.replace(/\s+/g, " ").trim();
  if (inOneLine !== value && inOneLine.length >= 4)
    for (const spelling of spellings(inOneLine)) known.add(spelling);
  for (const spelling of base64Spellings(value)) known.add(spelling);
}

/** Remembers the password of a database's URL, as it is typed and as the URL has it. */
export function rememberPasswordOf(url: string): void {
  const { password, searchParams } = new URL(url);
  for (const text of [password, decoded(password), searchParams.get("password")])
    rememberSecret(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function secretsLongestFirst(): readonly string[] {
  longestFirst ??= [...known].sort((a, b) => b.length - a.length);
  return longestFirst;
}

/**
 * The length of the longest spelling of a remembered secret: so much of a text that was
 * cut could be a part of one.
 */
export function longestSecret(): number {
  return secretsLongestFirst()[0]?.length ?? 0;
}

/** The text with every remembered secret masked. */
export function maskSecrets(text: string): string {
  let clean = text;
  for (const secret of secretsLongestFirst()) clean = clean.replaceAll(secret, mask);
  return clean;
}

/** Whether a secret is in the text that is too long to be there by chance. */
export function quotesSecret(text: string): boolean {
  return secretsLongestFirst().some((secret) => secret.length >= 20 && text.includes(secret));
}

type Encoder = (text: string) => string;

const json: Encoder = (text) => JSON.stringify(text).slice(1, -1);
const unicodeEscape = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
const ascii: Encoder = (text) => json(text).replace(/[\u007f-\uffff]/g, unicodeEscape);
/** A lone surrogate cannot be in a text that was sent or received. */
const url: Encoder = (text) => encodeURIComponent(text.toWellFormed());
const strictUrl: Encoder = (text) =>
  url(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
const lower =
  (encode: Encoder, pattern: RegExp): Encoder =>
  (text) =>
    encode(text).replace(pattern, (match) => match.toLowerCase());
const upper: Encoder = (text) =>
  ascii(text).replace(/\\u[0-9a-f]{4}/g, (match) => `\\u${match.slice(2).toUpperCase()}`);
const form: Encoder = (text) =>
  new URLSearchParams({ "": text.toWellFormed() }).toString().slice(1);
const entities =
  (quote: string, apostrophe: string): Encoder =>
  (text) =>
    text.replace(
      /[&<>"']/g,
      (character) =>
        ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': quote, "'": apostrophe })[character] ??
        character,
    );
const numericEntities =
  (radix: 10 | 16): Encoder =>
  (text) =>
    text.replace(
      /[^\w\s.,:;/-]/gu,
      (character) => `&#${radix === 16 ? "x" : ""}${character.codePointAt(0)?.toString(radix)};`,
    );

/**
 * How servers, proxies and frameworks write a text into another: JSON of several
 * languages, URLs, forms, HTML.
 */
const encoders: readonly Encoder[] = [
  json,
  ascii,
  upper,
  (text) => json(text).replaceAll("/", "\\/"),
  (text) => ascii(text).replaceAll("/", "\\/"),
  (text) => json(text).replace(/[<>&'\u2028\u2029]/g, unicodeEscape),
  (text) => ascii(text).replace(/[<>&']/g, unicodeEscape),
  url,
  strictUrl,
  lower(url, /%[0-9A-F]{2}/g),
  lower(strictUrl, /%[0-9A-F]{2}/g),
  form,
  entities("&quot;", "&#39;"),
  entities("&#34;", "&#x27;"),
  entities("&quot;", "&apos;"),
  numericEntities(10),
  numericEntities(16),
];

/**
 * The text as it is, as each encoder writes it, and as one writes what another has
 * written: a server quotes a reply that quotes the request.
 */
function spellings(text: string): Set<string> {
  const once = new Set([text, ...encoders.map((encode) => encode(text))]);
  const all = new Set(once);
  for (const spelling of once) for (const encode of encoders) all.add(encode(spelling));
  return all;
}

/**
 * The text in Base64: alone, and from each of the three offsets at which it may be in
 * a longer text, without the characters that depend on what is beside it.
 */
function base64Spellings(text: string): Set<string> {
  const bytes = Buffer.from(text);
  const found = new Set<string>();
  const whole = bytes.toString("base64");
  for (const spelling of [whole, whole.replace(/=+$/, "")]) found.add(spelling);
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const stable = shifted.slice(
      Math.ceil((offset * 8) / 6),
      Math.floor(((offset + bytes.length) * 8) / 6),
    );
    // A shorter one could be part of any word.
    if (stable.length >= 8) found.add(stable);
  }
  return new Set(
    [...found].flatMap((spelling) => [
      spelling,
      toUrlAlphabet(spelling),
      url(spelling),
      spelling.replaceAll("/", "\\/"),
    ]),
  );
}

function toUrlAlphabet(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
