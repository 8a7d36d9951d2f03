import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { faultsIn, plainSecretsIn } from "../../stacks/faults.ts";
import { StackFiles } from "../../stacks/stack-files.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder `stacks` with these files, and stack acme in it. */
function stackOf(files: Record<string, string>): StackFiles {
  const base = mkdtempSync(join(tmpdir(), "ucaas-stacks-"));
  made.push(base);
  for (const [name, text] of Object.entries(files)) {
    const path = join(base, "stacks", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return new StackFiles(join(base, "stacks"), "acme");
}

/** Config of the vendors, as a pipeline's environment might give it. */
const vendors: Record<string, string> = { "xima:baseUrl": "https://licensing.example/v1", "xima:privateKey": "pem", "xima:keyId": "kid" };

const everyVendor = {
  ...vendors,
  "enablex:accessId": "id",
  "enablex:accessKey": "key",
  "xelion:baseUrl": "https://xelion.example",
  "xelion:apiKey": "key",
};

const xelion = (serverUrl: string, tenantName: string) =>
  `{name: A, xelion: {serverUrl: ${serverUrl}, tenantName: ${tenantName}, tenantToken: {secure: x}, configuration: {version: 1, organization: {name: A}}}}`;

/** The faults that the program finds; `customers` is what the engine decrypted, if it says more than the texts in place of the ciphers. */
function faults(
  files: Record<string, string>,
  { customers, config = vendors }: { customers?: unknown; config?: Record<string, string> } = {},
) {
  const stack = stackOf(files);
  const given = { ...stack.asWritten, customers: customers ?? decrypted(stack.asWritten.customers), isSecret: () => true };
  return faultsIn(stack, given, stack.customers(given), { get: (key) => config[key] });
}

function decrypted(value: unknown): unknown {
  const text = JSON.stringify(value, (_, inner) => (inner && Object.keys(inner).join() === "secure" ? inner.secure : inner));
  return text && JSON.parse(text);
}

const head = `config:
  ucaas:defaults:
    xima:
      ccId: {resellerId: voicehouse, resellerName: Voicehouse}
  ucaas:customers:
`;

test("all faults are told at once, each with file, line, column, the value and what was expected", () => {
  const file = `${head}    acme:
      name: Acme Ltd
      xima:
        professionalSeats: twelve
        eliteSeats: 3.5
        aiMessaging: {standardBundel: 2}
    bakery:
      xima: {}
      ximma: {}
    Clinic:
      name: Clinic
      xima:
        essentialSeats: 3
    dentist: 12
`;
  expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
    'stacks/Pulumi.acme.yaml:9:28 acme.xima.professionalSeats = "twelve": must be a whole number',
    "stacks/Pulumi.acme.yaml:10:21 acme.xima.eliteSeats = 3.5: must be a whole number",
    "stacks/Pulumi.acme.yaml:11:23 acme.xima.aiMessaging.standardBundel is not a property here. Did you mean standardBundles?",
    "stacks/Pulumi.acme.yaml:12:5 bakery.name is missing: expected string",
    "stacks/Pulumi.acme.yaml:14:7 bakery.ximma is not a property here. Did you mean xima?",
    'stacks/Pulumi.acme.yaml:15:5 "Clinic" is no slug: it must be lower-case letters, digits and hyphens, with a letter or digit at both ends',
    "stacks/Pulumi.acme.yaml:18:25 Clinic.xima.essentialSeats = 3: must be 0 or at least 5, not 3 (OpenAPI 1.4)",
    "stacks/Pulumi.acme.yaml:19:14 dentist = 12: expected a map",
  ]);
});

test("a stack without faults has none", () => {
  expect(
    faults({ "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {professionalSeats: 12}}\n    bakery: {name: Bakery}\n` }),
  ).toEqual([]);
});

test("what is wrong in the defaults is told once and there, however many customers use it", () => {
  const file = `config:
  ucaas:defaults:
    xima: {ccId: {resellerId: ""}, seats: 5}
    ximma: {}
  ucaas:customers:
    acme: {name: Acme, xima: {ccId: {resellerName: V}}}
    bakery: {name: Bakery, xima: {ccId: {resellerName: V}}}
`;
  expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
    'stacks/Pulumi.acme.yaml:3:31 defaults.xima.ccId.resellerId = "": must not be empty',
    expect.stringMatching(/^stacks\/Pulumi\.acme\.yaml:3:36 defaults\.xima\.seats is not a property here\. /),
    "stacks/Pulumi.acme.yaml:4:5 defaults.ximma is not a property here. Did you mean xima?",
  ]);
});

test("a default gives nobody a system", () => {
  const stack = stackOf({ "Pulumi.acme.yaml": `${head}    acme: {name: Acme}\n` });
  expect(stack.customers(stack.asWritten)[0]?.value).toEqual({ name: "Acme" });
});

describe("secrets", () => {
  const encrypted = (password: string) => `${head}    acme:
      name: Acme
      xima:
        sipCredentials: {username: {secure: v1:abc}, password: ${password}, sipServer: s, outboundProxy: o, sipPort: {secure: v1:def}, transport: udp}
`;
  const customers = {
    acme: {
      name: "Acme",
      xima: {
        sipCredentials: {
          username: "user-canary",
          password: "pass-canary",
          sipServer: "s",
          outboundProxy: "o",
          sipPort: "port-canary",
          transport: "udp",
        },
      },
    },
  };

  test("a wrong value that is encrypted is told of without being shown", () => {
    const found = faults({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") }, { customers });
    expect(found).toEqual(["stacks/Pulumi.acme.yaml:9:123 acme.xima.sipCredentials.sipPort = [secret]: must be a whole number"]);
  });

  test("nor is one shown that should have been encrypted", () => {
    const found = faults({ "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {sipCredentials: {password: 4711}}}\n` });
    expect(found.join("\n")).toContain("acme.xima.sipCredentials.password = [secret]: expected string");
    expect(found.join("\n")).not.toContain("4711");
  });

  test("what by its name should be encrypted is shown in no fault and earns the same warning; the name of a user tells nothing", () => {
    const file = {
      "Pulumi.acme.yaml": `config:
  ucaas:customers:
    acme:
      name: Acme
      enablex:
        users:
          chopin: {userType: u, firstName: Fred, email: f@acme.example, fields: {api-key: canary-1, sip_pin: canary-2, desk: "4"}}
`,
    };
    const fields = "acme.enablex.users.chopin.fields";
    expect(faults(file, { config: everyVendor })).toEqual([
      `stacks/Pulumi.acme.yaml:7:91 ${fields}["api-key"] = [secret]: must be a field name of the API, such as start_date`,
    ]);
    const stack = stackOf(file);
    expect(plainSecretsIn(stack.customers(stack.asWritten))).toEqual([
      `stacks/Pulumi.acme.yaml:7:91 ${fields}["api-key"] stands there in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.${fields}["api-key"]'`,
      `stacks/Pulumi.acme.yaml:7:110 ${fields}.sip_pin stands there in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.${fields}.sip_pin'`,
    ]);
  });

  test("just the encrypted values are taken for secrets, so that a diff shows the others", () => {
    const stack = stackOf({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") });
    const [acme] = stack.customers({ ...stack.asWritten, customers, isSecret: () => true });
    const secret = ["username", "password", "sipServer", "outboundProxy", "sipPort", "transport"].filter((field) =>
      acme?.isSecret(["xima", "sipCredentials", field]),
    );
    expect(secret).toEqual(["username", "password", "sipPort"]);
  });

  test("what the file says otherwise than the engine is as secret as its whole key", () => {
    const stack = stackOf({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") });
    const [acme] = stack.customers({
      ...stack.asWritten,
      customers: { acme: { ...customers.acme, name: "from elsewhere", protect: false } },
      isSecret: () => true,
    });
    expect([acme?.isSecret(["name"]), acme?.isSecret(["protect"])]).toEqual([true, true]);
  });

  test("one in plain text earns a warning with the command that encrypts it", () => {
    const stack = stackOf({ "Pulumi.acme.yaml": encrypted("hunter2") });
    expect(plainSecretsIn(stack.customers(stack.asWritten))).toEqual([
      "stacks/Pulumi.acme.yaml:9:64 acme.xima.sipCredentials.password stands there in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.acme.xima.sipCredentials.password'",
    ]);
    const safe = stackOf({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") });
    expect(plainSecretsIn(safe.customers(safe.asWritten))).toEqual([]);
  });
});

describe("customers in files of their own", () => {
  test("count beside those of the stack's file, with its defaults and with their secrets from it", () => {
    const stack = stackOf({
      "Pulumi.acme.yaml": `${head}    acme: {name: Acme}\n    bakery: {xima: {sipCredentials: {password: {secure: v1:abc}}}}\n`,
      "customers/acme/bakery.yaml":
        "name: Bakery\nxima: {professionalSeats: 5, sipCredentials: {username: u, sipServer: s, outboundProxy: o}}\n",
      "customers/other/clinic.yaml": "name: Clinic\n",
    });
    const [acme, bakery, ...rest] = stack.customers(stack.asWritten);
    expect([acme?.slug, bakery?.slug, rest]).toEqual(["acme", "bakery", []]);
    expect(bakery?.value).toEqual({
      name: "Bakery",
      xima: {
        ccId: { resellerId: "voicehouse", resellerName: "Voicehouse", tenantId: "bakery", tenantName: "Bakery" },
        professionalSeats: 5,
        sipCredentials: { username: "u", sipServer: "s", outboundProxy: "o", password: { secure: "v1:abc" } },
      },
    });
    expect(bakery?.isSecret(["xima", "sipCredentials", "password"])).toBe(true);
    expect(bakery?.isSecret(["xima", "sipCredentials", "username"])).toBe(false);
  });

  test("have their faults told with their own places", () => {
    const found = faults({
      "Pulumi.acme.yaml": `${head}    bakery: {xima: {professionalSeats: 6}}\n`,
      "customers/acme/bakery.yaml":
        "name: Bakery\nxima:\n  professionalSeats: 5\n  eliteSeats: no\n  sipCredentials: {password: {secure: v1:abc}, username: u, sipServer: s, outboundProxy: o}\n",
      "customers/acme/clinic.yaml": "name: [Clinic\n",
    });
    expect(found).toEqual([
      "stacks/Pulumi.acme.yaml:6:40 bakery.xima.professionalSeats is said in stacks/customers/acme/bakery.yaml:3:22 too; say it once",
      "stacks/customers/acme/bakery.yaml:5:30 bakery.xima.sipCredentials.password is encrypted here, where the engine does not decrypt it. Run: pulumi config set --secret --path 'ucaas:customers.bakery.xima.sipCredentials.password'",
      'stacks/customers/acme/bakery.yaml:4:15 bakery.xima.eliteSeats = "no": must be a whole number',
      "stacks/customers/acme/clinic.yaml:2:1 Flow sequence in block collection must be sufficiently indented and end with a ]",
    ]);
  });
});

describe("config", () => {
  test("a key that nobody reads is told of, with the nearest known, in accounts too", () => {
    const file = `config:
  xima:privatKey: x
  ucaas:custommers: {}
  xima:accounts: {second: {baseURL: "https://other.example"}}
  aws:region: eu-west-1
  ucaas:customers: {}
`;
    expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
      "stacks/Pulumi.acme.yaml:2:3 xima:privatKey is not a key of the config. Did you mean privateKey?",
      "stacks/Pulumi.acme.yaml:3:3 ucaas:custommers is not a key of the config. Did you mean customers?",
      "stacks/Pulumi.acme.yaml:4:28 xima:accounts.second.baseURL is not a key of the config. Did you mean baseUrl?",
    ]);
  });

  test("a vendor's missing key is told of with its command, for a vendor that a customer has", () => {
    const files = { "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {}}\n` };
    expect(faults(files, { config: {} }).join("\n")).toMatch(
      /^stacks\/Pulumi\.acme\.yaml:6:30 acme\.xima: xima:baseUrl .*pulumi config set xima:baseUrl <value>/m,
    );
    expect(faults({ "Pulumi.acme.yaml": `${head}    acme: {name: Acme}\n` }, { config: {} })).toEqual([]);
  });

  test("customers that are not there at all are a fault, since all would be deleted; none at all is said in so many words", () => {
    expect(faults({ "Pulumi.acme.yaml": "config: {}\n" })).toEqual([
      "stacks/Pulumi.acme.yaml ucaas:customers is missing, and there is no file in customers/acme. A stack without customers says so: ucaas:customers: {}",
    ]);
    expect(faults({ "Pulumi.acme.yaml": "config:\n  ucaas:customers: {}\n" })).toEqual([]);
    expect(faults({ "Pulumi.acme.yaml": "config:\n  ucaas:customers: [acme]\n" })).toEqual([
      "stacks/Pulumi.acme.yaml:2:20 ucaas:customers: expected a map of customers by slug",
    ]);
  });
});

test("each system's own rules are told with their places too, and what one needs of another", () => {
  const file = `config:
  ucaas:customers:
    acme:
      name: Acme
      netsapiens: {driver: existing, domain: acme, clientId: x, apiUrl: "https://a.example", apiUsername: u}
      xima: {ccId: {resellerId: r}, aiMessaging: {standardBundles: 1}}
      xelion:
        serverUrl: https://pbx.example
        tenantToken: {secure: x}
        configuration:
          version: 1
          organization: {name: Acme}
          departments: [{name: Desk, internalNumbers: ["200", "200"]}]
      enablex:
        officeAddress: {country: XX}
        users: {ada: {userType: u, firstName: Ada, email: a@acme.example, fields: {user_id: 1}}}
    bakery:
      name: Bakery
      xima: {ccId: {resellerId: r}, sipCredentials: {username: u, password: {secure: x}, outboundProxy: o}}
`;
  expect(faults({ "Pulumi.acme.yaml": file }, { config: everyVendor })).toEqual([
    expect.stringMatching(
      /:5:7 acme\.netsapiens\.apiPassword is missing: declare it, or run pulumi config set --secret netsapiens:apiPassword/,
    ),
    expect.stringMatching(/:5:7 acme\.netsapiens\.clientSecret is missing: the driver "existing" needs the secret/),
    expect.stringMatching(/:6:50 acme\.xima\.aiMessaging: any bundle needs at least one Professional seat/),
    expect.stringMatching(/:13:63 acme\.xelion\.configuration\.departments\[0\]\.internalNumbers\[1\] = "200": 200 is used twice/),
    expect.stringMatching(/:15:34 acme\.enablex\.officeAddress\.country = "XX": /),
    expect.stringMatching(/:16:93 acme\.enablex\.users\.ada\.fields\.user_id = 1: is assigned by the server/),
    expect.stringMatching(
      /:19:37 bakery\.xima\.sipCredentials\.sipServer is missing: the customer has no NetSapiens client to take it from/,
    ),
  ]);
});

test("the keys of a map come in the order of the file, as an order at Xelion needs them, though the engine sorts them", () => {
  const stack = stackOf({
    "Pulumi.acme.yaml":
      "config:\n  ucaas:customers:\n    b: {name: B, xelion: {configuration: {z: 1, a: {y: 1, b: 2}}}}\n    a: {name: A}\n",
  });
  const sorted = { a: { name: "A" }, b: { name: "B", xelion: { configuration: { a: { b: 2, y: 1 }, z: 1 } } } };
  const customers = stack.customers({ ...stack.asWritten, customers: sorted });
  expect(customers.map(({ slug }) => slug)).toEqual(["b", "a"]);
  expect(JSON.stringify(customers[0]?.value)).toContain('"configuration":{"z":1,"a":{"y":1,"b":2}}');
});

describe("the same thing declared twice", () => {
  const customer = (tenantId: string) => `{name: Acme, xima: {ccId: {tenantId: ${tenantId}}}}`;

  test("is told with both places, in one stack", () => {
    expect(faults({ "Pulumi.acme.yaml": `${head}    acme: ${customer("t1")}\n    bakery: ${customer("t1")}\n` })).toEqual([
      'stacks/Pulumi.acme.yaml:7:50 bakery.xima.ccId.tenantId = "t1": the Xima tenant voicehouse/t1 is declared already, for customer acme (stacks/Pulumi.acme.yaml:6:48)',
    ]);
  });

  test("is told in two stacks of the folder, unless their servers differ", () => {
    const other = `${head}    clinic: ${customer("t1")}\n`;
    const own = `${head}    acme: ${customer("t1")}\n`;
    expect(faults({ "Pulumi.acme.yaml": own, "Pulumi.other.yaml": other })).toEqual([
      'stacks/Pulumi.acme.yaml:6:48 acme.xima.ccId.tenantId = "t1": the Xima tenant voicehouse/t1 is declared already, for customer clinic of stack other (stacks/Pulumi.other.yaml:6:50)',
    ]);
    const elsewhere = other.replace("config:\n", "config:\n  xima:baseUrl: https://sandbox.example/v1\n");
    expect(faults({ "Pulumi.acme.yaml": own, "Pulumi.other.yaml": elsewhere })).toEqual([]);
  });

  const client = (own: string) =>
    `{name: A, netsapiens: {driver: existing, domain: d, clientSecret: {secure: x}, apiUsername: u, apiPassword: {secure: y}, ${own}}}`;
  test.each([
    [
      "client",
      client("apiUrl: https://a.example, clientId: x"),
      client("apiUrl: https://a.example/, clientId: x"),
      "the NetSapiens client x",
    ],
    [
      "DID, however it is written",
      client('apiUrl: https://a.example, clientId: x, did: "+1 312-555-0100"'),
      client('apiUrl: https://a.example, clientId: y, did: "3125550100"'),
      "the DID 3125550100",
    ],
    ["Xelion tenant", xelion("https://pbx.example", "pbx1"), xelion("https://PBX.example", "pbx1"), "the Xelion tenant pbx1"],
    ["customer code", "{name: A, enablex: {customerCode: c1}}", "{name: B, enablex: {customerCode: c1}}", "the EnableX customer code c1"],
    [
      "contact, in any case",
      "{name: A, enablex: {contactEmail: IT@acme.example}}",
      "{name: B, enablex: {contactEmail: it@acme.example}}",
      "the EnableX contact it@acme.example",
    ],
  ])("is found for a %s", (_, first, second, words) => {
    const found = faults(
      { "Pulumi.acme.yaml": `config:\n  ucaas:customers:\n    a: ${first}\n    b: ${second}\n` },
      { config: everyVendor },
    );
    expect(found).toEqual([expect.stringContaining(`: ${words} is declared already, for customer a (stacks/Pulumi.acme.yaml:3:`)]);
  });

  test("is no fault at two servers", () => {
    const file = `config:
  ucaas:customers:
    a: ${client("apiUrl: https://a.example, clientId: x")}
    b: ${client("apiUrl: https://b.example, clientId: x")}
    c: ${xelion("https://a.example", "pbx1")}
    d: ${xelion("https://b.example", "pbx1")}
`;
    expect(faults({ "Pulumi.acme.yaml": file }, { config: everyVendor })).toEqual([]);
  });

  test("is found where the tenant is named by the slug alone", () => {
    const files = {
      "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {}}\n`,
      "Pulumi.other.yaml": `${head}    clinic: ${customer("acme")}\n`,
    };
    expect(faults(files)).toEqual([
      'stacks/Pulumi.acme.yaml:6:24 acme.xima.ccId.tenantId = "acme": the Xima tenant voicehouse/acme is declared already, for customer clinic of stack other (stacks/Pulumi.other.yaml:6:50)',
    ]);
  });
});

test("a blank that adoption left is told with its place and what belongs there, whatever else would be wrong with it", () => {
  const file = `${head}    acme:
      name: "<fill in: the customer's name>"
      xima:
        professionalSeats: "<fill in: seats>"
        eliteSeats: 3
`;
  expect(faults({ "Pulumi.acme.yaml": file }).sort()).toEqual([
    `stacks/Pulumi.acme.yaml:7:13 acme.name = "<fill in: the customer's name>": is a blank, which is still to be filled in`,
    'stacks/Pulumi.acme.yaml:9:28 acme.xima.professionalSeats = "<fill in: seats>": is a blank, which is still to be filled in',
  ]);
});

test("an EnableX customer without a code says so, and other empty values are faults", () => {
  const file = `config:
  ucaas:customers:
    acme:
      name: Acme
      enablex: {customerCode: , contactEmail: it@acme.example}
    bakery:
      name: Bakery
      enablex: {contactName: }
`;
  const stack = stackOf({ "Pulumi.acme.yaml": file });
  const [acme] = stack.customers(stack.asWritten);
  expect(acme?.value).toEqual({ name: "Acme", enablex: { customerName: "Acme", contactEmail: "it@acme.example" } });
  expect(faults({ "Pulumi.acme.yaml": file }, { config: { "enablex:accessId": "id", "enablex:accessKey": "key" } })).toEqual([
    "stacks/Pulumi.acme.yaml:8:30 bakery.enablex.contactName: expected string, received null",
  ]);
});
