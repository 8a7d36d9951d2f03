import fc from "fast-check";
import { expect, test } from "vitest";
import { maskSecrets, rememberSecret } from "../../provider/runtime/secrets.ts";

test("a remembered secret is in no text, however it is spelled there", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 9, maxLength: 40 }),
      fc.string({ maxLength: 20 }),
      (secret, around) => {
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
          const seen = maskSecrets(`${around}${spelling}${around}`);
          expect(seen).toContain("[secret]");
          expect(seen).not.toContain(spelling);
        }
      },
    ),
  );
});

test("a remembered secret is masked when a server quotes it in the ASCII form of a signed body", () => {
  rememberSecret("geheim-Ü 📞 \u007f");
  expect(maskSecrets(String.raw`no {"password":"geheim-\u00dc \ud83d\udcde \u007f"}`)).toBe(
    'no {"password":"[secret]"}',
  );
});

test("of two secrets, one inside the other, nothing is left over", () => {
  rememberSecret("short-one");
  rememberSecret("short-one-and-longer");
  expect(maskSecrets("it is short-one-and-longer.")).toBe("it is [secret].");
});

test("a remembered secret is masked where a page shows its blanks as one", () => {
  rememberSecret("canary  of\t two &\n lines");
  expect(maskSecrets("it is canary of two & lines.")).toBe("it is [secret].");
  expect(maskSecrets("it is canary of two &amp; lines.")).toBe("it is [secret].");
  rememberSecret("a    b");
  expect(maskSecrets("from a b on")).toBe("from a b on");
});

test("a value too short for a secret masks no ordinary words", () => {
  rememberSecret("a");
  rememberSecret("tcp");
  rememberSecret("\ud800 is no text, and no reason to fail");
  rememberSecret(undefined);
  rememberSecret(1234);
  expect(maskSecrets("a tcp port is 1234")).toBe("a tcp port is 1234");
});

test("a remembered secret is masked where one server quotes what another has quoted", () => {
  const secret = `pä"ss<wo&rd' /\\ 📞-12`;
  rememberSecret(secret);
  const json = JSON.stringify(secret);
  const html = secret
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
  const quoted = [
    JSON.stringify(`the body was ${json}`),
    encodeURIComponent(json),
    encodeURIComponent(encodeURIComponent(secret)),
    new URLSearchParams({ body: json }).toString(),
    json
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&#39;"),
    JSON.stringify(html),
    JSON.stringify(JSON.stringify({ secret })),
    json.replaceAll("/", "\\/"),
    json.replace(
      /[<>&'\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
    encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (match) => match.toLowerCase()),
  ];
  for (const text of quoted) {
    expect(maskSecrets(text)).toContain("[secret]");
    expect(maskSecrets(text)).not.toContain("-12");
  }
});

test("a remembered secret is masked at any position of a longer text in Base64", () => {
  const secret = "a-canary-in-base64";
  rememberSecret(secret);
  for (const before of ["", "x", "xy", "xyz", "user:"]) {
    for (const encoding of ["base64", "base64url"] as const) {
      const text = Buffer.from(`${before}${secret}@host`).toString(encoding);
      expect(maskSecrets(text)).toContain("[secret]");
      expect(
        Buffer.from(maskSecrets(text).replace("[secret]", ""), encoding).toString(),
      ).not.toContain("canary");
    }
  }
});
