import { redact, visible, visibleLines } from "./redact.ts";

// Text of others (a vendor's values, an engine's output) in Markdown: as code, so that
// nothing in it is a link, a mention or a tag.

/** A code span in a line. */
export function code(text: string): string {
  const flat = visible(inOneLine(text));
  if (flat === "") return "";
  const ticks = longerThanAny(flat, 1);
  const pad = flat.startsWith("`") || flat.endsWith("`") ? " " : "";
  return `${ticks}${pad}${flat}${pad}${ticks}`;
}

/**
 * The same in a cell of a table. A bar ends the cell even within a code span, and a
 * backslash does not always prevent that. So a text with a bar is written with character
 * references.
 */
export function cell(text: string): string {
  return text.includes("|") ? htmlCode(text) : code(text);
}

/** A row of a table, of cells that are Markdown. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A block that keeps its lines. */
export function block(text: string): string {
  const lines = visibleLines(redact(text).replaceAll("\t", "    ").trimEnd());
  const ticks = longerThanAny(lines, 3);
  return `${ticks}text\n${lines}\n${ticks}`;
}

/** The same by character references, also for a place that is HTML. */
export function htmlCode(text: string): string {
  const flat = visible(inOneLine(text));
  return `<code>${flat.replace(/[^A-Za-z0-9 ]/gu, (character) => `&#${character.codePointAt(0)};`)}</code>`;
}

/** Masked first: a secret that is written otherwise is not found. */
function inOneLine(text: string): string {
  return redact(text).replace(/\s+/g, " ").trim();
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
