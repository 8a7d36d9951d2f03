import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { FleetReport } from "../../cli/fleet/result.ts";
import { type Sandbox, startSandbox } from "../../sandbox/start.ts";
import { ucaas } from "../cli/ucaas.ts";
import { type StackProject, stackProject } from "./stack-project.ts";

describe("a fleet of three stacks on the real engine", () => {
  let sandbox: Sandbox;
  let project: StackProject;
  const seats = { acme: 5, bakery: 6, clinic: 7 };
  const file = (stack: string) => join(project.folder, "stacks", `Pulumi.${stack}.yaml`);

  beforeAll(async () => {
    sandbox = await startSandbox();
    project = await stackProject({}, sandbox.environment);
    await project.pulumi(["stack", "rm", "test", "--yes"]);
    for (const [stack, eliteSeats] of Object.entries(seats)) {
      const ccId = { resellerId: "voicehouse", resellerName: "Voicehouse" };
      const customers = { [stack]: { name: stack, xima: { ccId, eliteSeats } } };
      writeFileSync(file(stack), stringify({ config: { "ucaas:customers": customers } }));
      (await project.pulumi(["stack", "init", stack, "--no-select"])).ok();
    }
  });
  afterAll(async () => {
    await project.remove();
    await sandbox.stop();
  });

  /** The command itself has to see to it that one customer stops no other. */
  const withoutContinue = { PULUMI_CONTINUE_ON_ERROR: undefined };

  const fleet = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const { exitCode, stdout, stderr } = await ucaas(["fleet", ...args, "--json"], {
      cwd: project.folder,
      env: { ...project.env, ...withoutContinue, ...env },
    });
    const report = JSON.parse(stdout) as FleetReport;
    const statusOf = Object.fromEntries(report.stacks.map(({ stack, status }) => [stack, status]));
    return { exitCode, statusOf, stderr, report };
  };

  test("one that is locked and one that fails stop no other; a resumed run does these two alone", async () => {
    const locks = join(project.stateFolder, ".pulumi/locks/organization/ucaas/bakery");
    mkdirSync(locks, { recursive: true });
    const lock = {
      pid: 1,
      username: "root",
      hostname: "worker-1",
      timestamp: new Date().toISOString(),
    };
    writeFileSync(join(locks, "0b5b0b5e-1111-2222-3333-444455556666.json"), JSON.stringify(lock));
    const validFile = readFileSync(file("clinic"), "utf8");
    writeFileSync(file("clinic"), validFile.replace("eliteSeats: 7", "eliteSeats: -7"));

    const first = await fleet(["up", "--parallel", "2"]);
    expect(first.statusOf).toEqual({ acme: "done", bakery: "locked", clinic: "failed" });
    expect(first.exitCode).toBe(1);
    expect(first.stderr).toContain("root@worker-1 (process 1)");
    expect(first.stderr).toMatch(/clinic: failed, .*eliteSeats/);

    renameSync(locks, `${locks}-gone`);
    writeFileSync(file("clinic"), validFile);
    const second = await fleet(["up", "--resume"]);
    expect(second.statusOf).toEqual({ acme: "done", bakery: "done", clinic: "done" });
    expect(second.stderr).toMatch(/^acme: done, .*not run again/m);
    expect(second.exitCode).toBe(0);
    const { customers } = sandbox.xima.server.state;
    for (const [stack, eliteSeats] of Object.entries(seats))
      expect(customers[`voicehouse/${stack}`]?.licence).toMatchObject({ eliteSeats });

    // As the next pod of an index does, after the one before was killed.
    renameSync(`${locks}-gone`, locks);
    const cancelled = await fleet(["up", "--stacks", "bakery", "--cancel"]);
    expect(cancelled.statusOf).toEqual({ bakery: "done" });

    const allDone = { acme: "done", bakery: "done", clinic: "done" };
    expect(await fleet(["drift"])).toMatchObject({ exitCode: 0, statusOf: allDone });
    writeFileSync(file("clinic"), validFile.replace("eliteSeats: 7", "eliteSeats: 8"));
    const preview = await fleet(["preview"]);
    expect(preview).toMatchObject({ exitCode: 2, statusOf: { ...allDone, clinic: "found" } });
    expect(preview.report.stacks[2]).toMatchObject({ found: "1 to update" });
    const destroyed = await fleet(["destroy", "--yes", "--stacks", "acme", "clinic"]);
    expect(destroyed).toMatchObject({ exitCode: 0, statusOf: { acme: "done", clinic: "done" } });
    const kept = Object.keys(seats).filter((stack) => !customers[`voicehouse/${stack}`]?.deletion);
    expect(kept).toEqual(["bakery"]);
  });

  test("one customer that fails stops no other of its stack", async () => {
    const ccId = { resellerId: "voicehouse", resellerName: "Voicehouse" };
    const names = ["florist", "grocer", "hatter"];
    const customers = Object.fromEntries(
      names.map((name) => [name, { name, xima: { ccId, eliteSeats: 5 } }]),
    );
    writeFileSync(file("street"), stringify({ config: { "ucaas:customers": customers } }));
    (await project.pulumi(["stack", "init", "street", "--no-select"])).ok();
    sandbox.xima.server.fault({ kind: "status", status: 403, bodyMatches: "eliteSeats" });

    // One after the other, so that the one which fails is the first.
    const run = await fleet(["up", "--stacks", "street"], { PULUMI_PARALLEL: "1" });
    expect(run).toMatchObject({ exitCode: 1, statusOf: { street: "failed" } });
    const present = sandbox.xima.server.state.customers;
    expect(names.filter((name) => present[`voicehouse/${name}`])).toHaveLength(2);
  });

  test("a change beyond ucaas:limits of its stack removes no customer, until the limit is raised", async () => {
    const ccId = { resellerId: "voicehouse", resellerName: "Voicehouse" };
    const licensed = (name: string) => ({ [name]: { name, xima: { ccId, eliteSeats: 5 } } });
    const declare = (customers: object, more: object) =>
      writeFileSync(
        file("market"),
        stringify({ config: { "ucaas:customers": customers, ...more } }),
      );
    declare({ ...licensed("ironmonger"), ...licensed("jeweller") }, {});
    (await project.pulumi(["stack", "init", "market", "--no-select"])).ok();
    const up = () => fleet(["up", "--stacks", "market"]);
    expect(await up()).toMatchObject({ exitCode: 0 });

    const removed = { "ucaas:removed": ["jeweller"] };
    declare(licensed("ironmonger"), { ...removed, "ucaas:limits": { maxRemovals: 0 } });
    const refused = await up();
    expect(refused).toMatchObject({ exitCode: 2, statusOf: { market: "refused" } });
    expect(refused.report.stacks[0]?.found).toMatch(
      /^nothing is applied: beyond ucaas:limits\.maxRemovals: 1 resource is deleted.*\(jeweller\)$/,
    );
    const { customers } = sandbox.xima.server.state;
    expect(customers["voicehouse/jeweller"]).not.toHaveProperty("deletion");

    declare(licensed("ironmonger"), { ...removed, "ucaas:limits": { maxRemovals: 1 } });
    expect(await up()).toMatchObject({ exitCode: 0, statusOf: { market: "done" } });
    expect(customers["voicehouse/jeweller"]).toHaveProperty("deletion");
  });
});
