import { Command } from "commander";
import { receiverStartCommand } from "pulumi-ucaas-receiver/internal/start";

/** `ucaas receiver`: the server that takes Xelion's callbacks. */
export function receiverCommand(): Command {
  return new Command("receiver")
    .description("server for Xelion's callbacks")
    .addCommand(receiverStartCommand());
}
