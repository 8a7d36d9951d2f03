import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
<<<<<<< HEAD
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
=======
import { reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";
import { rememberEnvironment } from "./redact.ts";
>>>>>>> 4813512 (feat(cli): group pipeline commands under ci and print no credential)

const about = JSON.parse(readFileSync(findPackageJSON(import.meta.url)!, "utf8")) as {
  description: string;
  version: string;
};

<<<<<<< HEAD
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
=======
const words = process.argv.slice(2);
// Taken by any command, and before commands read their options, since any of them can fail.
const debug = words.includes("--debug") || /\bucaas\b/.test(process.env.NODE_DEBUG ?? "");
const fail = (error: unknown) => reportFailure(error, { version: about.version, debug });

rememberEnvironment(process.env);
process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});
// The reader of a pipe, such as `head`, may end first.
process.stdout.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? process.exit() : fail(error)));
>>>>>>> 4813512 (feat(cli): group pipeline commands under ci and print no credential)

try {
  await createProgram(about).parseAsync(
    words.filter((word) => word !== "--debug"),
    { from: "user" },
  );
} catch (error) {
  fail(error);
}
