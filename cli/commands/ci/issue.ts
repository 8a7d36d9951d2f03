import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { type DriftReport, driftReportSchema } from "../../drift/report.ts";
import { stackList } from "../../gitops/stack-list.ts";
import { print } from "../../output.ts";

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
      "the stacks that were to be checked, as ucaas ci stacks --json printed them",
      stackList,
    )
    .option("--reports <folder>", "folder of what ucaas drift --json --out wrote", "reports")
    .action(issue);
}

async function issue({ stacks, reports }: { stacks: string[]; reports: string }): Promise<void> {
  const [{ detectPlatform }, { driftIssue, issueMarker, mergeReports }] = await Promise.all([
    import("../../platform/detect.ts"),
    import("../../gitops/drift-issue.ts"),
  ]);
  if (stacks.length === 0) return print("There is no stack to tell about.");
  const platform = detectPlatform();
  const report = mergeReports(reportsIn(reports), stacks);
  const text = driftIssue(report, { run: platform.run, length: platform.longestText });
  const open = await platform.findIssue(issueMarker);
  const close = report.status === "none";
  if (!open && close) return print("No drift, and no issue is open.");
  const { url } = open
    ? await platform.changeIssue(open.id, text, { close })
    : await platform.openIssue(text);
  print(`${close ? "Closed" : open ? "Changed" : "Opened"} ${url}`);
}

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
