import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { customerLines, customerRemedy } from "../../drift/customers.ts";
import { type DriftReport, driftReportSchema, statusWithCustomers } from "../../drift/report.ts";
import { stackList } from "../../gitops/stack-list.ts";
import { print, printJson } from "../../output.ts";

/**
 * `ucaas ci issue`: one issue that is open as long as there is drift, or it is unknown
 * whether there is.
 */
export function issueCommand(): Command {
  return new Command("issue")
    .description(
      "keep one issue about drift: open or update it; close it when all stacks are known to have none",
    )
    .requiredOption(
      "--stacks <json>",
      'the stacks that were to be checked, as ucaas ci stacks --json printed them; "" when it failed',
      (text) => (text === "" ? "unknown" : stackList(text)),
    )
    .option("--reports <folder>", "folder of what ucaas drift --json --out wrote", "reports")
    .option("--fail-on-unmanaged", "customers that none of the stacks declares count as drift")
    .option("--json", "what was done as JSON")
    .action(issue);
}

interface Options {
  stacks: string[] | "unknown";
  reports: string;
  failOnUnmanaged?: true;
  json?: true;
}

async function issue({ stacks, reports, failOnUnmanaged, json }: Options): Promise<void> {
  const [{ detectPlatform }, { driftIssue, issueMarker, mergeReports, nothingChecked }] =
    await Promise.all([import("../../platform/detect.ts"), import("../../gitops/drift-issue.ts")]);
  if (stacks.length === 0)
    return json
      ? printJson({ action: "none", status: "none", stacks, customers: [] })
      : print("There is no stack to tell about.");
  const platform = detectPlatform();
  const report = stacks === "unknown" ? nothingChecked() : mergeReports(reportsIn(reports), stacks);
  const { customers } = report;
  const status = failOnUnmanaged ? statusWithCustomers(report) : report.status;
  const open = await platform.findIssue(issueMarker);
  const close = status === "none";
  const action = open ? (close ? "closed" : "changed") : close ? "none" : "opened";
  let url: string | undefined;
  if (open || !close) {
    const text = driftIssue(report, {
      run: platform.run,
      length: platform.longestText,
      unmanaged: failOnUnmanaged,
    });
    ({ url } = open
      ? await platform.changeIssue(open.id, text, { close })
      : await platform.openIssue(text));
  }
  if (json) return printJson({ action, url, status, stacks, customers });
  print(url === undefined ? "No drift, and no issue is open." : `${words[action]} ${url}`);
  for (const line of [...customerLines(customers), ...customerRemedy(customers)]) print(line);
}

const words = { none: "", opened: "Opened", changed: "Changed", closed: "Closed" };

/** A check that was cut off left no file, or half of one: its stack could not be told. */
function reportsIn(folder: string): DriftReport[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files
    .sort()
    .flatMap(
      (name) =>
        driftReportSchema.safeParse(tryParseJson(readFileSync(join(folder, name), "utf8"))).data ??
        [],
    );
}
