/**
 * The processes of a story, found by a mark in their environment. It reads /proc, so the
 * trials of processes run on Linux only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Process } from "./story.ts";

/** Name of the environment variable that each process of a story inherits. */
export const mark = "UCAAS_TRIAL";

interface RunningProcess {
  readonly pid: number;
  readonly what: Exclude<Process, "tree">;
  readonly command: string;
  /**
   * A provider process that has not loaded this package: its first call has not come.
   * When its engine has gone, the next run ends it.
   */
  readonly isUnused: boolean;
}

const hangUp = 1n;

/** All living processes with the mark, zombies excepted. */
export function processesOf(id: string): RunningProcess[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      if (!readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(`${mark}=${id}`))
        return [];
      const command = readFileSync(`/proc/${entry}/cmdline`, "latin1").replaceAll("\0", " ").trim();
      const status = readFileSync(`/proc/${entry}/status`, "latin1");
      const state = /^State:\s*(\S)/m.exec(status)?.[1];
      if (state === "Z" || state === "X") return [];
      const what = /dynamic-provider/.test(command)
        ? "provider"
        : /pulumi-language|language-host|cmd\/run/.test(command)
          ? "language"
          : "cli";
      // Of all that the provider process loads, only this package handles SIGHUP.
      const caught = BigInt(`0x${/^SigCgt:\s*(\S+)/m.exec(status)?.[1] ?? "0"}`);
      const isUnused = what === "provider" && (caught & hangUp) === 0n;
      return [{ pid: Number(entry), what, command, isUnused }];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
}

/** @returns whether any of them was still there */
export function send(signal: NodeJS.Signals, processes: readonly RunningProcess[]): boolean {
  let met = false;
  for (const { pid } of processes) {
    try {
      met = process.kill(pid, signal) || met;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return met;
}

/**
 * Waits until no process of the story lives, except those that the next run has to end;
 * those that still do after `seconds` are ended and returned.
 *
 * @param last no run follows, so nothing may live
 */
export async function waitForEnd(
  id: string,
  seconds: number,
  { last }: { last: boolean },
): Promise<RunningProcess[]> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const alive = processesOf(id);
    if (alive.every(({ isUnused }) => isUnused && !last)) return [];
    if (Date.now() > until) {
      send("SIGKILL", alive);
      return alive;
    }
    await pause(50);
  }
}
