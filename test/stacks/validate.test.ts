import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { StackFiles } from "../../stacks/stack-files.ts";
import {
  collectWarnings,
  findPlaintextSecrets,
  validateStackFiles,
} from "../../stacks/validate.ts";
import { decrypted, projectWith, stackOf } from "./stack-of.ts";

/** Config of the vendors, as a pipeline's environment might give it. */
const vendors: Record<string, string> = {
  "xima:baseUrl": "https://licensing.example/v1",
  "xima:privateKey": "pem",
  "xima:keyId": "kid",
};

const everyVendor = {
  ...vendors,
  "enablex:accessId": "id",
  "enablex:accessKey": "key",
  "xelion:baseUrl": "https://xelion.example",
  "xelion:apiKey": "key",
};

const xelion = (serverUrl: string, tenantName: string) =>
  `{name: A, xelion: {serverUrl: ${serverUrl}, tenantName: ${tenantName}, tenantToken: {secure: x}, configuration: {version: 1, organization: {name: A}}}}`;

/**
 * The faults that the program finds; `customers` is what the engine decrypted, if it says
 * more than the texts instead of the ciphers.
 */
function faults(
  files: Record<string, string | Uint8Array>,
  { customers, config = vendors }: { customers?: unknown; config?: Record<string, string> } = {},
) {
  return faultsOf(stackOf(files), { customers, config });
}

function faultsOf(
  stack: StackFiles,
  { customers, config = vendors }: { customers?: unknown; config?: Record<string, string> } = {},
) {
  const given = {
    ...stack.asWritten,
    customers: customers ?? decrypted(stack.asWritten.customers),
    isSecret: () => true,
  };
  return validateStackFiles(stack, given, stack.customers(given), { get: (key) => config[key] });
}

const head = `config:
  ucaas:defaults:
    xima:
      ccId: {resellerId: voicehouse, resellerName: Voicehouse}
  ucaas:customers:
`;

test("all errors are reported at once, each with its place, the value and what was expected", () => {
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
    "stacks/Pulumi.acme.yaml:19:14 dentist: expected a map",
  ]);
});

test("a stack without faults has none", () => {
  expect(
    faults({
      "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {professionalSeats: 12}}\n    bakery: {name: Bakery}\n`,
    }),
  ).toEqual([]);
});

test("an error in the defaults is reported once and there, however many customers use it", () => {
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
    expect.stringMatching(
      /^stacks\/Pulumi\.acme\.yaml:3:36 defaults\.xima\.seats is not a property here\. /,
    ),
    "stacks/Pulumi.acme.yaml:4:5 defaults.ximma is not a property here. Did you mean xima?",
  ]);
});

test("a default gives no customer a system", () => {
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

  test("a wrong value that is encrypted is reported without being shown", () => {
    const found = faults({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") }, { customers });
    expect(found).toEqual([
      "stacks/Pulumi.acme.yaml:9:123 acme.xima.sipCredentials.sipPort = [secret]: must be a whole number",
    ]);
  });

  test("nor is one shown that should have been encrypted", () => {
    const found = faults({
      "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {sipCredentials: {password: 4711}}}\n`,
    });
    expect(found.join("\n")).toContain(
      "acme.xima.sipCredentials.password = [secret]: expected string",
    );
    expect(found.join("\n")).not.toContain("4711");
  });

  test("a field with a secret's name is never shown and causes a warning, unlike a user's name", () => {
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
    expect(findPlaintextSecrets(stack.customers(stack.asWritten))).toEqual([
      `stacks/Pulumi.acme.yaml:7:91 ${fields}["api-key"] is in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.${fields}["api-key"]'`,
      `stacks/Pulumi.acme.yaml:7:110 ${fields}.sip_pin is in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.${fields}.sip_pin'`,
    ]);
  });

  test("just the encrypted values are taken for secrets, so that a diff shows the others", () => {
    const stack = stackOf({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") });
    const [acme] = stack.customers({ ...stack.asWritten, customers, isSecret: () => true });
    const secret = [
      "username",
      "password",
      "sipServer",
      "outboundProxy",
      "sipPort",
      "transport",
    ].filter((field) => acme?.isSecret(["xima", "sipCredentials", field]));
    expect(secret).toEqual(["username", "password", "sipPort"]);
  });

  test("a value that differs between file and engine is as secret as its whole key", () => {
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
    expect(findPlaintextSecrets(stack.customers(stack.asWritten))).toEqual([
      "stacks/Pulumi.acme.yaml:9:64 acme.xima.sipCredentials.password is in plain text. Take it out and run: pulumi config set --secret --path 'ucaas:customers.acme.xima.sipCredentials.password'",
    ]);
    const markup = stackOf({ "Pulumi.acme.yaml": encrypted('{"<{%fg 1%}>": hunter2}') });
    const [line] = findPlaintextSecrets(markup.customers(markup.asWritten));
    // The engine panics at its own colour markup.
    expect(line).toContain("is in plain text");
    expect(line).not.toContain("<{%");
    const safe = stackOf({ "Pulumi.acme.yaml": encrypted("{secure: v1:ghi}") });
    expect(findPlaintextSecrets(safe.customers(safe.asWritten))).toEqual([]);
  });
});

describe("customers in files of their own", () => {
  test.each([
    [
      "customers/acme",
      (path: string) => symlinkSync("/nowhere", path),
      "replace the link, which leads to no folder, by a folder, or remove it",
    ],
    [
      "customers",
      (path: string) => writeFileSync(path, ""),
      "replace the file by a folder, or remove it",
    ],
  ])("are missed where %s leads to no folder", (name, make, remedy) => {
    const folder = join(
      projectWith({ "Pulumi.acme.yaml": `${head}    acme: {name: A}\n` }),
      "stacks",
    );
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    make(join(folder, name));
    const stack = new StackFiles(folder, "acme");
    expect(stack.unread).toMatchObject([{ remedy }]);
    expect(faultsOf(stack)).toContain(`stacks/${name} is not read. What to do: ${remedy}.`);
  });

  test("with a value that has a tag get one error for it", () => {
    const found = faults({
      "Pulumi.acme.yaml": head.replace("customers:", "customers: {}"),
      "customers/acme/bakery.yaml": "name: !!binary aGk=\n",
    });
    expect(found).toEqual([expect.stringContaining("a tag (!) is not read")]);
  });

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
        ccId: {
          resellerId: "voicehouse",
          resellerName: "Voicehouse",
          tenantId: "bakery",
          tenantName: "Bakery",
        },
        professionalSeats: 5,
        sipCredentials: {
          username: "u",
          sipServer: "s",
          outboundProxy: "o",
          password: { secure: "v1:abc" },
        },
      },
    });
    expect(bakery?.isSecret(["xima", "sipCredentials", "password"])).toBe(true);
    expect(bakery?.isSecret(["xima", "sipCredentials", "username"])).toBe(false);
  });

  test("have their errors reported with their own places", () => {
    const found = faults({
      "Pulumi.acme.yaml": `${head}    bakery: {xima: {professionalSeats: 6}}\n`,
      "customers/acme/bakery.yaml":
        "name: Bakery\nxima:\n  professionalSeats: 5\n  eliteSeats: none\n  sipCredentials: {password: {secure: v1:abc}, username: u, sipServer: s, outboundProxy: o}\n",
      "customers/acme/clinic.yaml": "name: [Clinic\n",
    });
    expect(found).toEqual([
      "stacks/Pulumi.acme.yaml:6:40 bakery.xima.professionalSeats is said in stacks/customers/acme/bakery.yaml:3:22 too; say it once",
      "stacks/customers/acme/bakery.yaml:5:30 bakery.xima.sipCredentials.password is encrypted here, where the engine does not decrypt it. Run: pulumi config set --secret --path 'ucaas:customers.bakery.xima.sipCredentials.password'",
      'stacks/customers/acme/bakery.yaml:4:15 bakery.xima.eliteSeats = "none": must be a whole number',
      "stacks/customers/acme/clinic.yaml:2:1 Flow sequence in block collection must be sufficiently indented and end with a ]",
    ]);
  });
});

describe("config", () => {
  test("an unknown key is reported with the nearest known one, in accounts too", () => {
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

  describe("in a project with a name of its own", () => {
    const inVoicehouse = (line: string, config = vendors) =>
      faults(
        {
          "../Pulumi.yaml": "name: voicehouse\nruntime: nodejs\n",
          "Pulumi.acme.yaml": `config:\n  ucaas:customers: {}\n  ${line}\n`,
        },
        { config },
      );

    test.each([
      ["production: true", "production (voicehouse:production)", "ucaas:production"],
      ["limits: {maxRemovals: 0}", "limits (voicehouse:limits)", "ucaas:limits"],
      ["voicehouse:production: true", "voicehouse:production", "ucaas:production"],
      ["voicehouse:config:journal: x", "voicehouse:config:journal", "ucaas:journal"],
      ["uccas:production: true", "uccas:production", "ucaas:production"],
      ["UCAAS:limits: {}", "UCAAS:limits", "ucaas:limits"],
      ["xmia:seatRules: {}", "xmia:seatRules", "xima:seatRules"],
    ])("%s would protect nothing in silence, so it is an error", (line, said, meant) =>
      expect(inVoicehouse(line)).toEqual([
        `stacks/Pulumi.acme.yaml:3:3 ${said} is not read. Write ${meant}.`,
      ]),
    );

    const whole = (...lines: string[]) =>
      faults({
        "../Pulumi.yaml": "name: voicehouse\nruntime: nodejs\n",
        "Pulumi.acme.yaml": `config:\n  ucaas:customers: {}\n${lines.join("\n")}\n`,
      });
    const alike = ", or what customers have alike below ucaas:defaults";

    test.each([
      ["ucaas:production: true", "3:1 ucaas:production is not read here. Indent it below config."],
      ["bakery: {name: Bakery}", "3:1 bakery is not read here. Indent it below config."],
      ["confg: {}", "3:1 confg is not read here. Did you mean config?"],
      [
        "  ucaas: {limits: {}}",
        "3:3 ucaas (voicehouse:ucaas) is not read. Write its keys as ucaas:<key>.",
      ],
      [
        "  xima: {reassertAfter: 24h}",
        `3:3 xima (voicehouse:xima) is not read. Write its keys as xima:<key>${alike}.`,
      ],
      [
        "  ucaas.limits: {}",
        "3:3 ucaas.limits (voicehouse:ucaas.limits) is not read. Write ucaas:limits.",
      ],
      [
        "  bakery: {name: Bakery, xima: {}}",
        "3:3 bakery (voicehouse:bakery) is not read. Indent a customer below ucaas:customers.",
      ],
      [
        "  aws:tags:\n    ucaas:production: true",
        "4:5 ucaas:production is not read below aws:tags. Indent it as other keys of config.",
      ],
      [
        "  xima:accounts:\n    ucaas:limits: {}",
        "4:5 ucaas:limits is not read below xima:accounts. Indent it as other keys of config.",
      ],
      [
        "  xima:accounts:\n    uk:\n      xima:baseUrl: https://uk.example",
        "5:7 xima:baseUrl is not read below uk. Write baseUrl.",
      ],
      [
        "environment:\n  values:\n    ucaas:limits: {}",
        "5:5 ucaas:limits is not read below values. Indent it as other keys of config.",
      ],
      [
        "  xima:accounts:\n    second: 5",
        "4:5 xima:accounts.second: expected a map of the account's keys",
      ],
    ])(
      "in the wrong place, a key protects nothing in silence, so it is an error: %s",
      (lines, fault) => expect(whole(lines)).toEqual([`stacks/Pulumi.acme.yaml:${fault}`]),
    );

    test("what the engine reads beside config is no error, nor are encrypted accounts", () => {
      const engine = [
        "environment: [team/esc]",
        "secretsprovider: x",
        "encryptedkey: x",
        "encryptionsalt: x",
      ];
      expect(whole("  xima:accounts: {secure: v1:abc}", ...engine)).toEqual([]);
    });

    test("a key of ours that no file shows, such as of an ESC environment, is an error too", () => {
      const config = { ...vendors, "voicehouse:production": "true" };
      expect(inVoicehouse("aws:region: eu-west-1", config)).toEqual([
        "the stack's config voicehouse:production is not read. Write ucaas:production.",
      ]);
      const nested = { ...vendors, "voicehouse:ucaas": '{"production": true}' };
      expect(inVoicehouse("aws:region: eu-west-1", nested)).toEqual([
        "the stack's config voicehouse:ucaas is not read. Write its keys as ucaas:<key>.",
      ]);
    });

    test.each([
      "region: eu-west-1",
      "replicas: 1.0",
      "voicehouse:region: eu-west-1",
      "voicehouse:regions: {xima: {a: 1}, enablex: {b: 2}}",
      "xima: {secure: v1:abc}",
      "aws:region: eu-west-1",
      "gcp:project: acme",
      "uccas:region: x",
      "datadog:apiKey: x",
    ])("%s is a key of others, and none of our business", (line) =>
      expect(inVoicehouse(line)).toEqual([]),
    );
  });

  test("in the project ucaas the namespace may be left out, and a misspelt key is an error", () => {
    const file = "config:\n  customers: {}\n  production: true\n  limitz: {}\n";
    const project = { "../Pulumi.yaml": "name: ucaas\nruntime: nodejs\n" };
    expect(faults({ ...project, "Pulumi.acme.yaml": file })).toEqual([
      "stacks/Pulumi.acme.yaml:4:3 limitz is not a key of the config. Did you mean limits?",
    ]);
  });

  test("a vendor's missing key is reported with its command, for a vendor that a customer has", () => {
    const files = { "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {}}\n` };
    expect(faults(files, { config: {} }).join("\n")).toMatch(
      /^stacks\/Pulumi\.acme\.yaml:6:30 acme\.xima: xima:baseUrl .*\n[\s\S]*What to do: 1\. pulumi config set xima:baseUrl <value>/m,
    );
    expect(
      faults({ "Pulumi.acme.yaml": `${head}    acme: {name: Acme}\n` }, { config: {} }),
    ).toEqual([]);
  });

  test("what is to be deleted is a slug, or a slug and one of its systems", () => {
    const of = (entry: string) =>
      faults({
        "Pulumi.acme.yaml": `config:\n  ucaas:customers: {}\n  ucaas:removed: [${entry}]\n`,
      });
    const fault =
      "stacks/Pulumi.acme.yaml:3:18 ucaas:removed: expected a list of slugs, or of a slug and its system, such as [acme, bakery.xima]";
    expect(["acme", "acme.enablex", "acme-north.xima"].flatMap(of)).toEqual([]);
    expect(["acme.enablx", "acme.", "acme.enablex.users", "Acme.xima"].flatMap(of)).toEqual(
      Array(4).fill(fault),
    );
  });

  test("a missing customers key is an error, since all would be deleted; an empty map is valid", () => {
    expect(faults({ "Pulumi.acme.yaml": "config: {}\n" })).toEqual([
      "stacks/Pulumi.acme.yaml ucaas:customers is missing, and there is no file in stacks/customers/acme. A stack without customers says so: ucaas:customers: {}",
    ]);
    expect(faults({ "Pulumi.acme.yaml": "config:\n  ucaas:customers: {}\n" })).toEqual([]);
    expect(faults({ "Pulumi.acme.yaml": "config:\n  ucaas:customers: [acme]\n" })).toEqual([
      "stacks/Pulumi.acme.yaml:2:20 ucaas:customers: expected a map of customers by slug",
    ]);
  });
});

test("broken rules of each system are reported with their places, as are those between two", () => {
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
    expect.stringMatching(/:5:7 acme\.netsapiens\.clientSecret is missing: the driver "existing"/),
    expect.stringMatching(
      /:6:50 acme\.xima\.aiMessaging: any bundle needs at least one Professional seat/,
    ),
    expect.stringMatching(
      /:13:63 acme\.xelion\.configuration\.departments\[0\]\.internalNumbers\[1\]: 200 is used twice/,
    ),
    expect.stringMatching(/:15:34 acme\.enablex\.officeAddress\.country = "XX": /),
    expect.stringMatching(
      /:16:93 acme\.enablex\.users\.ada\.fields\.user_id is assigned by the server/,
    ),
    expect.stringMatching(
      /:19:37 bakery\.xima\.sipCredentials\.sipServer is missing: the customer has no NetSapiens client to take it from/,
    ),
  ]);
});

test("a map keeps the file's key order, which a Xelion order needs, though the engine sorts keys", () => {
  const stack = stackOf({
    "Pulumi.acme.yaml":
      "config:\n  ucaas:customers:\n    b: {name: B, xelion: {configuration: {z: 1, a: {y: 1, b: 2}}}}\n    a: {name: A}\n",
  });
  const sorted = {
    a: { name: "A" },
    b: { name: "B", xelion: { configuration: { a: { b: 2, y: 1 }, z: 1 } } },
  };
  const customers = stack.customers({ ...stack.asWritten, customers: sorted });
  expect(customers.map(({ slug }) => slug)).toEqual(["b", "a"]);
  expect(JSON.stringify(customers[0]?.value)).toContain(
    '"configuration":{"z":1,"a":{"y":1,"b":2}}',
  );
});

describe("the same object declared twice", () => {
  const customer = (tenantId: string) => `{name: Acme, xima: {ccId: {tenantId: ${tenantId}}}}`;

  test("is reported with both places, in one stack", () => {
    expect(
      faults({
        "Pulumi.acme.yaml": `${head}    acme: ${customer("t1")}\n    bakery: ${customer("t1")}\n`,
      }),
    ).toEqual([
      'stacks/Pulumi.acme.yaml:7:50 bakery.xima.ccId.tenantId = "t1": the Xima tenant voicehouse/t1 is declared already, for customer acme (stacks/Pulumi.acme.yaml:6:48)',
    ]);
  });

  test("is reported in two stacks of the folder, unless their servers differ", () => {
    const other = `${head}    clinic: ${customer("t1")}\n`;
    const own = `${head}    acme: ${customer("t1")}\n`;
    expect(faults({ "Pulumi.acme.yaml": own, "Pulumi.other.yaml": other })).toEqual([
      'stacks/Pulumi.acme.yaml:6:48 acme.xima.ccId.tenantId = "t1": the Xima tenant voicehouse/t1 is declared already, for customer clinic of stack other (stacks/Pulumi.other.yaml:6:50)',
    ]);
    const elsewhere = other.replace(
      "config:\n",
      "config:\n  xima:baseUrl: https://sandbox.example/v1\n",
    );
    expect(faults({ "Pulumi.acme.yaml": own, "Pulumi.other.yaml": elsewhere })).toEqual([]);
  });

  test("a customer in two stacks is found where one of them spells out the default address", () => {
    const inStack = (config: string, slug: string) =>
      `config:\n${config}  ucaas:customers:\n    ${slug}: {name: A, enablex: {customerCode: c1}}\n`;
    const written = (config: string) =>
      faults(
        { "Pulumi.acme.yaml": inStack("", "a"), "Pulumi.other.yaml": inStack(config, "b") },
        { config: everyVendor },
      );
    const found = [
      expect.stringContaining("c1 is declared already, for customer b of stack other"),
    ];
    expect(written("  enablex:baseUrl: https://api.enablex.io/ucaas/v1/\n")).toEqual(found);
    expect(written("  enablex:baseUrl: https://sandbox.example/ucaas/v1\n")).toEqual([]);
    const inAccount = inStack("  enablex:accounts: {n: {accessId: id}}\n", "b").replace(
      "customerCode",
      "account: n, customerCode",
    );
    const files = { "Pulumi.acme.yaml": inStack("", "a"), "Pulumi.other.yaml": inAccount };
    expect(faults(files, { config: everyVendor })).toEqual(found);
  });

  test("the stack of the sandbox may have the customers of any other", () => {
    const files = (stack: string) => ({
      "Pulumi.acme.yaml":
        "config: {ucaas:customers: {a: {name: A, enablex: {customerCode: c1}}}}\n",
      [`Pulumi.${stack}.yaml`]:
        "config: {ucaas:customers: {b: {name: B, enablex: {customerCode: c1}}}}\n",
    });
    expect(faults(files("sandbox"), { config: everyVendor })).toEqual([]);
    expect(faults(files("other"), { config: everyVendor })).toHaveLength(1);
  });

  test("two stacks with encrypted addresses are at two servers, unless they are the same", () => {
    const inStack = (slug: string, secure: string, account = "") =>
      [
        `config: {enablex:baseUrl: {secure: ${secure}}, `,
        `enablex:accounts: {n: {baseUrl: {secure: ${secure}}, accessId: id}}, `,
        `ucaas:customers: {${slug}: {name: A, enablex: {${account}customerCode: c1}}}}\n`,
      ].join("");
    for (const account of ["", "account: n, "]) {
      const withSecret = (secure: string) =>
        faults(
          {
            "Pulumi.acme.yaml": inStack("a", "v1:one", account),
            "Pulumi.other.yaml": inStack("b", secure, account),
          },
          { config: everyVendor },
        ).filter((fault) => fault.includes("declared already"));
      expect(withSecret("v1:two")).toEqual([]);
      expect(withSecret("v1:one")).toHaveLength(1);
    }
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
    [
      "Xelion tenant",
      xelion("https://pbx.example", "pbx1"),
      xelion("https://PBX.example", "pbx1"),
      "the Xelion tenant pbx1",
    ],
    [
      "customer code",
      "{name: A, enablex: {customerCode: c1}}",
      "{name: B, enablex: {customerCode: c1}}",
      "the EnableX customer code c1",
    ],
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
    expect(found).toEqual([
      expect.stringContaining(
        `: ${words} is declared already, for customer a (stacks/Pulumi.acme.yaml:3:`,
      ),
    ]);
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

test("a blank of an adoption is reported with its place and the value that belongs there", () => {
  const file = `${head}    acme:
      name: "<fill in: the customer's name>"
      xima:
        professionalSeats: "<fill in: seats>"
`;
  expect(faults({ "Pulumi.acme.yaml": file }).sort()).toEqual([
    `stacks/Pulumi.acme.yaml:7:13 acme.name = "<fill in: the customer's name>": is a blank, which is still to be filled in`,
    'stacks/Pulumi.acme.yaml:9:28 acme.xima.professionalSeats = "<fill in: seats>": is a blank, which is still to be filled in',
  ]);
  const map = `${head}    acme: {name: A, xelion: {configuration: "<fill in: the tenant>"}}\n`;
  expect(faults({ "Pulumi.acme.yaml": map }, { config: everyVendor })).toContain(
    'stacks/Pulumi.acme.yaml:6:45 acme.xelion.configuration = "<fill in: the tenant>": is a blank, which is still to be filled in',
  );
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
  expect(acme?.value).toEqual({
    name: "Acme",
    enablex: { customerName: "Acme", contactEmail: "it@acme.example" },
  });
  expect(
    faults(
      { "Pulumi.acme.yaml": file },
      { config: { "enablex:accessId": "id", "enablex:accessKey": "key" } },
    ),
  ).toEqual([
    "stacks/Pulumi.acme.yaml:8:30 bakery.enablex.contactName: expected string, received null",
  ]);
});

describe("a customer's own file", () => {
  const acme = "name: Acme\nxima: {ccId: {resellerId: r, resellerName: R}}\n";
  const customers = `${head.replace("  ucaas:customers:\n", "  ucaas:customers: {}\n")}`;

  test("that cannot be read is an error for any cause", () => {
    expect(
      faults({
        "Pulumi.acme.yaml": customers,
        "customers/acme/a.yml": acme,
        "customers/acme/b.YAML": acme,
        "customers/acme/c.yaml.orig": acme,
        "customers/acme/west/d.yaml": acme,
        "customers/acme/.e.yaml": acme,
        "customers/acme/.gitkeep": "",
        "customers/f.yaml": acme,
      }),
    ).toEqual([
      "stacks/customers/acme/.e.yaml is not read. What to do: rename it to e.yaml.",
      "stacks/customers/acme/a.yml is not read. What to do: rename it to a.yaml.",
      "stacks/customers/acme/b.YAML is not read. What to do: rename it to b.yaml.",
      "stacks/customers/acme/c.yaml.orig is not read. What to do: move it elsewhere: here are only <slug>.yaml files.",
      "stacks/customers/acme/west is not read. What to do: move its files up: customers' files stand side by side.",
      "stacks/customers/f.yaml is not read. What to do: move it to stacks/customers/acme, or to the stack that it belongs to.",
    ]);
  });

  test("beside the folder `customers`, or in one of nearly that name, is an error for its stack", () => {
    const files = {
      "Pulumi.acme.yaml": customers,
      "Pulumi.north.yaml": customers,
      "bakery.yaml": acme,
      "clinic.yml": acme,
      "acme/dentist.yaml": acme,
      "north/hotel.yaml": acme,
      "Customers/acme/inn.yaml": acme,
      "customer/acme/lodge.yaml": acme,
      "acme/customers/mill.yaml": acme,
      "Customers/north/jeweller.yaml": acme,
      "Customers/nroth/kiosk.yaml": acme,
      "CUSTOMERS/library.YAML": acme,
    };
    expect(faults(files).map((line) => line.replace(/ is not read\. What to do: .*/, ""))).toEqual([
      "stacks/bakery.yaml",
      "stacks/clinic.yml",
      "stacks/acme/dentist.yaml",
      "stacks/acme/customers/mill.yaml",
      "stacks/CUSTOMERS/library.YAML",
      "stacks/Customers/acme/inn.yaml",
      "stacks/Customers/nroth/kiosk.yaml",
      "stacks/customer/acme/lodge.yaml",
    ]);
    expect(faults({ "Pulumi.acme.yaml": customers, "bakery.yaml": acme })).toEqual([
      "stacks/bakery.yaml is not read. What to do: move it to stacks/customers/acme, or to the stack that it belongs to.",
    ]);
  });

  test("is not taken for one where it is of another program, as in a project's root", () => {
    expect(
      faults({
        "Pulumi.acme.yaml": customers,
        "compose.yaml": "name: acme\nservices: {xima: {image: x}}\n",
        "vendors.yaml": "xima: {baseUrl: https://licensing.example/v1}\n",
        "list.yml": "- name: Acme\n",
        "broken.yaml": "name: [\n",
        "latin.yaml": Buffer.from("name: ä\nxima: {}\n", "latin1"),
        "Pulumi.shared.yaml": "config: {}\n",
        "acme/values.yaml": "name: Acme\n",
        "Customers/index.ts": "export {};\n",
        "docs/acme.yaml": acme,
      }),
    ).toEqual([]);
  });

  test("that is empty is an error with its place, also where the stack's file has the rest", () => {
    const line = (slug: string) =>
      `stacks/customers/acme/${slug}.yaml:1:1 the file is empty. Declare customer ${slug} in it, or delete the file and list ${slug} under ucaas:removed`;
    expect(
      faults({
        "Pulumi.acme.yaml": `${head}    bakery: {name: Bakery, xima: {sipCredentials: {password: {secure: x}}}}\n`,
        "customers/acme/bakery.yaml": "# nothing\n",
        "customers/acme/clinic.yaml": "",
      }),
    ).toEqual([line("bakery"), line("clinic")]);
  });

  test("with an empty section is an error where the stack's file has something below it", () => {
    expect(
      faults({
        "Pulumi.acme.yaml": `${head}    bakery: {xima: {sipCredentials: {password: {secure: x}}}}\n`,
        "customers/acme/bakery.yaml": "name: Bakery\nxima:\n",
      }),
    ).toContain(
      "stacks/customers/acme/bakery.yaml:2:6 bakery.xima is empty here, and declared elsewhere: write it here, or take the line out",
    );
  });

  test("that is not UTF-8 is an error with its name and line", () => {
    expect(
      faults({
        "Pulumi.acme.yaml": customers,
        "customers/acme/a.yaml": Buffer.from("name: Bäckerei\n", "latin1"),
      }),
    ).toEqual(["stacks/customers/acme/a.yaml is not UTF-8 (line 1): save it as UTF-8"]);
    expect(
      faults({ "Pulumi.acme.yaml": customers, "customers/acme/a.yaml": `\uFEFF${acme}` }),
    ).toEqual([]);
  });

  test("that is an outside link, a named pipe or too large is an error without its content", () => {
    const project = projectWith({
      "Pulumi.acme.yaml": customers,
      "customers/acme/big.yaml": "k: 1\n".repeat(200_000),
    });
    const outside = projectWith({ passwd: "root:hunter2\n" });
    const path = (name: string) => join(project, "stacks", "customers", "acme", name);
    symlinkSync(join(outside, "stacks", "passwd"), path("link.yaml"));
    symlinkSync("/dev/zero", path("zero.yaml"));
    execFileSync("mkfifo", [path("pipe.yaml")]);
    expect(faultsOf(new StackFiles(join(project, "stacks"), "acme"))).toEqual([
      "stacks/customers/acme/big.yaml is larger than 256 KB",
      "stacks/customers/acme/link.yaml is a link to a file outside of the project",
      "stacks/customers/acme/pipe.yaml is not a regular file",
      "stacks/customers/acme/zero.yaml is a link to a file outside of the project",
    ]);
  });

  test("that is a link to a file that does not exist is an error", () => {
    const project = projectWith({ "Pulumi.acme.yaml": customers, "customers/acme/b.yaml": acme });
    symlinkSync("moved.yaml", join(project, "stacks", "customers", "acme", "a.yaml"));
    expect(faultsOf(new StackFiles(join(project, "stacks"), "acme"))).toEqual([
      "stacks/customers/acme/a.yaml is a link to a file that does not exist",
    ]);
  });
});

describe("unquoted text that readers of YAML do not agree on", () => {
  const body = `name: N
enablex:
  customerName: 0101
  users:
    007: {userType: u, firstName: U, email: u@a.example, fields: {mac: 001565123456, since: 2026-01-01, pin: 0123, voicemail: *97}}
`;
  const lines = (place: (line: number, column: number) => string) => [
    `${place(3, 17)} acme.enablex.customerName is ambiguous: write it in quotes ("0101"), or as a plain decimal number`,
    `${place(5, 5)} acme.enablex.users["007"] is ambiguous: write the key in quotes ("007")`,
    `${place(5, 72)} acme.enablex.users["007"].fields.mac is ambiguous: write it in quotes ("001565123456"), or as a plain decimal number`,
    `${place(5, 93)} acme.enablex.users["007"].fields.since is ambiguous: write it in quotes ("2026-01-01")`,
    `${place(5, 110)} acme.enablex.users["007"].fields.pin is ambiguous: write it in quotes ([secret]), or as a plain decimal number`,
    `${place(5, 127)} acme.enablex.users["007"].fields.voicemail is an alias of nothing: write it in quotes ("*97")`,
  ];

  test("is an error in a customer's own file", () => {
    expect(
      faults(
        {
          "Pulumi.acme.yaml": "config: {'ucaas:customers': {}}\n",
          "customers/acme/acme.yaml": body,
        },
        { config: everyVendor },
      ),
    ).toEqual(lines((line, column) => `stacks/customers/acme/acme.yaml:${line}:${column}`));
  });

  test("is the same error in the stack's file", () => {
    const file = `config:\n  ucaas:customers:\n    acme:\n${body.replace(/^(?=.)/gm, "      ")}  aws:accounts: [0123]\n`;
    // What the engine makes of it is beside it.
    expect(faults({ "Pulumi.acme.yaml": file }, { config: everyVendor })).toEqual(
      expect.arrayContaining(
        lines((line, column) => `stacks/Pulumi.acme.yaml:${line + 3}:${column + 6}`),
      ),
    );
    expect(faults({ "Pulumi.acme.yaml": file }, { config: everyVendor }).join()).not.toContain(
      "aws:accounts",
    );
  });
});

describe("a secret is shown in no error", () => {
  const canary = "S3cret-canary";
  test.each([
    ["text where a map is wanted", `acme: {name: A, xima: {sipCredentials: "2000:${canary}"}}`],
    [
      "text where a section is wanted",
      `acme: {name: A, xima: "professionalSeats 12, password ${canary}"}`,
    ],
    ["text where the whole customer is wanted", `acme: "name A, password ${canary}"`],
    ["text where a list is wanted", `acme: {name: A, xelion: {configuration: "${canary}"}}`],
    ["a login in one text", `acme: {name: A, xelion: {tenantLogin: "provisioning:${canary}"}}`],
    [
      "a portal's login in one text",
      `acme: {name: A, netsapiens: {driver: portal, domain: d, clientId: c, portal: admin/${canary}}}`,
    ],
    [
      "values that lost their colons",
      `acme: {name: A, xima: {sipCredentials: {username 2000, ${canary}}}}`,
    ],
    ["a password that lost its colon", `acme: {name: A, xima: {password ${canary}}}`],
    [
      "a list where text is wanted",
      `acme: {name: A, xima: {sipCredentials: {password: [${canary}]}}}`,
    ],
    [
      "a password under a name of its own",
      `acme: {name: A, enablex: {users: {u: {userType: 1, fields: {sip_password: ${canary}, x-y: ${canary}-pin}}}}}`.replace(
        `x-y: ${canary}-pin`,
        "x-y: 1",
      ),
    ],
    [
      "a wrong field of a secret map",
      `acme: {name: A, xima: {sipCredentials: {transport: ${canary}}}}`,
    ],
    ["a value that lost its key", `acme: {name: A, ${canary}}`],
    [
      "a PIN of digits with leading zeros",
      `acme: {name: A, enablex: {users: {u: {fields: {pin: 00471147114711}}}}}`,
    ],
  ])("%s", (_, customer) => {
    const found = faults(
      { "Pulumi.acme.yaml": `${head}    ${customer}\n` },
      { config: everyVendor },
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.join("\n")).not.toMatch(/S3cret-canary|471147/);
  });

  test("nor one of a vendor's config that is ambiguous without quotes", () => {
    const found = faults({
      "Pulumi.acme.yaml":
        "config:\n  xima:keyId: 0155\n  netsapiens:apiPassword: 0471147\n  xima:accounts: {b: {privateKey: 0471148}}\n  ucaas:customers: {}\n",
    });
    expect(found).toEqual([
      'stacks/Pulumi.acme.yaml:2:15 xima:keyId is ambiguous: write it in quotes ("0155"), or as a plain decimal number',
      "stacks/Pulumi.acme.yaml:3:27 netsapiens:apiPassword is ambiguous: write it in quotes ([secret]), or as a plain decimal number",
      "stacks/Pulumi.acme.yaml:4:35 xima:accounts.b.privateKey is ambiguous: write it in quotes ([secret]), or as a plain decimal number",
    ]);
  });

  test("nor one that is encrypted, in what an error says of something else", () => {
    const customer = (slug: string) =>
      `    ${slug}: {name: {secure: v1:${canary}}, enablex: {contactEmail: {secure: v1:${canary}}}, xelion: {serverUrl: https://a.example, tenantName: {secure: v1:${canary}}}}\n`;
    const found = faults(
      { "Pulumi.acme.yaml": `${head}${customer("acme")}${customer("bakery")}` },
      { config: everyVendor },
    );
    expect(found.join("\n")).toMatch(/is declared already/);
    expect(found.join("\n")).not.toContain(canary);
  });

  test("what follows from an encrypted name is as secret as the name", () => {
    const stack = stackOf({
      "Pulumi.acme.yaml": `${head}    acme: {name: {secure: v1:x}, xima: {}, enablex: {}, xelion: {}}\n`,
    });
    const given = {
      ...stack.asWritten,
      customers: decrypted(stack.asWritten.customers),
      isSecret: () => true,
    };
    const [acme] = stack.customers(given);
    expect(acme?.isSecret(["xima", "ccId", "tenantName"])).toBe(true);
    expect(acme?.isSecret(["enablex", "customerName"])).toBe(true);
    expect(acme?.isSecret(["xima", "ccId", "tenantId"])).toBe(false);
  });

  test("a PIN or password of digits earns the same warning as one of letters", () => {
    const stack = stackOf({
      "Pulumi.acme.yaml": `${head}    acme: {name: A, enablex: {users: {u: {fields: {voicemail_pin: 4711, portal_password: 87654321, desk: 4}}}}}\n`,
    });
    expect(
      findPlaintextSecrets(stack.customers(stack.asWritten)).map((line) => line.split(" ")[1]),
    ).toEqual([
      "acme.enablex.users.u.fields.voicemail_pin",
      "acme.enablex.users.u.fields.portal_password",
    ]);
  });
});

test("wrong values and broken rules are reported together", () => {
  const file = `${head}    acme:
      name: Acme
      xima: {professionalSeats: 3, eliteSeats: twelve, ximma: 1}
    bakery:
      name: Bakery
      xima: {professionalSeats: none, aiMessaging: {standardBundles: 1}}
`;
  expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
    'stacks/Pulumi.acme.yaml:8:48 acme.xima.eliteSeats = "twelve": must be a whole number',
    expect.stringContaining("stacks/Pulumi.acme.yaml:8:56 acme.xima.ximma is not a property here."),
    "stacks/Pulumi.acme.yaml:8:33 acme.xima.professionalSeats = 3: must be 0 or at least 5, not 3 (OpenAPI 1.4)",
    // Nothing is concluded from seats that are wrong by themselves.
    'stacks/Pulumi.acme.yaml:11:33 bakery.xima.professionalSeats = "none": must be a whole number',
  ]);
});

describe("customers and defaults that are empty", () => {
  test.each(["", " null", ' "null"', ' ""'])(
    "are an error with place and remedy: ucaas:customers:%s",
    (value) => {
      const stack = stackOf({
        "Pulumi.acme.yaml": `config:\n  ucaas:defaults:${value}\n  ucaas:customers:${value}\n#   acme: {name: Acme}\n`,
      });
      const given = { customers: null, defaults: null, isSecret: () => false };
      expect(
        validateStackFiles(stack, given, stack.customers(given), { get: () => undefined }),
      ).toEqual([
        "stacks/Pulumi.acme.yaml:3:3 ucaas:customers is empty. Declare the customers below it, or write {} for a stack without customers in this file",
        "stacks/Pulumi.acme.yaml:2:3 ucaas:defaults is empty. Declare the defaults below it, or take the line out",
      ]);
    },
  );
});

describe("the stack's file", () => {
  test("is the one with the ending of the project's file, as for the engine", () => {
    const text = `${head}    acme: {name: Acme, xima: {professionalSeats: 3}}\n  xima:baseUlr: x\n`;
    expect(faultsOf(stackOf({ "Pulumi.acme.yml": text }, "Pulumi.yml"))).toEqual([
      expect.stringContaining(
        "stacks/Pulumi.acme.yml:7:3 xima:baseUlr is not a key of the config.",
      ),
      expect.stringContaining(
        "stacks/Pulumi.acme.yml:6:50 acme.xima.professionalSeats = 3: must be 0 or at least 5",
      ),
    ]);
    expect(faultsOf(stackOf({ "Pulumi.acme.yml": text }))).toContain(
      "stacks/Pulumi.acme.yml is not read: the engine reads stacks/Pulumi.acme.yaml. What to do: 1. Move its content there. 2. Delete it.",
    );
  });

  test("of another stack stops no stack by its own errors", () => {
    const files = {
      "Pulumi.acme.yaml": `${head}    acme: {name: Acme, xima: {}}\n`,
      "Pulumi.broken.yaml": "config: [\n",
      "Pulumi.latin.yaml": Buffer.from("config: {ä: 1}\n", "latin1"),
      "Pulumi.star.yaml": `${head}    a: {name: A, enablex: {contactEmail: *97}}\n    b: {name: B, xima: {ccId: {tenantId: acme}}}\n`,
      "customers/old/acme.yaml": "name: Acme\n",
    };
    expect(faults(files)).toEqual([
      expect.stringContaining(
        "the Xima tenant voicehouse/acme is declared already, for customer b of stack star",
      ),
    ]);
    expect(collectWarnings(stackOf(files))).toEqual([
      "stacks/customers/old belongs to no stack of this folder, so its files are not read.",
      "stacks/Pulumi.broken.yaml cannot be read, so it may declare the same objects as this stack.",
      "stacks/Pulumi.latin.yaml cannot be read, so it may declare the same objects as this stack.",
    ]);
  });
});

describe("renamedFrom", () => {
  const renamed = (customers: string) => {
    const stack = stackOf({ "Pulumi.acme.yaml": `${head}${customers}` });
    return stack.customers(stack.asWritten).map(({ value }) => value);
  };

  test("keeps the ids that followed from the oldest slug", () => {
    expect(
      renamed("    new: {name: N, renamedFrom: old, xima: {}, xelion: {}, enablex: {}}\n"),
    ).toMatchObject([
      {
        xima: { ccId: { tenantId: "old", tenantName: "N" } },
        xelion: { tenantName: "old" },
        enablex: { customerCode: "old", customerName: "N" },
      },
    ]);
    expect(
      renamed(
        "    new: {name: N, renamedFrom: [oldest, old], xima: {ccId: {tenantId: other}}, xelion: {}}\n",
      ),
    ).toMatchObject([{ xima: { ccId: { tenantId: "other" } }, xelion: { tenantName: "oldest" } }]);
  });

  test("is an error for a slug that is declared, the source of a rename, or invalid", () => {
    const line = (place: string, slug: string, reason: string) =>
      `stacks/Pulumi.acme.yaml:${place} ${slug}.renamedFrom: ${reason}`;
    expect(
      faults({
        "Pulumi.acme.yaml": `config:
  ucaas:customers:
    a: {name: A, renamedFrom: b}
    b: {name: B, renamedFrom: b}
    c: {name: C, renamedFrom: [x, y]}
    d: {name: D, renamedFrom: y}
    e: {name: E, renamedFrom: Not A Slug}
`,
      }),
    ).toEqual([
      expect.stringMatching(
        /^stacks\/Pulumi\.acme\.yaml:7:31 e\.renamedFrom.*: must be lower-case letters/,
      ),
      line("3:31", "a", "b is still declared: take its section out, secrets too"),
      line("4:31", "b", "b is still declared: take its section out, secrets too"),
      line("6:31", "d", "y is named twice, by c too"),
    ]);
  });
});

test.each([
  ['"yes"', ["3:21 ucaas:production: expected true or false"]],
  ["1", ["3:21 ucaas:production: expected true or false"]],
  ["[true]", ["3:21 ucaas:production: expected true or false"]],
  ["", ["3:21 ucaas:production: expected true or false"]],
  ["true", []],
  ['"false"', []],
  ["{secure: v1:abc}", []],
])(
  "a protection of all resources that is %j is reported, if no run understands it",
  (value, found) => {
    const file = `config:\n  ucaas:customers: {}\n  ucaas:production: ${value}\n`;
    expect(faults({ "Pulumi.acme.yaml": file })).toEqual(
      found.map((line) => `stacks/Pulumi.acme.yaml:${line}`),
    );
  },
);

test("an error in prices or limits is reported with its place, since a check would pass", () => {
  const file = `config:
  ucaas:customers: {}
  ucaas:prices:
    currency: EUR
    skus:
      xima.profesionalSeats: 45
      xima.eliteSeats: -1
  ucaas:limits:
    maxRemoval: 3
    maxAddedSeats: 2.5
`;
  expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
    'stacks/Pulumi.acme.yaml:7:24 ucaas:prices.skus["xima.eliteSeats"]: must be an amount from 0 on with at most 6 decimals, such as 45 or 45.90',
    'stacks/Pulumi.acme.yaml:6:30 ucaas:prices.skus["xima.profesionalSeats"]: is no SKU. Did you mean xima.professionalSeats?',
    "stacks/Pulumi.acme.yaml:10:20 ucaas:limits.maxAddedSeats: must be a whole number from 0 on",
    "stacks/Pulumi.acme.yaml:9:17 ucaas:limits.maxRemoval: is not a property here. Did you mean maxRemovals?",
  ]);
  for (const prices of ["prices.yaml", '{currency: EUR, skus: {"xima.eliteSeats": 80.00}}']) {
    const good = `config:\n  ucaas:customers: {}\n  ucaas:prices: ${prices}\n  ucaas:limits: {maxAddedCost: 500.00}\n`;
    expect(faults({ "Pulumi.acme.yaml": good })).toEqual([]);
  }
});

test("xima:seatRules applies to stack files: a contract's minimum replaces the published one", () => {
  const file = `${head}    acme: {name: Acme, xima: {dialerSeats: 5}}\n`;
  const relaxed = { ...vendors, "xima:seatRules": '{"dialerSeats":5}' };
  expect(faults({ "Pulumi.acme.yaml": file })).toEqual([
    expect.stringContaining("must be 0 or at least 10"),
  ]);
  expect(faults({ "Pulumi.acme.yaml": file }, { config: relaxed })).toEqual([]);
});
