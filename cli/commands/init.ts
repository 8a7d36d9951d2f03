import { Command, InvalidArgumentError, Option } from "commander";
import { ciPlatforms, type Vendor, vendors } from "../init/template.ts";

const examples = `
Examples:
  $ npx ucaas init voicehouse --vendors xima,enablex
  $ npx ucaas init voicehouse --sandbox  # with customers to try, and no account
  $ npx ucaas init . --name voicehouse --ci gitlab --stack prod

No file is overwritten. \`pulumi new\` takes the same template: the folder
templates/reseller of this package.`;

/** `ucaas init`: a reseller's own repository. */
export function initCommand(): Command {
  return new Command("init")
    .description("create a reseller's repository: program, stack file, workflows")
    .argument("[folder]", "where it is made", ".")
    .option("-n, --name <name>", "name of the Pulumi project (default: name of the folder)")
    .option(
      "--vendors <list>",
      `systems that the stack file is for: ${vendors.join(",")}`,
      vendorList,
      [...vendors],
    )
    .option("--stack <name>", "name of the first stack", stackName, "dev")
    .addOption(
      new Option("--ci <platform>", "whose pipelines are written")
        .choices([...ciPlatforms])
        .default("github"),
    )
    .option("--sandbox", "add a stack with customers for `ucaas sandbox`")
    .option("--packages <folder>", "install the packages from tarballs in a folder")
    .option("--json", "the files that were written as JSON")
    .addHelpText("after", examples)
    .action(async (folder, options) =>
      (await import("../init/init.ts")).initRepository(folder, options),
    );
}

function vendorList(text: string): Vendor[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !vendors.some((vendor) => vendor === name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`"${unknown}" is none of ${vendors.join(", ")}.`);
  return vendors.filter((vendor) => names.includes(vendor));
}

function stackName(text: string): string {
  if (!/^\w[\w.-]{0,99}$/.test(text) || text === "sandbox")
    throw new InvalidArgumentError("Write letters, digits, hyphens and periods, but not sandbox.");
  return text;
}
