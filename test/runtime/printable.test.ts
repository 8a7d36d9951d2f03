import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableWords } from "../../provider/runtime/printable.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";

test("a shortened text shows no part of a secret, at any position of the cut", () => {
  const secret = "Northwind-Example-0123456789-abcdefghijklmnopqrstuvwxyz";
  rememberSecret(secret);
  fc.assert(
    fc.property(fc.nat(400), fc.nat(3), fc.constantFrom(20, 100, 300), (before, blanks, limit) => {
      const text = "x".repeat(before) + `${secret}${" ".repeat(blanks)}`.repeat(200);
      expect(printable(text, limit)).not.toMatch(/North|thwind|Exampl/);
    }),
  );
});

test("a secret with several blanks is masked before they become one", () => {
  rememberSecret("two  blanks   here");
  expect(printableWords(" it is\n  two  blanks   here , or not ")).toBe("it is [secret] , or not");
  expect(printableWords(`${"x ".repeat(4)}two  blanks   here`, 12)).toBe(
    "x x x x [sec… (26 characters)",
  );
});
