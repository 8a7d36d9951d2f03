import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { fits } from "../../tools/install.mjs";

describe("what is installed fits the lock file", () => {
  const zod = { version: "4.6.7", integrity: "sha512-a" };
  const locked = {
    "": {},
    cli: { version: "0.1.0" },
    "node_modules/zod": zod,
    "node_modules/for-macos": { version: "1.0.0", optional: true },
  };

  test("when each package has the locked version and content", () => {
    expect(fits(locked, { "node_modules/zod": zod })).toBe(true);
  });
  test("not when a package is missing", () => {
    expect(fits(locked, {})).toBe(false);
  });
  test("not when the link to a workspace is missing", () => {
    const linked = { ...locked, "node_modules/ucaas": { link: true } };
    expect(fits(linked, { "node_modules/zod": zod })).toBe(false);
    expect(fits(linked, { "node_modules/zod": zod, "node_modules/ucaas": { link: true } })).toBe(
      true,
    );
  });
  test("not when a package has another version, or the same version with another content", () => {
    expect(fits(locked, { "node_modules/zod": { ...zod, version: "4.6.6" } })).toBe(false);
    expect(fits(locked, { "node_modules/zod": { ...zod, integrity: "sha512-b" } })).toBe(false);
  });
  test("when there is one package more", () => {
    expect(fits(locked, { "node_modules/zod": zod, "node_modules/tried-out": zod })).toBe(true);
  });
});

interface Locked {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  resolved?: string;
}

describe("package-lock.json", async () => {
  const packages: Record<string, Locked> = JSON.parse(
    await readFile(join(root, "package-lock.json"), "utf8"),
  ).packages;

  // A registry that has not every platform's packages makes `npm install` leave them out,
  // and `npm ci` then refuses the file everywhere.
  test("has an entry for each package that another one asks for, on every platform", () => {
    const found = (from: string, name: string): boolean => {
      if (packages[`${from && `${from}/`}node_modules/${name}`]) return true;
      if (!from) return false;
      return found(from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), name);
    };
    const missing = Object.entries(packages).flatMap(
      ([from, { dependencies, devDependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
          .filter((name) => !found(from, name))
          .map((name) => `${from} → ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test("names no host that packages come from", () => {
    expect(
      Object.entries(packages).filter(([, { resolved }]) => resolved?.startsWith("http")),
    ).toEqual([]);
  });
});
