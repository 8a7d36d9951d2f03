import { Command, InvalidArgumentError } from "commander";
import { wholeNumberUpTo } from "./whole-number.ts";

const examples = `
Examples:
  $ npx ucaas kubernetes manifests deploy/base --image r.example/voice:1
  $ npx ucaas kubernetes manifests deploy/base --image r.example/voice:1 \\
      --shards 8 --no-receiver
  $ npx ucaas kubernetes manifests deploy/base --image r.example/voice:1 \\
      --operator --repository https://git.example/voice.git`;

interface Options {
  image: string;
  receiverImage: string;
  namespace: string;
  shards: number;
  schedule: string;
  receiver: boolean;
  operator?: true;
  repository?: string;
  branch: string;
  json?: true;
}

/** `ucaas kubernetes`: what runs the stacks of a project on Kubernetes. */
export function kubernetesCommand(): Command {
  const command = new Command("kubernetes").description("write manifests for Kubernetes");
  command
    .command("manifests")
    .description("write a kustomize base: Jobs for up and drift, and the receiver")
    .argument("[folder]", "where it is written", "deploy/base")
    .requiredOption("--image <image>", "image with the project in /app, and the Pulumi CLI")
    .option("--receiver-image <image>", "image of receiver/Containerfile", "xelion-receiver:latest")
    .option("--no-receiver", "leave out the receiver of Xelion's callbacks")
    .option("--namespace <name>", "namespace of all objects", dnsLabel, "ucaas")
    .option("--shards <count>", "pods that share the stacks", wholeNumberUpTo(1000), 4)
    .option("--schedule <cron>", "when drift is checked, in UTC", schedule, "17 3 * * *")
    .option("--operator", "a Stack of the Pulumi Kubernetes Operator for each stack, not a Job")
    .option("--repository <url>", "with --operator: the repository of the project")
    .option("--branch <name>", "with --operator: its branch", "main")
    .option("--json", "the files and the Secrets that they need as JSON")
    .addHelpText("after", examples)
    .action(async (folder: string, options: Options, self: Command) => {
      const { operator, repository, branch, json, ...rest } = options;
      if (operator && repository === undefined)
        self.error(
          "error: --operator needs --repository <url>. See ucaas kubernetes manifests --help",
        );
      const useless = ["repository", "branch"].find(
        (name) => !operator && self.getOptionValueSource(name) === "cli",
      );
      if (useless !== undefined)
        self.error(`error: --${useless} needs --operator. See ucaas kubernetes manifests --help`);
      const { writeManifests } = await import("../kubernetes/write.ts");
      const manifests = {
        ...rest,
        ...(operator && repository !== undefined && { operator: { repository, branch } }),
      };
      await writeManifests(folder, manifests, { json });
    });
  return command;
}

/** As Kubernetes names namespaces. */
function dnsLabel(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("Write lower-case letters, digits and hyphens, at most 63.");
}

/** The API server checks the numbers. */
function schedule(text: string): string {
  if (/^[\w*/,?-]+( [\w*/,?-]+){4}$/.test(text)) return text;
  throw new InvalidArgumentError('Write five fields, such as "17 3 * * *".');
}
