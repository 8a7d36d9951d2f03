import { Command, Help } from "commander";
import { adoptCommand } from "./commands/adopt.ts";
import { previewCommand } from "./commands/ci/preview.ts";
import { ciCommand, formerCiCommands } from "./commands/ci.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { costCommand } from "./commands/cost.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { driftCommand } from "./commands/drift.ts";
import { fleetCommand } from "./commands/fleet.ts";
import { initCommand } from "./commands/init.ts";
import { installPulumiCommand } from "./commands/install-pulumi.ts";
import { journalCommand } from "./commands/journal.ts";
import { kubernetesCommand } from "./commands/kubernetes.ts";
import { netsapiensCommand } from "./commands/netsapiens.ts";
import { notifyCommand } from "./commands/notify.ts";
import { receiverCommand } from "./commands/receiver.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { statusCommand } from "./commands/status.ts";
import { xelionCommand } from "./commands/xelion.ts";
import { ximaCommand } from "./commands/xima.ts";
import { addExamples } from "./examples.ts";

/**
 * All commands. One file a command. What a command needs beyond its own options is imported
 * when it runs, by nearly all of them.
 */
export function createProgram({
  description,
  version,
}: {
  description: string;
  version: string;
}): Command {
  const program = new Command("ucaas")
    .description(description)
    .version(version)
    .helpOption("-h, --help", "show help; with a command, its options and examples")
    .option("--debug", "with any command: print the stack of an error as well")
    .option("--no-color", "with any command: print without colours, as with NO_COLOR")
    .commandsGroup("Start:")
    .addCommand(initCommand())
    .addCommand(sandboxCommand())
    .addCommand(completionCommand())
    .addCommand(completeCommand(), { hidden: true })
    .commandsGroup("Stacks:")
    .addCommand(previewCommand())
    .addCommand(costCommand())
    .addCommand(statusCommand())
    .addCommand(driftCommand())
    .addCommand(doctorCommand())
    .addCommand(fleetCommand())
    .addCommand(adoptCommand())
    .addCommand(journalCommand())
    .commandsGroup("Vendors:")
    .addCommand(netsapiensCommand())
    .addCommand(ximaCommand())
    .addCommand(receiverCommand())
    .addCommand(xelionCommand(), { hidden: true })
    .commandsGroup("Pipelines:")
    .addCommand(ciCommand())
    .addCommand(installPulumiCommand())
    .addCommand(kubernetesCommand())
    .addCommand(notifyCommand());
  for (const command of formerCiCommands()) program.addCommand(command, { hidden: true });
  setHelp(program, "ucaas");
  addExamples(program);
  return program;
}

/**
 * Help of all commands says which options must be given, and an error in the options how
 * to see them.
 */
function setHelp(command: Command, path: string): void {
  const help = new Help();
  command
    .configureHelp({
      optionDescription: (option) =>
        help.optionDescription(option) + (option.mandatory ? " (required)" : ""),
    })
    .showHelpAfterError(`What to do: see ${path} --help`);
  for (const inner of command.commands) setHelp(inner, `${path} ${inner.name()}`);
}
