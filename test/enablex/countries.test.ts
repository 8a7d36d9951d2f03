import { describe, expect, test } from "vitest";
import {
  countriesOf,
  unlistedCountry,
  wrongCountryCode,
} from "../../provider/enablex/countries.ts";

describe("the server's list of countries", () => {
  test.each([
    ["alpha-2 codes", { country_id: 81, country: "Germany", country_code: "DE" }],
    ["alpha-3 codes", { id: "81", name: "Germany", iso3: "DEU" }],
    ["nothing but names", { country_id: 81, country: "Germany" }],
  ])("is understood with %s", (_, row) => {
    const countries = countriesOf([row, { country_id: 1 }, null, "text"]);
    expect([
      countries.idOf("DE"),
      countries.idOf(" de "),
      countries.codeOf("81"),
      countries.codes,
    ]).toEqual(["81", "81", "DE", ["DE"]]);
  });
});

describe("a country code", () => {
  test("of ISO 3166-1 alpha-2 passes in either case", () => {
    expect([wrongCountryCode("DE"), wrongCountryCode(" gb ")]).toEqual([undefined, undefined]);
  });

  test.each([
    ["DEU", "Did you mean DE (Germany)?"],
    ["Germany", "Did you mean DE (Germany)?"],
    ["UK", "Did you mean GB (United Kingdom)?"],
    ["Germny", "DE (Germany)"],
    ["GX", "GB (United Kingdom)"],
  ])("that does not exist (%s) is reported with the likely one", (text, meant) => {
    expect(wrongCountryCode(text)).toContain(meant);
  });

  test("that this server does not list is reported with similar ones that it lists", () => {
    const countries = countriesOf([
      { country_id: 1, country_code: "FR" },
      { country_id: 2, country_code: "DE" },
    ]);
    expect(unlistedCountry("FR", countries)).toBeUndefined();
    expect(unlistedCountry("FI", countries)).toBe(
      "is not among the 2 countries of this EnableX server (GET /countries). Near ones: FR (France)",
    );
  });
});
