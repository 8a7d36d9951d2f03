import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { dataDir } from "pulumi-ucaas/internal/runtime/data-dir";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { pulumiEnvironment } from "pulumi-ucaas/internal/runtime/pulumi-environment";
import { untilEnded } from "../interruption.ts";
import { redact } from "../redact.ts";

/** How a command of the real CLI ended. */
export interface PulumiRun {
  readonly exitCode: number;
  /** As printed: it may hold secrets. Empty when the lines were taken one by one. */
  readonly stdout: string;
  /** Without secrets. */
  readonly stderr: string;
}

export interface PulumiOptions {
  /** On top of this process's own environment. */
  readonly env?: Record<string, string>;
  /** Takes each line of stdout as it comes; the lines are then not kept. */
  readonly onLine?: (line: string) => void;
  /** What the command finds in the file `/dev/stdin`: never on a disk, so it may hold secrets. */
  readonly input?: string;
  /** Ends the command at once; for commands that only read. */
  readonly signal?: AbortSignal;
}

/**
 * What Node gives a child as its stdin cannot be opened by that name; what a shell gives
 * it can.
 */
const withPipe = ["sh", "-c", 'cat | "$@"', "sh"];

/**
 * On POSIX, Pulumi runs in a process group of its own: Ctrl-C then reaches it once,
 * through `stop`.
 */
const ownGroup = process.platform !== "win32";

/**
 * Runs the `pulumi` that is on the PATH (`npx` puts the project's own there), in this
 * folder and with this environment: backend, passphrase and stack are what they are for
 * the user who types the same command.
 *
 * @throws {UcaasError} `PULUMI_MISSING`
 * @throws {Interrupted} after Pulumi has ended, when a signal came
 */
export function pulumi(args: readonly string[], options: PulumiOptions = {}): Promise<PulumiRun> {
  let child: ChildProcess | undefined;
  const run = async (): Promise<PulumiRun> => {
    const { env, onLine, input, signal } = options;
    const [program = "", ...rest] = [
      ...(input === undefined ? [] : withPipe),
      "pulumi",
      ...args,
      "--non-interactive",
      "--color=never",
    ];
    const started = spawn(program, rest, {
      env: {
        // Of each run's two Node processes, most of the start is compiling Pulumi's SDK.
        NODE_COMPILE_CACHE: join(dataDir(), "compiled"),
        ...pulumiEnvironment(process.env),
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
      detached: ownGroup,
    });
    child = started;
    const end = () => stop(started, Number.POSITIVE_INFINITY);
    signal?.addEventListener("abort", end);
    // The command may end before it has read all; how it ended says more than that.
    started.stdin.on("error", () => {}).end(input);
    const ended = new Promise<number>((resolve, reject) => {
      started.on("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ENOENT" ? notInstalled() : error),
      );
      started.on("close", (code) => resolve(code ?? -1));
    });
    const lines: string[] = [];
    const reader = createInterface({ input: started.stdout }).on(
      "line",
      onLine ?? ((line) => lines.push(line)),
    );
    const [exitCode, stderr] = await Promise.all([
      ended,
      text(started.stderr),
      once(reader, "close"),
    ]).finally(() => signal?.removeEventListener("abort", end));
    return { exitCode, stdout: lines.join("\n"), stderr: redact(stderr) };
  };
  return untilEnded(run, (times) => stop(child, times));
}

/**
 * Signals Pulumi, and tells whether it was still there. It ends well on the first signal
 * (it asks its providers to, too), and at once on the second.
 */
function stop(child: ChildProcess | undefined, times: number): boolean {
  if (child?.pid === undefined) return false;
  try {
    process.kill(ownGroup ? -child.pid : child.pid, times <= 2 ? "SIGINT" : "SIGKILL");
    return true;
  } catch {
    // It has ended already.
    return false;
  }
}

/** What the CLI printed after `error:`. */
export function errorOf({ exitCode, stderr }: Pick<PulumiRun, "exitCode" | "stderr">): string {
  const message = stderr.slice(Math.max(0, stderr.indexOf("error: "))).trim();
  return message.replace(/^error: /, "") || `pulumi ended with ${exitCode}`;
}

function notInstalled(): UcaasError {
  return new UcaasError("the command `pulumi` is not on the PATH", {
    code: "PULUMI_MISSING",
    hint: "run it as `npx ucaas …` in a project that has the npm package pulumi, or install Pulumi (https://www.pulumi.com/docs/install/)",
  });
}
