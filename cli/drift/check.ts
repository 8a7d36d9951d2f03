import { type PulumiRun, pulumi } from "../pulumi.ts";
import { RefreshEvents } from "./events.ts";
import type { Doubt, StackDrift, Status } from "./report.ts";
import { type ExportedStack, isAtVendor, type PendingOperation, type Placing, placing } from "./state.ts";

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
  const state = await pulumi(["stack", "export", "--stack", stack]);
  if (state.exitCode !== 0) return { stack, status: "unknown", checked: 0, differences: [], unknown: [failure("stack export", state)] };
  const { resources = [], pending_operations: pending = [] } = (JSON.parse(state.stdout) as ExportedStack).deployment;
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
  if (run.exitCode !== 0 && run.exitCode !== changed) return { status: "unknown", doubts: [failure("refresh", run)] };
  if (events.complete) return { status: run.exitCode === changed ? "drift" : "none", doubts: [] };
  return {
    status: "unknown",
    doubts: [{ reason: "pulumi refresh did not tell what it found: this Pulumi CLI does not stream its events as JSON" }],
  };
}

/** What the CLI printed after `error:`. */
function failure(command: string, { exitCode, stderr }: PulumiRun): Doubt {
  const said = stderr.slice(Math.max(0, stderr.indexOf("error: "))).trim();
  return { reason: said.replace(/^error: /, "") || `pulumi ${command} ended with ${exitCode}` };
}

/** Refresh does not mention it: what such an operation made may be there without being in the state. */
function interrupted({ type, resource }: PendingOperation, place: Placing): Doubt {
  return {
    ...place(resource.urn),
    reason: `${type} it was begun and has no end on record: an update is under way, or was cut off. What to do: if none is under way, pulumi cancel; then pulumi up, which looks whether it is there`,
  };
}
