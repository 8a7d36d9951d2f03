import { customerSummary, mergeCounts } from "../drift/customers.ts";
import { asMarkdown } from "../drift/render.ts";
import { type DriftReport, driftReport, unknownDrift } from "../drift/report.ts";
import { shortened } from "../markdown.ts";
import { bareName } from "../pulumi/stack-name.ts";
import { visible } from "../redact.ts";

/** The first line of the issue, by which the next run finds it. */
export const issueMarker = "<!-- ucaas: drift -->";

/**
 * One report of many, about the stacks that were to be checked: the drift of one without
 * a report is unknown.
 *
 * @param stacks as their files name them; a check may have named them with an organization
 */
export function mergeReports(
  reports: readonly DriftReport[],
  stacks: readonly string[],
): DriftReport {
  const isWanted = ({ stack }: { readonly stack: string }) => stacks.includes(bareName(stack));
  const wanted = reports.filter((report) => report.stacks.some(isWanted));
  const told = wanted.flatMap((report) => report.stacks).filter(isWanted);
  const untold = stacks.filter((name) => !told.some(({ stack }) => bareName(stack) === name));
  const reason = "its check ended before it had a result; see the log of the run";
  return driftReport(
    [...told, ...untold.map((stack) => unknownDrift(stack, { reason }))],
    new Date(),
    mergeCounts(wanted, untold),
  );
}

/** Where even the list of stacks is missing: an empty list would close the issue. */
export function nothingChecked(): DriftReport {
  const reason = "it is not known which stacks there are; see the log of the run";
  return driftReport([unknownDrift("all stacks", { reason })]);
}

/**
 * Title and text of the issue. With `unmanaged`, customers that no stack declares are a
 * reason for it by themselves.
 */
export function driftIssue(
  report: DriftReport,
  { run, length, unmanaged = false }: { run?: string; length: number; unmanaged?: boolean },
): { title: string; text: string } {
  const names = (status: string) =>
    report.stacks.filter((each) => each.status === status).map(({ stack }) => stack);
  const parts = [
    ["drift in", names("drift")],
    ["could not tell for", names("unknown")],
  ] as const;
  const said = parts
    .filter(([, stacks]) => stacks.length > 0)
    .map(([words, stacks]) => `${words} ${abbreviate(stacks.map(visible))}`);
  const customers = customerSummary(report.customers);
  if (customers !== undefined && (unmanaged || said.length > 0)) said.push(customers);
  const title =
    said.length > 0 ? `Drift check: ${said.join("; ")}` : "Drift check: no drift any more";
  const link = run ? `\n[Log of the run](${run})\n` : "";
  return {
    title,
    text: `${issueMarker}\n${shortened(asMarkdown(report), length - link.length - issueMarker.length - 1)}${link}`,
  };
}

/** A title is one line: three names, and how many more. */
function abbreviate(stacks: readonly string[]): string {
  return stacks.length <= 3
    ? stacks.join(", ")
    : `${stacks.slice(0, 3).join(", ")} and ${stacks.length - 3} more`;
}
