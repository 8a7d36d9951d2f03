import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { maskSecrets } from "../../provider/runtime/secrets.ts";
import { propertyPath } from "../../provider/runtime/validation.ts";
import { configurationOf, inOrder } from "../../provider/xelion/configuration.ts";
import { configurationFailures } from "../../provider/xelion/configuration-rules.ts";
import type { ProvisionInputs } from "../../provider/xelion/schema.ts";
import { wrongConfiguration } from "../../sandbox/xelion/configuration.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const fairyTail = { version: 1, organization: { name: "Fairy Tail" } };
const inputs = (more: Partial<ProvisionInputs>) =>
  ({ serverUrl: "https://pbx.example", tenantName: "pbx1", ...more }) as ProvisionInputs;
const found = (configuration: Record<string, unknown>) =>
  configurationFailures(configuration).map(
    ({ path, reason }) => `${propertyPath(path)}: ${reason}`,
  );
const external = (value: string, more = {}) => ({ new: false, value, ...more });

test("refuses a file that is a named pipe at once, since its other end may never come", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-pipe-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const configurationFile = join(folder, "pipe.json");
  execFileSync("mkfifo", [configurationFile]);
  await expect(configurationOf(inputs({ configurationFile }))).rejects.toMatchObject({
    code: "CONFIGURATION_UNREADABLE",
    reason: `configurationFile: ${configurationFile} is not a regular file`,
  });
});

describe("the rules of version 1", () => {
  test("pass a configuration with every known field and with unknown keys", () => {
    const full = {
      version: 1,
      organization: {
        name: "Fairy Tail",
        email: "office@fairytail.example",
        street: "Guild",
        number: "7",
        numberAddition: "a",
        zipCode: "1234 AB",
        city: "Magnolia",
        country: "NL",
        centralPhoneNumber: external("0101234567"),
        guild: { anything: [1, null] },
      },
      departments: [
        {
          name: "Reception",
          users: ["lucy@fairytail.example"],
          enableCallRecording: true,
          fallback: { type: "user", value: "lucy@fairytail.example" },
          internalNumbers: ["2", "200", "9999"],
          externalNumbers: [
            external("0101234567"),
            { new: true, value: "2", country: "NL", area: "010" },
          ],
        },
        { name: "Bar", fallback: { type: "voicemail" }, internalNumbers: ["201"], extra: 1 },
      ],
      phones: [{ whatever: true }],
    };
    expect(found(full)).toEqual([]);
    expect(wrongConfiguration(JSON.stringify(full))).toBeUndefined();
  });

  const dutch = (externalNumbers: { new?: boolean; value: string }[]) => ({
    version: 1,
    organization: { name: "F", country: "NL", centralPhoneNumber: externalNumbers[0] },
    departments: [{ name: "Bar", externalNumbers }],
  });
  const twoDepartments = {
    ...dutch([external("0101234567")]),
    departments: ["Bar", "Kitchen"].map((name) => ({
      name,
      externalNumbers: [external("0101234567")],
    })),
  };

  test.each<[string, Record<string, unknown>]>([
    ["a number that is not said to be new", dutch([{ value: "0101234567" }])],
    [
      "a central number that is not said to be new, of one that is said not to be",
      {
        ...dutch([external("0101234567")]),
        organization: { name: "F", country: "NL", centralPhoneNumber: { value: "0101234567" } },
      },
    ],
    [
      "an international number, without a country",
      {
        ...dutch([external("+442079460000")]),
        organization: { name: "F", centralPhoneNumber: external("+442079460000") },
      },
    ],
    [
      "any words for a new number",
      dutch([{ new: true, value: "Sales 1", country: "NL", area: "015" } as never]),
    ],
  ])("pass %s, as the service does", (_, configuration) => {
    expect(found(configuration)).toEqual([]);
    expect(wrongConfiguration(JSON.stringify(configuration))).toBeUndefined();
  });

  test("refuse a fallback to a user that the configuration does not list, where it lists users", () => {
    const of = (users: unknown) => ({
      ...department({ fallback: { type: "user", value: "lucy@f.example" } }),
      users,
    });
    expect(found(of([{ email: "natsu@f.example" }])).join()).toContain(
      "departments[1].fallback.value: is no user",
    );
    expect(found(of([{ email: "Lucy@f.example" }]))).toEqual([]);
    expect(found(of(undefined))).toEqual([]);
  });

  const department = (more: object) => ({
    ...fairyTail,
    departments: [{ name: "Bar" }, { name: "Reception", ...more }],
  });
  test.each<[string, Record<string, unknown>, string]>([
    ["another version", { ...fairyTail, version: 2 }, "version: must be 1"],
    ["no organization", { version: 1 }, "organization: is missing"],
    ["no name", { version: 1, organization: { name: "" } }, "organization.name: must not be empty"],
    [
      "an address that is none",
      { version: 1, organization: { name: "F", email: "nobody" } },
      "organization.email: must be an e-mail address",
    ],
    [
      "a country in three letters",
      { version: 1, organization: { name: "F", country: "NLD" } },
      "organization.country: must be a country's two letters",
    ],
    [
      "a country that is none",
      { version: 1, organization: { name: "F", country: "XX" } },
      "organization.country: must be a country's two letters",
    ],
    [
      "a user who is no address",
      department({ users: ["a@b.example", "b"] }),
      "departments[1].users[1]: must be an e-mail address",
    ],
    [
      "a number with 0 in front",
      department({ internalNumbers: ["020"] }),
      "departments[1].internalNumbers[0]: must be 1 to 4 digits",
    ],
    [
      "a number with 1 in front",
      department({ internalNumbers: ["1"] }),
      "departments[1].internalNumbers[0]: must be 1 to 4 digits",
    ],
    [
      "a number of five digits",
      department({ internalNumbers: ["20000"] }),
      "departments[1].internalNumbers[0]: must be 1 to 4 digits",
    ],
    [
      "a number used twice",
      department({ internalNumbers: ["20", "21", "20"] }),
      "departments[1].internalNumbers[2]: 20 is used twice",
    ],
    [
      "a fallback that is none",
      department({ fallback: { type: "fax" } }),
      "departments[1].fallback.type:",
    ],
    [
      "a fallback to nowhere",
      department({ fallback: { type: "dept" } }),
      "departments[1].fallback.value: is missing: it says which dept",
    ],
    [
      "no central number",
      department({ externalNumbers: [external("0101234567")] }),
      "organization.centralPhoneNumber: is missing",
    ],
    [
      "a new number without its area",
      department({ externalNumbers: [{ new: true, value: "1", country: "NL" }] }),
      "departments[1].externalNumbers[0].area: is missing",
    ],
    [
      "a central number that is none of them",
      {
        ...department({ externalNumbers: [external("0101234567")] }),
        organization: { name: "F", centralPhoneNumber: external("0201234567") },
      },
      "organization.centralPhoneNumber: must equal a department's external number",
    ],
    [
      "a reserved number",
      department({ internalNumbers: ["20", "7000"] }),
      "departments[1].internalNumbers[1]: is reserved",
    ],
    [
      "a fallback to no department",
      department({ fallback: { type: "dept", value: "Kitchen" } }),
      "is no department of this configuration: Bar, Reception",
    ],
    [
      "a national number that is none",
      dutch([external("0101234")]),
      "departments[0].externalNumbers[0].value: must be a telephone number of NL",
    ],
    [
      "words for a number that exists",
      dutch([external("Sales 1")]),
      "departments[0].externalNumbers[0].value: must be a telephone number of NL",
    ],
    [
      "a national number without a country",
      {
        ...dutch([external("0101234567")]),
        organization: { name: "F", centralPhoneNumber: external("0101234567") },
      },
      "departments[0].externalNumbers[0].value: must be an international number",
    ],
    [
      "an external number twice",
      dutch([external("0101234567"), external("0101234567")]),
      "departments[0].externalNumbers[1].value: 0101234567 is used twice",
    ],
    [
      "an external number twice in two spellings",
      dutch([external("0101234567"), external("+31 10 123 4567")]),
      "departments[0].externalNumbers[1].value: +31 10 123 4567 is used twice",
    ],
    [
      "an external number in two departments",
      twoDepartments,
      "departments[1].externalNumbers[0].value: 0101234567 is used twice",
    ],
  ])("refuse %s, with its path, and so does the service", (_, configuration, words) => {
    expect(found(configuration).join("\n")).toContain(words);
    expect(wrongConfiguration(JSON.stringify(configuration))).toBeDefined();
  });

  test("are all reported at once", () => {
    const wrong = {
      version: 1,
      organization: { name: "F", country: "XX" },
      departments: [{ name: "Bar", internalNumbers: ["1", "30", "30"] }],
    };
    expect(found(wrong)).toHaveLength(2);
    expect(
      found({ ...wrong, departments: [{ name: "Bar", internalNumbers: ["30", "30"] }] }),
    ).toHaveLength(2);
  });

  test("accept unknown values at any place", () => {
    const whole = {
      version: 1,
      organization: { name: "F", country: "NL", centralPhoneNumber: external("0101234567") },
      departments: [
        {
          name: "Bar",
          users: ["a@b.example"],
          fallback: { type: "user", value: "x" },
          internalNumbers: ["20"],
          externalNumbers: [external("0101234567")],
        },
      ],
    };
    const paths = (value: unknown): PropertyKey[][] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, item]) => [
            [key],
            ...paths(item).map((path) => [key, ...path]),
          ])
        : [];
    for (const path of paths(whole)) {
      const copy = structuredClone(whole) as Record<PropertyKey, unknown>;
      const parent = path
        .slice(0, -1)
        .reduce<Record<PropertyKey, unknown>>((value, key) => value[key] as never, copy);
      parent[path.at(-1) as string] = unknown;
      expect(found(copy), path.join(".")).toEqual([]);
    }
  });
});

describe("the configuration that is sent", () => {
  test("is the object with its keys in the program's order, however the engine sorted them", () => {
    const keyOrder = (value: unknown): string[][] => {
      if (Array.isArray(value)) return value.flatMap(keyOrder);
      if (typeof value !== "object" || value === null) return [];
      return [Object.keys(value), ...Object.values(value).flatMap(keyOrder)];
    };
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sorted);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => [key, sorted(item)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(JSON.stringify(inOrder(sorted(value), JSON.stringify(keyOrder(value))))).toBe(
          JSON.stringify(value),
        );
      }),
    );
  });

  test("loses and invents nothing when the order of keys does not belong to it", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.array(fc.array(fc.string())),
        (value, lists) => {
          expect(inOrder(value, JSON.stringify(lists))).toEqual(value);
        },
      ),
    );
  });

  test("is the literal text, white space and numbers included", async () => {
    const text =
      '{ "version": 1.0,  "organization": {"name": "F"}, "number": [15e-1, 0.1, -0, 9007199254740991] }';
    expect(await configurationOf(inputs({ configuration: text }))).toMatchObject({
      property: "configuration",
      text,
    });
  });

  test("counts as the same when only keys moved", async () => {
    const hash = async (configuration: ProvisionInputs["configuration"]) =>
      (await configurationOf(inputs({ configuration })))?.hash;
    const one = await hash({ version: 1, organization: { name: "F", city: "M" } });
    expect(await hash('{"organization": {"city": "M", "name": "F"}, "version": 1}')).toBe(one);
    expect(await hash({ version: 1, organization: { name: "F", city: "N" } })).not.toBe(one);
  });

  test("waits until all of it is known", async () => {
    expect(
      await configurationOf(
        inputs({ configuration: { ...fairyTail, phones: [{ mac: unknown }] } }),
      ),
    ).toBeUndefined();
    expect(await configurationOf(inputs({ configuration: unknown }))).toBeUndefined();
    expect(await configurationOf(inputs({ configurationFile: unknown }))).toBeUndefined();
  });

  test("is masked where the program marked it as secret, and only there", async () => {
    const configuration = {
      ...fairyTail,
      phones: [{ pin: "pin-canary-1", label: "hall-phone" }],
      users: [{ code: 48151623 }],
    };
    await configurationOf(
      inputs({
        configuration,
        __secretPaths: JSON.stringify([["phones", 0, "pin"], ["users"], ["gone", 1]]),
      }),
    );
    expect(maskSecrets("wrong pin pin-canary-1 of hall-phone, code 48151623")).toBe(
      "wrong pin [secret] of hall-phone, code [secret]",
    );
  });

  test("is masked value by value where the whole is a secret, as an object or as text", async () => {
    const secret = (canary: string) => ({ ...fairyTail, phones: [{ pin: canary }] });
    const whole = { __secretPaths: "[[]]" };
    await configurationOf(inputs({ configuration: secret("pin-canary-2"), ...whole }));
    const text = JSON.stringify(secret("pin-canary-3"));
    await configurationOf(inputs({ configuration: text, ...whole }));
    expect(maskSecrets("wrong: pin-canary-2, pin-canary-3")).toBe("wrong: [secret], [secret]");
  });

  test("is not ordered again when the program marks it as a secret", async () => {
    const plain = await configurationOf(inputs({ configuration: fairyTail }));
    const marked = inputs({ configuration: fairyTail, __secretPaths: "[[]]" });
    expect((await configurationOf(marked))?.hash).toBe(plain?.hash);
  });
});

describe("a configuration file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ucaas-configuration-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (text: string) => {
    const path = join(folder, "configuration.json");
    writeFileSync(path, text);
    return inputs({ configurationFile: path });
  };

  test("is sent byte for byte", async () => {
    const text = '{\n  "zeta": 1,\n  "version": 1,\n  "alpha": {"b": 1, "a": 2}\n}\n';
    expect(await configurationOf(file(text))).toMatchObject({
      property: "configurationFile",
      text,
    });
  });

  test.each([
    [
      '{"version":1,"phones":[{"mac":1},{"mac":12345678901234567890}]}',
      "phones[1].mac",
      '"12345678901234567890"',
    ],
    ['{"a":{"b.c":9007199254740993}}', 'a["b.c"]', '"9007199254740993"'],
    ['{"price":0.12345678901234567891}', "price", '"0.12345678901234567891"'],
    ['{"huge":1e999}', "huge", '"1e999"'],
  ])(
    "with a number that would be kept as another one is an error that shows how to write it: %s",
    async (text, path, quoted) => {
      await expect(configurationOf(file(text))).rejects.toMatchObject({
        code: "CONFIGURATION_UNREADABLE",
        reason: `configurationFile: the number at ${path} cannot be kept exactly`,
        hint: `write it as text, in quotes: ${quoted}`,
      });
      await expect(
        configurationOf(inputs({ configuration: text, __secretPaths: "[[]]" })),
      ).rejects.toMatchObject({
        hint: "write it as text, in quotes",
      });
    },
  );

  test("as an object, with a number that the program has rounded already, is an error too", async () => {
    const configuration = { ...fairyTail, phones: [{ mac: 2 ** 64 }] };
    await expect(configurationOf(inputs({ configuration }))).rejects.toThrow(
      "the number at phones[0].mac cannot be kept exactly",
    );
  });

  test.each([
    ["that is no JSON", "{ pin: canary }", "is not JSON"],
    ["that is a list", "[1]", "must be a JSON object"],
    ["that is a directory", undefined, "cannot be read (EISDIR)"],
    ["that is not there", null, "cannot be read (ENOENT)"],
  ])("%s is an error that names it and quotes nothing of it", async (_, text, words) => {
    const declared =
      typeof text === "string"
        ? file(text)
        : inputs({ configurationFile: text === null ? join(folder, "none.json") : folder });
    const error = await configurationOf(declared).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: "CONFIGURATION_UNREADABLE",
      message: expect.stringContaining(words),
    });
    expect((error as Error).message).not.toContain("canary");
  });
});
