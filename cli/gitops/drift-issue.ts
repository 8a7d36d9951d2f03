import { asMarkdown } from "../drift/formats.ts";
import { type DriftReport, driftReport } from "../drift/report.ts";
import { shortened } from "../markdown.ts";

/** The first line of the issue, by which the next run finds it. */
export const issueMarker = "<!-- ucaas: drift -->";

/** One report of many, about all stacks that were to be checked: one that no report tells about could not be told. */
export function together(reports: readonly DriftReport[], stacks: readonly string[]): DriftReport {
  const told = reports.flatMap((report) => report.stacks);
  const untold = stacks.filter((stack) => !told.some((each) => each.stack === stack));
  const reason = "its check ended before it had a result; see the log of the run";
  return driftReport([
    ...told,
    ...untold.map((stack) => ({ stack, status: "unknown" as const, checked: 0, differences: [], unknown: [{ reason }] })),
  ]);
}

/** Title and text of the issue. */
export function driftIssue(report: DriftReport, { run, length }: { run?: string; length: number }): { title: string; text: string } {
  const names = (status: string) => report.stacks.filter((each) => each.status === status).map(({ stack }) => stack);
  const parts = [
    ["drift in", names("drift")],
    ["could not tell for", names("unknown")],
  ] as const;
  const said = parts.filter(([, stacks]) => stacks.length > 0).map(([words, stacks]) => `${words} ${few(stacks)}`);
  const title = said.length > 0 ? `Drift check: ${said.join("; ")}` : "Drift check: no drift any more";
  const link = run ? `\n[Log of the run](${run})\n` : "";
  return { title, text: `${issueMarker}\n${shortened(asMarkdown(report), length - link.length - issueMarker.length - 1)}${link}` };
}

/** A title is one line: three names, and how many more. */
function few(stacks: readonly string[]): string {
  return stacks.length <= 3 ? stacks.join(", ") : `${stacks.slice(0, 3).join(", ")} and ${stacks.length - 3} more`;
}
