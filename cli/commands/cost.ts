import { Command, Option } from "commander";
import { print } from "../output.ts";
import { OutputFile } from "../output-file.ts";
import { chosenStacks, type StackChoice } from "../pulumi/chosen-stacks.ts";
import { findProject } from "../pulumi/project.ts";
import { stackConfig, stackState } from "../pulumi/stack.ts";

const details = `
The prices are the stack's own (ucaas:prices). Without them there are counts.

Examples:
  ucaas cost --stack prod
  ucaas cost --all --csv --out cost.csv
  ucaas cost --stack prod --json`;

/** `ucaas cost`: what the declared seats cost a month. */
export function costCommand(): Command {
  return new Command("cost")
    .description("show what the seats cost a month, by customer, SKU and reseller")
    .addOption(
      new Option(
        "-s, --stack <name...>",
        "one stack or several; default the selected one",
      ).conflicts("all"),
    )
    .option("--all", "all stacks that have a stack file in this project")
    .option("--except <name...>", "with --all, not these")
    .addOption(new Option("--csv", "the lines as CSV").conflicts("json"))
    .option("--json", "the lines and the sums as JSON")
    .option("-o, --out <file>", "write the report into a file")
    .addHelpText("after", details)
    .action(cost);
}

interface Options extends StackChoice {
  csv?: true;
  json?: true;
  out?: string;
}

async function cost({ csv, json, out, ...choice }: Options): Promise<void> {
  const [{ costReport }, { readTerms }, { costCsv, costText }] = await Promise.all([
    import("../cost/estate.ts"),
    import("../cost/terms.ts"),
    import("../cost/render.ts"),
  ]);
  const file = OutputFile.prepare(out, "--out");
  const project = findProject();
  const stacks = await chosenStacks(project, choice, "cost");
  const priced = [];
  for (const name of stacks) {
    const [{ resources }, config] = await Promise.all([stackState(name), stackConfig(name)]);
    priced.push({ stack: name, resources, terms: readTerms(config, project.folder) });
  }
  const report = costReport(priced);
  const text = json
    ? `${JSON.stringify(report, null, 2)}\n`
    : csv
      ? costCsv(report)
      : `${costText(report)}\n`;
  if (file === undefined) print(text.trimEnd());
  else file.write(text);
}
