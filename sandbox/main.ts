/**
 * `npm run sandbox [-- folder]`: all servers, with their data in the folder (`.sandbox`),
 * and a Pulumi stack to play with, until Ctrl-C. The passphrase is that of
 * stacks/Pulumi.sandbox.yaml, and no secret.
 */
import { execFile } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { engineFolder, root } from "../tools/engine/paths.mjs";
import { serve } from "./serve.ts";

try {
  await serve({
    dataDir: resolve(process.argv[2] ?? join(root, ".sandbox")),
    project: root,
    engines: dirname(engineFolder()),
    print: console.log,
    pulumi: async (args, env) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(root, "node_modules/pulumi/run.js"), ...args, "--non-interactive"],
        { cwd: root, env: { ...process.env, ...env } },
      );
      return stdout;
    },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
