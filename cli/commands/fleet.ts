import { Command, Option } from "commander";
import type { Action } from "../fleet/result.ts";
import { wholeNumber } from "./whole-number.ts";

const details = `
Exit status: 0 all done; 2 changes or drift found, or a limit refused an update;
1 at least one stack failed, is locked, or is unknown.

The report is written to reports/fleet-<action>.json after each stack. With
--resume, the stacks of the cut-off run are run that its report does not have
as done.

Examples:
  ucaas fleet preview --stacks 'eu-*'
  ucaas fleet up --shard 2/8 --parallel 2  the second of eight machines
  ucaas fleet drift --shards 8             in an Indexed Job of Kubernetes
  ucaas fleet up --resume                  continues an interrupted run`;

const descriptions: Record<Action, string> = {
  preview: "show which stacks pulumi up would change",
  up: "run pulumi up in each stack, within its limits",
  drift: "compare each stack with its vendors; reads only",
  status: "show what each stack has, by its state",
  destroy: "run pulumi destroy in each stack",
};

/** `ucaas fleet`: one command for many stacks. */
export function fleetCommand(): Command {
  const fleet = new Command("fleet")
    .description("preview, update or check many stacks")
    .addHelpText("after", details);
  for (const action of Object.keys(descriptions) as Action[])
    fleet.addCommand(actionCommand(action));
  return fleet;
}

function actionCommand(action: Action): Command {
  const command = new Command(action)
    .description(descriptions[action])
    .option("-s, --stacks <glob...>", "stacks by name; default all that have a stack file")
    .option("--except <glob...>", "not these")
    .addOption(new Option("--shard <index/count>", "a part of them: 2/8").conflicts("shards"))
    .option("--shards <count>", "as --shard, with the index of JOB_COMPLETION_INDEX", wholeNumber)
    .option("--parallel <number>", "stacks at once; default by processors and memory", wholeNumber)
    .option("--resume", "run the rest of the stacks that a cut-off run had chosen")
    .option("--record <file>", "where the record is")
    .option("--json", "the report as JSON")
    .addHelpText("after", details);
  if (action === "up" || action === "destroy")
    command.option("--cancel", "take the lock of a killed run first; only where nothing else runs");
  if (action === "destroy") command.requiredOption("--yes", "say that they are to be destroyed");
  return command.action(async (options) =>
    (await import("../fleet/fleet.ts")).runFleet(action, options),
  );
}
