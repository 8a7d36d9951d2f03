import fc from "fast-check";
import { expect, test } from "vitest";
import { rememberSecret, withoutSecrets } from "../../provider/dynamic/secrets.ts";

test("a remembered secret is in no text, however it is spelled there", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 9, maxLength: 40 }), fc.string({ maxLength: 20 }), (secret, around) => {
      rememberSecret(secret);
      const bytes = Buffer.from(secret);
      for (const spelling of [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret),
        bytes.toString("base64"),
        bytes.toString("base64url"),
        new URLSearchParams({ secret }).toString(),
      ]) {
        const seen = withoutSecrets(`${around}${spelling}${around}`);
        expect(seen).toContain("[secret]");
        expect(seen).not.toContain(spelling);
      }
    }),
  );
});

test("a remembered secret is masked where a server quotes the ASCII in which a signed body has it", () => {
  rememberSecret("geheim-Ü 📞 \u007f");
  expect(withoutSecrets(String.raw`no {"password":"geheim-\u00dc \ud83d\udcde \u007f"}`)).toBe('no {"password":"[secret]"}');
});

test("of two secrets, one inside the other, nothing is left over", () => {
  rememberSecret("short-one");
  rememberSecret("short-one-and-longer");
  expect(withoutSecrets("it is short-one-and-longer.")).toBe("it is [secret].");
});

test("what is too short to be a secret masks no ordinary words", () => {
  rememberSecret("a");
  rememberSecret("tcp");
  rememberSecret("\ud800 is no text, and no reason to fail");
  rememberSecret(undefined);
  rememberSecret(1234);
  expect(withoutSecrets("a tcp port is 1234")).toBe("a tcp port is 1234");
});
