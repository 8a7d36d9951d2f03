import { Command } from "commander";
import { receiverStartCommand } from "pulumi-ucaas-receiver/internal/start";

/** `ucaas xelion receiver`: the old name of `ucaas receiver start`, for one release. */
export function xelionCommand(): Command {
  return new Command("xelion")
    .description("Xelion tenants")
    .addCommand(receiverStartCommand("receiver"));
}
