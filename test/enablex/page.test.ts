import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { enablexConfig } from "../../provider/enablex/config.ts";
import { enablexErrors } from "../../provider/enablex/errors.ts";
import { customerSchema, subscriptionSchema, userSchema } from "../../provider/enablex/schema.ts";
import { httpErrors } from "../../provider/http/errors.ts";
import { root } from "../../tools/engine/paths.mjs";

const page = (kind: string) => readFileSync(join(root, "docs", `enablex-${kind}.md`), "utf8");

test("explains every code of EnableX, on the customer's page and in its class", () => {
  const { INVALID_URL: _, INSECURE_URL: __, ABORTED: ___, ...ofCalls } = httpErrors;
  const codes = [...Object.keys({ ...enablexErrors, ...ofCalls }), "JOURNAL_UNAVAILABLE"];
  const comment = readFileSync(join(root, "provider/enablex/resource.ts"), "utf8");
  for (const text of [page("customer"), comment])
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});

test.each([
  ["customer", customerSchema],
  ["subscription", subscriptionSchema],
  ["user", userSchema],
] as const)("every argument of a %s is on its page", (kind, schema) => {
  expect(Object.keys(schema.shape).filter((word) => !page(kind).includes(`\`${word}`))).toEqual([]);
});

test("every config key is on the customer's page, to which the others link", () => {
  const keys = Object.keys(enablexConfig.keys).map((key) => `enablex:${key}`);
  expect(keys.filter((key) => !page("customer").includes(`\`${key}`))).toEqual([]);
  for (const kind of ["subscription", "user"])
    expect(page(kind)).toContain("(enablex-customer.md#permissions-at-the-vendor)");
});
