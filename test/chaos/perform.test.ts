import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { perform } from "../../trials/chaos/perform.ts";
import { mark } from "../../trials/chaos/processes.ts";
import type { Project, Run } from "../../trials/chaos/project.ts";
import type { Servers } from "../../trials/chaos/servers.ts";
import type { Blow, Moment, Step } from "../../trials/chaos/story.ts";

const run: Run = {
  command: "up",
  exitCode: 0,
  output: "",
  declaration: [],
  machineSince: 0,
  stuck: false,
};
const servers = { all: {}, clearFaults() {} } as unknown as Servers;
const atOnce: Moment = { when: "start", afterMs: 0 };
const kill: Blow = { kind: "kill", process: "tree" };

const stepWith = (moment: Moment, blow: Blow): Step => ({
  label: "",
  command: "up",
  declaration: [],
  faults: [],
  blow: { moment, blow },
  clockSeconds: 0,
});

/** A project whose command is `child`. */
function projectOf(id: string, child: ReturnType<typeof spawn>): Project {
  const done = once(child, "exit").then(() => run);
  return {
    id,
    setClock() {},
    declare() {},
    isLocked: () => false,
    fillDisk() {},
    start: () => ({ child, done }),
  } as unknown as Project;
}

/** A process that waits for its end, or ends at once. */
function command(id: string, program: string): ReturnType<typeof spawn> {
  const child = spawn(process.execPath, ["-e", program], {
    env: { ...process.env, [mark]: id },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const waits = "setInterval(() => {}, 1000)";

test("a story counts an interruption only when it struck", async () => {
  const struckBy = async (child: ReturnType<typeof spawn>, id: string, step: Step) =>
    (await perform(step, projectOf(id, child), servers)).struck;
  const id = `perform-${process.pid}`;

  expect(await struckBy(command(id, waits), id, stepWith(atOnce, kill))).toBe(true);
  const never: Moment = { when: "replied", afterMs: 0, skip: 0 };
  expect(await struckBy(command(id, ""), id, stepWith(never, kill))).toBe(false);
  // It goes on, and no process of this story is there to be killed.
  const other = command(`${id}-other`, "setTimeout(() => {}, 200)");
  expect(await struckBy(other, id, stepWith(atOnce, kill))).toBe(false);
});

test("a step without an interruption counts none", async () => {
  const id = `perform-${process.pid}`;
  const { blow, ...calm } = stepWith(atOnce, kill);
  const done = await perform(calm, projectOf(id, command(id, "")), servers);
  expect(done.struck).toBe(false);
});
