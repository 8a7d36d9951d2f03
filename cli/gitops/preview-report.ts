import { block, code, row, shortened } from "../markdown.ts";

/** What `ucaas preview --out` writes, and `ucaas comment` reads. */
export interface PreviewReport {
  readonly version: 1;
  readonly stack: string;
  readonly status: "ok" | "failed";
  /** The commit that the previewed change was merged into, when it was a merge. */
  readonly base?: string;
  /** What the CLI printed; it has masked secrets. */
  readonly text: string;
}

/** The first line of the comment, by which the next run finds it. */
export const commentMarker = "<!-- ucaas: preview -->";

/** What would be done, in words: `2 to create, 1 to update`. Taken from the end of what the CLI printed. */
function operations({ status, text }: PreviewReport): string {
  if (status === "failed") return "**the preview failed**";
  const [, counts = ""] = /^Resources:\n((?: +.*\n?)+)/m.exec(text) ?? [];
  const changes = counts.split("\n").flatMap((line) => /\d+ (to|changes?) .*|\d+ errored/.exec(line)?.[0] ?? []);
  return changes.length > 0 ? changes.join(", ") : "no changes";
}

/**
 * The comment on a pull request: all stacks in a table, each preview to unfold. A stack without a preview stands there as such.
 *
 * @param previews  by stack, in the order of the table
 */
export function previewComment(
  previews: ReadonlyMap<string, PreviewReport | undefined>,
  { run, commit, length }: { run?: string; commit?: string; length: number },
): string {
  if (previews.size === 0) return [commentMarker, "No stack is touched by this change any more.", "", footer(run, commit)].join("\n");
  const missing = "**no preview**: its job ended before";
  const table = [...previews].map(([stack, preview]) => row([code(stack), preview ? operations(preview) : missing]));
  const top = [commentMarker, "### What `pulumi up` would do", "", row(["stack", "changes"]), row(["---", "---"]), ...table, ""].join("\n");
  const bottom = footer(run, commit);
  const made = [...previews].flatMap(([stack, preview]) => (preview ? [{ stack, preview }] : []));
  // Each has the same room, less what stands around it.
  const room = Math.floor((length - top.length - bottom.length) / Math.max(1, made.length)) - 300;
  const details = made.map(({ stack, preview }) =>
    [`<details><summary><code>${stack}</code></summary>`, "", block(shortened(preview.text, room)), "", "</details>", ""].join("\n"),
  );
  return [top, ...details, bottom].join("\n");
}

function footer(run: string | undefined, commit: string | undefined): string {
  return [commit && `Commit ${code(commit.slice(0, 12))}`, run && `[log of the run](${run})`].filter(Boolean).join(" · ");
}
