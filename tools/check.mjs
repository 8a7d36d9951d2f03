// What the project's files must satisfy besides the tests: `npm run check`. The tests run
// the same list, so that their count includes it.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { node, root } from "./engine/paths.mjs";

/** Named one by one: a pattern would lead through node_modules, whose links to workspaces have no end. */
export const codeFolders = [
  ...["provider", "stacks", "sandbox", "receiver", "cli", "policy"],
  ...["demo", "examples", "tools", "bench", "test", "trials"],
];

/** Each is a sentence, and the tool that proves it. */
export const checks = [
  {
    sentence: "every file is formatted and passes the linter",
    script: "node_modules/@biomejs/biome/bin/biome",
    args: ["check", "--error-on-warnings"],
  },
  {
    sentence: "the types hold",
    script: "node_modules/typescript/bin/tsc",
    args: ["--noEmit"],
  },
  {
    sentence: "there is no unused file, export or dependency",
    script: "node_modules/knip/bin/knip.js",
    args: ["--no-progress"],
  },
  {
    sentence: "imports go the ways that the design allows",
    script: "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs",
    args: ["--output-type", "err", ...codeFolders],
  },
  {
    sentence: "pages, comments and messages are plain technical English",
    script: "tools/prose.mjs",
    args: [],
  },
];

/**
 * @param {(typeof checks)[number]} check
 * @param {string} folder
 * @returns {Promise<{ passed: boolean, output: string }>}
 */
export function run({ script, args }, folder = root) {
  return new Promise((resolve) => {
    execFile(
      node,
      [join(root, script), ...args],
      { cwd: folder, maxBuffer: 64e6 },
      (error, stdout, stderr) => resolve({ passed: !error, output: `${stdout}${stderr}` }),
    );
  });
}

if (import.meta.main) {
  const results = await Promise.all(
    checks.map(async (check) => ({ ...check, ...(await run(check)) })),
  );
  for (const { sentence, passed, output } of results) {
    console.log(`${passed ? "✓" : "✗"} ${sentence}`);
    if (!passed) {
      console.log(output);
      process.exitCode = 1;
    }
  }
}
