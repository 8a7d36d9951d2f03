import { InvalidArgumentError } from "commander";

/** The value of an option that counts something, such as days or pods. */
export function wholeNumber(text: string): number {
  return wholeNumberUpTo(999_999)(text);
}

export function wholeNumberUpTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}
