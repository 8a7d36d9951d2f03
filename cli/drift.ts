import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { UcaasError } from "../provider/dynamic/errors.ts";
import type { Progress } from "./drift/check.ts";
import { selectedStack } from "./stack.ts";

const exits = `
Exit status: 0 no drift, 2 drift, 1 could not tell (of one stack at least, whatever the others have).

Nothing is changed, in the state or at a vendor. Backend, passphrase and stack are those of the environment, as for pulumi itself; it is
  pulumi refresh --preview-only --expect-no-changes
for each stack that finds the drift. What is declared is what the last pulumi up declared.`;

/** `ucaas drift`: what was changed at the vendors behind Pulumi's back. */
export function driftCommand(): Command {
  return new Command("drift")
    .description("tell what differs at the vendors from what is declared; reads only")
    .addOption(new Option("-s, --stack <name...>", "a stack, or several; default the selected one").conflicts("all"))
    .option("--all", "all stacks that have a stack file in this project")
    .option("--except <name...>", "with --all, not these")
    .addOption(new Option("--json", "the report as JSON").conflicts("markdown"))
    .option("--markdown", "the report as Markdown")
    .option("-o, --out <file>", "write the report into a file, beside the table on the terminal")
    .addOption(new Option("--parallel <number>", "stacks at once").default(Math.min(4, availableParallelism())).argParser(count))
    .addHelpText("after", exits)
    .action(drift);
}

interface Options {
  stack?: string[];
  all?: true;
  except?: string[];
  json?: true;
  markdown?: true;
  out?: string;
  parallel: number;
}

async function drift(options: Options): Promise<void> {
  const [{ default: PQueue }, { checkStack }, { driftReport, exitStatus }, { asMarkdown, asTable }] = await Promise.all([
    import("p-queue"),
    import("./drift/check.ts"),
    import("./drift/report.ts"),
    import("./drift/formats.ts"),
  ]);
  const stacks = await stacksToCheck(options);
  const bar = await progressBar();
  const queue = new PQueue({ concurrency: options.parallel });
  let report: ReturnType<typeof driftReport>;
  try {
    report = driftReport(await queue.addAll(stacks.map((stack) => () => checkStack(stack, bar))));
  } finally {
    bar?.stop();
  }

  const format = options.json ? `${JSON.stringify(report, null, 2)}\n` : options.markdown ? asMarkdown(report) : `${asTable(report)}\n`;
  if (options.out !== undefined) {
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, format);
    process.stdout.write(`${asTable(report)}\n`);
  } else process.stdout.write(format);
  process.exitCode = exitStatus[report.status];
}

async function stacksToCheck({ stack, all, except = [] }: Options): Promise<string[]> {
  if (stack) return [...new Set(stack)];
  if (!all) return [await selectedStack()];
  const { findProject } = await import("./project.ts");
  const { stackFolder, stacks } = findProject();
  const chosen = stacks.filter((name) => !except.includes(name));
  if (chosen.length > 0) return chosen;
  throw new UcaasError(`there is no stack file${except.length > 0 ? " of another stack" : ""} in ${stackFolder}`, {
    code: "NO_STACK",
    operation: "drift --all",
    hint: "make one with pulumi stack init, or name stacks with --stack",
  });
}

/** A bar on a terminal: resources looked at, of all stacks together. */
async function progressBar(): Promise<(Progress & { stop(): void }) | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const { Presets, SingleBar } = await import("cli-progress");
  const bar = new SingleBar(
    { format: "{bar} {value} of {total} resources", stream: process.stderr, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(0, 0);
  return {
    expect: (resources) => bar.setTotal(bar.getTotal() + resources),
    checked: () => bar.increment(),
    stop: () => bar.stop(),
  };
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}
