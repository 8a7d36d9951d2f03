import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder of this package's own files on a machine: `ucaas` below `$PULUMI_HOME`, else
 * below `~/.pulumi`, where only the user can write.
 */
export function dataDir(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.PULUMI_HOME || join(homedir(), ".pulumi"), "ucaas");
}
