import { styleText } from "node:util";

/** What a colour says. */
export type Tone = "good" | "attention" | "bad" | "faint";

const formats = { good: "green", attention: "yellow", bad: "red", faint: "dim" } as const;

/**
 * Text in the colour of its tone: on a terminal, unless NO_COLOR or `--no-color` is set,
 * and elsewhere with FORCE_COLOR alone, as Node's `util.styleText` decides.
 */
export function paint(text: string, tone: Tone | undefined): string {
  return tone === undefined || text === "" ? text : styleText(formats[tone], text);
}
