import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

const roles = [
  "client",
  "config",
  "errors",
  "outputs",
  "provider",
  "resource-id",
  "resource",
  "rules",
  "schema",
  "secret-names",
].map((role) => `${role}.ts`);

const vendors = readdirSync(join(root, "provider"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !["http", "runtime"].includes(entry.name))
  .map(({ name }) => name);

test("finds the folders of the vendors", () => {
  expect(vendors.length).toBeGreaterThanOrEqual(4);
});

test.each(vendors)("keeps the ten files that every vendor has in provider/%s", (vendor) => {
  const files = readdirSync(join(root, "provider", vendor));
  expect(roles.filter((role) => !files.includes(role))).toEqual([]);
});
