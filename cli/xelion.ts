import { Command } from "commander";
import { receiverCommand } from "./xelion-receiver.ts";

/** `ucaas xelion`: what orders to Xelion's provisioning service need. */
export function xelionCommand(): Command {
  return new Command("xelion").description("Xelion tenants").addCommand(receiverCommand());
}
