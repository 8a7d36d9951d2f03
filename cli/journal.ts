import { acceptEarlierRuns } from "pulumi-ucaas/internal/runtime/earlier-runs";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import {
  entryReference,
  hasOrderStatus,
  isSettled,
  ownerOf,
} from "pulumi-ucaas/internal/runtime/intents";
import { Journal, type JournalEntry } from "pulumi-ucaas/internal/runtime/journal";
import { stackParts } from "pulumi-ucaas/internal/runtime/stack-identity";
import { counted } from "./counted.ts";
import { print, printJson, printNotice } from "./output.ts";
import { providerEnvironment } from "./pulumi/project.ts";
import { stackConfig } from "./pulumi/stack.ts";
import { type Cell, renderTable } from "./table.ts";

interface Options {
  readonly stack?: string;
  readonly json?: true;
}

/** Prints the entries, as a table or as JSON. */
export async function listJournal(options: Options & { readonly open?: true }): Promise<void> {
  const journal = await openJournal(options);
  const { entries, unreadable } = await journal.list();
  const listed = entries.filter((entry) => isWrite(entry) && (!options.open || !isSettled(entry)));
  if (options.json) {
    const shown = listed.map((entry) => ({
      reference: entryReference(entry),
      status: statusOf(entry),
      ...entry,
    }));
    printJson({ journal: journal.location, entries: shown, unreadable });
  } else if (listed.length === 0)
    print(`No ${options.open ? "open " : ""}entry in ${journal.location}.`);
  else print(renderTable(["entry", "status", "write", "of", "stack", "at"], listed.map(toRow)));
  for (const message of options.json ? [] : unreadable) printNotice(message);
  if (unreadable.length > 0) process.exitCode = 1;
}

/** Removes entries by their references. */
export async function resolveEntries(
  references: readonly string[],
  options: Options,
): Promise<void> {
  const journal = await openJournal(options);
  const { entries } = await journal.list();
  const found = references.map((reference) =>
    findEntry(entries, reference, journal.location, options),
  );
  for (const entry of found) await journal.drop(entry, entry);
  if (options.json) return printJson({ removed: found });
  for (const entry of found) print(`removed: ${describeEntry(entry)}`);
}

/**
 * Gives a stack's entries to its new identity. The journal need not have any: of an order
 * that only a relay knows, the next run finds the sender by this note.
 */
export async function moveEntries(from: string, to: string, options: Options): Promise<void> {
  const journal = await openJournal(options);
  const known = await knownStacks(journal);
  for (const identity of [from, to])
    if (!stackParts(identity).name) throw unknownStack(identity, known, "move", options);
  if (!known.includes(from)) printNotice(`the journal has nothing of ${from}. ${named(known)}`);
  const moved = await journal.move(from, to);
  const { entries } = await journal.list();
  for (const entry of entries)
    if (isWrite(entry) && entry.stack === from && from !== to)
      printNotice(
        `not moved, since ${to} has a write of the same: ${entryReference(entry)}, ${describeEntry(entry)}`,
      );
  if (options.json) return printJson({ moved, from, to });
  print(`moved ${counted(moved, "entry", "entries")} from ${from} to ${to}`);
}

/**
 * Takes what earlier runs of a stack may have sent for looked at. The run that was refused
 * has noted in the journal, under the stack's identity, what there is to accept.
 */
export async function acceptRuns(identity: string, options: Options): Promise<void> {
  const journal = await openJournal(options);
  const known = await knownStacks(journal);
  if (!known.includes(identity)) throw unknownStack(identity, known, "accept", options);
  const pending = await acceptEarlierRuns(journal, identity);
  if (options.json) return printJson({ accepted: identity, pending });
  const counts = counted(pending, "pending operation counts", "pending operations count");
  const looked = pending > 0 ? `; ${counts} as looked at` : "";
  print(`accepted: orders of ${identity} are sent again${looked}`);
}

async function openJournal({ stack }: Options): Promise<Journal> {
  const config = stack === undefined ? { get: () => undefined } : await stackConfig(stack);
  return new Journal({ get: (key) => config.get(key) as never }, providerEnvironment());
}

/** The identities of the stacks that the journal has something of. */
async function knownStacks(journal: Journal): Promise<string[]> {
  const { entries } = await journal.list();
  // The journal's own name is of no stack.
  const all = entries.flatMap(({ stack, heldBy = stack }) => [stack, heldBy]);
  const stacks = new Set(all.filter((stack) => stack !== ""));
  return [...stacks].sort();
}

function named(known: readonly string[]): string {
  return known.length > 0 ? `It knows ${known.join(", ")}` : "It knows no stack";
}

function unknownStack(
  identity: string,
  known: readonly string[],
  command: string,
  { stack }: Options,
): UcaasError {
  const elsewhere =
    stack === undefined ? ". If the stack's config names the journal: add --stack <stack>" : "";
  return new UcaasError(`the journal does not know the stack ${identity}`, {
    code: "NO_JOURNAL_ENTRY",
    operation: `journal ${command}`,
    hint: [
      `nothing was noted. ${named(known)}`,
      `name the stack as the error does: project/stack@backend${elsewhere}`,
    ].join("\n    "),
  });
}

/** A stack's identity has an entry too, where it was moved. */
export function isWrite({ vendor }: JournalEntry): boolean {
  return vendor !== "ucaas";
}

function findEntry(
  entries: readonly JournalEntry[],
  reference: string,
  location: string,
  { stack }: Options,
): JournalEntry {
  const found = entries.find((entry) => isWrite(entry) && entryReference(entry) === reference);
  if (found) return found;
  throw new UcaasError(`there is no entry ${reference} in ${location}`, {
    code: "NO_JOURNAL_ENTRY",
    operation: "journal resolve",
    hint:
      stack === undefined
        ? "nothing was removed. If the stack's config names the journal: add --stack <stack>"
        : `nothing was removed. ucaas journal list --stack ${stack} shows the entries`,
  });
}

type Status = "completed" | "failed" | "open";

const tones = { completed: "good", failed: "bad", open: "attention" } as const;

export function statusOf(entry: JournalEntry): Status {
  if (hasOrderStatus(entry, "FAILED")) return "failed";
  return isSettled(entry) ? "completed" : "open";
}

export function describeEntry(entry: JournalEntry): string {
  const { operation = "write", vendor, thing, stack, intendedAt } = entry;
  const owner = ownerOf(entry) ?? "a resource";
  return `${operation} of ${vendor} ${thing} by ${owner} of ${stack}, ${intendedAt}`;
}

function toRow(entry: JournalEntry): Cell[] {
  const status = statusOf(entry);
  const { operation, vendor, thing, stack, intendedAt } = entry;
  return [
    entryReference(entry),
    { text: status, tone: tones[status] },
    `${operation ?? "write"} ${vendor} ${thing}`,
    ownerOf(entry) ?? "",
    stack,
    intendedAt,
  ];
}
