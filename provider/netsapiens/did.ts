import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** Where a number in national digits is taken to be from: most NetSapiens systems number North American subscribers (inferred). */
const home = "US";

/**
 * The digits under which a system may hold a number: with country code and without (contract: both occur). Empty when the text is no number.
 *
 * @example
 * ```ts
 * didForms("+1 (312) 555-0100"); // ["13125550100", "3125550100"]
 * ```
 */
export function didForms(text: string): string[] {
  if (!/^\+?[\d\s().-]+$/.test(text)) return [];
  const number = [text, `+${text.replace(/\D/g, "")}`]
    .map((candidate) => parsePhoneNumberFromString(candidate, { defaultCountry: home, extract: false }))
    .find((found) => found?.isValid());
  return number ? [number.number.slice(1), number.nationalNumber] : [];
}
