import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { schemaFiles } from "../../stacks/json-schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const stacks = join(root, "stacks");
const stackFile = z.fromJSONSchema(JSON.parse(schemaFiles["schema.json"] ?? ""));
const customerFile = z.fromJSONSchema(JSON.parse(schemaFiles["customer.schema.json"] ?? ""));

/** The paths of what an editor would underline. */
function underlined(schema: z.ZodType, text: string): string[] {
  const issues = schema.safeParse(parse(text)).error?.issues ?? [];
  return issues.flatMap((issue) =>
    (issue.code === "unrecognized_keys" ? issue.keys : [""]).map((key) =>
      [...issue.path, key].join(".").replace(/[.]$/, ""),
    ),
  );
}

test.each(Object.entries(schemaFiles))(
  "stacks/%s is what the program checks today; `npm run schema` writes it",
  (name, content) => {
    expect(readFileSync(join(stacks, name), "utf8")).toBe(content);
  },
);

test("the embedded stack file keeps to the schema, and names it for editors", () => {
  const text = readFileSync(join(stacks, "Pulumi.sandbox.yaml"), "utf8");
  expect(text).toMatch(/^# yaml-language-server: \$schema=schema\.json\n/);
  expect(underlined(stackFile, text)).toEqual([]);
});

test("an editor accepts encrypted values, defaults, and config as `pulumi config set` writes it", () => {
  const text = `
encryptionsalt: v1:x
config:
  aws:region: eu-west-1
  ucaas:production: "true"
  xima:concurrency: "4"
  xima:privateKey: {secure: v1:x}
  xima:accounts: {second: {baseUrl: "https://licensing.example"}}
  ucaas:customers:
    acme: {xima: {sipCredentials: {password: {secure: v1:x}}}}
`;
  expect(underlined(stackFile, text)).toEqual([]);
  expect(underlined(customerFile, "name: Acme\nxima: {professionalSeats: 5}\n")).toEqual([]);
});

test("an editor underlines a misspelt key and a wrong value at any place", () => {
  const text = `
config:
  xima:privatKey: x
  ucaas:customers:
    acme: {xima: {profesionalSeats: 5, eliteSeats: many}}
`;
  expect(underlined(stackFile, text).sort()).toEqual([
    "config.ucaas:customers.acme.xima.eliteSeats",
    "config.ucaas:customers.acme.xima.profesionalSeats",
    "config.xima:privatKey",
  ]);
  // Only the stack's file is decrypted by the engine.
  expect(
    underlined(
      customerFile,
      "nam: Acme\nxima: {sipCredentials: {password: {secure: v1:x}}}\n",
    ).sort(),
  ).toEqual(["nam", "xima.sipCredentials.password"]);
});
