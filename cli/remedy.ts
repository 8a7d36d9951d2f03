/** What to do, for a cell of a table: each step begins a line, without the indent of an error. */
export function remedyInCell(remedy: string): string {
  const [first = "", ...others] = remedy.split(/\n */);
  const separator = first.startsWith("1. ") ? "\n" : " ";
  return [`What to do:${separator}${first}`, ...others].join("\n");
}

/** What to do, in the line of a log or a message. */
export function remedyInLine(remedy: string): string {
  return `What to do: ${remedy.replace(/\s*\n\s*/g, " ")}`;
}
