import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { netsapiensConfig } from "../../provider/netsapiens/config.ts";
import { netsapiensErrors } from "../../provider/netsapiens/errors.ts";
import { oauthClientSchema } from "../../provider/netsapiens/schema.ts";
import { stepErrors } from "../../provider/netsapiens/steps.ts";
import { root } from "../../tools/engine/paths.mjs";

const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");
const page = read("docs", "netsapiens-oauth-client.md");
const missingIn = (text: string, wanted: readonly string[]) =>
  wanted.filter((code) => !text.includes(`\`${code}\``));

test("explains every code of a NetSapiens client, on its page and in its class", () => {
  const config = ["CONFIG_INVALID", "CONFIG_MISSING", "CONFIG_UNKNOWN_ACCOUNT"];
  // The client judges all replies itself. Only a call that cannot be made is an error.
  const ofCalls = ["INVALID_URL", "INSECURE_URL", "INVALID_REQUEST"];
  const codes = [...Object.keys(netsapiensErrors), ...config, ...ofCalls];
  for (const text of [page, read("provider/netsapiens/resource.ts")])
    expect(missingIn(text, codes)).toEqual([]);
});

test("explains every code of a step on the page", () => {
  expect(missingIn(page, Object.keys(stepErrors))).toEqual([]);
});

test("every argument and every config key is on the page", () => {
  const words = [
    ...Object.keys(oauthClientSchema.shape),
    ...Object.keys(netsapiensConfig.keys).map((key) => `netsapiens:${key}`),
  ];
  expect(words.filter((word) => !page.includes(`\`${word}`))).toEqual([]);
});
