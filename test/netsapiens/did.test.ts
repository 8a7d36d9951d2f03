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
])("%s is looked for as %j", (did, forms) => {
  expect(didForms(did)).toEqual(forms);
});

test.each(["", "123", "+1312555010", "020 7183 8750", "1-800-FLOWERS", "call 3125550100", "+", "0000000000"])("%j is no number", (did) => {
  expect(didForms(did)).toEqual([]);
});

test("the forms of any text are digits only, and the national one ends the international one", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+?[0-9 ().-]{7,16}$/)), (text) => {
      const forms = didForms(text);
      if (forms.length === 0) return;
      expect(forms).toHaveLength(2);
      for (const form of forms) expect(form).toMatch(/^\d+$/);
      expect(forms[0]!.endsWith(forms[1]!)).toBe(true);
    }),
  );
});
