import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";
import { FleetProject, type FleetRun, summaryEvent } from "./fleet-project.ts";

/** What the real engine printed: three removals, of clinic, bakery and acme. */
const changes = fixture("changes");

function fixture(name: string): string {
  return readFileSync(join(root, "test", "fixtures", "preview", `${name}.json`), "utf8");
}

async function up(limits: object | undefined, preview: string): Promise<FleetRun> {
  const config = limits ? { "ucaas:limits": { value: JSON.stringify(limits) } } : {};
  const answers = {
    config: JSON.stringify(config),
    preview,
    up: summaryEvent({ delete: 3 }),
  };
  return await new FleetProject({ answers }).run("up", "--stacks", "prod", "--json");
}

const commands = ({ calls }: FleetRun) => calls.map((call) => call.split(" ")[0]);
const stackOf = ({ stdout }: FleetRun) => JSON.parse(stdout).stacks[0];

describe("ucaas fleet up", () => {
  test("applies nothing in a stack whose change goes beyond its limits", async () => {
    const run = await up({ maxRemovals: 2, protectedCustomers: ["acme"] }, changes);
    expect(run.exitCode).toBe(2);
    expect(commands(run)).toEqual(["config", "preview"]);
    expect(stackOf(run)).toMatchObject({
      status: "refused",
      found: expect.stringMatching(
        /^nothing is applied: beyond ucaas:limits\.maxRemovals: 3 resources .*; beyond ucaas:limits\.protectedCustomers: .*$/,
      ),
      remedy: expect.stringMatching(/^1\. .*set ucaas:limits\.maxRemovals to 3 .*\n *2\. ./),
    });
  });

  test("tells of a refused stack what its preview warns of, such as objects that were left", async () => {
    const left = "1 write of interrupted runs may have left something";
    const warned = JSON.parse(changes);
    warned.diagnostics = [{ severity: "warning", message: `warning: ${left}` }];
    for (const limits of [{ maxRemovals: 2 }, { maxAddedCost: 1000 }])
      expect(stackOf(await up(limits, JSON.stringify(warned)))).toMatchObject({ warnings: [left] });
    warned.diagnostics.push({ severity: "error", message: "error: no such plan" });
    const failed = stackOf(await up({ maxRemovals: 2 }, JSON.stringify(warned)));
    expect(failed).toMatchObject({ status: "failed", warnings: [left] });
  });

  test("applies a change that keeps to the limits of its stack", async () => {
    const run = await up({ maxRemovals: 3 }, changes);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(commands(run).at(-1)).toBe("up");
    expect(stackOf(run)).toMatchObject({ status: "done", found: "3 deleted" });
  });

  test("previews no stack without limits", async () => {
    const run = await up(undefined, changes);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(commands(run)).toEqual(["config", "up"]);
  });

  test.each([
    ["that fails", fixture("broken")],
    ["that cannot be read", "{"],
  ])("applies nothing in a stack with limits after a preview %s", async (_, preview) => {
    const run = await up({ maxRemovals: 99 }, preview);
    expect(run.exitCode).toBe(1);
    expect(commands(run)).not.toContain("up");
    const { status, found, remedy = "" } = stackOf(run);
    expect(status).toBe("failed");
    expect(found).toMatch(/^nothing is applied, as the preview failed: /);
    expect(`${found}\n${remedy}`.match(/What to do: |^1\. /gm)).toHaveLength(1);
  });

  test("applies nothing where the limits cannot be read", async () => {
    const run = await up({ maxRemoval: 0 }, changes);
    expect(run.exitCode).toBe(1);
    expect(commands(run)).toEqual(["config"]);
    expect(stackOf(run)).toMatchObject({
      status: "failed",
      found: expect.stringContaining("Did you mean maxRemovals?"),
    });
  });

  test("applies nothing where what a limit needs is not known, such as a price", async () => {
    const run = await up({ maxAddedCost: 1000 }, changes);
    expect(run.exitCode).toBe(1);
    expect(commands(run)).not.toContain("up");
    expect(stackOf(run).found).toMatch(/cannot tell ucaas:limits\.maxAddedCost/);
  });
});
