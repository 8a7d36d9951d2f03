import { writeFileSync } from "node:fs";

/**
 * Tells `ucaas adopt` that this program reads the stack files of a folder. The command
 * asks by naming a file in the environment, since nothing else shows it while the files
 * declare no customer.
 */
export function announceStackFiles(folder: string): void {
  const answer = process.env.UCAAS_STACK_FILES_READ;
  if (answer) writeFileSync(answer, folder);
}
