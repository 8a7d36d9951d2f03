import { Command } from "commander";

const examples = `
Examples:
  $ npx ucaas sandbox                # data in .sandbox
  $ . .sandbox/env && npx pulumi up  # in a second terminal

The data, with the servers' keys, stay in the folder. The stack has a backend of
its own there.`;

/** `ucaas sandbox`: the vendors' servers on this machine. */
export function sandboxCommand(): Command {
  return new Command("sandbox")
    .description("run local servers that act as all vendors, until Ctrl-C")
    .argument("[folder]", "where their data are", ".sandbox")
    .addHelpText("after", examples)
    .action(async (folder) => (await import("../sandbox.ts")).runSandbox(folder));
}
