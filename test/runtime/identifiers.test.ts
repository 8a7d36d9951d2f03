import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { type ConfigDefinition, readConfig } from "../../provider/runtime/config.ts";
import {
  credential,
  displayName,
  identifier,
  vendorId,
} from "../../provider/runtime/identifiers.ts";
import { rememberSecret } from "../../provider/runtime/secrets.ts";
import { validate } from "../../provider/runtime/validation.ts";
import {
  enablexConfig,
  enablexCustomerSchema,
  licenseSchema,
  netsapiensConfig,
  oauthClientSchema,
  provisionSchema,
  subscriptionSchema,
  userSchema,
  xelionConfig,
  ximaConfig,
} from "../../provider/schemas.ts";

const problem = (schema: z.ZodType, value: string) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message);

const refused: [string, string][] = [
  ["acme ", "must not end with U+0020 (space) at position 5"],
  [" acme", "must not begin with U+0020 (space)"],
  ["acme\r", "must not contain U+000D (carriage return) at position 5"],
  ["ac\tme", "must not contain U+0009 (tab) at position 3"],
  ["ac\u0000me", "must not contain U+0000 at position 3"],
  ["ac\u009bme", "must not contain U+009B at position 3"],
  ["acme\u200b", "must not contain U+200B (zero width space) at position 5"],
  ["ac\u00adme", "must not contain U+00AD (soft hyphen) at position 3"],
  ["ac\u202eme", "must not contain U+202E at position 3"],
  ["ac\u2066me", "must not contain U+2066 at position 3"],
  ["ac\u2028me", "must not contain U+2028 at position 3"],
  ["\ufeffacme", "must not contain U+FEFF (byte order mark) at position 1"],
  ["ac\u3164me", "must not contain U+3164 at position 3"],
  ["ac\u{e0041}me", "must not contain U+E0041 at position 3"],
  ["📞\ufffe", "must not contain U+FFFE at position 2"],
  ["ac\ud800me", "must not contain U+D800 at position 3"],
  [
    "B\ufffdckerei",
    "must not contain U+FFFD (replacement character: is the file UTF-8?) at position 2",
  ],
  ["", "must not be empty"],
  [" \u3000", "must not be empty"],
];

describe("a text that names something", () => {
  test.each(refused)(
    "is refused as an identifier, a credential and a name with its code point: %j",
    (value, message) => {
      for (const schema of [identifier(), credential(), displayName()])
        expect(problem(schema, value)).toEqual([message]);
    },
  );

  test.each(["acme", "Müller & Söhne GmbH", "a b", "山田電話", "e\u0301", "📞"])(
    "is taken as it is: %j",
    (value) => {
      for (const schema of [identifier(), credential(), displayName()])
        expect(schema.parse(value)).toBe(value);
    },
  );

  test("is refused as an identifier with the markup at which the engine panics", () => {
    expect(problem(identifier(), "acme<{%x%}>")).toEqual(["must not contain <{%"]);
    expect(problem(credential(), "acme<{%x%}>")).toBeUndefined();
  });

  test("may hold another blank than the plain one only where it is no identifier", () => {
    expect(problem(identifier(), "a\u00a0b")).toEqual([
      "must not contain U+00A0 (no-break space) at position 2",
    ]);
    expect(problem(credential(), "a\u00a0b")).toBeUndefined();
    expect(problem(displayName(), "a\u00a0b")).toBeUndefined();
  });

  test("may hold the joiners of a script or an emoji only where it is a name for people", () => {
    for (const name of ["نام\u200cها", "👩\u200d💻 & Co", "☎\ufe0f"]) {
      expect(problem(displayName(), name)).toBeUndefined();
      expect(problem(identifier(), name)).toBeDefined();
    }
  });
});

describe("an id that a vendor gives", () => {
  test.each([
    ["1001", "1001"],
    [1001, "1001"],
    ["a b/c", "a b/c"],
    ["7".repeat(256), "7".repeat(256)],
  ])("is taken as text: %j", (value, id) => expect(vendorId(value)).toBe(id));

  test.each([
    [""],
    [" 7"],
    ["."],
    [".."],
    ["7\u001b[31m"],
    ["7<{%x%}>"],
    ["7\u202e"],
    ["7\n"],
    ["7".repeat(257)],
    [1.5],
    [2 ** 53],
    [true],
    [null],
    [undefined],
    [["7"]],
    [{ id: "7" }],
    ["it was The-access-key-0123456789"],
  ])("is none when it cannot be printed or asked for: %j", (value) => {
    rememberSecret("The-access-key-0123456789");
    expect(vendorId(value)).toBeUndefined();
  });
});

describe("every vendor", () => {
  const declarations: Record<string, [z.ZodType, Record<string, unknown>, string]> = {
    "Xima ids": [
      licenseSchema,
      { ccId: { resellerId: "v\u200b", tenantId: "t" } },
      "ccId.resellerId",
    ],
    "Xima tenants": [
      licenseSchema,
      { ccId: { resellerId: "v", tenantId: "t\u200b" } },
      "ccId.tenantId",
    ],
    "Xima names": [
      licenseSchema,
      { ccId: { resellerId: "v", tenantId: "t", tenantName: "T\u200b" } },
      "ccId.tenantName",
    ],
    "Xima servers": [
      licenseSchema,
      { sipCredentials: { sipServer: "sip.example.com\u200b" } },
      "sipCredentials.sipServer",
    ],
    "Xima passwords": [
      licenseSchema,
      { sipCredentials: { password: "pw\u200b" } },
      "sipCredentials.password",
    ],
    "EnableX codes": [enablexCustomerSchema, { customerCode: "a\u200b" }, "customerCode"],
    "EnableX names": [enablexCustomerSchema, { customerName: "a\u200b" }, "customerName"],
    "EnableX emails": [
      enablexCustomerSchema,
      { contactEmail: "a@example.com\u200b" },
      "contactEmail",
    ],
    "EnableX ids": [subscriptionSchema, { customerId: "1\u200b" }, "customerId"],
    "EnableX plans": [subscriptionSchema, { planId: "1\u200b" }, "planId"],
    "EnableX users": [userSchema, { email: "a@example.com\u200b" }, "email"],
    "NetSapiens domains": [oauthClientSchema, { domain: "acme\u200b" }, "domain"],
    "NetSapiens clients": [oauthClientSchema, { clientId: "acme\u200b" }, "clientId"],
    "NetSapiens secrets": [oauthClientSchema, { clientSecret: "pw\u200b" }, "clientSecret"],
    "NetSapiens users": [oauthClientSchema, { apiUsername: "api\u200b" }, "apiUsername"],
    "NetSapiens passwords": [oauthClientSchema, { apiPassword: "pw\u200b" }, "apiPassword"],
    "Xelion tenants": [provisionSchema, { tenantName: "pbx1\u200b" }, "tenantName"],
    "Xelion tokens": [provisionSchema, { tenantToken: "abc\u200b" }, "tenantToken"],
    "Xelion users": [
      provisionSchema,
      { tenantLogin: { userName: "a\u200b", password: "pw" } },
      "tenantLogin.userName",
    ],
    "Xelion passwords": [
      provisionSchema,
      { tenantLogin: { userName: "a", password: "pw\u200b" } },
      "tenantLogin.password",
    ],
  };
  test.each(Object.entries(declarations))(
    "refuses in its arguments what cannot be seen: %s",
    (_, [schema, inputs, property]) => {
      expect(validate(schema, inputs).filter((failure) => failure.property === property)).toEqual([
        {
          property,
          reason: expect.stringMatching(/U\+200B \(zero width space\) at position \d+$/),
        },
      ]);
    },
  );

  const definitions: ConfigDefinition[] = [
    ximaConfig,
    enablexConfig,
    netsapiensConfig,
    xelionConfig,
  ];
  const secrets = definitions.flatMap(({ namespace, keys }) =>
    Object.entries(keys)
      .filter(([name, { secret }]) => secret && name !== "privateKey")
      .map(([name, key]) => [`${namespace}:${name}`, key.value] as const),
  );
  test.each(secrets)(
    "refuses a line break at the end of the secret %s in its config",
    (_, schema) => {
      expect(problem(schema, "pw\r")).toEqual([
        "must not contain U+000D (carriage return) at position 3",
      ]);
    },
  );
});

test("a secret in a file may end with a line break of any system, and must be UTF-8", () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-config-"));
  const definition = {
    namespace: "acme",
    keys: { password: { value: credential(), secret: true, about: "the password" } },
  };
  const read = (content: string | Uint8Array) => {
    writeFileSync(join(folder, "password"), content);
    return readConfig(definition, { get: () => undefined }, undefined, {
      ACME_PASSWORD_FILE: join(folder, "password"),
    }).password;
  };
  try {
    expect(read("pw-canary\r\n")).toBe("pw-canary");
    expect(read("\ufeffpw-canary\n")).toBe("pw-canary");
    expect(() => read("pw-canary\r")).toThrow(
      "must not contain U+000D (carriage return) at position 10",
    );
    expect(() => read(Buffer.from("pw-caf\u00e9", "latin1"))).toThrow("is not UTF-8 (line 1)");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
