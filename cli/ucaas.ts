import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { Command } from "commander";
import { UcaasError } from "../provider/dynamic/errors.ts";
import { withoutSecrets } from "../provider/dynamic/secrets.ts";
import { adoptCommand } from "./adopt.ts";
import { commentCommand } from "./comment.ts";
import { driftCommand } from "./drift.ts";
import { issueCommand } from "./issue.ts";
import { netsapiensCommand } from "./netsapiens.ts";
import { planFitsCommand } from "./plan-fits.ts";
import { previewCommand } from "./preview.ts";
import { receiverCommand } from "./receiver.ts";
import { reviewedPreviewCommand } from "./reviewed-preview.ts";
import { stacksCommand } from "./stacks.ts";
import { xelionCommand } from "./xelion.ts";
import { ximaCommand } from "./xima.ts";

const { description, version } = JSON.parse(readFileSync(findPackageJSON(import.meta.url)!, "utf8")) as {
  description: string;
  version: string;
};

// One file a subcommand; what a subcommand needs beyond its own options is best imported when it runs.
const program = new Command("ucaas")
  .description(description)
  .version(version)
  .showHelpAfterError()
  .addCommand(adoptCommand())
  .addCommand(netsapiensCommand())
  .addCommand(ximaCommand())
  .addCommand(receiverCommand())
  .addCommand(xelionCommand(), { hidden: true })
  .addCommand(driftCommand())
  .addCommand(stacksCommand())
  .addCommand(previewCommand())
  .addCommand(commentCommand())
  .addCommand(reviewedPreviewCommand())
  .addCommand(planFitsCommand())
  .addCommand(issueCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UcaasError)) throw error;
  console.error(withoutSecrets(error.message));
  process.exitCode = 1;
}
