import { Command } from "commander";
import { receiverStartCommand } from "./receiver-start.ts";

/** `ucaas receiver`: the server that takes Xelion's callbacks. */
export function receiverCommand(): Command {
  return new Command("receiver")
    .description("server for Xelion's callbacks")
    .addCommand(receiverStartCommand());
}
