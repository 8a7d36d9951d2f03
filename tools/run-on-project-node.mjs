// Runs a script on the project's Node: same streams, arguments and signals as this process.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { node, root } from "./engine/paths.mjs";
import { signals } from "./progress.mjs";

/**
 * @param {string[]} args  script and its arguments
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}  how it ended
 */
export async function runOnProjectNode(args) {
  const PATH = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  const child = spawn(node, args, { stdio: "inherit", env: { ...process.env, PATH } });

  // Ctrl-C on a terminal reaches the child by itself; a second one would make the engine
  // stop without finishing what it does.
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject).on("exit", (code, signal) => resolve({ code, signal }));
    });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}
