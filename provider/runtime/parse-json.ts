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

/** The object that a text is in JSON; undefined when it is none. */
export function tryParseObject(text: string): Record<string, unknown> | undefined {
  const value = tryParseJson(text);
  return isRecord(value) ? value : undefined;
}
