// Runs a long command and shows that it is alive: what it does, for how long, and a word
// on how far it is.
import { spawn } from "node:child_process";

/**
 * @typedef {object} Ending
 * @property {number | null} code      exit status; null when a signal ended it
 * @property {string} output           what it printed on both streams (the last 256 KB of it)
 * @property {string} stdout
 * @property {boolean} timedOut
 */

const KEPT = 256 * 1024;

/**
 * A command that ends with another status than 0 is no error here; one that cannot be
 * started, and an interrupted wait, are.
 * @param {string} what  shown to the user: "Installing the packages"
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onLine?: (line:
 *   string) => string | undefined, say?: Say }} options `onLine` gets each line that the
 *   command prints and may answer with the word to show beside the time
 * @returns {Promise<Ending>}
 */
export async function watched(
  what,
  command,
  args,
  { cwd, env, timeoutMs, onLine, say = terminal() } = {},
) {
  // A group of its own, so that what the command starts can be ended with it.
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  const started = Date.now();
  const ending = { output: "", stdout: "", timedOut: false };
  let word = "";
  let interruptedBy = "";
  /** @type {NodeJS.Timeout | undefined} */
  let patience;

  const end = (/** @type {NodeJS.Signals} */ signal) => {
    if (child.pid === undefined) return;
    try {
      if (process.platform === "win32") child.kill(signal);
      else process.kill(-child.pid, signal);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
    }
  };
  const interrupt = (/** @type {NodeJS.Signals} */ signal) => {
    interruptedBy = signal;
    end("SIGINT"); // Go clears its temporary files then
    // npm takes half a minute to undo an install that is thrown away anyway.
    patience = setTimeout(() => end("SIGKILL"), 2000);
  };
  const stopLate = () => {
    ending.timedOut = true;
    end("SIGKILL");
  };
  for (const signal of signals) process.on(signal, interrupt);
  const ticking = setInterval(() => say.progress(what, Date.now() - started, word), 1000);
  const limit = timeoutMs === undefined ? undefined : setTimeout(stopLate, timeoutMs);
  say.progress(what, 0, word);

  for (const stream of /** @type {const} */ (["stdout", "stderr"])) {
    let rest = "";
    child[stream].setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      ending.output = (ending.output + text).slice(-KEPT);
      if (stream === "stdout") ending.stdout = (ending.stdout + text).slice(-KEPT);
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) word = onLine?.(line) ?? word;
    });
  }
  try {
    const code = await new Promise((resolve, reject) =>
      child.on("error", reject).on("close", resolve),
    );
    if (interruptedBy) throw new Interrupted(interruptedBy);
    return { ...ending, code };
  } finally {
    clearInterval(ticking);
    clearTimeout(limit);
    clearTimeout(patience);
    for (const signal of signals) process.off(signal, interrupt);
    say.progress(what, Date.now() - started, word, true);
  }
}

/** What asks a process to end. @type {NodeJS.Signals[]} */
export const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The user, or the machine, wants this to end. */
export class Interrupted extends Error {
  /** @param {string} signal */
  constructor(signal) {
    super(
      `Interrupted by ${signal}. What was half done is put aside; the next start begins it again.`,
    );
  }
}

/** A sentence for the user: what is wrong and what to do. No stack belongs under it. */
export class SetupError extends Error {}

/**
 * @typedef {object} Say
 * @property {(text: string) => void} line
 * @property {(what: string, elapsedMs: number, word: string, last?: boolean) => void} progress
 */

/** Shows nothing: for what takes no time worth telling. @type {Say} */
export const silent = { line: () => {}, progress: () => {} };

/**
 * On a terminal one line that changes each second; in a log a new line at the beginning,
 * then every quarter of a minute, then at the end.
 * @param {NodeJS.WriteStream} out
 * @returns {Say}
 */
export function terminal(out = process.stderr) {
  let nextAt = 0;
  return {
    line: (text) => void out.write(`${text}\n`),
    progress(what, elapsedMs, word, last = false) {
      const text = `${what} … ${duration(elapsedMs)}${word ? `, ${word}` : ""}`;
      if (out.isTTY)
        out.write(`\r\u001b[K${text.slice(0, (out.columns || 80) - 1)}${last ? "\n" : ""}`);
      else if (last || elapsedMs >= nextAt) {
        if (!last || elapsedMs >= 1000) out.write(`${text}\n`);
        nextAt = last ? 0 : elapsedMs + 15_000;
      }
    },
  };
}

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
