import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { EngineRun, judgeRun } from "../../cli/fleet/engine-run.ts";
import { defaultParallelism } from "../../cli/fleet/fleet.ts";
import { FleetRecord } from "../../cli/fleet/record.ts";
import { actions, doneStacks, exitStatus, type StackResult } from "../../cli/fleet/result.ts";
import { chooseStacks, chosenShard, shardOf } from "../../cli/fleet/shard.ts";
import { Journal } from "../../provider/runtime/journal.ts";
import { FleetProject, summaryEvent } from "./fleet-project.ts";

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), {
  minLength: 1,
  maxLength: 60,
});
const result = (stack: string, status: StackResult["status"]): StackResult => ({
  ...{ stack, status, found: "", seconds: 1 },
  finishedAt: "2026-01-01T00:00:00.000Z",
});

describe("shards", () => {
  test("contain each stack exactly once, with any other files in the project", () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 12 }), (stacks, count) => {
        const parts = Array.from({ length: count }, (_, index) =>
          chooseStacks(stacks, { shard: { index: index + 1, count } }),
        );
        expect(parts.flat().sort()).toEqual([...stacks].sort());
        for (const stack of stacks)
          expect(chooseStacks([stack], { shard: { index: shardOf(stack, count), count } })).toEqual(
            [stack],
          );
      }),
    );
  });

  test("of 1,000 stacks are about equal: none of eight is over a third above the mean", () => {
    const stacks = Array.from({ length: 1000 }, (_, index) => `reseller-${index}`);
    const sizes = Array.from(
      { length: 8 },
      (_, index) => chooseStacks(stacks, { shard: { index: index + 1, count: 8 } }).length,
    );
    expect(Math.max(...sizes)).toBeLessThan((1000 / 8) * 1.33);
  });

  test("stay the same from release to release, since other machines may run another one", () => {
    expect(["voicehouse", "north", "prod"].map((stack) => shardOf(stack, 8))).toEqual([7, 2, 7]);
  });

  test("are named on the command line, or by the index of a pod", () => {
    expect(chosenShard({}, {})).toBeUndefined();
    expect(chosenShard({ shard: "2/8" }, {})).toEqual({ index: 2, count: 8 });
    expect(chosenShard({ shards: 8 }, { JOB_COMPLETION_INDEX: "0" })).toEqual({
      index: 1,
      count: 8,
    });
  });

  test.each([
    [{ shard: "0/8" }, {}],
    [{ shard: "9/8" }, {}],
    [{ shard: "two" }, {}],
    [{ shards: 8 }, {}],
    [{ shards: 8 }, { JOB_COMPLETION_INDEX: "8" }],
  ])("that do not exist are an error: %j with %j", (options, environment) => {
    expect(() => chosenShard(options, environment)).toThrow("[SHARD_INVALID]");
  });

  test("leave out what a pattern excludes", () => {
    const stacks = ["eu-north", "eu-south", "us", "sandbox"];
    expect(chooseStacks(stacks, { globs: ["eu-*", "us"], except: ["*-south"] })).toEqual([
      "eu-north",
      "us",
    ]);
  });
});

const of = (type: string, name: string, parent = "") => ({
  urn: `urn:pulumi:prod::ucaas::${parent}${type}::${name}`,
  type,
  custom: type.startsWith("pulumi-nodejs:"),
});
const component = of("ucaas:index:Customer", "acme");
const licence = {
  ...of("pulumi-nodejs:dynamic/ucaas:XimaLicense", "acme", `${component.type}$`),
  parent: component.urn,
  id: "voicehouse/acme",
};
const deployment = (pending: object[], ...more: object[]) =>
  JSON.stringify({
    deployment: { resources: [component, licence, ...more], pending_operations: pending },
  });

describe("ucaas fleet", () => {
  const fleet = (...args: string[]) => new FleetProject().run(...args);
  const agreed = (action: string) => (action === "destroy" ? ["--yes"] : []);

  test.each(actions)(
    "%s refuses a pattern that fits no stack, before it runs one",
    async (action) => {
      for (const [option, ...patterns] of [
        ["--stacks", "a", "prd"],
        ["--except", "prod", "sandbox", "prd*"],
      ] as const) {
        const run = await fleet(action, ...agreed(action), option, ...patterns);
        expect(run).toMatchObject({ exitCode: 1, calls: [] });
        expect(run.stderr).toMatch(/(--except|--stacks) prd\*? fits no stack \[NO_STACK\]/);
        expect(run.stderr).toContain("a, b, prod");
      }
    },
  );

  test("runs what remains without a sandbox that the project does not have", async () => {
    const { calls } = await fleet("up", "--stacks", "a", "b", "--except", "sandbox", "b");
    expect(calls).toEqual([
      expect.stringMatching(/^config .*--stack a /),
      expect.stringMatching(/^up --stack a --json --yes /),
    ]);
  });

  test("runs no stack if its record cannot be written", async () => {
    const run = await fleet("up", "--record", "calls/x.json");
    expect(run).toMatchObject({ exitCode: 1, calls: [], stdout: "" });
    expect(run.stderr).toContain("calls/x.json cannot be written (ENOTDIR) [FILE_NOT_WRITTEN]");
    expect(run.stderr).toContain("--record");
  });

  test("reports all results if its record can no longer be written, and then that", async () => {
    const run = await fleet("up", "--record", "taken", "--json");
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      stacks: ["a", "b", "prod"].map((stack) => ({ stack, status: "failed" })),
    });
    expect(run.stderr).toContain("taken cannot be written (EISDIR) [FILE_NOT_WRITTEN]");
    expect(run.files.filter((name) => name.startsWith("taken"))).toEqual(["taken"]);
  });

  test("reports the stacks that have ended if the CLI is gone before the others have", async () => {
    const customer = of("pulumi-nodejs:dynamic/ucaas:EnableXCustomer", "acme");
    const answers = { stack: deployment([], customer), config: "{}", refresh: "" };
    const project = new FleetProject({ answers, lastOf: "b" });
    const run = await project.run("drift", "--parallel", "1");
    expect(run.exitCode, run.stderr).toBe(1);
    expect(run.stdout).toMatch(/│ a +│ failed/);
    expect(run.stderr).toContain("[PULUMI_MISSING]");
  });

  test.each([
    [{ PULUMI_DIY_BACKEND_ZSTD: undefined, PULUMI_DIY_BACKEND_GZIP: undefined }, "zstd=true"],
    [{ PULUMI_DIY_BACKEND_ZSTD: undefined, PULUMI_DIY_BACKEND_GZIP: "true" }, "zstd="],
    [{ PULUMI_DIY_BACKEND_ZSTD: "false", PULUMI_DIY_BACKEND_GZIP: undefined }, "zstd=false"],
    [{ PULUMI_SELF_MANAGED_STATE_GZIP: "true" }, "zstd="],
    [{ PULUMI_SELF_MANAGED_STATE_ZSTD: "false" }, "zstd="],
  ])("compresses the state unless the user chose otherwise: %j", async (env, expected) => {
    const project = new FleetProject({ env });
    await project.run("up", "--stacks", "a");
    expect(project.read("compression")).toBe(`${expected}\n`);
  });

  test("tells what interrupted runs may have left, though the stack itself is done", async () => {
    const warning = "1 write of interrupted runs may have left something:\n  create of acme";
    const event = { diagnosticEvent: { message: warning, severity: "warning" } };
    const up = `${JSON.stringify(event)}\n${summaryEvent({ same: 1 })}`;
    const project = new FleetProject({ answers: { up } });
    const run = await project.run("up", "--stacks", "a");
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain("create of acme");
    expect(run.stderr).toContain("a: warning: 1 write of interrupted runs");
    const record = JSON.parse(project.read("reports/fleet-up.json"));
    expect(record.stacks).toMatchObject([{ status: "done", warnings: [warning] }]);
  });

  const empty = JSON.stringify({ deployment: { resources: [] } });
  test.each([
    ["status", "a state", deployment([]), [], 2],
    ["status", "an empty state", empty, [], 2],
    ["destroy", "an empty state", empty, ["--yes"], 0],
  ])("%s, which runs no program, looks into the journal: %s", async (...row) => {
    const [action, , stack, more, exitCode] = row;
    const folder = mkdtempSync(join(tmpdir(), "ucaas-journal-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const journal = new Journal({
      get: (name) => (name === "ucaas:journalDir" ? folder : undefined) as never,
    });
    const key = { vendor: "xima", stack: "ucaas/prod@s3://state", thing: "acme/left" };
    const write = { operation: "create", type: "XimaLicense", resource: "acme-old" } as const;
    await journal.intend(key, {}, null, null, { write });
    const project = new FleetProject({
      answers: { stack, config: "{}", destroy: summaryEvent({ delete: 1 }) },
      env: { UCAAS_JOURNAL_DIR: folder, PULUMI_BACKEND_URL: "s3://state" },
    });
    const run = await project.run(action, "--stacks", "prod", ...more);
    expect(run.exitCode, run.stderr).toBe(exitCode);
    expect(run.stderr).toContain("acme/left");
    expect(run.stdout).toContain("acme/left");
  });

  test("says that a shard has no stack only where none was chosen", async () => {
    const none = await fleet("status", "--shard", "1/99999");
    expect(none).toMatchObject({ exitCode: 0, stdout: "No stack is in this shard.\n" });
    const failed = await new FleetProject({ installed: false }).run("status");
    expect(failed).toMatchObject({ exitCode: 1, stdout: "0 of 3 stacks have ended.\n" });
    expect(failed.stderr).toContain("[PULUMI_MISSING]");
  });
});

test("as many engines run at once as there are processors, and memory for", () => {
  const gibibyte = 1024 ** 3;
  expect(defaultParallelism(8, 64 * gibibyte)).toBe(8);
  // By docs/scale.md an engine takes up to 1.3 GB with 200 customers of stack files.
  expect(defaultParallelism(8, 4.1 * gibibyte) * 1.3e9).toBeLessThan(4.1 * gibibyte);
  expect(defaultParallelism(8, 0)).toBe(1);
});

describe("what a fleet says of a stack", () => {
  test("names the resource and the count of what could not be told, and the drift beside it", async () => {
    const error = { urn: licence.urn, message: "not reached", severity: "error" };
    const old = { ...licence, inputs: { seats: 5 } };
    const changed = { op: "update", urn: licence.urn, old, new: { ...old, inputs: { seats: 6 } } };
    const events = [
      { resOutputsEvent: { metadata: changed } },
      { diagnosticEvent: error },
      { diagnosticEvent: { ...error, message: "refused" } },
    ];
    const answers = {
      stack: deployment([]),
      config: "{}",
      refresh: events.map((event) => `${JSON.stringify(event)}\n`).join(""),
    };
    const { exitCode, stdout } = await new FleetProject({ answers }).run(
      "drift",
      "--stacks",
      "prod",
      "--json",
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).stacks).toMatchObject([
      {
        status: "failed",
        found: "1 differs, could not tell (first of 2): XimaLicense acme: not reached",
      },
    ]);
  });

  test("counts one as one, and its commands name the stack, which need not be selected", async () => {
    const answers = { stack: deployment([{ type: "updating", resource: licence }]) };
    const { exitCode, stdout } = await new FleetProject({ answers }).run(
      "status",
      "--stacks",
      "prod",
      "--json",
    );
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).stacks).toMatchObject([
      {
        found: "1 customer, 1 resource at vendors, 1 pending operation",
        remedy: expect.stringMatching(/pulumi cancel --stack prod\n.*pulumi up --stack prod$/),
      },
    ]);
  });
});

describe("the end of a stack", () => {
  const run = (exitCode: number, stderr = "") => ({ exitCode, stderr });

  test("is locked, with owner and age, where another run holds it", () => {
    const at = new Date(Date.now() - 3 * 3_600_000).toISOString();
    // As the engine prints it for a file backend.
    const lock = "file:///state/.pulumi/locks/organization/voice/dev/0b5b.json?no_tmp_dir=true";
    const text = [
      "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) ",
      "to end or delete the lock file with `pulumi cancel`.\n",
      `  ${lock}: created by root@worker-1 (pid 4242) at ${at}`,
    ].join("");
    expect(judgeRun(run(255, text), new EngineRun(), { stack: "prod", planned: false })).toEqual({
      status: "locked",
      found: "another run holds the stack: root@worker-1 (process 4242), for 3 hours",
      remedy: expect.stringContaining("pulumi cancel --stack prod\n"),
    });
  });

  test("reports what was done, and for a preview what would be done", () => {
    const events = new EngineRun();
    events.take("not JSON");
    events.take(
      JSON.stringify({ summaryEvent: { resourceChanges: { create: 2, delete: 1, same: 9 } } }),
    );
    expect(judgeRun(run(0), events, { stack: "prod", planned: false })).toEqual({
      status: "done",
      found: "2 created, 1 deleted",
    });
    expect(judgeRun(run(0), events, { stack: "prod", planned: true })).toEqual({
      status: "found",
      found: "2 to create, 1 to delete",
    });
    events.take(JSON.stringify({ summaryEvent: { resourceChanges: { same: 9 } } }));
    expect(judgeRun(run(0), events, { stack: "prod", planned: true })).toEqual({
      status: "done",
      found: "no changes",
    });
  });

  test("is failed with the first error and the number of others", () => {
    const events = new EngineRun();
    for (const message of ["acme: no seats", "clinic: no seats"])
      events.take(JSON.stringify({ diagnosticEvent: { message, severity: "error" } }));
    events.take(JSON.stringify({ diagnosticEvent: { message: "secret", severity: "debug" } }));
    expect(judgeRun(run(255), events, { stack: "prod", planned: false })).toEqual({
      status: "failed",
      found: "acme: no seats (and 1 more)",
    });
  });

  test("has a remedy where the CLI failed before its engine said anything", () => {
    const text = "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE";
    expect(judgeRun(run(255, text), new EngineRun(), { stack: "prod", planned: false })).toEqual({
      status: "failed",
      found: "passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
      remedy: expect.stringContaining("set PULUMI_CONFIG_PASSPHRASE"),
    });
  });

  test("is failed without a summary of the engine, though the CLI ended with 0", () => {
    expect(judgeRun(run(0), new EngineRun(), { stack: "prod", planned: false }).status).toBe(
      "failed",
    );
  });
});

test("a fleet exits with 1 for a failed or locked stack, with 2 for changes or a refusal", () => {
  expect(exitStatus([result("a", "done"), result("b", "done")])).toBe(0);
  expect(exitStatus([result("a", "done"), result("b", "found")])).toBe(2);
  expect(exitStatus([result("a", "done"), result("b", "refused")])).toBe(2);
  for (const status of ["failed", "locked"] as const)
    expect(exitStatus([result("a", "found"), result("b", status)])).toBe(1);
});

describe("the record", () => {
  const file = () => {
    const folder = mkdtempSync(join(tmpdir(), "ucaas-fleet-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, "reports", "up.json");
  };

  test("lets an interrupted run continue with the remaining stacks", () => {
    const path = file();
    const first = FleetRecord.begin(path, "up", ["a", "b", "c"]);
    for (const each of [result("a", "done"), result("b", "refused"), result("c", "locked")])
      first.add(each);
    const next = FleetRecord.resume(path, "up");
    expect([...doneStacks(next.report).keys()]).toEqual(["a"]);
    next.add(result("b", "done"));
    expect([...doneStacks(FleetRecord.resume(path, "up").report).keys()]).toEqual(["a", "b"]);
    expect(next.report.startedAt).toBe(first.report.startedAt);
  });

  test("contains no password of a backend", () => {
    const path = file();
    const record = FleetRecord.begin(path, "up", ["a"]);
    record.add({ ...result("a", "failed"), found: "postgres://ucaas:hunter2hunter2@db/x is gone" });
    expect(readFileSync(path, "utf8")).not.toContain("hunter2");
  });

  test.each(["{", '{"version": 1}', '{"version":1,"action":"drift","startedAt":"","stacks":[]}'])(
    "of something else is no record: %s",
    (text) => {
      const path = join(file(), "..", "..", "r.json");
      writeFileSync(path, text);
      expect(() => FleetRecord.resume(path, "up")).toThrow("[RECORD_INVALID]");
    },
  );
});
