import { readFileSync } from "node:fs";
import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { z } from "zod";
import { asMarkdown } from "../changes/render-markdown.ts";
import { changeReportSchema } from "../changes/report.ts";
import { operations as plannedOperations } from "../changes/rows.ts";
import { block, cell, code, htmlCode, row, shortened } from "../markdown.ts";

export const previewSchema = z.object({
  version: z.literal(1),
  stack: z.string(),
  status: z.enum(["ok", "failed"]),
  /** The commit that the previewed change was merged into, when it was a merge. */
  base: z.string().optional(),
  /** The preview for people, without secrets. */
  text: z.string(),
  /** What it would change; a report of release 0.1.0 has none, a later one may have more. */
  summary: changeReportSchema.optional().catch(undefined),
});
/** What `ucaas ci preview --out` writes, and `ucaas ci comment` reads. */
export type PreviewReport = Readonly<z.output<typeof previewSchema>>;

/** The report of a file. One that was cut off left no file, or half of one. */
export function previewIn(file: string): PreviewReport | undefined {
  try {
    return previewSchema.safeParse(tryParseJson(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The first line of the comment, by which the next run finds it. */
export const commentMarker = "<!-- ucaas: preview -->";

/** Of more stacks than this, all are folded. */
const maxOpen = 3;

/** A shorter preview says nothing. */
const leastRoom = 100;

/** What would be done: `2 to create, 1 to update`. */
function operations({ status, text, summary }: PreviewReport): string {
  if (status === "failed") return "**the preview failed**";
  if (summary) {
    const told = plannedOperations(summary).join(", ") || "no changes";
    const kinds = new Set(summary.violations.map(({ kind }) => kind));
    if (kinds.has("exceeded")) return `**beyond the limits**: ${told}`;
    return kinds.has("unknown") ? `**not known to keep to the limits**: ${told}` : told;
  }
  // The text of release 0.1.0 is what the CLI printed, with the counts at the end.
  const [, counts = ""] = /^Resources:\n((?: +.*\n?)+)/m.exec(text) ?? [];
  const changes = counts
    .split("\n")
    .flatMap(
      (line) => /\d+ (?:to [a-z]+(?: original)?|errored)|\d+ changes?/.exec(line)?.[0] ?? [],
    );
  return changes.length > 0 ? changes.join(", ") : "no changes";
}

/**
 * The comment on a pull request: all stacks in a table, each preview to unfold. A stack
 * without a preview is there as such.
 *
 * @param previews  by stack, in the order of the table
 */
export function previewComment(
  previews: ReadonlyMap<string, PreviewReport | undefined>,
  { run, commit, length }: { run?: string; commit?: string; length: number },
): string {
  const bottom = footer(run, commit);
  if (previews.size === 0)
    return [commentMarker, "No stack is touched by this change any more.", "", bottom].join("\n");
  const missing = "**no preview**: its job ended before";
  const table = [...previews].map(([stack, preview]) =>
    row([cell(stack), preview ? operations(preview) : missing]),
  );
  const top = [
    commentMarker,
    "### What `pulumi up` would do",
    "",
    row(["stack", "changes"]),
    row(["---", "---"]),
    ...table,
    "",
  ].join("\n");
  const reports = [...previews].flatMap(([stack, preview]) =>
    preview ? [{ stack, preview }] : [],
  );
  // Each has the same room, less what stands around it.
  const room =
    Math.floor((length - top.length - bottom.length) / Math.max(1, reports.length)) - 300;
  if (room < leastRoom)
    return `${shortened(`${top}\n… the run's log has the previews.\n`, length - bottom.length - 1)}\n${bottom}`;
  const details = reports.map(({ stack, preview: { text, summary } }) =>
    [
      `<details${summary && reports.length <= maxOpen ? " open" : ""}><summary>${htmlCode(stack)}</summary>`,
      "",
      summary ? asMarkdown(summary, room) : block(shortened(text, room)),
      "",
      "</details>",
      "",
    ].join("\n"),
  );
  return [top, ...details, bottom].join("\n");
}

function footer(run: string | undefined, commit: string | undefined): string {
  const parts = [
    commit && `Commit ${code(commit.slice(0, 12))}`,
    run && `[log of the run](${run})`,
  ];
  return parts.filter(Boolean).join(" · ");
}
