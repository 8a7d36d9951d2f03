import { readdirSync, readFileSync } from "node:fs";

/**
 * Processes on whose command line all these texts stand: a browser has the folder for
 * temporary files on it, in which its profile is.
 */
export function processesWith(...texts: string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return texts.every((text) => commandLine.includes(text));
      } catch {
        // It ended in the meantime.
        return false;
      }
    })
    .map(Number);
}
