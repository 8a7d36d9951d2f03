import ms from "ms";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import {
  entryReference,
  orderIdOf,
  ownerOf,
  toStateResource,
} from "pulumi-ucaas/internal/runtime/intents";
import { isSameStack, type JournalEntry } from "pulumi-ucaas/internal/runtime/journal";
import { allIdentities, stackParts } from "pulumi-ucaas/internal/runtime/stack-identity";
import { counted } from "../counted.ts";
import { describeEntry, statusOf } from "../journal.ts";
import { identityOf } from "../open-writes.ts";
import type { State } from "../pulumi/stack.ts";
import type { Outcome } from "./check.ts";

/** The stack that is examined, among those that may share its journal. */
export interface ExaminedStack {
  /** As the CLI takes it. */
  readonly name: string;
  /** Its identity first, then those that its resources have from before a rename. */
  readonly identities: readonly string[];
  /** The names of the project's stacks; absent where they cannot be read. */
  readonly existing?: readonly string[];
  /** The orders of its Xelion tenants with which a run ended well. */
  readonly orders?: readonly TenantOrder[];
}

interface TenantOrder {
  /** The resource's name. */
  readonly name: string;
  readonly orderId: unknown;
}

/**
 * @param readNames the names of the project's stacks: only a journal with open writes of
 *   others pays for this question
 */
export async function examinedStack(
  name: string,
  resources: readonly State[],
  entries: readonly JournalEntry[],
  readNames: () => Promise<readonly string[]>,
): Promise<ExaminedStack> {
  const marks = resources.map(({ outputs }) => outputs?.__stack);
  const identities = allIdentities(identityOf(name, resources), marks);
  const stack = { name, identities, orders: ordersThatEndedWell(resources) };
  if (!entries.some((entry) => isOpen(entry) && isOfProject(entry, stack))) return stack;
  try {
    return { ...stack, existing: await readNames() };
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return stack;
  }
}

/**
 * What is open in the journal. The writes of another stack are for its own runs to settle,
 * and for the doctor of that stack to report, as long as it exists.
 *
 * @param stack left out where none is selected: then each open write needs action
 */
export function judgeEntries(
  entries: readonly JournalEntry[],
  unreadable: readonly string[],
  now: Date,
  stack?: ExaminedStack,
): Outcome[] {
  const damaged = unreadable.map(
    (message): Outcome => ({ status: "action", code: "JOURNAL_UNREADABLE", found: message }),
  );
  const open = entries.filter(isOpen);
  const own = open.filter((entry) => !stack || isOwn(entry, stack));
  const rest = open.filter((entry) => !own.includes(entry));
  const unknown = own.filter((entry) => !hasOrder(entry, stack));
  const lost = rest.filter((entry) => stack && isLost(entry, stack));
  const others = rest.filter((entry) => !lost.includes(entry));
  const outcomes = [
    ...damaged,
    ...unknown.map((entry) => openWrite(entry, now, ownRemedy(entry, stack))),
    ...(stack ? lost.map((entry) => openWrite(entry, now, lostRemedy(entry, stack))) : []),
    ...(stack && others.length > 0 ? [describeOthers(others, stack)] : []),
  ];
  if (outcomes.length > 0) return outcomes;
  return [{ status: "ok", found: `${counted(entries.length, "entry", "entries")}, none open` }];
}

function ordersThatEndedWell(resources: readonly State[]): TenantOrder[] {
  return resources
    .map(({ urn, outputs, initErrors }) => ({ ...toStateResource(urn), outputs, initErrors }))
    .filter(({ type, initErrors }) => type === "XelionTenantProvision" && !initErrors?.length)
    .map(({ name, outputs }) => ({ name, orderId: outputs?.orderId }));
}

/**
 * Whether a run ended well with the order of an entry. It did not wait for the order's end,
 * as with `wait: "submitted"` or where nothing follows it, so there is nothing to find out.
 */
function hasOrder(entry: JournalEntry, { orders = [] }: Partial<ExaminedStack> = {}): boolean {
  const [name, orderId] = [ownerOf(entry), orderIdOf(entry)];
  return (
    orderId !== undefined && orders.some((each) => each.name === name && each.orderId === orderId)
  );
}

function isOpen(entry: JournalEntry): boolean {
  return statusOf(entry) === "open";
}

function isOwn(entry: JournalEntry, { identities }: ExaminedStack): boolean {
  return identities.some((identity) => isSameStack(identity, entry.stack));
}

/** Whether another stack of this project in its backend has written it. 0.1.0 named no backend. */
function isOfProject(entry: JournalEntry, stack: ExaminedStack): boolean {
  const [own, its] = [stack.identities[0] ?? "", entry.stack].map(stackParts);
  const isOfBackend = its?.backend === undefined || its.backend === own?.backend;
  return isOfBackend && its?.project === own?.project && !isOwn(entry, stack);
}

function isLost(entry: JournalEntry, stack: ExaminedStack): boolean {
  const { name = "" } = stackParts(entry.stack);
  return isOfProject(entry, stack) && stack.existing?.includes(name) === false;
}

function openWrite(entry: JournalEntry, now: Date, remedy: string): Outcome {
  const age = ms(Math.max(0, now.getTime() - Date.parse(entry.intendedAt)), { long: true });
  const found = `${describeEntry(entry)}: begun ${age} ago, and how it ended is not known`;
  return { status: "action", code: "OPEN_WRITE", found, remedy };
}

function ownRemedy(entry: JournalEntry, stack: ExaminedStack | undefined): string {
  return steps(
    "If an update is running, wait for its end.",
    "If the program declares it, run pulumi up: it finds out and goes on.",
    `Else look at the vendor, then: ${command(`resolve ${entryReference(entry)}`, stack)}`,
  );
}

function lostRemedy(entry: JournalEntry, stack: ExaminedStack): string {
  return steps(
    `If this stack was renamed: ${command(`move ${entry.stack} ${stack.identities[0]}`, stack)}`,
    `Else look at the vendor, then: ${command(`resolve ${entryReference(entry)}`, stack)}`,
  );
}

/** The journal was found by the config of the stack that is examined. */
function command(words: string, stack: ExaminedStack | undefined): string {
  return `ucaas journal ${words}${stack ? ` --stack ${stack.name}` : ""}`;
}

function describeOthers(entries: readonly JournalEntry[], stack: ExaminedStack): Outcome {
  const names = new Set(entries.map((entry) => nameOf(entry, stack)));
  const found = `${counted(entries.length, "open write")} of other stacks: ${[...names].sort().join(", ")}`;
  const isKnown = stack.existing || !entries.some((entry) => isOfProject(entry, stack));
  if (isKnown) return { status: "ok", found };
  return {
    status: "unknown",
    found: `${found}. Whether these stacks exist cannot be read`,
    remedy: "run ucaas doctor again when PULUMI_DIY_BACKEND_PARALLEL=1 pulumi stack ls works",
  };
}

/** Of another project or backend, the whole identity. */
function nameOf(entry: JournalEntry, stack: ExaminedStack): string {
  const { name } = stackParts(entry.stack);
  return (isOfProject(entry, stack) && name) || entry.stack;
}
