import { isEqual } from "pulumi-ucaas/internal/runtime/equality";
import type { PendingOperation, StackState, State } from "./stack.ts";

const own = /^pulumi-nodejs:dynamic\/ucaas:/;

/**
 * The operations whose outcome is open. The engine keeps the note of an interrupted create
 * until `pulumi refresh --clear-pending-creates`, also when a later `up` has finished it.
 * So the create of one of this package's resources is settled when the state has that
 * resource with the same inputs: its create looks for what an earlier one made.
 */
export function openOperations({ resources, pending }: StackState): PendingOperation[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return pending.filter(({ type, resource }) => {
    const kept = byUrn.get(resource.urn);
    return !(type === "creating" && own.test(resource.type) && kept && isSame(kept, resource));
  });
}

function isSame(kept: State, begun: State): boolean {
  return Boolean(kept.id) && isEqual(withoutSecrets(kept.inputs), withoutSecrets(begun.inputs));
}

/** The same secret is another text each time that the engine encrypts it. */
function withoutSecrets(inputs: unknown): unknown {
  return JSON.parse(JSON.stringify(inputs ?? {}), (_, value) =>
    value !== null && typeof value === "object" && "ciphertext" in value ? "secret" : value,
  );
}
