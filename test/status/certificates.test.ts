import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { certificateEnds } from "../../cli/status/certificates.ts";
import { asText } from "../../cli/status/render-text.ts";
import { certificateFor } from "../xima/certificate.ts";
import { reportOf, resources } from "./estate.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const configOf = (values: Record<string, string>) => ({
  get: (key: string) => values[key],
  keys: () => Object.keys(values),
});

test("the end of each account's certificate is shown, without the private key", async () => {
  const pem = await certificateFor(privateKey, { to: 12 });
  const config = configOf({
    "xima:certificate": pem,
    "xima:accounts": JSON.stringify({ second: { certificate: pem }, keyed: { keyId: "k" } }),
  });
  const { certificates, notes } = certificateEnds("prod", config, {}, new Date());
  expect(certificates.map(({ account, daysLeft }) => [account, daysLeft])).toEqual([
    [undefined, 11],
    ["second", 11],
  ]);
  expect(notes).toEqual([]);
  const text = asText(reportOf([{ stack: "prod", resources, pending: [] }], { certificates }));
  expect(text).toContain("The certificate of prod xima (second) ends on");
  expect(text).toContain("prod: the certificate of xima ends on");
});

test("a certificate that cannot be read is a note, and hides no other", async () => {
  const pem = await certificateFor(privateKey);
  const config = configOf({
    "xima:certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "xima:accounts": JSON.stringify({ second: { certificate: pem } }),
  });
  const { certificates, notes } = certificateEnds("prod", config, {}, new Date());
  expect(certificates).toHaveLength(1);
  expect(notes).toEqual([expect.stringMatching(/^prod: .*\[CERTIFICATE_UNREADABLE\]$/)]);
});
