import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { httpErrors } from "../../provider/http/errors.ts";
import { ximaConfig } from "../../provider/xima/config.ts";
import { ximaApiErrors, ximaErrors } from "../../provider/xima/errors.ts";
import { licenseSchema } from "../../provider/xima/schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const page = readFileSync(join(root, "docs", "xima-license.md"), "utf8");

test("explains every code of a licence, on its page and in its class", () => {
  const { INVALID_URL: _, INSECURE_URL: __, ABORTED: ___, ...ofCalls } = httpErrors;
  const codes = [...Object.keys({ ...ximaErrors, ...ximaApiErrors, ...ofCalls }), "ALREADY_EXISTS"];
  const comment = readFileSync(join(root, "provider/xima/resource.ts"), "utf8");
  for (const text of [page, comment])
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});

test("every argument and every config key is on its page", () => {
  const words = [
    ...Object.keys(licenseSchema.shape),
    ...Object.keys(ximaConfig.keys).map((key) => `xima:${key}`),
  ];
  expect(words.filter((word) => !page.includes(`\`${word}`))).toEqual([]);
});
