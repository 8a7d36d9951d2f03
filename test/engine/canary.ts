import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A text that must be nowhere, with every character that a spelling could change. */
export function canary(name: string): string {
  return `Canary-${name}: ü+/%&"\\ 9`;
}

/** Each place in which a secret stands, in whatever spelling: as it is, in JSON, a URL, a form, or Base64 at any offset. */
export function leaksIn(text: Buffer | string, secrets: readonly string[]): string[] {
  const bytes = Buffer.from(text);
  return secrets.flatMap((secret) =>
    Object.entries(spellings(secret)).flatMap(([how, spelling]) => {
      const at = bytes.indexOf(spelling);
      return at < 0 ? [] : [`${how}: …${bytes.subarray(Math.max(0, at - 80), at + spelling.length + 20)}…`];
    }),
  );
}

/** The same for all files below a folder. */
export async function leaksBelow(folder: string, secrets: readonly string[]): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const found = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const leaks = leaksIn(await readFile(join(parentPath, name)), secrets);
      return leaks.map((leak) => `${join(parentPath, name)}: ${leak}`);
    }),
  );
  return found.flat();
}

function spellings(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret);
  const inBase64 = (offset: number) => {
    // What stands before shifts the letters, and the letters at both ends depend on the neighbours.
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3) - 1);
  };
  const base64 = [0, 1, 2].map((offset) => [`Base64, offset ${offset}`, inBase64(offset)] as const);
  return {
    "as it is": secret,
    JSON: JSON.stringify(secret).slice(1, -1),
    "JSON in JSON": JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    URL: encodeURIComponent(secret),
    form: new URLSearchParams({ "": secret }).toString().slice(1),
    ...Object.fromEntries(base64),
    ...Object.fromEntries(base64.map(([how, text]) => [`${how}, for URLs`, text.replaceAll("+", "-").replaceAll("/", "_")])),
  };
}
