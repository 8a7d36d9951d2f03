import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ximaConfig } from "../../provider/xima/config.ts";
import { licenseSchema } from "../../provider/xima/schema.ts";
import { root } from "../../tools/engine/paths.mjs";

const page = readFileSync(join(root, "docs", "xima-license.md"), "utf8");
const sources = ["provider/xima", "provider/http"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), "utf8")),
);

test("every error code of a licence stands in its page, with what to do, and in the comment of its class", () => {
  const codes = sources.flatMap((text) =>
    [...text.matchAll(/(?:code: |fault\(\s*|code = )"([A-Z_]{6,})"/g)].map(([, code]) => code!),
  );
  // A base URL is looked at as config, and who gives a call up is this package itself.
  const never = ["INVALID_URL", "INSECURE_URL", "ABORTED"];
  const wanted = [...new Set(codes)].filter(
    (code) => !never.includes(code) && !code.startsWith("ERR_"),
  );
  expect(wanted.length).toBeGreaterThan(15);
  const comment = readFileSync(join(root, "provider/xima/resource.ts"), "utf8");
  for (const text of [page, comment])
    expect(wanted.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});

test("every argument and every config key stands in its page", () => {
  const words = [
    ...Object.keys(licenseSchema.shape),
    ...Object.keys(ximaConfig.keys).map((key) => `xima:${key}`),
  ];
  expect(words.filter((word) => !page.includes(`\`${word}`))).toEqual([]);
});
