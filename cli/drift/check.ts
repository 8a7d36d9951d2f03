import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { openWrites } from "../open-writes.ts";
import type { ProgressBar } from "../progress-bar.ts";
import { isAtVendor, type Locator, locator } from "../pulumi/locator.ts";
import { openOperations, settleOperations } from "../pulumi/open-operations.ts";
import { type PulumiRun, pulumi } from "../pulumi/run.ts";
import { pulumiError, type StackState, type State, stackState } from "../pulumi/stack.ts";
import type { CustomerSurvey } from "./customer-survey.ts";
import { RefreshEvents } from "./events.ts";
import { type CheckError, type StackDrift, type Status, unknownDrift } from "./report.ts";

/**
 * Whether one stack has drifted, by `pulumi refresh --preview-only --expect-no-changes`:
 * its exit status tells whether it succeeded, and its events what differs. The survey of
 * customers begins with the same state. Nothing is changed, in the state or at a vendor.
 */
export async function checkStack(
  stack: string,
  survey: Pick<CustomerSurvey, "visit" | "skip">,
  progress?: Pick<ProgressBar, "expect" | "advance">,
): Promise<StackDrift> {
  const state = await stackState(stack).catch(pulumiFailure);
  if (state instanceof UcaasError) {
    survey.skip(stack);
    return unknownDrift(stack, { reason: reasonOf(state) });
  }
  survey.visit(stack, state.resources);
  const expected = state.resources.filter(isRefreshed).length;
  const unreplaced = state.resources.filter(isUnreplaced).map(({ urn }) => urn);
  const place = locator(state.resources);
  const cutOff = unreplaced.map((urn) => ({ ...place(urn), reason: notReplaced(stack) }));
  if (expected === 0)
    return unknownDrift(
      stack,
      ...(cutOff.length > 0 ? cutOff : [nothingToCompare]),
      ...interrupted(stack, state),
      ...(await interruptedWrites(stack, state)),
    );
  progress?.expect(expected);

  const events = new RefreshEvents(place, new Set(unreplaced));
  const run = await pulumi(
    [
      ...["refresh", "--stack", stack, "--preview-only", "--expect-no-changes", "--json"],
      // Of what is declared, only what is applied counts. A flag outranks the environment.
      "--run-program=false",
      // The engine refuses both beside --preview-only.
      ...["--yes=false", "--skip-preview=false"],
    ],
    {
      env: {
        // Without it, --json waits for the end, and then shows of each resource what was known before.
        PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
        // It has no flag, and would compare outputs alone.
        PULUMI_ENABLE_LEGACY_REFRESH_DIFF: "false",
        PULUMI_SKIP_CONFIRMATIONS: "false",
      },
      onLine(line) {
        const count = events.counts.checked;
        events.take(line);
        if (events.counts.checked > count) progress?.advance();
      },
    },
  );
  const { status, errors } = evaluateRefresh(run, events, expected);
  const unknown = [
    ...errors,
    ...cutOff,
    ...interrupted(stack, state),
    ...(await interruptedWrites(stack, state)).filter(
      // What keeps the config from being read failed the refresh too.
      ({ reason }) => !errors.some((error) => error.reason === reason),
    ),
  ];
  return {
    stack,
    status: unknown.length > 0 ? "unknown" : status,
    ...events.counts,
    differences: events.differences,
    unknown,
  };
}

const nothingToCompare: CheckError = {
  reason: `the state has no resource of a vendor, so nothing was compared. What to do: ${steps(
    "Check that this is the right stack and backend.",
    "If it is: run pulumi up, or leave the stack out with --except.",
  )}`,
};

/** Whether its own refresh compares it. The engine refreshes a view with its resource. */
function isRefreshed(resource: State): boolean {
  const isLeftover = resource.delete || resource.pendingReplacement;
  return isAtVendor(resource) && resource.viewOf === undefined && !isLeftover;
}

/** Whether a replacement has deleted it and was cut off. The engine does not refresh it. */
function isUnreplaced(resource: State): boolean {
  return isAtVendor(resource) && resource.pendingReplacement === true;
}

function notReplaced(stack: string): string {
  return `deleted, and its replacement is not in the state. What to do: pulumi up --stack ${stack}`;
}

/** What the CLI ends with when --expect-no-changes was wrong. */
const changed = 7;

function evaluateRefresh(
  run: PulumiRun,
  events: RefreshEvents,
  expected: number,
): { status: Status; errors: readonly CheckError[] } {
  if (events.errors.length > 0) return { status: "unknown", errors: events.errors };
  if (run.exitCode !== 0 && run.exitCode !== changed)
    return { status: "unknown", errors: [{ reason: reasonOf(pulumiError("drift", run)) }] };
  if (!events.complete) return { status: "unknown", errors: [noEvents] };
  const { checked } = events.counts;
  if (checked < expected) return { status: "unknown", errors: [partial(checked, expected)] };
  return { status: events.differences.length > 0 ? "drift" : "none", errors: [] };
}

const noEvents: CheckError = {
  reason: "pulumi refresh printed no summary: this CLI does not stream its events",
};

/** The CLI reads each of its flags from the environment too. */
function partial(checked: number, expected: number): CheckError {
  const remedy = steps(
    "Unset PULUMI_OPTION_TARGET and PULUMI_OPTION_EXCLUDE, if they are set.",
    "Check again when no update of the stack is running.",
  );
  return { reason: `${checked} of ${expected} resources were checked. What to do: ${remedy}` };
}

/** A stack that cannot be opened is reported beside what the others have. */
function pulumiFailure(error: unknown): UcaasError {
  if (error instanceof UcaasError && error.code !== "PULUMI_MISSING") return error;
  throw error;
}

function reasonOf({ reason, hint }: UcaasError): string {
  return `${reason}. What to do: ${hint}`;
}

/** By the journal. A config that cannot be read is a reason as well: others have their report. */
async function interruptedWrites(stack: string, state: StackState): Promise<CheckError[]> {
  const found = await openWrites(stack, state.resources).catch(pulumiFailure);
  if (found instanceof UcaasError) return [{ reason: reasonOf(found) }];
  return found.map((reason) => ({ reason }));
}

/**
 * Refresh does not mention it: what such an operation created may exist without being in
 * the state.
 */
function interrupted(stack: string, state: StackState): CheckError[] {
  const open = openOperations(state);
  const locate: Locator = locator([...state.resources, ...open.map(({ resource }) => resource)]);
  return open.map((operation) => {
    const { type, create, resource } = operation;
    const what = `pending operation "${type}"${create ? ` of ${create.label}` : ""}`;
    const remedy = settleOperations([operation], stack);
    const reason = `${what}: an update is running or was interrupted. What to do: ${remedy}`;
    return { ...locate(resource.urn), reason };
  });
}
