import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { reportFile } from "../drift/report-file.ts";
import { print } from "../output.ts";
import { OutputFile } from "../output-file.ts";
import { chosenStacks, type StackChoice } from "../pulumi/chosen-stacks.ts";
import { findProject } from "../pulumi/project.ts";
import { wholeNumber } from "./whole-number.ts";

const details = `
Exit status: 0 no drift, 2 drift, 1 could not tell (of one stack at least,
whatever the others have). Customers that no stack declares are counted, and
change the exit status with --fail-on-unmanaged alone.

Nothing is changed, in the state or at a vendor. Backend, passphrase and stack
are those of the environment, as for pulumi itself. The drift of each stack is
found by
  pulumi refresh --preview-only --expect-no-changes

Examples:
  ucaas drift                                the selected stack
  ucaas drift --all --except sandbox         all stacks with a file, but for one
  ucaas drift --all --json --out drift.json  for a pipeline`;

/** `ucaas drift`: what was changed at the vendors behind Pulumi's back. */
export function driftCommand(): Command {
  return new Command("drift")
    .description("show what differs at the vendors from what is declared; reads only")
    .addOption(
      new Option(
        "-s, --stack <name...>",
        "a stack, or several; default the selected one",
      ).conflicts("all"),
    )
    .option("--all", "all stacks that have a stack file in this project")
    .option("--except <name...>", "with --all, not these")
    .addOption(new Option("--json", "the report as JSON").conflicts("markdown"))
    .option("--markdown", "the report as Markdown")
    .option("-o, --out <file>", "write the report into a file, and the table to the terminal")
    .option("--metrics <file>", "write Prometheus text into a file")
    .option("--report-dir <folder>", "keep the JSON report there, in a file named by its time")
    .option("--fail-on-unmanaged", "customers that none of the stacks declares count as drift")
    .addOption(
      new Option("--parallel <number>", "stacks at once")
        .default(Math.min(4, availableParallelism()))
        .argParser(wholeNumber),
    )
    .addHelpText("after", details)
    .action(drift);
}

interface Options extends StackChoice {
  json?: true;
  markdown?: true;
  out?: string;
  metrics?: string;
  reportDir?: string;
  failOnUnmanaged?: true;
  parallel: number;
}

async function drift(options: Options): Promise<void> {
  const [{ checkStacks }, { exitStatus, statusWithCustomers }, { asMarkdown, asTable }] =
    await Promise.all([
      import("../drift/check-stacks.ts"),
      import("../drift/report.ts"),
      import("../drift/render.ts"),
    ]);
  const out = OutputFile.prepare(options.out, "--out");
  const metrics = OutputFile.prepare(options.metrics, "--metrics");
  const kept = OutputFile.prepare(
    options.reportDir === undefined
      ? undefined
      : join(options.reportDir, reportFile(new Date(), process.pid)),
    "--report-dir",
  );
  const stacks = await chosenStacks(findProject(), options, "drift");
  const report = await checkStacks(stacks, options.parallel);
  const table = asTable(report);
  const text = options.json
    ? `${JSON.stringify(report, null, 2)}\n`
    : options.markdown
      ? asMarkdown(report)
      : `${table}\n`;
  print(out === undefined ? text.trimEnd() : table);
  process.exitCode =
    exitStatus[options.failOnUnmanaged ? statusWithCustomers(report) : report.status];
  out?.write(text);
  kept?.replace(`${JSON.stringify(report, null, 2)}\n`);
  if (metrics) metrics.replace(await (await import("../drift/metrics.ts")).asMetrics(report));
}
