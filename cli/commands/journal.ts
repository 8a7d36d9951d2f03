import { Command } from "commander";

/** Where the commands look that take `--stack` for it. */
export const journalPlaces = `With --stack, its place is
the one that the stack's config names (ucaas:journal, ucaas:journalDir).
Without it, or where the config names none, it is the database of
UCAAS_JOURNAL, the folder of UCAAS_JOURNAL_DIR, or a default folder.`;

const about = `
The journal has an entry of each write that a run has begun. "open" means that
its outcome is not known: the run was killed, or the reply was lost. The next
pulumi up settles the entries of what the program still declares.

The journal is in a database or in a folder. ${journalPlaces}`;

/** `ucaas journal`: what runs have begun, and whose end is not known. */
export function journalCommand(): Command {
  const command = new Command("journal")
    .description("list and resolve the writes of interrupted runs")
    .addHelpText("after", about);
  command
    .command("list")
    .description("list the entries of the intent journal")
    .option("-s, --stack <name>", "the stack whose config names the journal")
    .option("--open", "only entries whose outcome is not known")
    .option("--json", "as JSON")
    .action(async (options) => (await import("../journal.ts")).listJournal(options));
  command
    .command("resolve <entry...>")
    .description("remove entries, once you have checked their outcome at the vendor")
    .option("-s, --stack <name>", "the stack whose config names the journal")
    .option("--json", "what was removed as JSON")
    .action(async (entries, options) =>
      (await import("../journal.ts")).resolveEntries(entries, options),
    );
  command
    .command("move <old> <new>")
    .description(
      "move the entries of a stack that was renamed: project/stack@backend, as the error names both",
    )
    .option("-s, --stack <name>", "the stack whose config names the journal")
    .option("--json", "how many were moved as JSON")
    .action(async (from, to, options) =>
      (await import("../journal.ts")).moveEntries(from, to, options),
    );
  command
    .command("accept <identity>")
    .description(
      "send orders again, once you have looked at what another machine's runs left: project/stack@backend, as the error names it",
    )
    .option("-s, --stack <name>", "the stack whose config names the journal")
    .option("--json", "what was accepted as JSON")
    .action(async (identity, options) =>
      (await import("../journal.ts")).acceptRuns(identity, options),
    );
  return command;
}
