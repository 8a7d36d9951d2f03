import { type PendingCreate, pendingCreates } from "pulumi-ucaas/internal/pending-creates";
import type { PendingOperation, StackState } from "./stack.ts";

/** An operation whose outcome is open, and what it was to create, where that is known. */
export type OpenOperation = PendingOperation & { readonly create?: PendingCreate };

const own = /^pulumi-nodejs:dynamic\/ucaas:/;

/**
 * The operations whose outcome is open. A create of this package's resources is settled
 * when the state has that object: the engine keeps its note, also when a later `up` has
 * finished it.
 */
export function openOperations({ resources, pending }: StackState): OpenOperation[] {
  return pending.flatMap((operation): OpenOperation[] => {
    const { type, resource } = operation;
    if (type !== "creating" || !own.test(resource.type)) return [operation];
    const [create] = pendingCreates({ resources, pending: [operation] });
    return create ? [{ ...operation, create }] : [];
  });
}
