import { Command, InvalidArgumentError, Option } from "commander";

const examples = `
Examples:
  $ npx ucaas install-pulumi
  $ npx ucaas install-pulumi --site https://mirror.example/pulumi

The version is that of the project's npm package pulumi. Where this release of
ucaas records no checksum for it, the list of Pulumi's own site is the check.
To pin that one too, give its --checksum.`;

/** `ucaas install-pulumi`: the Pulumi CLI, checked before anything of it runs. */
export function installPulumiCommand(): Command {
  return new Command("install-pulumi")
    .description("install the Pulumi CLI of the project, and check its archive first")
    .addOption(
      new Option("--site <url>", "a mirror of https://get.pulumi.com/releases/sdk").env(
        "UCAAS_PULUMI_SITE",
      ),
    )
    .option("--checksum <sha256>", "checksum that the archive must have", sha256)
    .option("--json", "version, folder and what was checked as JSON")
    .addHelpText("after", examples)
    .action(async (options) => (await import("../pulumi/install.ts")).installPulumi(options));
}

function sha256(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text;
  throw new InvalidArgumentError("Write 64 hexadecimal digits.");
}
