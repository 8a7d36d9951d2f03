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

test.each(vendors)(
  "names the entries of these files in provider/%s as in every vendor",
  async (vendor) => {
    const entries = {
      client: /Client$/,
      config: /Config$/,
      outputs: /^toOutputs$/,
      rules: /^rule/,
    };
    for (const [role, entry] of Object.entries(entries)) {
      const exported = Object.keys(await import(join(root, "provider", vendor, `${role}.ts`)));
      expect(exported, role).toContainEqual(expect.stringMatching(entry));
    }
  },
);
