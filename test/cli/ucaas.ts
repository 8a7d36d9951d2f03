import { execFile } from "node:child_process";
import { join } from "node:path";
import { root } from "../../tools/engine/paths.mjs";

/** What a command of `ucaas` did. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ucaas` in a folder, in a process of its own. */
export function ucaas(
  args: readonly string[],
  { cwd, env = process.env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(root, "cli", "start.mjs"), ...args],
      { cwd, env, maxBuffer: 64e6, timeout: 120_000 },
      (error, stdout, stderr) => {
        const exitCode = error ? error.code : 0;
        if (typeof exitCode === "number") resolve({ exitCode, stdout, stderr });
        else reject(error);
      },
    );
  });
}
