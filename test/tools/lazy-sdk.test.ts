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

test("a program that uses the Automation API gets the same with it loaded on first use", () => {
  const program = `const { automation } = pulumi;
    console.log(automation.fullyQualifiedStackName("acme", "voice", "prod"), "LocalWorkspace" in automation)`;
  const asInstalled = printed(program);
  expect(asInstalled).toBe("acme/voice/prod true\n");
  expect(printed(program, ...lazy)).toBe(asInstalled);
});

test("a program that is traced gets the same tracer with it loaded on first use", () => {
  const program = `
    const { exit } = process;
    process.exit = () => {}; // The program wants the address of an engine.
    const tracing = require("@pulumi/pulumi/cmd/run/tracing.js");
    tracing.start("http://127.0.0.1:1/");
    const { resource, attributes } = tracing.newSpan("run");
    console.log(JSON.stringify([Object.keys(resource.attributes).sort(), attributes]));
    exit(0);`;
  const asInstalled = printed(program);
  expect(asInstalled).toContain("service.name");
  expect(printed(program, ...lazy)).toBe(asInstalled);
});

test("a program that uses none of them does not load them", () => {
  const program = `
    process.exit = () => {};
    require("@pulumi/pulumi/cmd/run/run.js");
    console.log(Object.keys(require.cache).filter((file) =>
    /node_modules.(typescript|@npmcli.arborist|normalize-package-data|@opentelemetry.sdk-trace-base|@pulumi.pulumi.(automation|runtime.closure.createClosure))/.test(file)).length)`;
  expect(Number(printed(program))).toBeGreaterThan(10);
  expect(printed(program, ...lazy).trim()).toBe("0");
});
