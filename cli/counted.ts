/** `1 stack`, `3 stacks`; `many` is for a noun with another plural. */
export function counted(number: number, noun: string, many = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : many}`;
}
