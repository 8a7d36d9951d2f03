import { readdirSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { isProgramOfCli } from "./host-location.ts";
import type { ResourceName } from "./intents.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { journalLocation } from "./journal-location.ts";
import { engineOfProgram } from "./note-run.ts";
import { organization, programStack } from "./organization.ts";
import type { StackRecord, StackState, StackUpdate } from "./stack-record.ts";
import { readStackResources } from "./stack-resources.ts";
import { hasNoPendingOperations, lastUpdateSucceeded } from "./state-file.ts";

/** What this program has declared so far. */
const declared: ResourceName[] = [];

export function noteDeclared(type: string, name: string): void {
  declared.push({ type, name });
}

/**
 * At the end of a program that the CLI runs: a warning that names each write of an
 * interrupted run which no resource owns, neither in this program nor in the state. Only
 * then it is known what the program declares; what this run has made is in the journal.
 */
export function warnOfUndeclaredWrites(): void {
  if (isProgramOfCli()) process.once("beforeExit", () => void warn());
}

async function warn(): Promise<void> {
  try {
    const get = (key: string) => pulumi.runtime.getConfig(key);
    const location = journalLocation({ get });
    const identity = programStack();
    // A journal that all machines share has every write.
    const mayBePending = "folder" in location && !hasNoPendingOperations(identity);
    const mayHaveFailed = "folder" in location && !lastUpdateSucceeded(identity);
    // Nearly always there is none, and nothing more is loaded.
    if ("folder" in location && !hasEntries(location.folder) && !mayBePending && !mayHaveFailed)
      return;
    const { Journal } = await import("./journal.ts");
    const journal = new Journal({ get: get as never });
    const { entries } = await journal.list();
    const [state, recent] = await Promise.all([
      mayBePending || mayHaveFailed ? readState(identity) : undefined,
      mayHaveFailed ? readRecent(identity) : undefined,
    ]);
    // What one of them cannot read does not silence the others.
    const writes = [
      ...(await orNone(undeclaredWrites(entries, identity))),
      ...(mayBePending && state ? await orNone(createsOfOthers(state, entries, identity)) : []),
    ];
    const updates =
      state && recent
        ? await orNone(updatesOfOthers({ ...state, updates: recent }, entries, journal, identity))
        : [];
    const left = "may have left something that no resource declares";
    await warnOf("write", `of interrupted runs ${left}`, writes);
    await warnOf("failed update", "of another journal may have left or changed something", updates);
  } catch {
    // A journal that cannot be read stops writes, which the provider reports.
  }
}

const orNone = (lines: Promise<string[]>) => lines.catch(() => []);

async function warnOf(what: string, rest: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const { printable } = await import("./printable.ts");
  const head = `${lines.length} ${what}${lines.length === 1 ? "" : "s"} ${rest}:`;
  await pulumi.log.warn([head, ...lines.map((line) => `  ${printable(line)}`)].join("\n"));
}

/** What this journal has of writes that no resource owns. */
async function undeclaredWrites(
  entries: readonly JournalEntry[],
  identity: string,
): Promise<string[]> {
  const [intents, { isSameStack }] = await Promise.all([
    import("./intents.ts"),
    import("./journal.ts"),
  ]);
  const { describeOpenIntent, describeWriteOfLostStack, isOwned } = intents;
  const { intentsOfLostStacks, openIntents, openIntentsOfOthers, toStateResource } = intents;
  // Of the journal itself there is always an entry. A saved plan may not allow the question.
  const undeclared = entries.filter(
    (entry) => entry.vendor !== "ucaas" && !isOwned(entry, declared),
  );
  const ofOthers = openIntentsOfOthers(entries, identity);
  if (undeclared.length === 0 && ofOthers.length === 0) return [];
  const before = (await stateBefore()).map(({ urn, outputs }) => ({
    ...toStateResource(urn),
    outputs,
  }));
  const names = await stackNames(ofOthers);
  // What this run is about to delete is in the state.
  const open = openIntents(undeclared, identity, before, names).filter(
    (entry) => !isOwned(entry, before),
  );
  // A resource of that name may be another object, unless the state has it from that stack.
  const others = ofOthers.filter((entry) => {
    const from = before.filter(({ outputs }) => isSameStack(entry.stack, String(outputs?.__stack)));
    return !open.includes(entry) && !isOwned(entry, from);
  });
  // They were renamed or removed, and no run under the old name will report these.
  const lost = names ? intentsOfLostStacks(others, names) : [];
  return [
    ...open.map(describeOpenIntent),
    ...lost.map((entry) => describeWriteOfLostStack(entry, identity)),
  ];
}

/** Undefined where it cannot be read: a run does not end for that. */
async function readState(identity: string): Promise<StackState | undefined> {
  const { readStackState, stackName } = await import("./stack-record.ts");
  return await readStackState(stackName(identity, organization()), []).catch(() => undefined);
}

/** Undefined where they cannot be read. */
async function readRecent(identity: string): Promise<readonly StackUpdate[] | undefined> {
  const { readUpdates, stackName } = await import("./stack-record.ts");
  return await readUpdates(stackName(identity, organization()), []).catch(() => undefined);
}

/** What the engine has of creates that are in no journal here, as after a kill of another machine. */
async function createsOfOthers(
  state: StackState,
  entries: readonly JournalEntry[],
  identity: string,
): Promise<string[]> {
  const creates = await import("../pending-creates.ts");
  return creates
    .unreportedCreates(creates.pendingCreates(state), entries, identity, declared)
    .map(creates.describePendingCreate);
}

/** Updates that failed with another journal, as when only its provider process was killed. */
async function updatesOfOthers(
  record: StackRecord,
  entries: readonly JournalEntry[],
  journal: Journal,
  identity: string,
): Promise<string[]> {
  const { describeFailedUpdate, journalPart, lastUpdatesOfOthers } = await import(
    "./failed-updates.ts"
  );
  const engine = engineOfProgram();
  const part = await journalPart(identity, record.resources, entries, journal, engine);
  return lastUpdatesOfOthers(record, part).map((update) => describeFailedUpdate(update, identity));
}

/** The stacks of the backend; undefined where they cannot be read. */
async function stackNames(
  ofOthers: readonly JournalEntry[],
): Promise<readonly string[] | undefined> {
  // Only stacks that share a journal pay for this question.
  if (ofOthers.length === 0) return [];
  const { readStackNames } = await import("./stack-record.ts");
  return await readStackNames().catch(() => undefined);
}

function hasEntries(folder: string): boolean {
  try {
    return readdirSync(folder).some((file) => file.endsWith(".json") && !file.startsWith("ucaas-"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** The resources of the last update, by the engine. */
async function stateBefore(): Promise<{ urn: string; outputs?: Record<string, unknown> }[]> {
  const resources = await readStackResources();
  return Object.entries(resources as Record<string, { outputs?: Record<string, unknown> }>).map(
    ([urn, resource]) => ({ urn, outputs: resource?.outputs ?? {} }),
  );
}
