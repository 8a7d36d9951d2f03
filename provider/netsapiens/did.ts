import { parsePhoneNumber } from "awesome-phonenumber";

/**
 * The home country of a NetSapiens system by default: most number North American
 * subscribers (inferred).
 */
export const defaultHomeCountry = "US";

/**
 * The digits under which a system may hold a number: with country code and without (contract: both
 * occur). Empty when the text cannot be a telephone number.
 *
 * A number only has to be possible. Whether it is assigned is for the server to say, because
 * numbering plans change faster than any list of them.
 *
 * @param homeCountry  country of a number in national digits, as two letters (ISO 3166-1)
 *
 * @example
 * ```ts
 * didForms("+1 (312) 555-0100"); // ["13125550100", "3125550100"]
 * ```
 */
export function didForms(text: string, homeCountry: string = defaultHomeCountry): string[] {
  if (!/^\+?[\d\s().-]+$/.test(text)) return [];
  const digits = text.replace(/\D/g, "");
  const international = parsePhoneNumber(`+${digits}`);
  const national = parsePhoneNumber(digits, { regionCode: homeCountry });
  const readings = text.trim().startsWith("+") ? [international] : [national, international];
  const number =
    readings.find(({ valid }) => valid) ??
    readings.find(({ possibility }) => possibility === "is-possible");
  if (number?.number) return [number.number.e164.slice(1), number.number.significant];
  // A country code that the library does not know, such as that of a satellite network.
  const isUnknownCountry = international.possibility === "invalid-country-code";
  return text.trim().startsWith("+") && isUnknownCountry && /^[1-9]\d{7,14}$/.test(digits)
    ? [digits]
    : [];
}
