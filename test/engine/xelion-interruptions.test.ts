import { spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { login, world } from "../xelion/world.ts";
import { type RunningCommand, type Workspace, workspace } from "./workspace.ts";

/**
 * How a run of the CLI is disturbed, and when: so many milliseconds after the service or
 * the tenant has seen a request, or a callback.
 */
const disturbance = fc.record({
  who: fc.constantFrom("provider", "engine", "both", "cancel"),
  after: fc.constantFrom("login", "POST", "callback", "end"),
  milliseconds: fc.integer({ min: 0, max: 120 }),
  // What is looked at before the next run, and never saved.
  look: fc.constantFrom<string[]>([], ["refresh", "--preview-only"], ["preview", "--refresh"]),
});
const seed = Number(process.env.SEED ?? 4);
const courses = fc.sample(fc.array(disturbance, { minLength: 1, maxLength: 2 }), {
  numRuns: 5,
  seed,
});

test(`runs stopped at random moments never order a configuration twice (seed ${seed})`, async () => {
  await using w = await world();
  w.service.setOptions({ orderRoute: true, latencyMs: 80, courseMs: 40 });
  const program = (name: string, args: string) => `
    import { XelionTenantProvision } from "pulumi-ucaas";
    new XelionTenantProvision("acme", {
      serverUrl: "${w.tenant.url}", tenantName: "pbx1", tenantLogin: ${JSON.stringify(login)},
      configuration: { version: 1, organization: { name: "${name}" } }, timeout: "3s", ${args}
    });`;
  // Callbacks are lost while no run is at work; orderPath finds what they said.
  const config = { ...w.config, "xelion:orderPath": "/api/v1/orders/{id}" };
  await using stack = await workspace({
    program: program("0", ""),
    config,
    env: { UCAAS_JOURNAL_DIR: w.journalDir },
  });
  const ordersOf = (name: string) =>
    w.orders().filter(({ configuration }) => JSON.parse(configuration).organization.name === name);
  const posts = () => w.service.received.filter(({ path }) => path === "/api/v1/provision").length;
  const seen = {
    login: () => w.tenant.received.length,
    POST: posts,
    callback: () => w.service.state.messages.filter(({ attempts }) => attempts.length > 0).length,
    end: () => w.orders().filter(({ status }) => status === "COMPLETED").length,
  };

  for (const [number, disturbances] of courses.entries()) {
    const described = disturbances.map(({ who, after, milliseconds, look }) =>
      [who, milliseconds, "ms after", after, ...look].join(" "),
    );
    const name = `course ${number}: ${described.join(", ")}`;
    await stack.writeProgram(program(name, ""));
    for (const { who, after, milliseconds, look } of disturbances) {
      const before = seen[after]();
      const run = stack.start(["up", "--yes", "--skip-preview"]);
      let ended = false;
      void run.done.finally(() => (ended = true));
      // A run that has nothing left to do ends by itself.
      await eventually(() => expect(ended || seen[after]() > before).toBe(true));
      await pause(milliseconds);
      const providers = await providersOf(run);
      if (who === "provider") for (const pid of providers) kill(pid);
      if (who === "engine") run.signal("SIGKILL");
      if (who === "both") await run.crash();
      if (who === "cancel") run.signal("SIGINT");
      await run.done;
      // A provider process without its engine ends, and does not act during the next run.
      await eventually(() => expect(providers.filter(isAlive)).toEqual([]));
      (await stack.pulumi(["cancel", "--yes"])).ok();
      if (look.length > 0) (await stack.pulumi(look)).ok();
    }

    /** A busy machine may need more than one to see the order's end. */
    const upToTheEnd = async () => {
      let run = await stack.up();
      while (run.output.includes("NOT_FINISHED")) run = await stack.up();
      return run;
    };
    let last = await upToTheEnd();
    if (last.output.includes("OUTCOME_UNKNOWN")) {
      // The operator looks into the Admin UI and says what is there.
      const [there] = ordersOf(name);
      await stack.writeProgram(
        program(name, there ? `orderId: ${there.id}` : `retryFailed: "${number}"`),
      );
      last = await upToTheEnd();
    }
    expect(last.exitCode, `${name}\n${last.output}`).toBe(0);
    expect(
      ordersOf(name).map(({ status }) => status),
      name,
    ).toEqual(["COMPLETED"]);
    const state = (await stack.export()).deployment.resources?.find(({ type }) =>
      type.endsWith("XelionTenantProvision"),
    );
    expect(state?.outputs, name).toMatchObject({
      orderId: ordersOf(name)[0]?.id,
      status: "COMPLETED",
    });
  }
  expect(posts()).toBeGreaterThanOrEqual(courses.length);
});

test.each([
  ["a new tenant", { pbx1: "before", pbx2: "new" }, []],
  // These flags come before the engine's address on the provider's command line.
  ["a changed configuration", { pbx1: "changed" }, ["--logtostderr", "--logflow", "-v=1"]],
])("no order of another machine's killed provider is sent again: %s", async (_, changed, flags) => {
  await using w = await world();
  const tenant = ([name, organization]: [string, string]) => `
    new XelionTenantProvision("${name}", {
      serverUrl: "${w.tenant.url}", tenantName: "${name}", tenantLogin: ${JSON.stringify(login)},
      configuration: { version: 1, organization: { name: "${organization}" } }, timeout: "10m"
    });`;
  const program = (tenants: Record<string, string>) =>
    `import { XelionTenantProvision } from "pulumi-ucaas";\n${Object.entries(tenants).map(tenant).join("")}`;
  // The machine that knows the stack keeps its journal in the environment's folder.
  await using stack = await workspace({
    program: program({ pbx1: "before" }),
    config: w.config,
    env: { UCAAS_JOURNAL_DIR: w.journalDir },
  });
  (await stack.up()).ok();

  await stack.writeProgram(program(changed));
  w.service.fault({ kind: "hangAfter", method: "POST", path: "/provision$" });
  const run = stack.start(["up", "--yes", "--skip-preview"], {
    env: { UCAAS_JOURNAL_DIR: join(stack.folder, "other-journal") },
  });
  await eventually(() => expect(w.orders()).toHaveLength(2), run.done);
  for (const pid of await providersOf(run)) kill(pid);
  await run.done;
  await endsInSecondOfNextRun(stack);

  const next = await stack.pulumi(["up", "--yes", "--skip-preview", ...flags]);
  expect(next.output).toContain("JOURNAL_UNKNOWN_RUN");
  expect(w.orders()).toHaveLength(2);
});

test("a program that fails before its first resource keeps no later order from being sent", async () => {
  await using w = await world();
  const program = (name: string) => `import { XelionTenantProvision } from "pulumi-ucaas";
    new XelionTenantProvision("${name}", {
      serverUrl: "${w.tenant.url}", tenantName: "${name}", tenantLogin: ${JSON.stringify(login)},
      configuration: { version: 1, organization: { name: "${name}" } }, wait: "submitted"
    });`;
  await using stack = await workspace({
    program: program("pbx1"),
    config: w.config,
    env: { UCAAS_JOURNAL_DIR: w.journalDir },
  });
  (await stack.up()).ok();
  await stack.writeProgram(`import "pulumi-ucaas"; throw new Error("a mistake");`);
  expect((await stack.up()).exitCode).not.toBe(0);
  await stack.writeProgram(program("pbx1") + program("pbx2").replace(/^import.*$/m, ""));
  (await stack.up()).ok();
  expect(w.orders()).toHaveLength(2);
});

/**
 * Makes the last run on record end after the next one has begun, as where both are in the
 * same second: the engine cuts its times.
 */
async function endsInSecondOfNextRun({ stateFolder }: Workspace): Promise<void> {
  const folder = join(stateFolder, ".pulumi", "history", "ucaas-test", "test");
  const runs = (await readdir(folder)).filter((name) => name.endsWith(".history.json"));
  const file = join(folder, runs.sort().at(-1) as string);
  const run = JSON.parse(await readFile(file, "utf8"));
  expect(run).toMatchObject({ kind: "update", result: "failed" });
  await writeFile(file, JSON.stringify({ ...run, endTime: run.endTime + 60 }));
}

/** The provider processes that a run of the CLI has started. */
async function providersOf({ pid }: RunningCommand): Promise<number[]> {
  const listing = spawn("ps", ["-eo", "pid=,ppid=,args="], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  for await (const chunk of listing.stdout) text += chunk;
  const processes = text
    .trim()
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
    .map(([, own, parent, args = ""]) => ({ own: Number(own), parent: Number(parent), args }));
  const family = [pid];
  for (const ancestor of family)
    for (const { own, parent } of processes) if (parent === ancestor) family.push(own);
  return processes
    .filter(({ own, args }) => family.includes(own) && args.includes("dynamic-provider"))
    .map(({ own }) => own);
}

function kill(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
