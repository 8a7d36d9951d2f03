import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { Journal } from "../../provider/runtime/journal.ts";
import { stackIdentity } from "../../provider/runtime/stack-identity.ts";
import { eventually } from "../eventually.ts";
import { secret, workspace } from "./workspace.ts";

const projectNode = `v${manifest.devDependencies.node}`;

const resource = `
  import * as pulumi from "@pulumi/pulumi";
  // Text, not a class: nothing is captured from the program.
  const line = \`exports.handler = () => ({
    create: async (inputs) => {
      if (inputs.marker) require("node:fs").writeFileSync(inputs.marker, "begun");
      while (inputs.until && !require("node:fs").existsSync(inputs.until))
        await new Promise((done) => setTimeout(done, 20));
      return { id: "made", outs: { node: process.version } };
    },
  })\`;
  export class Slow extends pulumi.CustomResource {
    declare readonly node: pulumi.Output<string>;
    constructor(name: string, args: { marker?: string; until?: string } = {}) {
      super("pulumi-nodejs:dynamic/test:Slow", name, { ...args, __provider: line, node: undefined });
    }
  }`;

test("a program runs on the project's Node with its config, and its failure is printed once", async () => {
  await using ws = await workspace({
    program: `${resource}
      console.log("to standard output");
      console.error("to standard error");
      const config = new pulumi.Config();
      export const program = process.version;
      export const provider = new Slow("one").node;
      export const plain = config.requireObject("plain");
      export const hidden = config.requireSecret("hidden");`,
    config: { plain: { list: [1, true, "ä"] }, hidden: secret("-----BEGIN=\nhunter2\n-----END") },
  });
  const up = (await ws.up()).ok();
  expect(up.output).toContain("to standard output");
  expect(up.output).toContain("to standard error");
  expect(up.output).not.toContain("hunter2");
  const outputs = await ws.outputs({ showSecrets: true });
  expect(outputs).toMatchObject({
    plain: { list: [1, true, "ä"] },
    hidden: "-----BEGIN=\nhunter2\n-----END",
  });
  expect([outputs.program, outputs.provider]).toEqual([projectNode, projectNode]);
  expect(JSON.stringify(await ws.export())).not.toContain("hunter2");
  (await ws.preview("--expect-no-changes")).ok();

  await ws.writeProgram(`import "@pulumi/pulumi"; throw new Error("the program's own words");`);
  const failed = await ws.preview();
  expect(failed.exitCode).not.toBe(0);
  expect(failed.output.match(/the program's own words/g), failed.output).toHaveLength(1);
  expect(failed.output).toContain("index.ts:1");
});

test("Ctrl-C ends a run when the resource at work is done, and keeps it", async () => {
  await using ws = await workspace({
    program: `${resource}
      const first = new Slow("one", { marker: process.cwd() + "/begun", until: process.cwd() + "/goOn" });
      first.node.apply(() => new Slow("two"));`,
  });
  const up = ws.start(["up", "--yes", "--skip-preview"]);

  await eventually(() => expect(existsSync(`${ws.folder}/begun`)).toBe(true), up.done);
  up.signal("SIGINT");
  await eventually(() => expect(up.output()).toContain("cancelling"), up.done);
  writeFileSync(`${ws.folder}/goOn`, "");
  const ended = await up.done;
  expect(ended.exitCode, ended.output).not.toBe(0);
  const { deployment } = await ws.export();
  expect(deployment.pending_operations ?? []).toEqual([]);
  expect(
    deployment.resources
      ?.filter(({ type }) => type.endsWith("Slow"))
      .map(({ urn }) => urn.split("::").at(-1)),
  ).toEqual(["one"]);
});

test("after a power cut the stack is locked, and pulumi cancel frees it", async () => {
  await using ws = await workspace({
    program: `${resource} new Slow("one", { marker: process.cwd() + "/begun", until: process.cwd() + "/never" });`,
  });

  const up = ws.start(["up", "--yes", "--skip-preview"]);
  await eventually(() => expect(existsSync(`${ws.folder}/begun`)).toBe(true), up.done);
  await up.crash();
  await up.done;
  expect((await ws.up()).output).toContain("the stack is currently locked");
  (await ws.pulumi(["cancel", "--yes"])).ok();
  expect((await ws.export()).deployment.pending_operations).toMatchObject([
    { type: "creating", resource: { urn: expect.stringContaining("::one") } },
  ]);
});

test("a preview names what an interrupted run may have left, also after a rename of the stack", async () => {
  await using ws = await workspace({ program: `import "pulumi-ucaas";` });
  const journal = join(ws.folder, "journal");
  await ws.writeProgram(`import "pulumi-ucaas"; process.env.UCAAS_JOURNAL_DIR = "${journal}";`);
  const stack = stackIdentity("ucaas-test", "test", undefined, ws.folder, {
    PULUMI_BACKEND_URL: `file://${ws.stateFolder}`,
  });
  const key = { vendor: "xelion", stack, thing: "https://voice.example pbx1" };
  const write = { operation: "create", type: "XelionTenantProvision", resource: "acme" } as const;
  await new Journal({
    get: (name) => (name === "ucaas:journalDir" ? journal : undefined) as never,
  }).intend(key, {}, {}, null, { write });
  const { output } = (await ws.preview()).ok();
  expect(output).toContain("1 write of interrupted runs may have left something");
  expect(output).toContain(
    'the create of XelionTenantProvision "acme" (https://voice.example pbx1)',
  );
  expect(output).toMatch(
    /What to do: 1\. .*\n +2\. Then: ucaas journal resolve [0-9a-f]{8} --stack test\n/,
  );

  (await ws.pulumi(["stack", "rename", "renamed"])).ok();
  const renamed = (await ws.pulumi(["preview"])).ok().output;
  expect(renamed).toContain("which does not exist any more");
  expect(renamed).toContain(`ucaas journal move ${stack} ${stack.replace("/test@", "/renamed@")}`);
});
