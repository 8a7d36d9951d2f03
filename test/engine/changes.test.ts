import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { ucaas } from "../cli/ucaas.ts";
import { licenceServer } from "../xima/licence-server.ts";
import { type StackProject, stackProject } from "./stack-project.ts";

const customers = {
  acme: { name: "Acme", xima: { professionalSeats: 12 } },
  bakery: { name: "Bakery", xima: { account: "second", essentialSeats: 5 } },
};

describe("changes, costs and limits, on the real engine", () => {
  let licences: Awaited<ReturnType<typeof licenceServer>>;
  let stack: StackProject;
  let fixed: Record<string, unknown>;

  const declare = (declared: object, more: object = {}) =>
    stack.writeStackFile({
      ...fixed,
      "ucaas:defaults": { xima: { ccId: { resellerId: "voicehouse", resellerName: "V" } } },
      "ucaas:prices": {
        currency: "EUR",
        skus: { "xima.professionalSeats": "45.10", "xima.essentialSeats": 20 },
      },
      "ucaas:limits": { maxRemovals: 0, maxAddedSeats: 5 },
      "ucaas:customers": declared,
      ...more,
    });
  const command = (...args: string[]) =>
    ucaas(args, { cwd: stack.folder, env: { ...stack.env, COLUMNS: "80" } as NodeJS.ProcessEnv });
  /** A shell's PWD is the folder in which it is; a test's is not. */
  const withPolicies = (...args: string[]) =>
    stack.pulumi([...args, "--policy-pack", join(root, "policy")], { env: { PWD: stack.folder } });
  const seats = () =>
    licences.server.state.customers["voicehouse/acme"]?.licence as Record<string, unknown>;

  beforeAll(async () => {
    licences = await licenceServer();
    stack = await stackProject({});
    const { "xima:privateKey": _, ...plain } = licences.plainConfig;
    const plainAccount = { baseUrl: plain["xima:baseUrl"], keyId: plain["xima:keyId"] };
    // An account's section has a secret, so the engine masks the whole key in a preview.
    stack.writeStackFile({ ...plain, "xima:accounts": { second: plainAccount } });
    const secrets = ["xima:privateKey", "xima:accounts.second.privateKey"];
    const values = secrets.flatMap((key) => ["--secret", `${key}=${licences.pem}`]);
    (await stack.pulumi(["config", "set-all", "--path", ...values])).ok();
    fixed = stack.stackFile();
    declare(customers);
    (await stack.up()).ok();
  });
  afterAll(async () => {
    await stack.remove();
    await licences[Symbol.asyncDispose]();
  });

  test("ucaas cost prints what the state has, with the sum a month", async () => {
    const run = await command("cost", "--stack", "test");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toContain("In all €641.20 a month.");
    const json = await command("cost", "--stack", "test", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      total: { amounts: [{ currency: "EUR", amount: "641.20" }] },
    });
    const csv = await command("cost", "--stack", "test", "--csv");
    expect(csv.stdout.split("\r\n")).toContain(
      "test,voicehouse,acme,xima.professionalSeats,12,12,45.10,541.20,EUR,",
    );
  });

  test("ucaas preview says which seats change and what that costs, and changes nothing", async () => {
    declare({ ...customers, acme: { name: "Acme", xima: { professionalSeats: 15 } } });
    const run = await command("preview", "--stack", "test");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toMatch(/acme .* 12 → 15 .* \+3 .* \+€135\.30/);
    expect(run.stdout).toContain("(+€135.30)");
    expect(seats()).toEqual({ professionalSeats: 12 });
  });

  test("a project that refreshes before each run has no replacement for each resource", async () => {
    const project = join(stack.folder, "Pulumi.yaml");
    const text = readFileSync(project, "utf8");
    onTestFinished(() => writeFileSync(project, text));
    writeFileSync(project, `${text}\noptions:\n  refresh: always\n`);
    declare({ ...customers, acme: { name: "Acme", xima: { professionalSeats: 15 } } });
    const { exitCode, stdout, stderr } = await command("ci", "check", "--stack", "test");
    expect({ exitCode, stdout }, stderr).toMatchObject({
      exitCode: 0,
      stdout: "test: the change keeps to ucaas:limits.\n",
    });
  });

  test("ci check counts a customer once that is renamed and replaced", async () => {
    const ccId = { tenantId: "acme-ltd" };
    const renamed = { name: "Acme", renamedFrom: "acme", xima: { ccId, professionalSeats: 12 } };
    declare({ bakery: customers.bakery, "acme-ltd": renamed });
    const { exitCode, stdout } = await command("ci", "check", "--stack", "test");
    expect({ exitCode, stdout }).toEqual({
      exitCode: 2,
      stdout: expect.stringContaining("maxRemovals: 1 resource is deleted or replaced"),
    });
  });

  test("ci check counts what an interrupted replacement left to be deleted", async () => {
    const exported = JSON.parse((await stack.pulumi(["stack", "export"])).stdout);
    const resources = exported.deployment.resources as { type: string }[];
    const licence = resources.find(({ type }) => type.endsWith(":XimaLicense"));
    const imported = (content: object) => {
      writeFileSync(join(stack.folder, "state.json"), JSON.stringify(content));
      return stack.pulumi(["stack", "import", "--file", "state.json"]);
    };
    const left = { ...licence, id: "voicehouse/left", delete: true };
    const { deployment } = exported;
    const withLeftover = { ...deployment, resources: [...resources, left] };
    (await imported({ ...exported, deployment: withLeftover })).ok();
    declare(customers);
    const { exitCode, stdout } = await command("ci", "check", "--stack", "test");
    (await imported(exported)).ok();
    expect({ exitCode, stdout }).toEqual({
      exitCode: 2,
      stdout: expect.stringContaining("maxRemovals: 1 resource is deleted"),
    });
  });

  test("the policy pack stops seats beyond the limits before the vendor is called", async () => {
    declare({ ...customers, acme: { name: "Acme", xima: { professionalSeats: 120 } } });
    const run = await withPolicies("up", "--yes", "--skip-preview");
    expect(run.exitCode, run.output).not.toBe(0);
    expect(run.output).toContain(
      "beyond ucaas:limits.maxAddedSeats: 108 seats are added, and 5 may be (acme)",
    );
    expect(seats()).toEqual({ professionalSeats: 12 });
  });

  test("the policy pack sees removals in a preview, and accepts those within the limit", async () => {
    declare({ acme: customers.acme }, { "ucaas:removed": ["bakery"] });
    const removal = await withPolicies("preview");
    expect(removal.exitCode, removal.output).not.toBe(0);
    expect(removal.output).toContain("beyond ucaas:limits.maxRemovals: 1 resource is deleted");
    const { bakery, acme } = customers;
    const renamed = { ...acme, renamedFrom: "acme", xima: { professionalSeats: 14 } };
    declare({ bakery, "acme-ltd": renamed });
    const within = await withPolicies("preview");
    expect(within.exitCode, within.output).toBe(0);
  });
});
