import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { baseUrlKey } from "../../provider/http/pool.ts";
import { Accounts } from "../../provider/runtime/accounts.ts";
import { environmentVariable, readConfig } from "../../provider/runtime/config.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";
import { maskSecrets } from "../../provider/runtime/secrets.ts";

const definition = {
  namespace: "acme",
  keys: {
    baseUrl: baseUrlKey("base URL of the API"),
    apiToken: { value: z.string().min(1), secret: true, about: "token of the API" },
    revision: { value: z.enum(["1.4", "guide"]).default("1.4"), about: "revision" },
    pageSize: { value: z.coerce.number().int().min(1).default(100), about: "rows a page" },
    tags: { value: z.array(z.string()).optional(), about: "tags" },
  },
};
const good = { "acme:baseUrl": "https://api.example/v1", "acme:apiToken": "token-of-the-stack" };

const source = (config: Record<string, unknown>) => ({
  get: (key: string) =>
    (config[key] === undefined || typeof config[key] === "string"
      ? config[key]
      : JSON.stringify(config[key])) as string,
  require: () => "",
});
const read = (
  config: Record<string, unknown>,
  { account, env = {} }: { account?: string; env?: NodeJS.ProcessEnv } = {},
) => readConfig(definition, source(config), account, env);
function refusal(run: () => unknown): UcaasError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UcaasError);
    return error as UcaasError;
  }
  throw new Error("It was not refused.");
}

const folder = mkdtempSync(join(tmpdir(), "ucaas-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("config of a vendor", () => {
  test("comes from the stack, with defaults, numbers and lists read from their text", () => {
    expect(read({ ...good, "acme:pageSize": "50", "acme:tags": ["a", "b"] })).toEqual({
      baseUrl: "https://api.example/v1",
      apiToken: "token-of-the-stack",
      revision: "1.4",
      pageSize: 50,
      tags: ["a", "b"],
    });
  });

  test("that is structured may come from the environment as JSON", () => {
    expect(read(good, { env: { ACME_TAGS: '["a", "b"]' } }).tags).toEqual(["a", "b"]);
  });

  test("that is missing is listed by key, with the command that sets it and no secret in it", () => {
    const { code, message } = refusal(() => read({}));
    expect(code).toBe("CONFIG_MISSING");
    expect(message).toContain(
      "acme:baseUrl (base URL of the API) is not set\n  acme:apiToken (token of the API) is not set [CONFIG_MISSING]",
    );
    expect(message).toContain(
      [
        "What to do: 1. pulumi config set acme:baseUrl <value> (or set ACME_BASE_URL)",
        "2. pulumi config set --secret acme:apiToken (or set ACME_API_TOKEN)",
      ].join("\n    "),
    );
  });

  test.each([
    ["acme:revision", "1.5"],
    ["acme:pageSize", "many"],
    ["acme:pageSize", "0"],
    ["acme:baseUrl", "api.example"],
    ["acme:baseUrl", "http://api.example"],
    ["acme:apiToken", ""],
  ])("%s that is %j is refused with its command", (key, value) => {
    const { code, message } = refusal(() => read({ ...good, [key]: value }));
    expect(code).toBe("CONFIG_INVALID");
    expect(message).toMatch(
      new RegExp(
        `${key} \\(.*\\) is not valid: .*\n  What to do: pulumi config set (--secret )?${key}`,
      ),
    );
  });

  test("never has a value in its error", () => {
    const { message } = refusal(() =>
      read({
        "acme:baseUrl": "https://u:canary@api.example",
        "acme:revision": "canary",
        "acme:apiToken": "",
      }),
    );
    expect(message).not.toContain("canary");
  });

  test("comes from the environment where the stack has none", () => {
    expect(environmentVariable("xima", "privateKeyPassphrase")).toBe("XIMA_PRIVATE_KEY_PASSPHRASE");
    const env = {
      ACME_BASE_URL: "https://env.example",
      ACME_API_TOKEN: "token-of-the-environment",
      ACME_PAGE_SIZE: "7",
    };
    expect(read({}, { env })).toMatchObject({
      baseUrl: "https://env.example",
      apiToken: "token-of-the-environment",
      pageSize: 7,
    });
    expect(read(good, { env })).toMatchObject({
      baseUrl: "https://api.example/v1",
      apiToken: "token-of-the-stack",
      pageSize: 7,
    });
  });

  test("treats an empty variable as unset, as a pipeline sets it when a secret does not exist", () => {
    expect(
      refusal(() =>
        read({ "acme:baseUrl": "https://api.example" }, { env: { ACME_API_TOKEN: "" } }),
      ).code,
    ).toBe("CONFIG_MISSING");
  });

  test("comes from a file that a variable names, without the line's end", () => {
    const file = join(folder, "token");
    writeFileSync(file, "token-of-the-file\n");
    const env = { ACME_API_TOKEN_FILE: file };
    expect(read({ "acme:baseUrl": "https://api.example" }, { env }).apiToken).toBe(
      "token-of-the-file",
    );
    const { code, message } = refusal(() =>
      read(
        { "acme:baseUrl": "https://api.example" },
        { env: { ACME_API_TOKEN_FILE: join(folder, "none") } },
      ),
    );
    expect({ code, message }).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("ACME_API_TOKEN_FILE"),
    });
    expect(message).toContain("ENOENT");
  });

  test("has its secrets masked in every text from then on, line by line too", () => {
    read({
      ...good,
      "acme:apiToken":
        "-----BEGIN KEY-----\nfirst-line-of-a-secret\nsecond-line-of-a-secret\n-----END KEY-----\n",
    });
    expect(maskSecrets("seen: second-line-of-a-secret, and -----BEGIN KEY-----")).toBe(
      "seen: [secret], and -----BEGIN KEY-----",
    );
  });
});

describe("an account's section", () => {
  const accounts = {
    "acme:accounts": {
      north: {
        baseUrl: "https://north.example",
        apiToken: "north-token",
        revision: 1.4,
        pageSize: 5,
      },
    },
  };

  test("is complete: it uses no other keys and no environment", () => {
    expect(read({ ...good, ...accounts }, { account: "north" })).toMatchObject({
      baseUrl: "https://north.example",
      apiToken: "north-token",
    });
    const { code, message } = refusal(() =>
      read(
        { ...good, "acme:accounts": { north: { baseUrl: "https://north.example" } } },
        { account: "north", env: { ACME_API_TOKEN: "x" } },
      ),
    );
    expect(code).toBe("CONFIG_MISSING");
    expect(message).toContain(
      "What to do: pulumi config set --path --secret acme:accounts.north.apiToken",
    );
    expect(message).not.toContain("ACME_API_TOKEN");
  });

  test("takes numbers as YAML has them for the text that they are in other places", () => {
    expect(read(accounts, { account: "north" })).toMatchObject({ revision: "1.4", pageSize: 5 });
  });

  test("that does not exist is refused with the names of those that do", () => {
    const { code, message } = refusal(() => read(accounts, { account: "south" }));
    expect(code).toBe("CONFIG_UNKNOWN_ACCOUNT");
    expect(message).toContain('there is no account "south"; known: north');
    expect(refusal(() => read(good, { account: "south" })).message).toContain(
      "no accounts are declared",
    );
    expect(refusal(() => read(accounts, { account: "constructor" })).code).toBe(
      "CONFIG_UNKNOWN_ACCOUNT",
    );
  });

  test("whose name has a dot is quoted in the command", () => {
    const { message } = refusal(() => read({ "acme:accounts": { "a.b": {} } }, { account: "a.b" }));
    expect(message).toContain(`pulumi config set --path 'acme:accounts["a.b"].baseUrl' <value>`);
    const unknown = refusal(() => read(accounts, { account: "a.b" }));
    expect(unknown.hint).toBe(`pulumi config set --path 'acme:accounts["a.b"].<key>' <value>`);
  });

  test.each([["text"], [[1]], [{ north: "https://north.example" }]])(
    "is refused when the sections are %j",
    (sections) => {
      expect(
        refusal(() => read({ "acme:accounts": sections }, { account: "north" })),
      ).toMatchObject({ code: "CONFIG_INVALID" });
    },
  );
});

test("config is read and a client created once an account, and a failed one is retried", () => {
  const config: Record<string, unknown> = { ...good };
  let reads = 0;
  const counted = {
    get(key: string) {
      if (key === "acme:baseUrl") reads += 1;
      return source(config).get(key);
    },
    require: () => "",
  };
  const accounts = new Accounts(definition, counted, ({ baseUrl }) => ({ baseUrl }));
  expect(accounts.client(undefined)).toBe(accounts.client(undefined));
  expect(accounts.config(undefined)).toBe(accounts.config(undefined));
  expect(reads).toBe(1);
  expect(() => accounts.client("north")).toThrow("CONFIG_UNKNOWN_ACCOUNT");
  config["acme:accounts"] = {
    north: { baseUrl: "https://north.example", apiToken: "north-token" },
  };
  expect(accounts.client("north")).toEqual({ baseUrl: "https://north.example" });
});
