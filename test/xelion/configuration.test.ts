import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { propertyPath } from "../../provider/dynamic/check.ts";
import { withoutSecrets } from "../../provider/dynamic/secrets.ts";
import { configurationOf, findings, inOrder } from "../../provider/xelion/configuration.ts";
import type { ProvisionInputs } from "../../provider/xelion/schema.ts";
import { wrongConfiguration } from "../../sandbox/xelion/configuration.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const fairyTail = { version: 1, organization: { name: "Fairy Tail" } };
const inputs = (more: Partial<ProvisionInputs>) => ({ serverUrl: "https://pbx.example", tenantName: "pbx1", ...more }) as ProvisionInputs;
const found = (configuration: Record<string, unknown>) =>
  findings(configuration).map(({ path, reason }) => `${propertyPath(path)}: ${reason}`);
const external = (value: string, more = {}) => ({ new: false, value, ...more });

describe("the rules of version 1", () => {
  test("pass a configuration with every known field and with keys that nobody knows", () => {
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
          externalNumbers: [external("0101234567"), { new: true, value: "2", country: "NL", area: "010" }],
        },
        { name: "Bar", fallback: { type: "voicemail" }, internalNumbers: ["201"], extra: 1 },
      ],
      phones: [{ whatever: true }],
    };
    expect(found(full)).toEqual([]);
    expect(wrongConfiguration(JSON.stringify(full))).toBeUndefined();
  });

  const department = (more: object) => ({ ...fairyTail, departments: [{ name: "Bar" }, { name: "Reception", ...more }] });
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
    ["a user who is no address", department({ users: ["a@b.example", "b"] }), "departments[1].users[1]: must be an e-mail address"],
    ["a number with 0 in front", department({ internalNumbers: ["020"] }), "departments[1].internalNumbers[0]: must be 1 to 4 digits"],
    ["a number with 1 in front", department({ internalNumbers: ["1"] }), "departments[1].internalNumbers[0]: must be 1 to 4 digits"],
    ["a number of five digits", department({ internalNumbers: ["20000"] }), "departments[1].internalNumbers[0]: must be 1 to 4 digits"],
    ["a number used twice", department({ internalNumbers: ["20", "21", "20"] }), "departments[1].internalNumbers[2]: 20 is used twice"],
    ["a fallback that is none", department({ fallback: { type: "fax" } }), "departments[1].fallback.type:"],
    ["a fallback to nowhere", department({ fallback: { type: "dept" } }), "departments[1].fallback.value: is missing: it says which dept"],
    ["no central number", department({ externalNumbers: [external("010")] }), "organization.centralPhoneNumber: is missing"],
    [
      "a new number without its area",
      department({ externalNumbers: [{ new: true, value: "1", country: "NL" }] }),
      "departments[1].externalNumbers[0].area: is missing",
    ],
    [
      "a central number that is none of them",
      { ...department({ externalNumbers: [external("010")] }), organization: { name: "F", centralPhoneNumber: external("011") } },
      "organization.centralPhoneNumber: must equal one of the external numbers",
    ],
  ])("refuse %s, with its path, and so does the service", (_, configuration, words) => {
    expect(found(configuration).join("\n")).toContain(words);
    expect(wrongConfiguration(JSON.stringify(configuration))).toBeDefined();
  });

  test("are all told at once", () => {
    const wrong = {
      version: 1,
      organization: { name: "F", country: "XX" },
      departments: [{ name: "Bar", internalNumbers: ["1", "30", "30"] }],
    };
    expect(found(wrong)).toHaveLength(2);
    expect(found({ ...wrong, departments: [{ name: "Bar", internalNumbers: ["30", "30"] }] })).toHaveLength(2);
  });

  test("pass what is not known yet, wherever it stands", () => {
    const whole = {
      version: 1,
      organization: { name: "F", country: "NL", centralPhoneNumber: external("010") },
      departments: [
        {
          name: "Bar",
          users: ["a@b.example"],
          fallback: { type: "user", value: "x" },
          internalNumbers: ["20"],
          externalNumbers: [external("010")],
        },
      ],
    };
    const paths = (value: unknown): PropertyKey[][] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, item]) => [[key], ...paths(item).map((path) => [key, ...path])])
        : [];
    for (const path of paths(whole)) {
      const copy = structuredClone(whole) as Record<PropertyKey, unknown>;
      const parent = path.slice(0, -1).reduce<Record<PropertyKey, unknown>>((value, key) => value[key] as never, copy);
      parent[path.at(-1) as string] = unknown;
      expect(found(copy), path.join(".")).toEqual([]);
    }
  });
});

describe("what is sent", () => {
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
        expect(JSON.stringify(inOrder(sorted(value), JSON.stringify(keyOrder(value))))).toBe(JSON.stringify(value));
      }),
    );
  });

  test("loses and invents nothing when the order of keys does not belong to it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.array(fc.array(fc.string())), (value, lists) => {
        expect(inOrder(value, JSON.stringify(lists))).toEqual(value);
      }),
    );
  });

  test("is a text as it stands, white space and numbers included", async () => {
    const text = '{ "version": 1.0,  "organization": {"name": "F"}, "big": 12345678901234567890 }';
    expect(await configurationOf(inputs({ configuration: text }))).toMatchObject({ property: "configuration", text });
  });

  test("counts as the same when only keys moved", async () => {
    const hash = async (configuration: ProvisionInputs["configuration"]) => (await configurationOf(inputs({ configuration })))?.hash;
    const one = await hash({ version: 1, organization: { name: "F", city: "M" } });
    expect(await hash('{"organization": {"city": "M", "name": "F"}, "version": 1}')).toBe(one);
    expect(await hash({ version: 1, organization: { name: "F", city: "N" } })).not.toBe(one);
  });

  test("waits until all of it is known", async () => {
    expect(await configurationOf(inputs({ configuration: { ...fairyTail, phones: [{ mac: unknown }] } }))).toBeUndefined();
    expect(await configurationOf(inputs({ configuration: unknown }))).toBeUndefined();
    expect(await configurationOf(inputs({ configurationFile: unknown }))).toBeUndefined();
  });

  test("is masked where the program marked it as secret, and only there", async () => {
    const configuration = { ...fairyTail, phones: [{ pin: "pin-canary-1", label: "hall-phone" }], users: [{ code: 48151623 }] };
    await configurationOf(inputs({ configuration, __secretPaths: JSON.stringify([["phones", 0, "pin"], ["users"], ["gone", 1]]) }));
    expect(withoutSecrets("wrong pin pin-canary-1 of hall-phone, code 48151623")).toBe("wrong pin [secret] of hall-phone, code [secret]");
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
    expect(await configurationOf(file(text))).toMatchObject({ property: "configurationFile", text });
  });

  test.each([
    ["that is no JSON", "{ pin: canary }", "is not JSON"],
    ["that is a list", "[1]", "must be a JSON object"],
    ["that is a directory", undefined, "cannot be read (EISDIR)"],
    ["that is not there", null, "cannot be read (ENOENT)"],
  ])("%s is an error that names it and quotes nothing of it", async (_, text, words) => {
    const declared =
      typeof text === "string" ? file(text) : inputs({ configurationFile: text === null ? join(folder, "none.json") : folder });
    const error = await configurationOf(declared).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "CONFIGURATION_UNREADABLE", message: expect.stringContaining(words) });
    expect((error as Error).message).not.toContain("canary");
  });
});
