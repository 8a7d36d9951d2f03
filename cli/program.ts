import { Command } from "commander";
import { adoptCommand } from "./commands/adopt.ts";
import { previewCommand } from "./commands/ci/preview.ts";
import { ciCommand, formerCiCommands } from "./commands/ci.ts";
import { driftCommand } from "./commands/drift.ts";
import { netsapiensCommand } from "./commands/netsapiens.ts";
import { receiverCommand } from "./receiver.ts";
import { xelionCommand } from "./xelion.ts";
import { ximaCommand } from "./xima.ts";

/** All commands. One file a command; what a command needs beyond its own options is imported when it runs. */
export function createProgram({ description, version }: { description: string; version: string }): Command {
  const program = new Command("ucaas")
    .description(description)
    .version(version)
    .showHelpAfterError()
    .addCommand(previewCommand())
    .addCommand(driftCommand())
    .addCommand(adoptCommand())
    .addCommand(netsapiensCommand())
    .addCommand(ximaCommand())
    .addCommand(receiverCommand())
    .addCommand(xelionCommand(), { hidden: true })
    .addCommand(ciCommand());
  for (const command of formerCiCommands()) program.addCommand(command, { hidden: true });
  return program;
}
