import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { serve } from "pulumi-ucaas-sandbox/internal/serve";
import { print } from "./output.ts";
import { findProject } from "./pulumi/project.ts";
import { pulumi } from "./pulumi/run.ts";

/**
 * Runs the sandbox for the project in this folder, with a stack `sandbox`.
 *
 * @throws {UcaasError} `NO_PROJECT`, `PULUMI_FAILED`
 */
export async function runSandbox(folder: string): Promise<void> {
  const project = findProject();
  const versions = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "versions");
  mkdirSync(versions, { recursive: true });
  await serve({
    dataDir: resolve(folder),
    project: project.folder,
    engines: versions,
    print,
    pulumi: async (args, env) => {
      const { exitCode, stdout, stderr } = await pulumi(args, { env });
      if (exitCode === 0) return stdout;
      throw new UcaasError(`pulumi ${args.join(" ")} failed: ${stderr.trim()}`, {
        code: "PULUMI_FAILED",
        operation: "sandbox",
        hint: steps("Correct what Pulumi names.", "Start the sandbox again."),
      });
    },
  });
}
