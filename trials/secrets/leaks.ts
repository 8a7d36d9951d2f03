import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A text that must be nowhere, with every character that a spelling could change. */
export function canary(name: string): string {
  return `Canary-${name}: ü+/%&"\\ 9`;
}

/**
 * Each place in which a secret stands, in whatever spelling: as it is, in JSON, a URL, a
 * form, or Base64 at any offset.
 */
export function leaksIn(text: Buffer | string, secrets: readonly string[]): string[] {
  const bytes = Buffer.from(text);
  return secrets.flatMap((secret) =>
    Object.entries(spellings(secret)).flatMap(([how, spelling]) => {
      const at = bytes.indexOf(spelling);
      return at < 0
        ? []
        : [`${how}: …${bytes.subarray(Math.max(0, at - 80), at + spelling.length + 20)}…`];
    }),
  );
}

/** The same for all files below a folder. */
export async function leaksBelow(folder: string, secrets: readonly string[]): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const found = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const leaks = leaksIn(await readFile(join(parentPath, name)), secrets);
      return leaks.map((leak) => `${join(parentPath, name)}: ${leak}`);
    }),
  );
  return found.flat();
}

/**
 * How a secret can be written: encoded, encoded twice, and cut in two. A half shorter
 * than this could be an ordinary text.
 */
const shortestHalf = 16;

/** What a tool or a vendor could make of a secret. Each is looked for. */
function spellings(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret);
  const inBase64 = (offset: number) => {
    // What stands before shifts the letters, and the letters at both ends depend on the neighbours.
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return text.slice(
      Math.ceil((offset * 4) / 3),
      Math.floor(((offset + bytes.length) * 4) / 3) - 1,
    );
  };
  const base64 = [0, 1, 2].map((offset) => [`Base64, offset ${offset}`, inBase64(offset)] as const);
  const twiceIn64 = base64.map(([how, text]) => {
    const [twice = ""] = [0, 1, 2].map((offset) =>
      Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
        .toString("base64")
        .slice(4, -4),
    );
    return [`${how}, twice`, twice] as const;
  });
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const html = inHtml(secret);
  const half = Math.max(shortestHalf, Math.ceil(secret.length / 2));
  const halves: Record<string, string> =
    secret.length >= 2 * shortestHalf
      ? { "first half": secret.slice(0, half), "second half": secret.slice(-half) }
      : {};
  const all: Record<string, string> = {
    "as it is": secret,
    JSON: json,
    "JSON in JSON": JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    "JSON in ASCII": json.replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
    URL: url,
    "URL, twice": encodeURIComponent(url),
    "JSON in a URL": encodeURIComponent(json),
    form: new URLSearchParams({ "": secret }).toString().slice(1),
    HTML: html,
    "HTML, twice": inHtml(html),
    "JSON in HTML": inHtml(json),
    ...halves,
    ...Object.fromEntries(base64),
    ...Object.fromEntries(twiceIn64),
    ...Object.fromEntries(
      base64.map(([how, text]) => [
        `${how}, for URLs`,
        text.replaceAll("+", "-").replaceAll("/", "_"),
      ]),
    ),
  };
  // What is left of a short secret is an ordinary text.
  return Object.fromEntries(Object.entries(all).filter(([, spelling]) => spelling.length >= 8));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const inHtml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
