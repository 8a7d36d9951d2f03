import { redact } from "./redact.ts";

// All that a command prints passes here, so that no secret reaches a terminal or a log.

/** Prints the answer of a command: one line, or several, to stdout. */
export function print(text: string): void {
  console.log(redact(text));
}

/** Prints the answer of a command for programs: the JSON of `--json`. */
export function printJson(report: object): void {
  print(JSON.stringify({ version: 1, ...report }, undefined, 2));
}

/** Prints what is not the answer (warnings, progress in words) to stderr. */
export function printNotice(text: string): void {
  console.error(redact(text));
}
