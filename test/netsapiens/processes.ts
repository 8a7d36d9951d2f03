import { readdirSync, readFileSync } from "node:fs";

/** Processes on whose command line a text stands: a browser has the folder for temporary files on it, in which its profile is. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        // It ended in the meantime.
        return false;
      }
    })
    .map(Number);
}
