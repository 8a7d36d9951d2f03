// Text of others (a vendor's values, an engine's output) in Markdown: as code, so that nothing in it is a link, a mention or a tag.

/** A code span in a line. */
export function code(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  if (flat === "") return "";
  const ticks = longerThanAny(flat, 1);
  const pad = flat.startsWith("`") || flat.endsWith("`") ? " " : "";
  return `${ticks}${pad}${flat}${pad}${ticks}`;
}

/** A row of a table. */
export function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A block that keeps its lines. */
export function block(text: string): string {
  const ticks = longerThanAny(text, 3);
  return `${ticks}text\n${text.trimEnd()}\n${ticks}`;
}

/** Backticks, one more than the text has in a row anywhere. */
function longerThanAny(text: string, atLeast: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  return "`".repeat(Math.max(atLeast, longest + 1));
}

/** The text, or as much of it as fits, cut at the end of a line. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const notice = "\n… (shortened; the run's log has all of it)";
  const kept = text.slice(0, Math.max(0, length - notice.length));
  return kept.slice(0, Math.max(0, kept.lastIndexOf("\n"))) + notice;
}
