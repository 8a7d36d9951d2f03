import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isProgramOfCli, requireHostIn } from "../../provider/runtime/host-location.ts";

test("the error in a project without the package names the dependency to add, and where", () => {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-host-"));
  try {
    expect(() => requireHostIn(folder)).toThrow(
      /cannot be imported from .*\[PACKAGE_NOT_FOUND\].*1\. Add pulumi-ucaas to .*package\.json/s,
    );
    const modules = join(folder, "node_modules", "pulumi-ucaas");
    mkdirSync(modules, { recursive: true });
    writeFileSync(
      join(modules, "package.json"),
      '{"name":"pulumi-ucaas","exports":{"./host":{"default":"./host.js"}}}',
    );
    writeFileSync(join(modules, "host.js"), "");
    expect(() => requireHostIn(folder)).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("only a program that the CLI runs in its project is asked", () => {
  expect(isProgramOfCli(["node", "/app/node_modules/@pulumi/pulumi/cmd/run/index.js"])).toBe(true);
  expect(
    isProgramOfCli(["node", "/app/node_modules/.pnpm/x/node_modules/@pulumi/pulumi/cmd/run"]),
  ).toBe(true);
  for (const other of [
    "/app/server.js",
    "/x/@pulumi/pulumi/cmd/dynamic-provider/index.js",
    undefined,
  ])
    expect(isProgramOfCli(["node", ...(other ? [other] : [])])).toBe(false);
});
