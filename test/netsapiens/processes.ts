import { readdirSync, readFileSync } from "node:fs";

/**
 * Returns the ids of processes whose command line has all these texts. A browser's command
 * line names the temporary folder with its profile.
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
