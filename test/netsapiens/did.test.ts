import fc from "fast-check";
import { expect, test } from "vitest";
import { didForms } from "../../provider/netsapiens/did.ts";

test.each([
  ["+13125550100", ["13125550100", "3125550100"]],
  ["13125550100", ["13125550100", "3125550100"]],
  ["3125550100", ["13125550100", "3125550100"]],
  ["(312) 555-0100", ["13125550100", "3125550100"]],
  ["+44 20 7183 8750", ["442071838750", "2071838750"]],
  ["442071838750", ["442071838750", "2071838750"]],
])("looks for %s as %j", (did, forms) => {
  expect(didForms(did)).toEqual(forms);
});

test.each([
  ["+1 999 555 0100", ["19995550100", "9995550100"]], // an area code that is not assigned today
  ["+882 16 12345678", ["8821612345678"]], // a satellite network
])("accepts %s, which a list of assigned numbers may not have yet", (did, forms) => {
  expect(didForms(did)).toEqual(forms);
});

test.each([
  ["020 7183 8750", "GB", ["442071838750", "2071838750"]],
  ["030 901820", "DE", ["4930901820", "30901820"]],
  ["+13125550100", "GB", ["13125550100", "3125550100"]],
])("reads %s in the national digits of the home country %s", (did, country, forms) => {
  expect(didForms(did, country)).toEqual(forms);
});

test.each(["", "123", "+1312555010", "1-800-FLOWERS", "call 3125550100", "+", "+0000000000"])(
  "refuses %j, which cannot be a telephone number",
  (did) => {
    expect(didForms(did)).toEqual([]);
  },
);

test("gives digits only for any text, and the national form ends the international one", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+?[0-9 ().-]{7,16}$/)), (text) => {
      const [international = "", national = international] = didForms(text);
      expect(`${international}${national}`).toMatch(/^\d*$/);
      expect(international.endsWith(national)).toBe(true);
    }),
  );
});
