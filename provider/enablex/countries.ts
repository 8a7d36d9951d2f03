import { createRequire } from "node:module";
import { vendorId } from "../runtime/identifiers.ts";
import { closestMatches } from "../runtime/suggest.ts";

type IsoCountries = typeof import("i18n-iso-countries");

let loaded: IsoCountries | undefined;

/** The ISO list with its English names alone; the package's own entry loads eighty languages. */
function iso(): IsoCountries {
  if (!loaded) {
    const require = createRequire(import.meta.url);
    loaded = require("i18n-iso-countries/index.js") as IsoCountries;
    loaded.registerLocale(require("i18n-iso-countries/langs/en.json"));
  }
  return loaded;
}

/** The master list of countries of an EnableX server: its own ids, by ISO 3166-1 alpha-2 code. */
export interface Countries {
  /** The id of a country, or undefined when the server does not list it. */
  readonly idOf: (code: string) => string | undefined;
  /**
   * The alpha-2 code of an id, or undefined when the id is not listed or its country is
   * none of ISO's.
   */
  readonly codeOf: (id: string) => string | undefined;
  readonly codes: readonly string[];
}

/**
 * Reads the rows of `GET /countries`. The fields of a row are not public (*inferred*):
 * the id is `country_id` or `id`; the country is the first value that is an ISO code
 * (alpha-2 or alpha-3), else an English name.
 */
export function countriesOf(rows: readonly unknown[]): Countries {
  const ids = new Map<string, string>();
  const codes = new Map<string, string>();
  for (const row of rows) {
    if (typeof row !== "object" || row === null) continue;
    const values = Object.entries(row).filter(([key]) => !/(^|_)id$/.test(key));
    const { country_id, id: other } = row as Record<string, unknown>;
    const id = vendorId(country_id ?? other);
    const code =
      values.map(([, value]) => isoCode(value)).find(Boolean) ??
      values.map(([, value]) => namedCode(value)).find(Boolean);
    if (id === undefined || code === undefined) continue;
    ids.set(code, id);
    codes.set(id, code);
  }
  return {
    idOf: (code) => ids.get(code.trim().toUpperCase()),
    codeOf: (id) => codes.get(id),
    codes: [...ids.keys()],
  };
}

function isoCode(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^[A-Z]{2,3}$/.test(value)) return undefined;
  return value.length === 2
    ? iso().isValid(value)
      ? value
      : undefined
    : iso().alpha3ToAlpha2(value);
}

function namedCode(value: unknown): string | undefined {
  return typeof value === "string" ? iso().getAlpha2Code(value, "en") : undefined;
}

/**
 * Why a text is no ISO 3166-1 alpha-2 code, with the codes that were probably meant;
 * undefined when it is one.
 */
export function wrongCountryCode(text: string): string | undefined {
  const code = text.trim().toUpperCase();
  if (/^[A-Z]{2}$/.test(code) && iso().isValid(code)) return undefined;
  return `is not an ISO 3166-1 alpha-2 code. ${didYouMean(text, iso().getAlpha2Codes())}`;
}

/** Why a code cannot be used on this server, with near ones that can; undefined when it can. */
export function unlistedCountry(code: string, countries: Countries): string | undefined {
  if (countries.idOf(code) !== undefined) return undefined;
  const known = Object.fromEntries(countries.codes.map((each) => [each, each]));
  const near = didYouMean(code, known);
  return `is not among the ${countries.codes.length} countries of this EnableX server (GET /countries). ${near}`;
}

function didYouMean(text: string, codes: Record<string, string>): string {
  const word = text.trim();
  const upper = word.toUpperCase();
  const meant = iso().alpha3ToAlpha2(upper) ?? iso().getAlpha2Code(word, "en");
  if (meant && meant in codes) return `Did you mean ${labelled(meant)}?`;
  const names = new Map(
    Object.keys(codes).map((code) => [iso().getName(code, "en") ?? code, code]),
  );
  const near =
    word.length > 3
      ? closestMatches(word, names.keys(), 3).map((name) => names.get(name) as string)
      : Object.keys(codes)
          .sort()
          .filter((code) => code[0] === upper[0])
          .slice(0, 8);
  return near.length ? `Near ones: ${near.map(labelled).join(", ")}` : "Use a code such as DE";
}

function labelled(code: string): string {
  return `${code} (${iso().getName(code, "en")})`;
}
