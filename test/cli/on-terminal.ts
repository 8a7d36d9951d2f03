import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "../../tools/engine/paths.mjs";
import { hangLimit } from "../hang-limit.ts";

/**
 * Runs `ucaas` on a terminal of its own, and types a line each time that it asks (a colon
 * and a space, with nothing after). Gives what the terminal showed.
 */
export function onTerminal(
  args: readonly string[],
  lines: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  const typist = `
import os, pty, sys, json
command, lines = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
seen = b""
while True:
    try:
        chunk = os.read(terminal, 1024)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    if lines and seen.rstrip(b"\\x1b[0123456789GJ").endswith(b": "):
        os.write(terminal, lines.pop(0).encode() + b"\\r")
        seen += b"<typed>"
os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
`;
  return new Promise((resolve, reject) => {
    const command = [process.execPath, join(root, "cli", "start.mjs"), ...args];
    const child = spawn("python3", ["-c", typist, JSON.stringify([command, lines])], {
      ...options,
      timeout: hangLimit,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject).on("close", () => resolve(output));
  });
}

/** A command on a terminal of its own, which a test types into when it wants. */
export interface TerminalSession {
  type(text: string): void;
  /** What the terminal has shown so far. */
  shown(): string;
  /** Closes the terminal, as if its window was closed. */
  close(): Promise<void>;
  /** What the terminal showed, and the exit status. */
  ended(): Promise<{ output: string; exitCode: number }>;
}

export function terminalSession(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): TerminalSession {
  return commandOnTerminal([process.execPath, join(root, "cli", "start.mjs"), ...args], options);
}

/** Any command on a terminal of 80 columns. */
export function commandOnTerminal(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): TerminalSession {
  const relay = `
import fcntl, json, os, pty, select, struct, sys, termios
command = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(command[0], command)
inputs = [terminal, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        if typed: os.write(terminal, typed)
        else: inputs.remove(0)
    if terminal in ready:
        try:
            chunk = os.read(terminal, 1024)
        except OSError:
            break
        if not chunk: break
        os.write(1, chunk)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;
  const child: ChildProcess = spawn("python3", ["-c", relay, JSON.stringify(command)], options);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = once(child, "close") as Promise<[number]>;
  return {
    type: (text) => void child.stdin?.write(text),
    shown: () => output,
    async close() {
      child.kill();
      await closed;
    },
    ended: async () => ({ exitCode: (await closed)[0], output }),
  };
}
