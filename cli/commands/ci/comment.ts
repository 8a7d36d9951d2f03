import { join } from "node:path";
import { Command } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { previewIn } from "../../gitops/preview-report.ts";
import { stackList } from "../../gitops/stack-list.ts";
import { print, printJson } from "../../output.ts";
import { wholeNumber } from "../whole-number.ts";

/**
 * `ucaas ci comment`: the previews of a pull request in one comment, which is changed as
 * often as the pull request is.
 */
export function commentCommand(): Command {
  return new Command("comment")
    .description(
      "write the previews of a pull request into one comment, or change the one that is there",
    )
    .requiredOption(
      "--stacks <json>",
      "the stacks that were to be previewed, as ucaas ci stacks --json printed them",
      stackList,
    )
    .option(
      "--previews <folder>",
      "folder of what ucaas ci preview wrote, as preview-<stack>.json",
      "previews",
    )
    .option("--pull-request <number>", "default the one that the pipeline runs for", wholeNumber)
    .option("--json", "what was done as JSON")
    .action(comment);
}

interface Options {
  stacks: string[];
  previews: string;
  pullRequest?: number;
  json?: true;
}

async function comment({ stacks, previews: folder, pullRequest, json }: Options): Promise<void> {
  const [{ detectPlatform }, { commentMarker, previewComment }] = await Promise.all([
    import("../../platform/detect.ts"),
    import("../../gitops/preview-report.ts"),
  ]);
  const platform = detectPlatform();
  const number = pullRequest ?? platform.pullRequest;
  if (!number)
    throw new UcaasError("this pipeline runs for no pull request", {
      code: "NO_PULL_REQUEST",
      operation: "comment",
      hint: "name one with --pull-request",
    });
  const earlier = await platform.findComment(number, commentMarker);
  if (stacks.length === 0 && !earlier)
    return json
      ? printJson({ action: "none", pullRequest: number, previewed: [], missing: [] })
      : print("No stack is touched, so there is nothing to say.");
  const previews = new Map(
    stacks.map((stack) => [stack, previewIn(join(folder, `preview-${stack}.json`))]),
  );
  const text = previewComment(previews, {
    run: platform.run,
    commit: platform.commit,
    length: platform.longestText,
  });
  const { url } = earlier
    ? await platform.changeComment(number, earlier.id, text)
    : await platform.addComment(number, text);
  if (!json) return print(`${earlier ? "Changed" : "Added"} ${url}`);
  const missing = stacks.filter((stack) => !previews.get(stack));
  const previewed = stacks.filter((stack) => previews.get(stack));
  const action = earlier ? "changed" : "added";
  printJson({ action, url, pullRequest: number, previewed, missing });
}
