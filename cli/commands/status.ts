import { Command, Option } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { openWritesOrReason } from "../open-writes.ts";
import { print } from "../output.ts";
import { OutputFile } from "../output-file.ts";
import { chosenStacks, type StackChoice } from "../pulumi/chosen-stacks.ts";
import { findProject, inProgramFolder } from "../pulumi/project.ts";
import { type StackConfig, type StackState, stackConfig, stackState } from "../pulumi/stack.ts";

const details = `
The facts are those of the state and of the stack's config. No vendor is asked:
ucaas drift does that.

Exit status: 0 all stacks were read, 1 one was not. The others are shown.

Examples:
  ucaas status                    the selected stack
  ucaas status --all --except sandbox --json
  ucaas status --all --report-dir reports --html status.html`;

/** `ucaas status`: what the state knows of each customer. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show customers by system, seats, costs, open orders and pending operations")
    .addOption(
      new Option(
        "-s, --stack <name...>",
        "one stack or several; default the selected one",
      ).conflicts("all"),
    )
    .option("--all", "all stacks that have a stack file in this project")
    .option("--except <name...>", "with --all, not these")
    .option("--report-dir <folder>", "show drift from the reports that ucaas drift keeps there")
    .option("--json", "the report as JSON")
    .option("--html <file>", "write the report as one HTML file with charts")
    .addHelpText("after", details)
    .action(status);
}

interface Options extends StackChoice {
  reportDir?: string;
  json?: true;
  html?: string;
}

async function status({ reportDir, json, html, ...choice }: Options): Promise<void> {
  const [
    { statusReport },
    { asText },
    { attempt, certificateEnds },
    { readDriftHistory },
    { readTerms },
  ] = await Promise.all([
    import("../status/model.ts"),
    import("../status/render-text.ts"),
    import("../status/certificates.ts"),
    import("../status/drift-history.ts"),
    import("../cost/terms.ts"),
  ]);
  const file = OutputFile.prepare(html, "--html");
  const project = findProject();
  const history = reportDir === undefined ? undefined : readDriftHistory(reportDir);
  const names = await chosenStacks(project, choice, "status");
  const takenAt = new Date();
  const stacks = [];
  const certificates = [];
  const notes = [...(history?.notes ?? [])];
  const unreadStacks = [];
  for (const name of names) {
    const [state, config] = await Promise.all([readableState(name), readableConfig(name)]);
    if (state instanceof UcaasError) {
      // Alone, it is all that was asked for.
      if (names.length === 1) throw state;
      unreadStacks.push({ stack: name, reason: state.reason });
      continue;
    }
    if (typeof config === "string") {
      stacks.push({ stack: name, ...state });
      notes.push(config);
      continue;
    }
    const terms = attempt(notes, name, () => readTerms(config, project.folder));
    stacks.push({ stack: name, ...state, ...(terms && { terms }) });
    const left = await openWritesOrReason(name, state.resources, { config });
    notes.push(...left.map((line) => `${name}: ${line}`));
    const ends = inProgramFolder(() => certificateEnds(name, config, process.env, takenAt));
    certificates.push(...ends.certificates);
    notes.push(...ends.notes);
  }
  const report = statusReport(stacks, {
    takenAt,
    project: project.name,
    certificates,
    ...(history && { driftChecks: history.checks }),
    unreadStacks,
    notes,
  });
  if (file) {
    const { asHtml } = await import("../status/render-html.ts");
    file.replace(asHtml(report));
  }
  print(json ? JSON.stringify(report, undefined, 2) : asText(report));
  if (unreadStacks.length > 0) process.exitCode = 1;
}

/** The state, or why it cannot be read: the other stacks are shown. */
async function readableState(stack: string): Promise<StackState | UcaasError> {
  try {
    return await stackState(stack);
  } catch (error) {
    if (error instanceof UcaasError && error.code !== "PULUMI_MISSING") return error;
    throw error;
  }
}

/** The config, or why it cannot be read: the state says much without it. */
async function readableConfig(stack: string): Promise<StackConfig | string> {
  try {
    return await stackConfig(stack);
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    const missing = "costs and certificates are left out, and interrupted runs are not looked at";
    return `${stack}: ${missing}, since the config cannot be read: ${error.reason}`;
  }
}
