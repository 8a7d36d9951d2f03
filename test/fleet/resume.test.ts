import { describe, expect, test } from "vitest";
import { shardOf } from "../../cli/fleet/shard.ts";
import { FleetProject, summaryEvent } from "./fleet-project.ts";

const nothing = summaryEvent({ same: 1 });
const callsOf = (calls: readonly string[], action: string) =>
  calls.filter((call) => call.startsWith(`${action} `)).map((call) => call.split(" ")[2]);

test("a run that is cut off before its first stack has ended is resumed with all stacks", async () => {
  const project = new FleetProject({ answers: { up: nothing } });
  expect(await project.run("up")).toMatchObject({ exitCode: 0 });
  // The next run ends before a stack has.
  project.install({ waitsAt: "a" });
  const cutOff = await project.interrupt(
    () => project.read("calls") !== "",
    "up",
    "--parallel",
    "1",
  );
  expect(cutOff).toMatchObject({ exitCode: 130 });
  project.install();
  const { exitCode, calls } = await project.run("up", "--resume");
  expect(exitCode).toBe(0);
  expect(callsOf(calls, "up").sort()).toEqual(["a", "b", "prod"]);
});

test("a run that has ended is not resumed as if it was this one", async () => {
  const answers = { up: nothing, destroy: nothing, stack: "{}", config: "{}" };
  const project = new FleetProject({ answers });
  await project.run("up");
  await project.run("destroy", "--yes");
  project.install();
  const { exitCode, calls, stderr } = await project.run("up", "--resume");
  expect({ exitCode, calls }).toEqual({ exitCode: 1, calls: [] });
  expect(stderr).toMatch(/has ended, and all chosen stacks are done \[NOTHING_TO_RESUME\]/);
  expect(stderr).toContain("leave out --resume");
});

test("after a run that has ended, --resume runs the stacks that failed", async () => {
  const project = new FleetProject();
  expect(await project.run("up")).toMatchObject({ exitCode: 1 });
  project.install();
  project.write("answer-up", nothing);
  const { exitCode, calls } = await project.run("up", "--resume");
  expect(exitCode).toBe(0);
  expect(callsOf(calls, "up").sort()).toEqual(["a", "b", "prod"]);
});

test("a resumed check ends with what the whole run has found", async () => {
  const project = new FleetProject({ answers: { preview: summaryEvent({ create: 2 }) } });
  await project.run("preview");
  const unchanged = new FleetProject({ answers: { preview: nothing } });
  // The record of a run that was cut off after the first stack.
  const record = JSON.parse(project.read("reports/fleet-preview.json"));
  delete record.endedAt;
  record.stacks.splice(1);
  unchanged.write("record.json", JSON.stringify(record));
  const run = await unchanged.run("preview", "--resume", "--record", "record.json", "--json");
  expect(run.exitCode).toBe(2);
  expect(callsOf(run.calls, "preview").sort()).toEqual(["b", "prod"]);
  expect(JSON.parse(run.stdout).stacks).toMatchObject([
    { stack: "a", status: "found", found: "2 to create" },
    { stack: "b", status: "done" },
    { stack: "prod", status: "done" },
  ]);
  expect(run.stderr).toMatch(/^a: found, 2 to create \(not run again, ended at \d{4}-/m);
});

describe("a resumed destroy", () => {
  const empty = JSON.stringify({ deployment: { resources: [] } });
  const answers = { destroy: nothing, stack: empty, config: "{}" };
  const cutOff = async (...choice: string[]) => {
    const project = new FleetProject({ answers, waitsAt: "b" });
    const started = () => project.read("calls").includes("destroy --stack b");
    await project.interrupt(started, "destroy", "--yes", "--parallel", "1", ...choice);
    project.install();
    return project;
  };
  const resume = async (project: FleetProject, ...choice: string[]) => {
    const run = await project.run("destroy", "--yes", "--resume", ...choice);
    return { ...run, stacks: callsOf(run.calls, "destroy").sort() };
  };

  test("takes no stack that the interrupted one had not chosen", async () => {
    expect(await resume(await cutOff("--stacks", "[ab]"))).toMatchObject({
      ...{ exitCode: 0, stacks: ["b"] },
      stdout: expect.stringContaining("earlier"),
    });
    expect(await resume(await cutOff("--except", "prod"))).toMatchObject({ stacks: ["b"] });
    const shards = ["a", "b", "prod"].map((stack) => `${shardOf(stack, 2)}/2`);
    const shard = shards[1] as string;
    const project = await cutOff("--shard", shard);
    expect(await resume(project)).toMatchObject({ exitCode: 1, calls: [] });
    expect((await resume(project, "--shard", shard)).stacks).toEqual(
      ["b", "prod"].filter((_, index) => shards[index + 1] === shard),
    );
  });

  test("with the interrupted one's options does the same", async () => {
    const project = await cutOff("--stacks", "[ab]");
    expect(await resume(project, "--stacks", "[ab]")).toMatchObject({ stacks: ["b"] });
  });

  test("with options that choose other stacks is refused, with those that differ", async () => {
    const { exitCode, calls, stderr } = await resume(
      await cutOff("--stacks", "[ab]"),
      ...["--stacks", "prod", "b"],
    );
    expect({ exitCode, calls }).toEqual({ exitCode: 1, calls: [] });
    expect(stderr).toContain("had chosen other stacks [RECORD_INVALID]");
    expect(stderr).toContain("these differ: a, prod");
  });

  test("without a record of an interrupted one is refused", async () => {
    const { exitCode, calls, stderr } = await resume(new FleetProject({ answers }));
    expect({ exitCode, calls }).toEqual({ exitCode: 1, calls: [] });
    expect(stderr).toContain("there is no record reports/fleet-destroy.json");
    expect(stderr).toContain("[NOTHING_TO_RESUME]");
  });
});
