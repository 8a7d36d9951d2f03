/** `1 stack`, `3 stacks`; `many` is for a noun with another plural. */
export function counted(number: number, noun: string, many = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : many}`;
}

/** After the first of several: ` (and 2 more)`; empty where it is the only one. */
export function andMore(others: readonly unknown[]): string {
  return others.length > 0 ? ` (and ${others.length} more)` : "";
}
