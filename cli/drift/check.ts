import { UcaasError } from "../../provider/dynamic/errors.ts";
import { errorOf, type PulumiRun, pulumi } from "../pulumi.ts";
import { type PendingOperation, stackState } from "../stack.ts";
import { RefreshEvents } from "./events.ts";
import { isAtVendor, type Placing, placing } from "./place.ts";
import type { Doubt, StackDrift, Status } from "./report.ts";

/** How the check of a stack goes on, in resources. */
export interface Progress {
  expect(resources: number): void;
  checked(): void;
}

/**
 * Whether one stack has drifted, by `pulumi refresh --preview-only --expect-no-changes`: what that command says by its exit status is what counts here,
 * and its events tell the rest. Nothing is changed, in the state or at a vendor.
 */
export async function checkStack(stack: string, progress?: Progress): Promise<StackDrift> {
  const state = await stackState(stack).catch(notRead);
  if (state instanceof UcaasError) return { stack, status: "unknown", checked: 0, differences: [], unknown: [{ reason: state.reason }] };
  const { resources, pending } = state;
  progress?.expect(resources.filter(isAtVendor).length);

  const events = new RefreshEvents(placing(resources));
  const run = await pulumi(["refresh", "--stack", stack, "--preview-only", "--expect-no-changes", "--json"], {
    // Else --json waits for the end, and then tells of each resource what was known before.
    env: { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    onLine(line) {
      const count = events.checked;
      events.take(line);
      if (events.checked > count) progress?.checked();
    },
  });
  const { status, doubts } = verdict(run, events);
  const unknown = [...doubts, ...pending.map((operation) => interrupted(operation, placing([...resources, operation.resource])))];
  return { stack, status: unknown.length > 0 ? "unknown" : status, checked: events.checked, differences: events.differences, unknown };
}

/** What the CLI ends with when --expect-no-changes was wrong. */
const changed = 7;

function verdict(run: PulumiRun, events: RefreshEvents): { status: Status; doubts: readonly Doubt[] } {
  if (events.errors.length > 0) return { status: "unknown", doubts: events.errors };
  if (run.exitCode !== 0 && run.exitCode !== changed) return { status: "unknown", doubts: [{ reason: errorOf(run) }] };
  if (events.complete) return { status: run.exitCode === changed ? "drift" : "none", doubts: [] };
  return {
    status: "unknown",
    doubts: [{ reason: "pulumi refresh did not tell what it found: this Pulumi CLI does not stream its events as JSON" }],
  };
}

/** That a stack cannot be opened is told of this one, beside what the others have. */
function notRead(error: unknown): UcaasError {
  if (error instanceof UcaasError && error.code === "PULUMI_FAILED") return error;
  throw error;
}

/** Refresh does not mention it: what such an operation made may be there without being in the state. */
function interrupted({ type, resource }: PendingOperation, place: Placing): Doubt {
  return {
    ...place(resource.urn),
    reason: `${type} it was begun and has no end on record: an update is under way, or was cut off. What to do: if none is under way, pulumi cancel; then pulumi up, which looks whether it is there`,
  };
}
