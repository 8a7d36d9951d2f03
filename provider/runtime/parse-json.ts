import { isRecord } from "./is-record.ts";

/**
 * The value that a text is in JSON; undefined when it is none. JSON's own error would
 * quote the text, which may hold secrets.
 */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** No vendor's reply has nearly as many levels. */
const deepestReply = 64;

/**
 * As {@link tryParseJson}, for a text from elsewhere. Undefined also for more than
 * `deepest` nested lists and objects: those exhaust the stack of whatever walks them, and
 * an error after a write would lose what was made.
 */
export function tryParseReply(text: string, deepest = deepestReply): unknown {
  return isDeeper(text, deepest) ? undefined : tryParseJson(text);
}

/** In a loop, since a recursion would be exhausted itself. */
function isDeeper(text: string, deepest: number): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) at += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") {
      if (++depth > deepest) return true;
    } else if (character === "]" || character === "}") depth--;
  }
  return false;
}

/** The object that a text is in JSON; undefined when it is none. */
export function tryParseObject(text: string): Record<string, unknown> | undefined {
  const value = tryParseJson(text);
  return isRecord(value) ? value : undefined;
}
