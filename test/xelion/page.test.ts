import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { xelionErrors } from "../../provider/xelion/errors.ts";
import { root } from "../../tools/engine/paths.mjs";

test("explains every code of a Xelion tenant on its page", () => {
  const page = readFileSync(join(root, "docs", "xelion-tenant-provision.md"), "utf8");
  expect(Object.keys(xelionErrors).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});
