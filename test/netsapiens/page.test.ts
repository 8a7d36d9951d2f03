import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { netsapiensConfig } from "../../provider/netsapiens/config.ts";
import { oauthClientSchema } from "../../provider/netsapiens/schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");
const page = read("docs", "netsapiens-oauth-client.md");
const sources = readdirSync(join(root, "provider/netsapiens")).map((name) =>
  read("provider/netsapiens", name),
);
const codes = (texts: readonly string[], pattern: RegExp) => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code!))),
];
const missingIn = (text: string, wanted: readonly string[]) =>
  wanted.filter((code) => !text.includes(`\`${code}\``));

test("every code with which a NetSapiens client fails stands in its page, with what to do, and in the comment of its class", () => {
  const config = codes([read("provider/runtime/config.ts")], /code: "([A-Z_]{5,})"/g);
  const url = codes([read("provider/http/pool.ts")], /code: "([A-Z_]{5,})"/g);
  // Of what the HTTP client says, only a call that cannot be made is no answer to be judged.
  const thrown = [
    ...codes(sources, /(?:code: |new PortalError\(\s*|super\(\s*)"([A-Z_]{5,})"/g),
    ...config,
    ...url,
    "INVALID_REQUEST",
  ];
  expect(thrown.length).toBeGreaterThan(20);
  for (const text of [page, read("provider/netsapiens/resource.ts")])
    expect(missingIn(text, thrown)).toEqual([]);
});

test("every code of a step stands in the page, with what to do", () => {
  const ofSteps = codes(sources, /failed\(\s*"([A-Z_0-9]{5,})"/g);
  expect(ofSteps.length).toBeGreaterThan(15);
  expect(missingIn(page, ofSteps)).toEqual([]);
});

test("every argument and every config key stands in the page", () => {
  const words = [
    ...Object.keys(oauthClientSchema.shape),
    ...Object.keys(netsapiensConfig.keys).map((key) => `netsapiens:${key}`),
  ];
  expect(words.filter((word) => !page.includes(`\`${word}`))).toEqual([]);
});
