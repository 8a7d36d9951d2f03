import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { enablexConfig } from "../../provider/enablex/config.ts";
import { customerSchema, subscriptionSchema, userSchema } from "../../provider/enablex/schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const page = (kind: string) => readFileSync(join(root, "docs", `enablex-${kind}.md`), "utf8");
const sources = ["provider/enablex", "provider/http"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), "utf8")),
);

test("every error code of EnableX stands in the customer's page, with what to do, and in the comment of its class", () => {
  const codes = sources.flatMap((text) =>
    [...text.matchAll(/code: "([A-Z_]{5,})"/g)].map(([, code]) => code!),
  );
  // A base URL is looked at as config, and who gives a call up is this package itself.
  const never = ["INVALID_URL", "INSECURE_URL", "ABORTED"];
  const wanted = [...new Set([...codes, "JOURNAL_UNAVAILABLE"])].filter(
    (code) => !never.includes(code) && !code.startsWith("ERR_"),
  );
  expect(wanted.length).toBeGreaterThan(30);
  const comment = readFileSync(join(root, "provider/enablex/resource.ts"), "utf8");
  for (const text of [page("customer"), comment])
    expect(wanted.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});

test.each([
  ["customer", customerSchema],
  ["subscription", subscriptionSchema],
  ["user", userSchema],
] as const)("every argument of a %s stands in its page", (kind, schema) => {
  expect(Object.keys(schema.shape).filter((word) => !page(kind).includes(`\`${word}`))).toEqual([]);
});

test("every config key stands in the customer's page, to which the others lead", () => {
  const keys = Object.keys(enablexConfig.keys).map((key) => `enablex:${key}`);
  expect(keys.filter((key) => !page("customer").includes(`\`${key}`))).toEqual([]);
  for (const kind of ["subscription", "user"])
    expect(page(kind)).toContain("(enablex-customer.md#permissions-at-the-vendor)");
});
