/** A callback's body as it came, and what tells it from others. */
export interface Callback {
  readonly body: string;
  /** Decimal digits; null when there is none that can be compared exactly, and then nothing is taken for a repeat. */
  readonly mid: string | null;
}

/** Reads a callback's body: a JSON object in UTF-8, of any content; undefined when it is something else. */
export function readCallback(bytes: Uint8Array): Callback | undefined {
  try {
    const body = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const { mid } = value as { mid?: unknown };
    return { body, mid: Number.isSafeInteger(mid) ? String(mid) : null };
  } catch {
    return undefined;
  }
}
