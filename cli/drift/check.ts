import { UcaasError } from "../../provider/runtime/errors.ts";
import { openIntents } from "../../provider/runtime/intents.ts";
import { Journal, type JournalEntry } from "../../provider/runtime/journal.ts";
import { stackIdentity } from "../../provider/runtime/stack-identity.ts";
import { isAtVendor, type Locator, locator } from "../pulumi/locator.ts";
import { errorOf, type PulumiRun, pulumi } from "../pulumi/run.ts";
import { type PendingOperation, type StackState, stackState } from "../pulumi/stack.ts";
import { toStateResource } from "../pulumi/urn.ts";
import { RefreshEvents } from "./events.ts";
import { type CheckError, type StackDrift, type Status, unknownDrift } from "./report.ts";

/** How the check of a stack goes on, in resources. */
export interface Progress {
  expect(resources: number): void;
  checked(): void;
}

/**
 * Whether one stack has drifted, by `pulumi refresh --preview-only --expect-no-changes`:
 * the exit status of that command counts, and its events tell the rest. Nothing is
 * changed, in the state or at a vendor.
 */
export async function checkStack(stack: string, progress?: Progress): Promise<StackDrift> {
  const state = await stackState(stack).catch(pulumiFailure);
  if (state instanceof UcaasError) return unknownDrift(stack, { reason: reasonOf(state) });
  const expected = state.resources.filter(isAtVendor).length;
  if (expected === 0)
    return unknownDrift(
      stack,
      nothingToCompare,
      ...interrupted(state),
      ...(await openWrites(stack, state)),
    );
  progress?.expect(expected);

  const events = new RefreshEvents(locator(state.resources));
  const run = await pulumi(
    ["refresh", "--stack", stack, "--preview-only", "--expect-no-changes", "--json"],
    {
      // Without it, --json waits for the end, and then shows of each resource what was known before.
      env: { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
      onLine(line) {
        const count = events.counts.checked;
        events.take(line);
        if (events.counts.checked > count) progress?.checked();
      },
    },
  );
  const { status, errors } = evaluateRefresh(run, events);
  const unknown = [...errors, ...interrupted(state), ...(await openWrites(stack, state))];
  return {
    stack,
    status: unknown.length > 0 ? "unknown" : status,
    ...events.counts,
    differences: events.differences,
    unknown,
  };
}

const nothingToCompare: CheckError = {
  reason:
    "the state has no resource of a vendor, so nothing was compared. What to do: check that this is the right stack and backend; if it is, run pulumi up, or leave the stack out with --except",
};

/** What the CLI ends with when --expect-no-changes was wrong. */
const changed = 7;

function evaluateRefresh(
  run: PulumiRun,
  events: RefreshEvents,
): { status: Status; errors: readonly CheckError[] } {
  if (events.errors.length > 0) return { status: "unknown", errors: events.errors };
  if (run.exitCode !== 0 && run.exitCode !== changed)
    return { status: "unknown", errors: [{ reason: errorOf(run) }] };
  if (events.complete) return { status: run.exitCode === changed ? "drift" : "none", errors: [] };
  const reason =
    "pulumi refresh did not print what it found: this Pulumi CLI does not stream its events as JSON";
  return { status: "unknown", errors: [{ reason }] };
}

/** A stack that cannot be opened is reported beside what the others have. */
function pulumiFailure(error: unknown): UcaasError {
  if (error instanceof UcaasError && error.code !== "PULUMI_MISSING") return error;
  throw error;
}

function reasonOf({ reason, hint }: UcaasError): string {
  return hint === undefined ? reason : `${reason}. What to do: ${hint}`;
}

/**
 * Refresh does not mention it: what such an operation created may exist without being in
 * the state.
 */
function interrupted({ resources, pending }: StackState): CheckError[] {
  const locate: Locator = locator([...resources, ...pending.map(({ resource }) => resource)]);
  return pending.map(({ type, resource }: PendingOperation) => ({
    ...locate(resource.urn),
    reason: `pending operation "${type}": an update is running or was interrupted. What to do: if no update is running, run pulumi cancel, then pulumi up`,
  }));
}

/** What an interrupted run may have left at a vendor, and no resource in the state knows. */
async function openWrites(stack: string, { resources }: StackState): Promise<CheckError[]> {
  const { exitCode, stdout } = await pulumi([
    "config",
    "get",
    "ucaas:journalDir",
    "--stack",
    stack,
  ]);
  const folder = exitCode === 0 ? stdout.trim() : undefined;
  const journal = new Journal({
    get: (key) => (key === "ucaas:journalDir" ? folder : undefined) as never,
  });
  const project =
    resources.map(({ urn }) => urn.split("::")[1]).find((name) => name !== undefined) ?? "";
  const identity = stackIdentity(project, stack.split("/").at(-1) ?? stack);
  const inState = resources.map(({ urn, outputs }) => ({ ...toStateResource(urn), outputs }));
  try {
    const { entries } = await journal.list();
    return openIntents(entries, identity, inState).map((entry) => ({
      reason: describeOpenWrite(entry, journal.location),
    }));
  } catch (error) {
    if (!(error instanceof UcaasError)) throw error;
    return [{ reason: error.message }];
  }
}

function describeOpenWrite(
  { operation = "create", type, resource, thing, intendedAt }: JournalEntry,
  location: string,
): string {
  return `the ${operation} of ${type} ${JSON.stringify(resource)} (${thing}, ${intendedAt}) has no known outcome, and the state does not have it (${location}). What to do: if the program declares it, run pulumi up. Else look at the vendor: remove it there or adopt it (ucaas adopt), then forget the entry (ucaas journal list, ucaas journal resolve <entry>)`;
}
