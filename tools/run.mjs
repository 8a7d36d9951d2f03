// Runs a script on the project's Node as if it were this process: same streams, arguments, signals and exit status.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { node, root } from "./engine/place.mjs";

/** @param {string[]} args  script and its arguments */
export async function runOnProjectNode(args) {
  const PATH = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  const child = spawn(node, args, { stdio: "inherit", env: { ...process.env, PATH } });

  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // Ctrl-C on a terminal reaches the child by itself; a second one would make the engine stop without finishing what it does.
  const forward = (/** @type {NodeJS.Signals} */ signal) =>
    void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal));
  for (const signal of signals) process.on(signal, forward);

  const { code, signal } = await new Promise((resolve, reject) => {
    child.on("error", reject).on("exit", (code, signal) => resolve({ code, signal }));
  });
  for (const each of signals) process.off(each, forward);
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code;
}
