import { execFile } from "node:child_process";
import { join } from "node:path";
import { root } from "../../tools/engine/paths.mjs";
import { hangLimit } from "../hang-limit.ts";

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
      { cwd, env, maxBuffer: 64e6, timeout: hangLimit },
      (error, stdout, stderr) => {
        if (error?.killed)
          return reject(new Error(`No end within ${hangLimit / 1000} s: ucaas ${args.join(" ")}`));
        const exitCode = error ? error.code : 0;
        if (typeof exitCode === "number") resolve({ exitCode, stdout, stderr });
        else reject(error);
      },
    );
  });
}
