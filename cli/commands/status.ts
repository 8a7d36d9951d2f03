import { Command, Option } from "commander";
import { print } from "../output.ts";
import { findProject } from "../pulumi/project.ts";
import { selectedStack, stackState } from "../pulumi/stack.ts";

const details = `
The facts are those of the state: no vendor is asked. ucaas drift asks them.

Examples:
  ucaas status                    the selected stack
  ucaas status --all --json`;

/** `ucaas status`: what the state knows of each customer. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show customers by system, seats, open orders and pending operations")
    .addOption(
      new Option(
        "-s, --stack <name...>",
        "one stack or several; default the selected one",
      ).conflicts("all"),
    )
    .option("--all", "all stacks that have a stack file in this project")
    .option("--json", "the report as JSON")
    .addHelpText("after", details)
    .action(status);
}

async function status({
  stack,
  all,
  json,
}: {
  stack?: string[];
  all?: true;
  json?: true;
}): Promise<void> {
  const [{ statusReport }, { asText }] = await Promise.all([
    import("../status/model.ts"),
    import("../status/render-text.ts"),
  ]);
  const names = all ? findProject().stacks : (stack ?? [await selectedStack()]);
  const states = [];
  for (const name of new Set(names)) states.push({ stack: name, ...(await stackState(name)) });
  const report = statusReport(states);
  print(json ? JSON.stringify(report, undefined, 2) : asText(report));
}
