import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { UcaasError } from "../provider/dynamic/errors.ts";
import { withoutSecrets } from "../provider/dynamic/secrets.ts";

/** How a command of the real CLI ended. */
export interface PulumiRun {
  readonly exitCode: number;
  /** Empty when the lines were taken one by one. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface PulumiOptions {
  /** On top of this process's own environment. */
  readonly env?: Record<string, string>;
  /** Takes each line of stdout as it comes, in place of keeping them. */
  readonly onLine?: (line: string) => void;
  /** What the command finds in the file `/dev/stdin`: never on a disk, so it may hold secrets. */
  readonly input?: string;
}

/** What Node gives a child as its stdin cannot be opened by that name; what a shell gives it can. */
const withPipe = ["sh", "-c", 'cat | "$@"', "sh"];

/**
 * Runs the `pulumi` that is on the PATH (`npx` puts the project's own there), in this folder and with this environment: backend, passphrase and stack
 * are what they are for the user who types the same command.
 */
export async function pulumi(args: readonly string[], { env, onLine, input }: PulumiOptions = {}): Promise<PulumiRun> {
  const [program = "", ...rest] = [...(input === undefined ? [] : withPipe), "pulumi", ...args, "--non-interactive", "--color=never"];
  const child = spawn(program, rest, {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // The command may end before it has read all; how it ended tells more than that.
  child.stdin.on("error", () => {}).end(input);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? notInstalled() : error));
    child.on("close", (code) => resolve(code ?? -1));
  });
  const lines: string[] = [];
  const stdout = once(createInterface({ input: child.stdout }).on("line", onLine ?? ((line) => lines.push(line))), "close");
  const stderr = text(child.stderr);
  const exitCode = await ended;
  await stdout;
  return { exitCode, stdout: lines.join("\n"), stderr: await stderr };
}

/** What the CLI printed after `error:`. */
export function errorOf({ exitCode, stderr }: PulumiRun): string {
  const said = stderr.slice(Math.max(0, stderr.indexOf("error: "))).trim();
  return withoutSecrets(said.replace(/^error: /, "")) || `pulumi ended with ${exitCode}`;
}

function notInstalled(): UcaasError {
  return new UcaasError("the command `pulumi` is not on the PATH", {
    code: "PULUMI_MISSING",
    hint: "run it as `npx ucaas …` in a project that has the npm package pulumi, or install Pulumi (https://www.pulumi.com/docs/install/)",
  });
}
