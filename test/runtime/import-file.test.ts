import { expect, test } from "vitest";
import { importEntry } from "../../provider/runtime/import-file.ts";
import { loaderLine } from "../../provider/runtime/loader-line.ts";

const mark = "4dabf18193072939515e22adb298388d";

test("an entry has both bags with the loader line, so that the engine reads nothing", () => {
  const entry = importEntry(
    "EnableXCustomer",
    "acme",
    "1001",
    { customerName: "Acme" },
    { customerName: "Acme", customerId: "1001" },
    [],
  );
  expect(entry).toEqual({
    type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
    name: "acme",
    id: "1001",
    inputs: { customerName: "Acme", __provider: loaderLine("EnableXCustomer") },
    outputs: {
      __claim: expect.stringMatching(/^[0-9a-f]{8}$/),
      __intent: expect.stringMatching(/^\d{4}-.*Z\/import$/),
      customerName: "Acme",
      customerId: "1001",
      __provider: loaderLine("EnableXCustomer"),
    },
  });
});

test("a secret is marked for encryption in both bags, inside objects too, and appears only there", () => {
  const values = { sip: { password: "p4ss", user: "u" }, token: { a: [1] } };
  const entry = importEntry("XimaLicense", "acme", "a/b", values, values, [
    "sip.password",
    "token",
  ]);
  for (const bag of [entry.inputs, entry.outputs]) {
    expect(bag.sip).toEqual({
      user: "u",
      password: { [mark]: "1b47061264138c4ac30d75fd1eb44270", plaintext: '"p4ss"' },
    });
    expect(bag.token).toEqual({
      [mark]: "1b47061264138c4ac30d75fd1eb44270",
      plaintext: '{"a":[1]}',
    });
  }
});

test("a secret that is not there is passed over, and what JSON has no word for is left out", () => {
  const entry = importEntry("XimaLicense", "acme", "a/b", { a: undefined, b: 1 }, {}, [
    "sip.password",
    "b.c",
    "a",
  ]);
  expect(entry.inputs).toEqual({ b: 1, __provider: loaderLine("XimaLicense") });
});
