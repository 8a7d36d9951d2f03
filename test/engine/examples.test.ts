import { execFile } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { node, root } from "../../tools/engine/paths.mjs";
import { runProgramsWithBun } from "./bun.ts";
import { type Workspace, workspace } from "./workspace.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.stop());

/** What has been run so far. */
const tried = new Set<string>();

/** A copy of an example, in a project without a stack. */
async function example(name: string): Promise<Workspace> {
  tried.add(name);
  const project = await workspace({ program: "", env: sandbox.environment });
  cpSync(join(root, "examples", name), project.folder, { recursive: true });
  return project;
}

/** Applies an example, and sees that a second preview has nothing to do. */
async function apply(
  name: string,
  config: Record<string, string> = {},
  prepare: (project: Workspace) => Promise<void> = async () => {},
) {
  await using project = await example(name);
  await prepare(project);
  (await project.pulumi(["stack", "init", "dev"])).ok();
  for (const [key, value] of Object.entries(config))
    (await project.pulumi(["config", "set", "--secret", key, value])).ok();
  (await project.up()).ok();
  (await project.preview("--expect-no-changes")).ok();
  return await project.outputs();
}

const licences = () =>
  Object.fromEntries(
    Object.entries(sandbox.xima.server.state.customers).map(([id, { licence }]) => [id, licence]),
  );

test("examples/javascript declares a licence at Xima", async () => {
  expect(await apply("javascript")).toEqual({ licence: "voicehouse/acme" });
  expect(licences()).toMatchObject({ "voicehouse/acme": { professionalSeats: 12 } });
});

test("examples/bun declares a licence at Xima, in a program that Bun runs", async () => {
  expect(await apply("bun", {}, runProgramsWithBun)).toEqual({
    licence: "voicehouse/acme",
    runtime: "bun",
  });
  expect(licences()).toMatchObject({ "voicehouse/acme": { professionalSeats: 12 } });
});

test("examples/typescript declares a customer at EnableX, and its users", async () => {
  const { customerId } = await apply("typescript");
  const { customers, users } = sandbox.enablex.server.state;
  expect(Object.keys(customers)).toEqual([customerId]);
  expect(JSON.stringify(users)).toContain("ada@acme.example");
  expect(JSON.stringify(users)).toContain("grace@acme.example");
});

test("examples/component declares a customer in three systems, in their order", async () => {
  const { clientId, clientSecret, did } = sandbox.netsapiens;
  const { summary } = await apply("component", { clientId, clientSecret, did });
  expect(summary).toMatch(/^Acme Ltd · .*12 professional seats.* · EnableX /);
  expect(licences()).toMatchObject({ "voicehouse/acme": { professionalSeats: 12 } });
});

test("examples/stack-files declares the customers of its YAML files", async () => {
  const { customers } = await apply("stack-files");
  expect(Object.keys(customers as object)).toEqual(["acme", "clinic"]);
  expect(licences()).toMatchObject({
    "voicehouse/acme": { professionalSeats: 12 },
    "voicehouse/clinic": { eliteSeats: 20 },
  });
});

test("examples/automation-api makes a stack for each customer, from a program", async () => {
  await using project = await example("automation-api");
  const { stdout } = await promisify(execFile)(node, ["main.ts"], {
    cwd: project.folder,
    env: project.env as NodeJS.ProcessEnv,
  });
  expect(stdout).toBe("voicehouse/acme: succeeded\nvoicehouse/bakery: succeeded\n");
  expect(licences()).toMatchObject({
    "voicehouse/acme": { professionalSeats: 12 },
    "voicehouse/bakery": { professionalSeats: 5 },
  });
});

test("every example is run by a test of this file", () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect([...tried].sort()).toEqual(folders.sort());
});
