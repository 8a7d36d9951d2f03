import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { DriftReport } from "./drift/report.ts";
import { stackList } from "./gitops/stack-list.ts";

/** `ucaas issue`: one issue that is open as long as there is drift, or as long as nobody can tell. */
export function issueCommand(): Command {
  return new Command("issue")
    .description("keep one issue about drift: open it, change it, or close it when all stacks are known to have none")
    .requiredOption("--stacks <json>", "the stacks that were to be checked, as ucaas stacks --json printed them", stackList)
    .option("--reports <folder>", "folder of what ucaas drift --json --out wrote", "reports")
    .action(issue);
}

async function issue({ stacks, reports }: { stacks: string[]; reports: string }): Promise<void> {
  const [{ forgeOf }, { driftIssue, issueMarker, together }] = await Promise.all([
    import("./forge/forge.ts"),
    import("./gitops/drift-issue.ts"),
  ]);
  if (stacks.length === 0) return console.log("There is no stack to tell about.");
  const forge = forgeOf();
  const report = together(reportsIn(reports), stacks);
  const text = driftIssue(report, { run: forge.run, length: forge.longestText });
  const open = await forge.findIssue(issueMarker);
  const close = report.status === "none";
  if (!open && close) return console.log("No drift, and no issue is open.");
  const { url } = open ? await forge.changeIssue(open.id, text, { close }) : await forge.openIssue(text);
  console.log(`${close ? "Closed" : open ? "Changed" : "Opened"} ${url}`);
}

/** A check that was cut off left no file, or half of one: its stack could not be told. */
function reportsIn(folder: string): DriftReport[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.sort().flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), "utf8")) as DriftReport];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}
