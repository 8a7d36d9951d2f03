import { Command, Option } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import type { Message } from "../notify/message.ts";
import { type Platform, platforms } from "../notify/platforms.ts";
import { print, printJson, printNotice } from "../output.ts";

const details = `
The URL of the webhook is a secret. It is UCAAS_WEBHOOK_URL, or is in the file
that UCAAS_WEBHOOK_URL_FILE or --webhook names; else it is asked for on the
terminal. Slack and Teams are known by their hosts; any other gets JSON.

Exit status: 0 all messages were sent, or there was nothing to tell; 1 at least
one was not sent, or a file holds no report. The others are still sent.

Examples:
  ucaas doctor --out doctor.json; ucaas notify doctor.json
  ucaas notify drift.json doctor.json --only-problems
  ucaas notify preview.json --webhook /run/secrets/webhook --format teams`;

/** `ucaas notify`: tells a chat what a report says. */
export function notifyCommand(): Command {
  return new Command("notify")
    .description("send what a report says to Slack, Teams or another webhook")
    .argument("<report...>", "JSON that doctor, drift or preview wrote")
    .option("--webhook <file>", "file that holds the URL of the webhook")
    .addOption(
      new Option("--format <name>", "what the webhook takes; default by its host").choices(
        platforms,
      ),
    )
    .option("--only-problems", "say nothing of a report in which all is in order")
    .option("--fail-on-unmanaged", "customers that no stack declares count as drift")
    .option("--json", "what was sent as JSON")
    .addHelpText("after", details)
    .action(notify);
}

interface Options {
  webhook?: string;
  format?: Platform;
  onlyProblems?: true;
  failOnUnmanaged?: true;
  json?: true;
}

async function notify(files: string[], options: Options): Promise<void> {
  const [{ readMessages }, { post, readWebhook }] = await Promise.all([
    import("../notify/reports.ts"),
    import("../notify/webhook.ts"),
  ]);
  const read = readMessages(files, { unmanaged: options.failOnUnmanaged });
  const messages = read.messages.filter(({ status }) => !options.onlyProblems || status !== "ok");
  const failures = new Map<Message, UcaasError>();
  if (messages.length > 0) {
    const url = await readWebhook(options.webhook);
    for (const message of messages) {
      try {
        const platform = await post(url, message, options.format);
        if (!options.json) print(`sent to ${url.host} (${platform}): ${message.title}`);
      } catch (error) {
        if (!(error instanceof UcaasError)) throw error;
        failures.set(message, error);
        printNotice(`not sent: ${message.title} (${error.reason})`);
      }
    }
  } else if (!options.json && read.unread.length === 0) print("Nothing to tell: all is in order.");
  if (options.json)
    printJson({
      sent: messages.length - failures.size,
      failed: failures.size,
      messages: messages.map((message) => outcome(message, failures.get(message))),
      unread: read.unread.map(({ file, error }) => ({ file, error: described(error) })),
    });
  const errors = [...read.unread.map(({ error }) => error), ...failures.values()];
  for (const { error } of read.unread.slice(1)) printNotice(described(error));
  if (errors[0]) throw errors[0];
}

function outcome(message: Message, failure: UcaasError | undefined): object {
  if (failure === undefined) return { ...message, sent: true };
  return { ...message, sent: false, error: described(failure) };
}

function described({ reason, code }: UcaasError): string {
  return `${reason} [${code}]`;
}
