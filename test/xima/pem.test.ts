import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isPem, pemBlocks } from "../../provider/xima/pem.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const plain = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const encrypted = privateKey
  .export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "open" })
  .toString();

const damages: [string, (pem: string) => string][] = [
  ["as it was", (pem) => pem],
  ["with Windows' line ends", (pem) => pem.replaceAll("\n", "\r\n")],
  ["with old Mac's line ends", (pem) => pem.replaceAll("\n", "\r")],
  ["with blanks for line ends", (pem) => pem.replaceAll("\n", " ")],
  ["with tabs and blanks before each line", (pem) => pem.replace(/^/gm, "\t  ")],
  ["with the characters \\n", (pem) => pem.replaceAll("\n", "\\n")],
  ["with the characters \\r\\n", (pem) => pem.replaceAll("\n", "\\r\\n")],
  ["with the characters \\n escaped once more", (pem) => pem.replaceAll("\n", "\\\\n")],
  ["with the characters \\n and real line ends", (pem) => pem.replaceAll("\n", "\\n\n")],
  ["in quotes", (pem) => `"${pem.replaceAll("\n", "\\n")}"`],
  ["in base64", (pem) => Buffer.from(pem).toString("base64")],
  [
    "in base64 of several lines",
    (pem) => Buffer.from(pem).toString("base64").replace(/.{76}/g, "$&\n"),
  ],
];

describe("a PEM text", () => {
  test.each(damages)("is put in order: %s", (_, damaged) => {
    for (const [pem, label] of [
      [plain, "PRIVATE KEY"],
      [encrypted, "RSA PRIVATE KEY"],
    ] as const) {
      expect(isPem(damaged(pem))).toBe(true);
      expect(pemBlocks(damaged(pem))).toEqual([{ label, text: pem }]);
    }
  });

  test("without any line ends is put in order", () => {
    expect(pemBlocks(plain.replaceAll("\n", ""))).toEqual([{ label: "PRIVATE KEY", text: plain }]);
  });

  test("of several blocks has each one, without the text between them", () => {
    expect(
      pemBlocks(`Bag Attributes\n${plain}subject=CN\n${encrypted}`).map(({ text }) => text),
    ).toEqual([plain, encrypted]);
  });

  test("that lost characters stays as it is", () => {
    const lost = "-----BEGIN PRIVATE KEY-----\nMII?\n-----END PRIVATE KEY-----";
    expect(pemBlocks(lost)).toEqual([{ label: "PRIVATE KEY", text: lost }]);
    expect(pemBlocks(plain.replace(/-----END.*/, ""))).toEqual([]);
  });

  test.each(["/etc/ucaas/xima.key.pem", "C:\\\\new\\\\key.pem", "LS0t"])(
    "is not seen in %j",
    (path) => {
      expect(isPem(path)).toBe(false);
    },
  );
});
