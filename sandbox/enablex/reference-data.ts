/**
 * The master lists. Their rows are not described anywhere: inferred from the fields of an
 * address.
 */
import isoCountries from "i18n-iso-countries";

export interface Country {
  country_id: string;
  country: string;
  /** ISO 3166-1 alpha-2. */
  country_code: string;
}

// The order of the English names, so that no id follows from the code.
export const countries: readonly Country[] = Object.entries(isoCountries.getNames("en"))
  .sort(([, one], [, other]) => one.localeCompare(other, "en"))
  .map(([country_code, country], index) => ({
    country_id: String(index + 1),
    country,
    country_code,
  }));

/** The label of a country's id, or undefined. */
export const countryLabel = (id: string): string | undefined =>
  countries.find((country) => country.country_id === id)?.country;

export const timezones: readonly { timezone_id: string; timezone: string }[] =
  Intl.supportedValuesOf("timeZone").map((timezone, index) => ({
    timezone_id: String(index + 1),
    timezone,
  }));
