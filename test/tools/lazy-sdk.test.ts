import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { node, root } from "../../tools/engine/paths.mjs";

/** What a program prints, with the SDK as it is or with its rare packages on first use. */
const printed = (program: string, ...lazy: string[]) =>
  execFileSync(node, [...lazy, "--eval", `const pulumi = require("@pulumi/pulumi"); ${program}`], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
const lazy = ["--require", join(root, "tools", "lazy-sdk.cjs")];

test("a program that serializes a function gets the same with packages loaded on first use", () => {
  const program = `
    const seats = 12;
    const { runtime } = pulumi;
    Promise.all([runtime.serializeFunction(() => seats), runtime.computeCodePaths()]).then(
      ([{ text }, paths]) => console.log(text, [...paths.keys()]));`;
  const asInstalled = printed(program);
  expect(asInstalled).toContain("node_modules");
  expect(printed(program, ...lazy)).toBe(asInstalled);
});

test("a program that serializes no function does not load them", () => {
  const program = `console.log(Object.keys(require.cache).filter((file) =>
    /node_modules.(typescript|@npmcli.arborist)/.test(file)).length)`;
  expect(Number(printed(program))).toBeGreaterThan(10);
  expect(printed(program, ...lazy).trim()).toBe("0");
});
