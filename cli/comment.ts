import { join } from "node:path";
import { Command } from "commander";
import { UcaasError } from "../provider/dynamic/errors.ts";
import { previewIn } from "./gitops/preview-file.ts";
import { stackList } from "./gitops/stack-list.ts";

/** `ucaas comment`: the previews of a pull request in one comment, which is changed as often as the pull request is. */
export function commentCommand(): Command {
  return new Command("comment")
    .description("write the previews of a pull request into one comment, or change the one that is there")
    .requiredOption("--stacks <json>", "the stacks that were to be previewed, as ucaas stacks --json printed them", stackList)
    .option("--previews <folder>", "folder of what ucaas preview wrote, as preview-<stack>.json", "previews")
    .option("--pull-request <number>", "default the one that the pipeline runs for", Number)
    .action(comment);
}

async function comment({
  stacks,
  previews: folder,
  pullRequest,
}: {
  stacks: string[];
  previews: string;
  pullRequest?: number;
}): Promise<void> {
  const [{ forgeOf }, { commentMarker, previewComment }] = await Promise.all([
    import("./forge/forge.ts"),
    import("./gitops/preview-report.ts"),
  ]);
  const forge = forgeOf();
  const number = pullRequest ?? forge.pullRequest;
  if (!number)
    throw new UcaasError("this pipeline runs for no pull request", {
      code: "NO_PULL_REQUEST",
      operation: "comment",
      hint: "name one with --pull-request",
    });
  const earlier = await forge.findComment(number, commentMarker);
  if (stacks.length === 0 && !earlier) return console.log("No stack is touched, so there is nothing to say.");
  const previews = new Map(stacks.map((stack) => [stack, previewIn(join(folder, `preview-${stack}.json`))]));
  const text = previewComment(previews, { run: forge.run, commit: forge.commit, length: forge.longestText });
  const { url } = earlier ? await forge.changeComment(number, earlier.id, text) : await forge.addComment(number, text);
  console.log(`${earlier ? "Changed" : "Added"} ${url}`);
}
