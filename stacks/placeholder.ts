/**
 * A value that the user has to fill in, since it cannot be read from the vendor. The file
 * has a text that is nowhere a valid value, and the program refuses a file with one.
 */
export function placeholder(what: string): string {
  return `<fill in: ${what}>`;
}

export function isUnfilled(value: unknown): boolean {
  return typeof value === "string" && /^\s*<fill in: .*>\s*$/s.test(value);
}
