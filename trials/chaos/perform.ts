/**
 * Carries out one step of a story: the command, the servers' faults, and the blow at its
 * moment.
 */
import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { processesOf, send } from "./processes.ts";
import type { Project, Run } from "./project.ts";
import type { Servers } from "./servers.ts";
import type { Blow, Moment, ServerName, Step } from "./story.ts";

const commands: Readonly<Record<Step["command"], string[]>> = {
  up: ["up", "--yes", "--skip-preview"],
  destroy: ["destroy", "--yes", "--skip-preview"],
  refresh: ["refresh", "--yes", "--skip-preview"],
};

/**
 * Writes, by server: what a blow is aimed at. A login and Xima's question whether a
 * customer is there are none.
 */
const writes: Readonly<
  Partial<Record<ServerName, { method: string; path: string; bodyMatches?: string }>>
> = {
  xima: { method: "POST", path: "/licensing/update$", bodyMatches: "Seats" },
  enablex: { method: "POST", path: "/(customers|subscriptions|users)$" },
  xelion: { method: "POST", path: "/provision$" },
};
const furtherWrites: readonly { server: ServerName; method: string; path: string }[] = [
  { server: "xima", method: "DELETE", path: "." },
  { server: "enablex", method: "PATCH", path: "." },
  { server: "enablex", method: "DELETE", path: "." },
];

/** How long a server waits with its reply, so that a blow can fall between commit and reply. */
const holdMs = 700;

/**
 * @returns how many faults were put into the servers' queues and met a request, and whether
 *   the blow met a process: the command may end before it, or the write that it waits for
 *   may never come
 */
export async function perform(
  step: Step,
  project: Project,
  servers: Servers,
): Promise<{ runs: Run[]; faultsMet: number; struck: boolean }> {
  const runs: Run[] = [];
  if (step.before === "otherMachine") await project.moveToAnotherMachine();
  if (step.before === "lostMachine") await project.loseMachine();
  if (step.before === "renameStack") {
    if (await project.isLocked()) await project.pulumi(["cancel", "--yes"]);
    await project.renameStack();
  }
  await project.setClock(step.clockSeconds);
  await project.declare(step.declaration);
  if (await project.isLocked()) await project.pulumi(["cancel", "--yes"]);

  const from = Object.fromEntries(
    Object.entries(servers.all).map(([name, { received }]) => [name, received.at(-1)?.seq ?? 0]),
  );
  if (step.blow) holdReplies(step.blow.moment, servers);
  for (const { server, fault } of step.faults) servers.all[server].fault(fault);
  const { child, done } = project.start(commands[step.command]);
  let ended = false;
  void done.finally(() => {
    ended = true;
  });
  const struck =
    step.blow !== undefined &&
    (await reached(step.blow.moment, servers, from, () => ended)) &&
    (await strike(step.blow.blow, child, project, runs));
  runs.push(await done);
  const faultsMet = Object.entries(servers.all).flatMap(([name, { received }]) =>
    received.filter(({ seq, fault }) => seq > (from[name] ?? 0) && fault !== undefined),
  ).length;
  servers.clearFaults();
  await project.fillDisk(false);
  await project.setClock(0);
  return { runs, faultsMet, struck };
}

/** One write of all servers is held: the one that comes after `skip` others at its server. */
function holdReplies(moment: Moment, servers: Servers): void {
  if (moment.when === "start" || moment.when === "replied") return;
  const kind = moment.when === "arrived" ? "delay" : "delayAfter";
  for (const [server, match] of Object.entries(writes)) {
    servers.all[server as ServerName].fault({ ...match, kind, ms: holdMs, skip: moment.skip });
  }
  for (const { server, ...match } of furtherWrites)
    servers.all[server].fault({ ...match, kind, ms: holdMs, skip: moment.skip });
}

/** Waits for the moment; false when the command ended before it came. */
async function reached(
  moment: Moment,
  servers: Servers,
  from: Readonly<Record<string, number>>,
  ended: () => boolean,
): Promise<boolean> {
  if (moment.when !== "start") {
    const held = moment.when === "arrived" ? "delay" : "delayAfter";
    const has = () =>
      Object.entries(servers.all).some(([name, { received }]) => {
        const news = received.filter(
          ({ seq, method }) => seq > (from[name] ?? 0) && method !== "GET",
        );
        return moment.when === "replied"
          ? news.filter(({ status }) => status !== null).length > moment.skip
          : news.some(({ fault, status }) => fault === held && status === null);
      });
    while (!has()) {
      if (ended()) return false;
      await pause(3);
    }
  }
  await pause(moment.afterMs);
  return !ended();
}

/** @returns whether it met anything */
async function strike(
  blow: Blow,
  child: ChildProcess,
  project: Project,
  runs: Run[],
): Promise<boolean> {
  const targets = () =>
    processesOf(project.id).filter(
      ({ what }) => !("process" in blow) || blow.process === "tree" || blow.process === what,
    );
  switch (blow.kind) {
    case "kill":
      return send("SIGKILL", targets());
    case "freeze": {
      const frozen = targets();
      const met = send("SIGSTOP", frozen);
      await pause(blow.ms);
      if (blow.thenKill) send("SIGKILL", frozen);
      send("SIGCONT", frozen);
      return met;
    }
    case "interrupt": {
      const met = child.kill("SIGINT");
      if (blow.times === 2) {
        await pause(150);
        child.kill("SIGINT");
      }
      return met;
    }
    case "diskFull":
      await project.fillDisk(true);
      return true;
    case "secondUp":
      if (blow.lostLock) await project.dropLocks();
      runs.push(await project.pulumi(commands.up));
      return true;
  }
}
