import { execFile } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { engineFolder } from "../../tools/engine/paths.mjs";

/** Runs the engine on this machine, with nothing of the user's. */
export async function runPulumi(
  project: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  const bin = join(engineFolder(), "bin");
  const { stdout } = await promisify(execFile)(
    join(bin, "pulumi"),
    [...args, "--non-interactive"],
    {
      cwd: project,
      env: {
        PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
        PULUMI_HOME: join(project, "..", "home"),
        ...environment,
      },
    },
  );
  return stdout;
}
