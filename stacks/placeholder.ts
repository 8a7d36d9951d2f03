/**
 * A value that somebody has to fill in, since it cannot be read from the vendor. It
 * is in the file as a text that is no right value anywhere, and the program refuses a
 * file that has one.
 */
export function placeholder(what: string): string {
  return `<fill in: ${what}>`;
}

export function isUnfilled(value: unknown): boolean {
  return typeof value === "string" && /^\s*<fill in: .*>\s*$/s.test(value);
}
