import { Command, Option } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print } from "../output.ts";
import { OutputFile } from "../output-file.ts";
import { findProject } from "../pulumi/project.ts";
import { type StackConfig, selectedStack, stackConfig, stackState } from "../pulumi/stack.ts";

const details = `
The facts are those of the state and of the stack's config. No vendor is asked:
ucaas drift does that.

Examples:
  ucaas status                    the selected stack
  ucaas status --all --json
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
    .option("--report-dir <folder>", "show drift from the reports that ucaas drift keeps there")
    .option("--json", "the report as JSON")
    .option("--html <file>", "write the report as one HTML file with charts")
    .addHelpText("after", details)
    .action(status);
}

interface Options {
  stack?: string[];
  all?: true;
  reportDir?: string;
  json?: true;
  html?: string;
}

async function status({ stack, all, reportDir, json, html }: Options): Promise<void> {
  const [{ statusReport }, { asText }, { certificateEnds }, { readDriftHistory }, { readTerms }] =
    await Promise.all([
      import("../status/model.ts"),
      import("../status/render-text.ts"),
      import("../status/certificates.ts"),
      import("../status/drift-history.ts"),
      import("../cost/terms.ts"),
    ]);
  const file = OutputFile.prepare(html, "--html");
  const project = findProject();
  const history = reportDir === undefined ? { checks: [], notes: [] } : readDriftHistory(reportDir);
  const names = all ? project.stacks : (stack ?? [await selectedStack()]);
  const takenAt = new Date();
  const stacks = [];
  const certificates = [];
  const notes = [...history.notes];
  for (const name of new Set(names)) {
    const [state, config] = await Promise.all([stackState(name), readableConfig(name)]);
    const terms = typeof config === "string" ? undefined : readTerms(config, project.folder);
    stacks.push({ stack: name, ...state, ...(terms && { terms }) });
    if (typeof config === "string") {
      notes.push(config);
      continue;
    }
    const ends = certificateEnds(name, config, process.env, takenAt);
    certificates.push(...ends.certificates);
    notes.push(...ends.notes);
  }
  const report = statusReport(stacks, {
    takenAt,
    project: project.name,
    certificates,
    driftChecks: history.checks,
    notes,
  });
  if (file) {
    const { asHtml } = await import("../status/render-html.ts");
    file.replace(asHtml(report));
  }
  print(json ? JSON.stringify(report, undefined, 2) : asText(report));
}

/** The config, or why it cannot be read: the state says much without it. */
async function readableConfig(stack: string): Promise<StackConfig | string> {
  try {
    return await stackConfig(stack);
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return `${stack}: costs and certificates are left out, since the config cannot be read: ${error.reason}`;
  }
}
