/** Texts that must never be seen; filled as config and arguments are read, for the life of the provider process. */
const known = new Set<string>();

const mask = "[secret]";

/**
 * Remembers a secret, in the spellings in which it could turn up in somebody's error message; one of several lines also line
 * by line. Values below four characters would mask ordinary words.
 */
export function rememberSecret(value: unknown): void {
  if (typeof value !== "string" || value.length < 4) return;
  const lines = value.split(/\r?\n/);
  if (lines.length > 1) for (const line of lines) if (line.length >= 16 && !line.startsWith("-----")) known.add(line);
  // A lone surrogate cannot be in a text that was sent or received.
  const encodable = value.toWellFormed();
  const json = JSON.stringify(value).slice(1, -1);
  const base64 = Buffer.from(value).toString("base64");
  for (const spelling of [
    value,
    encodeURIComponent(encodable),
    new URLSearchParams({ "": encodable }).toString().slice(1),
    json,
    json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`),
    base64,
    base64.replace(/=+$/, ""),
    Buffer.from(value).toString("base64url"),
  ]) {
    known.add(spelling);
  }
}

/** The text with every remembered secret masked. */
export function withoutSecrets(text: string): string {
  let clean = text;
  // The longest first, or a secret that contains another would be masked only in part.
  for (const secret of [...known].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, mask);
  return clean;
}
