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
}

/** All living processes with the mark, zombies excepted. */
export function processesOf(id: string): RunningProcess[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      if (!readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(`${mark}=${id}`))
        return [];
      const command = readFileSync(`/proc/${entry}/cmdline`, "latin1").replaceAll("\0", " ").trim();
      const state = /^State:\s*(\S)/m.exec(readFileSync(`/proc/${entry}/status`, "latin1"))?.[1];
      if (state === "Z" || state === "X") return [];
      const what = /dynamic-provider/.test(command)
        ? "provider"
        : /pulumi-language|language-host|cmd\/run/.test(command)
          ? "language"
          : "cli";
      return [{ pid: Number(entry), what, command }];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
}

export function send(signal: NodeJS.Signals, processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/**
 * Waits until no process of the story lives; those that still do after `seconds` are
 * ended and returned.
 */
export async function waitForEnd(id: string, seconds: number): Promise<RunningProcess[]> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const alive = processesOf(id);
    if (alive.length === 0) return [];
    if (Date.now() > until) {
      send("SIGKILL", alive);
      return alive;
    }
    await pause(50);
  }
}
