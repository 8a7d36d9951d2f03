/** The value that a text is in JSON; undefined when it is none. JSON's own error would quote the text, which may hold secrets. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
