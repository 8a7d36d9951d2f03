import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { terminalSession } from "../cli/on-terminal.ts";
import { eventually } from "../eventually.ts";
import { FleetProject, summaryEvent } from "./fleet-project.ts";

test("Ctrl-C starts no further stack, and reports those that have ended", async () => {
  const project = new FleetProject({ answers: { up: summaryEvent({ create: 1 }) }, waitsAt: "b" });
  const run = await project.interrupt(
    () => project.read("calls").includes("up --stack b"),
    ...["up", "--parallel", "1", "--json"],
  );
  expect(run.exitCode, run.stderr).toBe(130);
  const updates = run.calls.filter((call) => call.startsWith("up "));
  expect(updates.map((call) => call.split(" ")[2])).toEqual(["a", "b"]);
  expect(run.calls.join()).not.toContain("--stack prod");
  expect(JSON.parse(run.stdout).stacks).toMatchObject([{ stack: "a", found: "1 created" }]);
  const record = JSON.parse(project.read("reports/fleet-up.json"));
  expect(record.stacks).toMatchObject([{ stack: "a" }]);
  expect(record).not.toHaveProperty("endedAt");
});

test("a terminal shows how many stacks have ended, and a log one line for each", async () => {
  const project = new FleetProject({ answers: { up: summaryEvent({ create: 1 }) }, waitsAt: "b" });
  const options = { cwd: project.folder, env: project.environment };
  const session = terminalSession(["fleet", "up", "--parallel", "1"], options);
  await eventually(() => expect(session.shown()).toContain("1 of 3 stacks"), session.ended());
  session.type("\x03");
  const { output, exitCode } = await session.ended();
  expect(exitCode).toBe(130);
  expect(output).toContain("0 of 3 stacks");
  expect(output).toContain("a: done, 1 created");
  // The cursor is there again.
  expect(output.lastIndexOf("\x1b[?25h")).toBeGreaterThan(output.lastIndexOf("\x1b[?25l"));
  const inLog = await new FleetProject({ answers: { up: summaryEvent({ create: 1 }) } }).run("up");
  expect(inLog.stderr.match(/^\S+: done, 1 created \([\d.]+ s\)$/gm)).toHaveLength(3);
  expect(inLog.stderr).not.toContain("of 3 stacks");
});

let asked = 0;
const silent = createServer(() => {
  asked++;
});
beforeAll(() => new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

describe("Ctrl-C while customers are counted", () => {
  const project = () => {
    const customer = {
      urn: "urn:pulumi:a::ucaas::pulumi-nodejs:dynamic/ucaas:EnableXCustomer::acme",
      type: "pulumi-nodejs:dynamic/ucaas:EnableXCustomer",
      custom: true,
      id: "7",
    };
    const config = {
      "enablex:baseUrl": { value: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` },
      "enablex:accessId": { value: "id" },
      "enablex:accessKey": { value: "key-of-a-test", secret: true },
      "ucaas:allowInsecure": { value: "true" },
    };
    return new FleetProject({
      // Shows how each request ended.
      env: { NODE_DEBUG: "ucaas" },
      answers: {
        stack: JSON.stringify({ deployment: { resources: [customer] } }),
        config: JSON.stringify(config),
        refresh: "",
      },
    });
  };

  test("waits for no reply, and prints the stacks that have ended", async () => {
    const fleet = project();
    asked = 0;
    const run = await fleet.interrupt(
      () => asked > 0 && fleet.read("reports/fleet-drift.json").includes("endedAt"),
      ...["drift", "--stacks", "a", "--json"],
    );
    expect(run.exitCode, run.stderr).toBe(130);
    expect(JSON.parse(run.stdout)).toMatchObject({ stacks: [{ stack: "a" }] });
    expect(JSON.parse(run.stdout)).not.toHaveProperty("customers");
    expect(run.stderr).toContain("-> ABORTED");
  });

  test("waits for no reply in ucaas drift on a terminal", async () => {
    const fleet = project();
    asked = 0;
    const options = { cwd: fleet.folder, env: fleet.environment };
    const session = terminalSession(["drift", "--stack", "a"], options);
    const isCounting = () => expect([asked, fleet.read("ended")]).toEqual([1, "refresh\n"]);
    await eventually(isCounting, session.ended());
    session.type("\x03");
    const { output, exitCode } = await session.ended();
    expect(exitCode, output).toBe(130);
    expect(output).toContain("-> ABORTED");
  });
});

test("a second Ctrl-C ends a command at once that waits for no Pulumi, but for its journal", async () => {
  const connected = Promise.withResolvers<void>();
  const database = createNetServer(() => connected.resolve()).listen(0, "127.0.0.1");
  onTestFinished(() => void database.close());
  await once(database, "listening");
  const { port } = database.address() as AddressInfo;
  const config = { "ucaas:journal": { value: `postgres://ucaas:pw@127.0.0.1:${port}/journal` } };
  const project = new FleetProject({
    answers: {
      stack: JSON.stringify({ deployment: { resources: [] } }),
      config: JSON.stringify(config),
    },
  });
  const options = { cwd: project.folder, env: project.environment };
  const session = terminalSession(["fleet", "status", "--stacks", "a"], options);
  await Promise.race([connected.promise, session.ended()]);
  session.type("\x03");
  const notice = "Interrupted: ending. A second interruption ends it at once.";
  await eventually(() => expect(session.shown()).toContain(notice), session.ended());
  session.type("\x03");
  const { output, exitCode } = await session.ended();
  expect(exitCode, output).toBe(130);
  // What it has found once the journal has not answered in time.
  expect(output).not.toContain("a: found");
});
