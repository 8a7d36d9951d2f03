import { Command, InvalidArgumentError, Option } from "commander";
import { acceptedScopes } from "pulumi-ucaas/internal/netsapiens/scopes";
import { type Step, steps } from "pulumi-ucaas/internal/netsapiens/steps";
import type { VerifyOptions } from "../netsapiens/verify.ts";

const about = `
What is verified:
  with --client-id    that client; what no option gives is taken from the
                      environment (NETSAPIENS_API_URL, NETSAPIENS_API_USERNAME)
                      or, with --stack, from the config of that stack
  with --stack alone  every NetsapiensOAuthClient in the state of that stack

Secrets are never arguments: other users of the machine could read them. The API
password is NETSAPIENS_API_PASSWORD, or is in the stack's config; the client's
secret is NETSAPIENS_CLIENT_SECRET. Each may be named as a file:
NETSAPIENS_CLIENT_SECRET_FILE. What is missing is asked for on the terminal, or
read with --stdin, a line each: first the client's secret, then the password.

Exit status: 0 all steps that were asked for passed, 1 one did not.`;

/** `ucaas netsapiens`: OAuth clients, outside Pulumi. */
export function netsapiensCommand(): Command {
  const command = new Command("verify")
    .description("run the six steps of the guide's troubleshooting against a NetSapiens system")
    .option(
      "--stack <name>",
      "a stack of the project in this folder: its clients, or the defaults from its config",
    )
    .option("--account <name>", "section netsapiens:accounts.<name> of the config")
    .option("--client-id <id>", "the client to verify")
    .option("--api-url <url>", "full URL of the management portal, without a path")
    .option("--domain <name>", "the domain within the NetSapiens environment")
    .option("--api-username <login>", "login name of the API user")
    .option("--did <number>", "number for inbound testing, E.164 or national digits")
    .option("--did-destination <name>", "user, device or queue that the number must be routed to")
    .addOption(
      new Option(
        "--minimum-scope <scope>",
        "least scope of the API user; default Office Manager",
      ).choices(acceptedScopes),
    )
    .addOption(
      new Option("--steps <names>", `only these, with commas: ${steps.join(",")}`).argParser(
        stepNames,
      ),
    )
    .option("--stdin", "read secrets that are missing from stdin")
    .option("--json", "as JSON, for programs")
    .addHelpText("after", about)
    .action(async (options: VerifyOptions) => {
      const { verifyClients } = await import("../netsapiens/verify.ts");
      if (!(await verifyClients(options))) process.exitCode = 1;
    });
  return new Command("netsapiens").description("NetSapiens OAuth clients").addCommand(command);
}

function stepNames(text: string): Step[] {
  return text.split(",").map((name) => {
    const step = steps.find((known) => known === name.trim());
    if (step === undefined)
      throw new InvalidArgumentError(`${JSON.stringify(name)} is no step: ${steps.join(", ")}`);
    return step;
  });
}
